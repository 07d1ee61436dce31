"""The parts of SQL text, as PostgreSQL's lexer sees them: code, comments and the kinds of quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator

_OPENING = re.compile(
    r"""(?P<comment>--[^\r\n]*|/\*)
    |(?P<name>"(?:[^"]|"")*"?)
    |(?P<escape>(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'?)
    |(?P<string>'(?:[^']|'')*'?)
    |(?P<dollar>(?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=tag)|\Z))""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_WORD = re.compile(r"[^\W\d]\w*")
_GIVES_ROWS = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "FETCH", "EXECUTE", "CALL"})


def _regions(text: str) -> Iterator[tuple[str, int, int]]:
    """(kind, start, end) of each part in order; kinds are code, comment, name, escape, string and dollar.

    Together they cover the whole text. What is left open reaches to its end.
    """
    at = 0
    while (found := _OPENING.search(text, at)) is not None:
        start, end = found.span()
        if found[0] == "/*":
            end = _comment_end(text, end)
        if start > at:
            yield "code", at, start
        yield found.lastgroup if found.lastgroup != "tag" and found.lastgroup else "dollar", start, end
        at = end
    if at < len(text):
        yield "code", at, len(text)


def _comment_end(text: str, at: int) -> int:
    """Block comments nest."""
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(text, at)) is not None:
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return len(text) if depth else at


def _statements(text: str) -> list[str]:
    """The statements of a text, split at each semicolon in its code; none of them is empty."""
    pieces: list[str] = []
    start = 0
    for kind, begin, end in _regions(text):
        if kind != "code":
            continue
        for at in range(begin, end):
            if text[at] == ";":
                pieces.append(text[start:at])
                start = at + 1
    return [piece for piece in [*pieces, text[start:]] if _code(piece).strip()]


def _code(text: str) -> str:
    """The text with a blank for each comment and empty quotes for each literal."""
    blanks = {"comment": " ", "code": ""}
    return "".join(text[start:end] if kind == "code" else blanks.get(kind, "''") for kind, start, end in _regions(text))


def _gives_rows(statement: str) -> bool:
    """May this statement have rows as its result?"""
    code = _code(statement)
    first = _WORD.search(code)
    return first is not None and (first[0].upper() in _GIVES_ROWS or "RETURNING" in code.upper())


def _quoted_name(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
