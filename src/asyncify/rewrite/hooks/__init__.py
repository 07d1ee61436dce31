"""Rewrites that data cannot say: one file a hook."""
