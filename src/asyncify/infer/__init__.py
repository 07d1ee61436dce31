"""Summaries + Catalogue -> Index: what stands at each call and name, across the whole project."""
