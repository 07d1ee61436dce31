"""psycopg2's ranges: what the range types of the server become, and arguments for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from asyncify.support.pg_adapt import _literal

_BOUND = r'(?:"((?:[^"\\]|""|\\.)*)"|([^",()\[\]]*))'
_RANGE = re.compile(rf"([\[(]){_BOUND},{_BOUND}([\])])")


class Range:
    """What lies between two bounds; None is no bound. `bounds` says which belong to it: "[)", "[]", "(]" or "()"."""

    name: str | None = None  # the server's type

    def __init__(self, lower: Any = None, upper: Any = None, bounds: str = "[)", empty: bool = False) -> None:
        if bounds not in {"[)", "[]", "(]", "()"}:
            raise ValueError(f"bound flags not valid: {bounds!r}")
        self.isempty = empty
        self.lower = None if empty else lower
        self.upper = None if empty else upper
        self.lower_inf = not empty and lower is None
        self.upper_inf = not empty and upper is None
        self.lower_inc = not empty and lower is not None and bounds[0] == "["
        self.upper_inc = not empty and upper is not None and bounds[1] == "]"
        self._bounds = None if empty else bounds

    @property
    def _parts(self) -> tuple[Any, ...]:
        return self.lower, self.upper, self._bounds

    def __repr__(self) -> str:
        shown = "empty=True" if self.isempty else f"{self.lower!r}, {self.upper!r}, {self._bounds!r}"
        return f"{type(self).__name__}({shown})"

    def __str__(self) -> str:
        return f"{self._bounds[0]}{self.lower}, {self.upper}{self._bounds[1]}" if self._bounds else "empty"

    def __contains__(self, value: Any) -> bool:
        if self.isempty:
            return False
        if self.lower is not None and (value < self.lower or (value == self.lower and not self.lower_inc)):
            return False
        return self.upper is None or bool(value < self.upper or (value == self.upper and self.upper_inc))

    def __bool__(self) -> bool:
        return not self.isempty

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Range) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash(self._parts)

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, Range):
            return NotImplemented
        pairs = zip(self._parts, other._parts, strict=True)
        mine, others = next(((one, two) for one, two in pairs if one != two), (None, None))
        return others is not None and (mine is None or bool(mine < others))

    def getquoted(self) -> bytes:
        """It as SQL."""
        if self.name is None:
            lower, upper = ("" if bound is None else str(bound) for bound in (self.lower, self.upper))
            text = f"'{self._bounds[0]}{lower},{upper}{self._bounds[1]}'" if self._bounds else "'empty'"
        else:
            inside = f"{_literal(self.lower)}, {_literal(self.upper)}, '{self._bounds}'"
            text = f"'empty'::{self.name}" if self.isempty else f"{self.name}({inside})"
        return text.encode()


class NumericRange(Range):
    """int4range, int8range, numrange."""


class DateRange(Range):
    name = "daterange"


class DateTimeRange(Range):
    name = "tsrange"


class DateTimeTZRange(Range):
    name = "tstzrange"


def _range(kind: type[Range], cast: Callable[[str], Any], text: str) -> Range:
    found = _RANGE.fullmatch(text)
    if found is None:
        return kind(empty=True)
    opening, *bounds, closing = found.groups()
    lower, upper = (_range_bound(quoted, plain) for quoted, plain in (bounds[:2], bounds[2:]))
    return kind(
        None if lower is None else cast(lower), None if upper is None else cast(upper), f"{opening}{closing}"
    )  # fmt: skip


def _range_bound(quoted: str | None, plain: str | None) -> str | None:
    if quoted is None:
        return plain or None
    return re.sub(r"\\(.)", r"\1", quoted.replace('""', '"'))
