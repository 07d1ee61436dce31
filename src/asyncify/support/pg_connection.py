"""psycopg2's connection over asyncpg: the same implicit transactions, on one connection to the server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg

from asyncify.support.pg_cursor import Cursor
from asyncify.support.pg_dsn import _connect_arguments
from asyncify.support.pg_errors import (
    InterfaceError,
    OperationalError,
    ProgrammingError,
    _translated,
)
from asyncify.support.pg_lex import _gives_rows, _statements
from asyncify.support.pg_types import _prepare, _rows

_T = TypeVar("_T")
ISOLATION_LEVEL_AUTOCOMMIT = 0
ISOLATION_LEVEL_READ_COMMITTED = 1
ISOLATION_LEVEL_REPEATABLE_READ = 2
ISOLATION_LEVEL_SERIALIZABLE = 3
ISOLATION_LEVEL_READ_UNCOMMITTED = 4
_LEVELS = {1: "READ COMMITTED", 2: "REPEATABLE READ", 3: "SERIALIZABLE", 4: "READ UNCOMMITTED"}
_LISTEN = re.compile(r'\s*LISTEN\s+(?:"((?:[^"]|"")+)"|(\w+))\s*;?\s*', re.IGNORECASE)
_COPY = re.compile(r"\s*COPY\b.*\b(STDIN|STDOUT)\b", re.IGNORECASE | re.DOTALL)


@dataclass
class Notify:
    """What another session sent with NOTIFY."""

    pid: int
    channel: str
    payload: str = ""


@dataclass(frozen=True)
class _Result:
    rows: list[tuple[Any, ...]] | None  # None: the statement is of a kind that has none
    columns: tuple[asyncpg.Attribute, ...]
    status: str


class Connection:
    """A connection to the server, opened when it is awaited or else by its first statement.

    The first statement opens a transaction that lasts until `commit` or `rollback`, unless `autocommit` is set.
    `async with` commits at its end, or rolls back after an exception; it does not close. Tasks may share a connection
    as threads did: their statements run one after the other, in one transaction.
    """

    def __init__(self, dsn: str | None = None, cursor_factory: Any = None, **keywords: Any) -> None:
        if dsn is None and not keywords:
            raise TypeError("missing dsn and no parameters")
        self.cursor_factory = cursor_factory
        self.notices: list[str] = []
        self.notifies: list[Notify] = []
        self._arguments = _connect_arguments(dsn, keywords)
        self._raw: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._text_types: set[str] = set()
        self._is_closed = self._is_lost = False
        self._is_begun = self._is_failed = self._is_entered = False
        self._transactions = 0  # how many have ended
        self._autocommit = False
        self._level: int | None = None
        self._readonly: bool | None = None
        self._deferrable: bool | None = None

    def __await__(self) -> Generator[Any, None, Connection]:
        return self._connected().__await__()

    async def _connected(self) -> Connection:
        await self._opened()
        return self

    async def __aenter__(self) -> Connection:
        await self._opened()
        if self._is_entered:
            raise ProgrammingError("the connection cannot be re-entered recursively")
        self._is_entered = True
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self._is_entered = False
        if kind is None:
            await self.commit()
        elif not self.closed:
            await self.rollback()

    def __del__(self) -> None:
        self._abandon()

    # ------------------------------------------------------------ state

    @property
    def closed(self) -> int:
        """0 while it can be used, 1 after `close`, 2 where the server has gone."""
        return 1 if self._is_closed else 2 if self._is_lost else 0

    @property
    def status(self) -> int:
        """1 without, 2 with a transaction."""
        return 2 if self._is_begun else 1

    @property
    def autocommit(self) -> bool:
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: bool) -> None:
        self._check_between("set_session")
        self._autocommit = bool(value)

    @property
    def isolation_level(self) -> int | None:
        return 0 if self._autocommit else self._level

    @isolation_level.setter
    def isolation_level(self, value: int | str | None) -> None:
        self._check_between("isolation_level")
        self._set_level(value)

    def set_session(
        self,
        isolation_level: int | str | None = None,
        readonly: bool | None = None,
        deferrable: bool | None = None,
        autocommit: bool | None = None,
    ) -> None:
        """How the next transactions begin. What is None stays as it is."""
        self._check_between("set_session")
        if isolation_level is not None:
            self._level = _level(isolation_level)
        self._readonly = self._readonly if readonly is None else readonly
        self._deferrable = self._deferrable if deferrable is None else deferrable
        self._autocommit = self._autocommit if autocommit is None else autocommit

    async def set_isolation_level(self, level: int | None) -> None:
        """Rolls back what is open. 0 stands for autocommit."""
        await self.rollback()
        self._set_level(level)

    def _set_level(self, level: int | str | None) -> None:
        self._autocommit = level == 0
        self._level = None if level in {0, None} else _level(level)

    def get_transaction_status(self) -> int:
        """0 without, 2 in a transaction, 3 in one that has failed, 4 after the connection was lost."""
        if self.closed:
            return 4
        if self._raw is None or not self._raw.is_in_transaction():
            return 0
        return 3 if self._is_failed else 2

    def get_backend_pid(self) -> int:
        return int(self._ready().get_server_pid())

    def get_parameter_status(self, parameter: str) -> str | None:
        return getattr(self._ready().get_settings(), parameter, None)

    @property
    def server_version(self) -> int:
        version = self._ready().get_server_version()
        return int(version.major * 10000 + version.minor)

    @property
    def encoding(self) -> str:
        return "UTF8"

    def _check_between(self, what: str) -> None:
        self._check_open()
        if self._is_begun:
            raise ProgrammingError(f"{what} cannot be used inside a transaction")

    def _check_open(self) -> None:
        if self.closed:
            raise InterfaceError("connection already closed")

    def _ready(self) -> Any:
        self._check_open()
        if self._raw is None:
            raise InterfaceError("the connection opens with its first statement; await it to open it before")
        return self._raw

    # ------------------------------------------------------------ the connection itself

    async def _opened(self) -> Any:
        """asyncpg's connection. In another event loop than before it is opened anew, unless a transaction is open."""
        self._check_open()
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._is_begun:
                raise InterfaceError("the transaction was begun in another event loop")
            self._abandon()
            self._loop, self._lock = loop, asyncio.Lock()
        async with self._lock:
            if self._raw is None:
                self._raw, self._keeper = await _open(self._arguments)
                self._raw.add_log_listener(self._note)
                self._text_types = set()
        return self._raw

    def _abandon(self) -> None:
        """Leave the connection to the server without a word, which rolls back."""
        raw, self._raw = self._raw, None
        if raw is not None and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(raw.terminate)

    def _note(self, raw: object, message: Any) -> None:
        self.notices.append(f"{message.severity}:  {message.message}\n")
        del self.notices[:-50]

    async def close(self) -> None:
        """What was not committed is lost."""
        self._is_closed, self._is_begun = True, False
        if self._raw is not None and self._loop is asyncio.get_running_loop():
            await self._keeper.aclose()
            self._raw = None
        self._abandon()

    aclose = close

    # ------------------------------------------------------------ transactions

    async def commit(self) -> None:
        await self._end("COMMIT")

    async def rollback(self) -> None:
        await self._end("ROLLBACK")

    async def _end(self, how: str) -> None:
        self._check_open()
        if self._is_begun:
            try:
                await self._do(lambda raw: raw.execute(how), how)
            finally:  # whatever has gone wrong, the server has left the transaction
                self._is_begun = self._is_failed = False
                self._transactions += 1

    @property
    def _begins(self) -> bool:
        """Does a statement open a transaction? Inside `async with` it does even with autocommit."""
        return self._is_entered or not self._autocommit

    async def _begin(self, raw: Any) -> None:
        """What psycopg2 sends before the first statement of a transaction."""
        if self._is_begun or not self._begins:
            return
        modes = ["BEGIN"]
        if self._level is not None:
            modes.append(f"ISOLATION LEVEL {_LEVELS[self._level]}")
        if self._readonly is not None:
            modes.append("READ ONLY" if self._readonly else "READ WRITE")
        if self._deferrable is not None:
            modes.append("DEFERRABLE" if self._deferrable else "NOT DEFERRABLE")
        await raw.execute(" ".join(modes))
        self._is_begun = True

    # ------------------------------------------------------------ statements

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

    async def _do(self, send: Callable[[Any], Awaitable[_T]], text: str = "") -> _T:
        """Give asyncpg's connection to `send`, one at a time; errors become psycopg2's."""
        raw = await self._opened()
        async with self._lock:
            try:
                result = await send(raw)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                self._is_failed, self._is_lost = True, raw.is_closed()
                raise _translated(error, text, is_lost=self._is_lost) from error
        self._is_failed = False
        return result

    async def _send(self, raw: Any, text: str, cursor: object) -> _Result:
        await self._begin(raw)
        if listened := _LISTEN.fullmatch(text):
            channel = listened[1].replace('""', '"') if listened[1] else listened[2].lower()
            await raw.add_listener(channel, self._heard)
            return _Result(None, (), "LISTEN")
        statements = _statements(text)
        if not statements:
            raise ProgrammingError("can't execute an empty query")
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
        records = await prepared.statement.fetch()
        rows = _rows(prepared, records) if prepared.columns else None
        return _Result(rows, prepared.columns, prepared.statement.get_statusmsg())

    def _heard(self, raw: Any, pid: int, channel: str, payload: str) -> None:
        self.notifies.append(Notify(pid, channel, payload))


