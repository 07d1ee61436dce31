"""Deskmate answers office questions with a language model, the company handbook and a few tools."""

__version__ = "1.4.0"
