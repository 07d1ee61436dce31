"""colour: which functions turn async, which cannot, by what chain of calls."""

from asyncify.colour.by_name import joining_by_name
from asyncify.colour.spread import colour

__all__ = ["colour", "joining_by_name"]
