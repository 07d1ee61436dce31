"""The `$1` of a statement and their values: each has the type that psycopg2's literal for the value would have."""

from __future__ import annotations

import datetime
import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import asyncpg

from asyncify.support.pg_adapt import _adapters, _literal
from asyncify.support.pg_errors import ProgrammingError
from asyncify.support.pg_lex import _quoted_name, _regions

_PARAMETER = re.compile(r"(?<![\w$])\$(\d+)")
_WHOLE = re.compile(r"-?\d+")
_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "unknown"})  # a str is sent to these as it is
_BINARY = (bytes, bytearray, memoryview)
_CALENDAR = (datetime.datetime, datetime.date, datetime.time, datetime.timedelta)


@dataclass(frozen=True)
class _Bound:
    """A statement with a cast behind each parameter, the values of these, and where in `_query_pieces` they stand."""

    text: str
    values: tuple[Any, ...]
    spots: tuple[int, ...]
    is_whole: bool  # no value stands in the text


@functools.lru_cache(maxsize=512)
def _query_pieces(query: str) -> tuple[str | int, ...]:
    """The text between the parameters, and their numbers, in turn."""
    found: list[str | int] = []
    start = 0
    for kind, begin, end in _regions(query):
        for hole in _PARAMETER.finditer(query, begin, end) if kind == "code" else ():
            found += [query[start : hole.start()], int(hole[1])]
            start = hole.end()
    return (*found, query[start:])


def _bound(query: str, args: tuple[Any, ...], casts: Mapping[int, str | None]) -> _Bound:
    """The statement as it is prepared. `casts` say what a str becomes at some spots; None: its literal."""
    pieces = _query_pieces(query)
    count = max((piece for piece in pieces if isinstance(piece, int)), default=0)
    if count != len(args):
        raise ProgrammingError(f"the statement has {count} parameters, but there are {len(args)} values")
    text: list[str] = []
    values: list[Any] = []
    spots: list[int] = []
    for spot, piece in enumerate(pieces):
        if isinstance(piece, str):
            text.append(piece)
            continue
        value = args[piece - 1]
        cast, sent = _parameter(value) if casts.get(spot, "") is not None else (None, None)
        if cast is None:
            text.append(_literal(value))
            continue
        values.append(sent)
        spots.append(spot)
        text.append(f"${len(values)}{cast}{casts.get(spot, '') if type(value) is str else ''}")
    return _Bound("".join(text), tuple(values), tuple(spots), len(values) == len(pieces) // 2)


def _pasted(query: str, args: tuple[Any, ...], position: int, casts: Mapping[int, str | None]) -> tuple[str, int]:
    """The statement with literals in the stead of its parameters, and where in it the place is that the server names:
    a position in the text of `_bound`, from 1."""
    ours, theirs, moved = 0, "", position
    number = 0
    for spot, piece in enumerate(_query_pieces(query)):
        if isinstance(piece, str):
            ours, theirs = ours + len(piece), theirs + piece
            continue
        literal = _literal(args[piece - 1])
        cast, _ = _parameter(args[piece - 1]) if casts.get(spot, "") is not None else (None, None)
        number += cast is not None
        extra = casts.get(spot, "") if type(args[piece - 1]) is str else ""
        length = len(literal) if cast is None else len(f"${number}{cast}{extra}")
        if position > ours + length:
            moved += len(literal) - length
        elif position > ours:
            moved = len(theirs) + 1
        ours, theirs = ours + length, theirs + literal
    return theirs, moved


def _parameter(value: Any) -> tuple[str | None, Any]:
    """The cast behind a parameter and what is sent for it; None for a value that has to stand in the text."""
    kind = type(value)
    if kind in _adapters:
        return None, None
    if value is None:
        return "", None
    if kind is str and "\0" not in value:
        return "", value
    if kind is bool:
        return "::bool", value
    if kind in (int, Decimal, float):
        return _number(value)
    if kind in _BINARY:
        return "::bytea", bytes(value)
    if kind in _CALENDAR:
        text, _, name = _literal(value)[1:].rpartition("'::")
        return f"::text::{name}", text
    return None, None


def _number(value: Any) -> tuple[str | None, Any]:
    """A number has the type of its literal: whole ones are int4, int8 or numeric by their size, others numeric."""
    if not isinstance(value, int) and not math.isfinite(value):
        return None, None
    text = repr(value) if isinstance(value, float) else str(value)
    if not _WHOLE.fullmatch(text):
        return "::numeric", text
    whole = int(text)
    if abs(whole) < 2**31:
        return "::int4", whole
    return ("::int8", whole) if abs(whole) < 2**63 else ("::numeric", text)


def _casts(bound: _Bound, kinds: tuple[asyncpg.Type, ...], known: Mapping[int, str | None]) -> dict[int, str | None]:
    """What the server has to make of each str that goes to a parameter of another type; None: only a literal does."""
    found = dict(known)
    for spot, value, kind in zip(bound.spots, bound.values, kinds, strict=True):
        if isinstance(value, str) and spot not in known and kind.name not in _TEXTS:
            name = f"{_quoted_name(kind.schema)}.{_quoted_name(kind.name)}"
            found[spot] = f"::text::{name}" if kind.kind == "scalar" else None
    return found
