"""Statements without a cursor: `await conn.fetchrow("... $1", x)` where that is proved to do the same."""
