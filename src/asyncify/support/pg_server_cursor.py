"""psycopg2's named cursor: the rows stay on the server and come in batches, so that fetching them waits."""

from __future__ import annotations

from typing import Any

from asyncify.support.pg_errors import ProgrammingError
from asyncify.support.pg_lex import _quoted_name


class ServerCursor:
    """A cursor that `execute` declares on the server; it ends with the transaction, unless it is `withhold`.

    Without a name it is like a plain cursor, but for its fetches, which are awaited.
    """

    def __init__(
        self,
        connection: Any,
        name: str | None = None,
        cursor_factory: Any = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> None:
        self.name = name
        self.scrollable = scrollable
        self.withhold = withhold
        self.itersize = 2000
        self._inner = connection.cursor(cursor_factory=cursor_factory)
        self._transaction: int | None = None  # the one in which it was declared

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._inner, attribute)

    @property
    def arraysize(self) -> int:
        """How many rows `fetchmany` takes."""
        return int(self._inner.arraysize)

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._inner.arraysize = value

    async def __aenter__(self) -> ServerCursor:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def execute(self, query: Any, vars: Any = None) -> None:
        """Declare the cursor for this query."""
        text = self._inner._text(query, vars)
        if self.name is not None:
            if self._transaction is not None:
                raise ProgrammingError("can't call .execute() on named cursors more than once")
            if not (self.withhold or self._inner.connection._begins):
                raise ProgrammingError("can't use a named cursor outside of transactions")
            scroll = {None: "", True: "SCROLL ", False: "NO SCROLL "}[self.scrollable]
            hold = "WITH" if self.withhold else "WITHOUT"
            text = f"DECLARE {_quoted_name(self.name)} {scroll}CURSOR {hold} HOLD FOR {text}"
        await self._inner._execute(text)
        self._transaction = self._inner.connection._transactions

    async def executemany(self, query: Any, vars_list: Any) -> None:
        if self.name is not None:
            raise ProgrammingError("can't call .executemany() on named cursors")
        await self._inner.executemany(query, vars_list)

    async def fetchone(self) -> Any:
        """The next row; None after the last."""
        await self._fetch("FORWARD 1")
        return self._inner.fetchone()

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """The next rows, `arraysize` unless their number is given."""
        count = self.arraysize if size is None else size
        await self._fetch(f"FORWARD {count}")
        return list(self._inner.fetchmany(count))

    async def fetchall(self) -> list[Any]:
        """The rows that are left."""
        await self._fetch("FORWARD ALL")
        return list(self._inner.fetchall())

    def __aiter__(self) -> ServerCursor:
        return self

    async def __anext__(self) -> Any:
        if self.name is None or self._inner.rownumber >= self._inner.rowcount:
            await self._fetch(f"FORWARD {self.itersize}")
        try:
            return next(self._inner)
        except StopIteration:
            raise StopAsyncIteration from None

    async def scroll(self, value: int, mode: str = "relative") -> None:
        """Move to another row: by `value`, or to row `value` with mode "absolute"."""
        if self.name is None:
            self._inner.scroll(value, mode)
        elif mode not in {"absolute", "relative"}:
            raise ProgrammingError("scroll mode must be 'relative' or 'absolute'")
        else:
            await self._send(f"MOVE {'ABSOLUTE ' if mode == 'absolute' else ''}{value} FROM {{}}")

    async def close(self) -> None:
        """Close it on the server, too."""
        is_declared = self.name is not None and self._transaction is not None and not self._inner.closed
        if is_declared and self._inner.connection.get_transaction_status() < 3:
            await self._send("CLOSE {}")
        self._inner.close()

    async def _fetch(self, how: str) -> None:
        if self.name is not None:
            await self._send(f"FETCH {how} FROM {{}}")

    async def _send(self, template: str) -> None:
        self._inner._check_open()
        if not self.withhold and self._transaction not in {None, self._inner.connection._transactions}:
            raise ProgrammingError("named cursor isn't valid anymore")
        declared = self._inner.query
        await self._inner._execute(template.format(_quoted_name(str(self.name))))
        self._inner.query = declared
