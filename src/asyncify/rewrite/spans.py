"""Places as LibCST counts them: columns in characters, not bytes."""

from __future__ import annotations

import re

from libcst.metadata import CodeRange

from asyncify.place import Place

Span = tuple[int, int, int, int]
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


class Columns:
    """Turns the byte columns of one text into character columns."""

    def __init__(self, text: str) -> None:
        self._lines = None if text.isascii() else _LINE.findall(text)

    def span(self, place: Place) -> Span:
        return (
            place.line,
            self._column(place.line, place.column),
            place.end_line,
            self._column(place.end_line, place.end_column),
        )

    def _column(self, line: int, column: int) -> int:
        if self._lines is None:
            return column
        return len(self._lines[line - 1].encode()[:column].decode(errors="ignore"))


def span_of(code_range: CodeRange) -> Span:
    """A LibCST range as a span: (line, column, end line, end column)."""
    start, end = code_range.start, code_range.end
    return start.line, start.column, end.line, end.column
