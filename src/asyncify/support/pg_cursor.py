"""psycopg2's client-side cursor: `execute` is awaited, and its rows are then at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import asyncpg

from asyncify.support.pg_adapt import _filled
from asyncify.support.pg_errors import Error, InterfaceError, ProgrammingError


class Column(NamedTuple):
    """What a cursor's description says of one column."""

    name: str
    type_code: int
    display_size: int | None = None
    internal_size: int | None = None
    precision: int | None = None
    scale: int | None = None
    null_ok: bool | None = None


class Cursor:
    """Runs statements on its connection and holds the rows of the last one."""

    name: str | None = None
    itersize = 2000
    lastrowid = 0

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.arraysize = 1
        self.closed = False
        self.query: bytes | None = None
        self._forget()

    def _forget(self) -> None:
        self.description: tuple[Column, ...] | None = None
        self.rowcount = -1
        self.rownumber = 0
        self.statusmessage: str | None = None
        self._rows: list[tuple[Any, ...]] | None = None

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """It cannot be used any more; the connection can."""
        self.closed = True

    # ------------------------------------------------------------ statements

    async def execute(self, query: Any, vars: Any = None) -> None:
        """Run one or several statements; `vars` fill the placeholders."""
        await self._execute(self._text(query, vars))

    async def executemany(self, query: Any, vars_list: Iterable[Any]) -> None:
        """Run the statement once for each set of arguments."""
        self._check_open()
        total = 0
        for arguments in vars_list:
            await self._execute(self._text(query, arguments))
            total += self.rowcount
        self.rowcount, self._rows = total, None

    def mogrify(self, query: Any, vars: Any = None) -> bytes:
        """The statement as it would be sent."""
        return self._text(query, vars).encode()

    def _text(self, query: Any, arguments: Any) -> str:
        self._check_open()
        if hasattr(query, "as_string"):
            query = query.as_string(self)
        text = bytes(query).decode() if isinstance(query, (bytes, bytearray)) else query
        if not isinstance(text, str):
            raise TypeError("argument 1 must be a string or unicode object")
        return _filled(text, arguments, self.connection)

    async def _execute(self, text: str) -> None:
        self._forget()
        self.query = text.encode()
        try:
            result = await self.connection._run(text, self)
        except Error as error:
            error.cursor = self
            raise
        self.statusmessage = result.status
        self._rows = result.rows
        if result.rows is not None:
            self.description = _described(result.columns)
            self.rowcount = len(result.rows)
        else:
            count = result.status.rpartition(" ")[2]
            self.rowcount = int(count) if count.isdigit() else -1

    # ------------------------------------------------------------ rows

    def fetchone(self) -> Any:
        """The next row; None after the last."""
        return next(iter(self._taken(1)), None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows, `arraysize` unless their number is given."""
        return self._taken(self.arraysize if size is None else size)

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return self._taken(len(self._rows or ()))

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        rows = self._taken(1)
        if not rows:
            raise StopIteration
        return rows[0]

    def scroll(self, value: int, mode: str = "relative") -> None:
        """Move to another row: by `value`, or to row `value` with mode "absolute"."""
        self._check_open()
        target = value if mode == "absolute" else self.rownumber + value
        if mode not in {"absolute", "relative"}:
            raise ProgrammingError("scroll mode must be 'relative' or 'absolute'")
        if not 0 <= target < len(self._rows or ()):
            raise ProgrammingError("scroll destination out of bounds")
        self.rownumber = target

    def _taken(self, count: int) -> list[Any]:
        self._check_open()
        if self._rows is None:
            raise ProgrammingError("no results to fetch")
        start = self.rownumber
        found = self._rows[start : start + count]
        self.rownumber += len(found)
        if not found:
            return []
        make = self._maker(self.description or ())
        return [make(row) for row in found] if make is not None else list(found)

    @staticmethod
    def _maker(description: tuple[Column, ...]) -> Callable[[tuple[Any, ...]], Any] | None:
        """What makes a row of its values; None for a plain tuple."""
        return None

    def _check_open(self) -> None:
        if self.closed:
            raise InterfaceError("cursor already closed")
        if self.connection.closed:
            raise InterfaceError("connection already closed")


def _described(columns: tuple[asyncpg.Attribute, ...]) -> tuple[Column, ...] | None:
    return tuple(Column(column.name, column.type.oid) for column in columns) or None
