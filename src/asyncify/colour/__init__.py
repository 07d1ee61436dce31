"""colour: which functions turn async, which cannot, by what chain of calls."""

from asyncify.colour.spread import colour

__all__ = ["colour"]
