"""Index + Catalogue -> Colouring: which functions turn async, which cannot, by what chain of calls."""
