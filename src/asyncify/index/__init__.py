"""index: Source -> Summary, from stdlib `ast`, cached by content."""

from asyncify.index.build import summarise_project
from asyncify.index.parse import summarise
from asyncify.index.summary import ParseFault, Summaries, Summary

__all__ = ["ParseFault", "Summaries", "Summary", "summarise", "summarise_project"]
