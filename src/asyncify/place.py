"""Where something stands in the user's code: a path with a start and an end."""

from __future__ import annotations

import ast
from typing import Protocol

import msgspec


class _Located(Protocol):
    lineno: int
    col_offset: int
    end_lineno: int | None
    end_col_offset: int | None


class Place(msgspec.Struct, frozen=True, order=True, gc=False):
    """A span of one file.

    `path` is relative to the project's root, with forward slashes. Lines count from 1; columns count UTF-8
    bytes from 0, as `ast` does. The start alone does not name an expression: `get(u)` and `get(u).json()`
    start alike, so both ends belong to it.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column + 1}"

    @property
    def span(self) -> tuple[int, int, int, int]:
        """The place without its path: (line, column, end line, end column)."""
        return self.line, self.column, self.end_line, self.end_column

    def contains(self, other: Place) -> bool:
        """Is `other` inside this place, or the same?"""
        return (
            self.path == other.path
            and (self.line, self.column) <= (other.line, other.column)
            and (other.end_line, other.end_column) <= (self.end_line, self.end_column)
        )


def place_of(path: str, node: ast.AST) -> Place:
    """The place of an `ast` node that has a position."""
    located: _Located = node  # type: ignore[assignment]
    end_line = located.end_lineno or located.lineno
    end_column = located.end_col_offset if located.end_col_offset is not None else located.col_offset
    return Place(path, located.lineno, located.col_offset, end_line, end_column)
