"""Source + Steps -> Rewrite: changes text, knows nothing of types."""
