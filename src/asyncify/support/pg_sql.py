"""psycopg2.sql: statements put together of parts that are quoted as what they are."""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator
from typing import Any

from asyncify.support.pg_adapt import _literal
from asyncify.support.pg_lex import _quoted_name


class Composable:
    """A part of a statement. Parts are joined with `+` and repeated with `*`."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._wrapped!r})"

    def __add__(self, other: Any) -> Composed:
        if not isinstance(other, Composable):
            return NotImplemented
        return Composed([*_parts(self), *_parts(other)])

    def __mul__(self, count: int) -> Composed:
        return Composed([self] * count)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._wrapped == other._wrapped

    def __hash__(self) -> int:
        return hash(repr(self))

    def as_string(self, context: Any) -> str:
        """The text of the part."""
        raise NotImplementedError


class Composed(Composable):
    """Parts in a row."""

    def __init__(self, seq: Iterable[Any]) -> None:
        parts = list(seq)
        for part in parts:
            if not isinstance(part, Composable):
                raise TypeError(f"Composed elements must be Composable, got {part!r} instead")
        super().__init__(parts)

    @property
    def seq(self) -> list[Composable]:
        return list(self._wrapped)

    def __iter__(self) -> Iterator[Composable]:
        return iter(self._wrapped)

    def join(self, joiner: str | SQL) -> Composed:
        """The parts with `joiner` between them."""
        return (SQL(joiner) if isinstance(joiner, str) else joiner).join(self._wrapped)

    def as_string(self, context: Any) -> str:
        return "".join(part.as_string(context) for part in self._wrapped)


class SQL(Composable):
    """Text that is put into the statement as it is."""

    def __init__(self, string: str) -> None:
        if not isinstance(string, str):
            raise TypeError("SQL values must be strings")
        super().__init__(string)

    @property
    def string(self) -> str:
        return str(self._wrapped)

    def as_string(self, context: Any) -> str:
        return str(self._wrapped)

    def format(self, *args: Any, **kwargs: Any) -> Composed:
        """The text with parts in the stead of `{}`, `{0}` and `{name}`."""
        parts: list[Any] = []
        number = 0
        for text, name, spec, conversion in string.Formatter().parse(self._wrapped):
            if spec:
                raise ValueError("no format specification supported by SQL")
            if conversion:
                raise ValueError("no format conversion supported by SQL")
            parts += [SQL(text)] if text else []
            if name is None:
                continue
            if name == "":
                name, number = str(number), number + 1
            parts.append(args[int(name)] if name.isdigit() else kwargs[name])
        return Composed(parts)

    def join(self, seq: Iterable[Any]) -> Composed:
        """The parts with this text between them."""
        joined: list[Any] = []
        for part in seq:
            joined += [self, part] if joined else [part]
        return Composed(joined)


class Identifier(Composable):
    """A name, qualified by those before it."""

    def __init__(self, *strings: str) -> None:
        if not strings:
            raise TypeError("Identifier cannot be empty")
        if not all(isinstance(name, str) for name in strings):
            raise TypeError("SQL identifier parts must be strings")
        super().__init__(strings)

    @property
    def strings(self) -> tuple[str, ...]:
        return tuple(self._wrapped)

    def __repr__(self) -> str:
        return f"Identifier({', '.join(map(repr, self._wrapped))})"

    def as_string(self, context: Any) -> str:
        return ".".join(_quoted_name(name) for name in self._wrapped)


class Literal(Composable):
    """A value."""

    @property
    def wrapped(self) -> Any:
        return self._wrapped

    def as_string(self, context: Any) -> str:
        return _literal(self._wrapped, getattr(context, "connection", context))


class Placeholder(Composable):
    """`%s`, or `%(name)s`."""

    def __init__(self, name: str | None = None) -> None:
        if isinstance(name, str) and ")" in name:
            raise ValueError(f"invalid name: {name!r}")
        super().__init__(name)

    @property
    def name(self) -> str | None:
        return self._wrapped if isinstance(self._wrapped, str) else None

    def __repr__(self) -> str:
        return f"Placeholder({'' if self._wrapped is None else repr(self._wrapped)})"

    def as_string(self, context: Any) -> str:
        return "%s" if self._wrapped is None else f"%({self._wrapped})s"


def _parts(part: Composable) -> list[Composable]:
    return part.seq if isinstance(part, Composed) else [part]


NULL = SQL("NULL")
DEFAULT = SQL("DEFAULT")


def quote_ident(ident: str, scope: Any) -> str:
    """The name in double quotes."""
    return _quoted_name(ident)
