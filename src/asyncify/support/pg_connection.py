"""psycopg2's connection over asyncpg: the same implicit transactions, on one connection to the server."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import asyncpg

from asyncify.support.pg_cursor import Cursor
from asyncify.support.pg_direct import _Direct
from asyncify.support.pg_errors import OperationalError, ProgrammingError
from asyncify.support.pg_lex import _gives_rows, _statements
from asyncify.support.pg_notify import _note_arrival
from asyncify.support.pg_session import Notify
from asyncify.support.pg_types import _prepare, _rows, _Unreadable

_LISTEN = re.compile(r'\s*LISTEN\s+(?:"((?:[^"]|"")+)"|(\w+))\s*;?\s*', re.IGNORECASE)
_TURNS = 4  # of the event loop: what the socket holds is read, taken apart and told
_COPY = re.compile(r"\s*COPY\b.*\b(STDIN|STDOUT)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class _Result:
    rows: list[tuple[Any, ...]] | None  # None: the statement is of a kind that has none
    columns: tuple[asyncpg.Attribute, ...]
    status: str


class Connection(_Direct):
    """A connection to the server, opened when it is awaited or else by its first statement.

    A cursor's first statement opens a transaction that lasts until `commit` or `rollback`, unless `autocommit` is set.
    `async with` commits at its end, or rolls back after an exception; it does not close. Tasks may share a connection
    as threads did: their statements run one after the other, in one transaction.

    Statements without a cursor (`fetch`, `fetchrow`, `fetchval`, `execute`) have `$1` in the stead of `%s` and open no
    transaction; `transaction` does.
    """

    def cursor(
        self, name: None = None, cursor_factory: Any = None, scrollable: None = None, withhold: bool = False
    ) -> Any:
        """A cursor whose `execute` is awaited and whose rows are then at hand."""
        self._check_open()
        return (cursor_factory or self.cursor_factory or Cursor)(self)

    async def _run(self, text: str, cursor: object) -> _Result:
        """Run a text of one or several statements; the result is that of the last."""
        if copied := _COPY.match(text):
            how = "FROM" if copied[1].upper() == "STDIN" else "TO"
            raise ProgrammingError(f"can't execute COPY {how}: use the copy_{how.lower()}() method instead")
        if not text:
            raise ProgrammingError("can't execute an empty query")
        return await self._do(lambda raw: self._send(raw, text, cursor), text)

    async def _send(self, raw: Any, text: str, cursor: object) -> _Result:
        await self._begin(raw)
        statements = _statements(text)
        if not statements:
            raise ProgrammingError("can't execute an empty query")
        for listened in filter(None, map(_LISTEN.fullmatch, statements)):
            channel = listened[1].replace('""', '"') if listened[1] else listened[2].lower()
            await raw.add_listener(channel, self._heard)
        if not _gives_rows(statements[-1]):
            return _Result(None, (), str(await raw.execute(text)))
        if len(statements) == 1:
            return await self._fetched(raw, text, cursor)
        if raw.is_in_transaction():
            await raw.execute(";".join(statements[:-1]))
            return await self._fetched(raw, statements[-1], cursor)
        async with raw.transaction():  # as what is sent in one message is
            await raw.execute(";".join(statements[:-1]))
            return await self._fetched(raw, statements[-1], cursor)

    async def _fetched(self, raw: Any, statement: str, cursor: object) -> _Result:
        prepared = await _prepare(raw, statement, self._text_types, cursor)
        try:
            records = await prepared.statement.fetch()
            rows = _rows(prepared, records) if prepared.columns else None
        except (OverflowError, ValueError) as error:  # a year that Python's dates do not have
            rows = _Unreadable(error)
        return _Result(rows, prepared.columns, prepared.statement.get_statusmsg())

    def _heard(self, raw: Any, pid: int, channel: str, payload: str) -> None:
        self.notifies.append(Notify(pid, channel, payload))
        self._is_notified = True
        for arrived in self._waiting:
            _note_arrival(arrived)

    async def poll(self) -> int:
        """Let in what the server has sent: notifications stand in `notifies`. Gives back 0: no need to wait for more.

        Raises OperationalError if the server has gone.
        """
        raw = await self._opened()
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        self._is_notified, self._is_lost = False, raw.is_closed()
        if self._is_lost:
            raise OperationalError("server closed the connection unexpectedly\n")
        return 0


def connect(dsn: str | None = None, connection_factory: Any = None, cursor_factory: Any = None, **keywords: Any) -> Any:
    """A connection for these keywords and connection string of libpq. Await it to open it now."""
    return (connection_factory or Connection)(dsn, cursor_factory=cursor_factory, **keywords)
