"""Source -> Summary: one file alone, one walk over its `ast`, kept in a cache."""