async def _open(arguments: dict[str, Any]) -> tuple[Any, AsyncGenerator[Any, None]]:
    """asyncpg's connection and what closes it, which asyncio.run does at the end if nobody has done it."""
    keeper = _kept(arguments)
    return await keeper.__anext__(), keeper


async def _kept(arguments: dict[str, Any]) -> AsyncGenerator[Any, None]:
    try:
        raw = await asyncpg.connect(**arguments)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, asyncio.TimeoutError) as error:  # noqa: UP041
        raise _not_connected(error, arguments) from error
    try:
        if not str(raw.get_settings().DateStyle).startswith("ISO"):
            await raw.execute("SET datestyle TO 'ISO'")
        yield raw
    finally:
        await raw.close(timeout=5)


def _not_connected(error: BaseException, arguments: dict[str, Any]) -> OperationalError:
    host, port = arguments.get("host") or "localhost", arguments.get("port") or 5432
    server = f'connection to server at "{host}", port {port} failed: '
    if isinstance(error, asyncpg.PostgresError):
        return OperationalError(f"{server}FATAL:  {error.args[0] if error.args else error}\n")
    if isinstance(error, ConnectionRefusedError):
        hint = "\tIs the server running on that host and accepting TCP/IP connections?"
        return OperationalError(f"{server}Connection refused\n{hint}\n")
    if isinstance(error, asyncio.TimeoutError):
        return OperationalError(f"{server}timeout expired\n")
    return OperationalError(f"{server}{error}\n")


def _level(level: int | str) -> int:
    """The number of an isolation level, which may be given by its name."""
    if isinstance(level, int):
        if level not in _LEVELS:
            raise ValueError("isolation_level must be between 1 and 4")
        return level
    names = {name: number for number, name in _LEVELS.items()}
    if level.upper() not in names:
        raise ValueError(f"bad value for isolation_level: '{level}'")
    return names[level.upper()]


def connect(dsn: str | None = None, connection_factory: Any = None, cursor_factory: Any = None, **keywords: Any) -> Any:
    """A connection for these keywords and connection string of libpq. Await it to open it now."""
    return (connection_factory or Connection)(dsn, cursor_factory=cursor_factory, **keywords)
