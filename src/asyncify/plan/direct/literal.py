"""Changes inside a string literal of a source text, piece by piece, so that its form stays."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

_PIECE = re.compile(r"(?P<prefix>[uUrR]*)(?P<quote>\"\"\"|'''|\"|')(?P<body>.*)(?P=quote)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of an implicitly joined literal: its source, where its text begins there, and what of the value it is."""

    source: str
    at: int
    start: int
    end: int


def edited(text: str, node: ast.Constant, edits: Sequence[tuple[int, int, str]]) -> tuple[str, ...] | None:
    """The sources of the literal's parts with `edits` (start, end, new text) made in its value; None where it has
    escapes."""
    pieces = _pieces(ast.get_source_segment(text, node) or "", node.value)
    if pieces is None:
        return None
    sources = [piece.source for piece in pieces]
    for start, end, new in sorted(edits, reverse=True):
        number = next((n for n, piece in enumerate(pieces) if piece.start <= start and end <= piece.end), None)
        if number is None:
            return None
        at = pieces[number].at + start - pieces[number].start
        sources[number] = f"{sources[number][:at]}{new}{sources[number][at + end - start :]}"
    return tuple(sources)


def _pieces(source: str, value: object) -> list[_Piece] | None:
    pieces: list[_Piece] = []
    length = 0
    for token in tokenize.generate_tokens(io.StringIO(f"({source})").readline):
        if token.type != tokenize.STRING:
            continue
        found = _PIECE.fullmatch(token.string)
        if found is None or ("\\" in found["body"] and "r" not in found["prefix"].lower()):
            return None
        pieces.append(_Piece(token.string, found.start("body"), length, length + len(found["body"])))
        length += len(found["body"])
    whole = "".join(piece.source[piece.at : piece.at + piece.end - piece.start] for piece in pieces)
    return pieces if whole == value else None
