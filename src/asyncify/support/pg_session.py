"""A session of psycopg2 over asyncpg: how it opens and closes, its state, and its implicit transactions."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncpg

from asyncify.support.pg_dsn import _connect_arguments
from asyncify.support.pg_errors import InterfaceError, ProgrammingError, _translated
from asyncify.support.pg_open import _open

_T = TypeVar("_T")
STATUS_READY = 1
STATUS_BEGIN = 2
STATUS_IN_TRANSACTION = 2
STATUS_PREPARED = 5
TRANSACTION_STATUS_IDLE = 0
TRANSACTION_STATUS_ACTIVE = 1
TRANSACTION_STATUS_INTRANS = 2
TRANSACTION_STATUS_INERROR = 3
TRANSACTION_STATUS_UNKNOWN = 4
ISOLATION_LEVEL_AUTOCOMMIT = 0
ISOLATION_LEVEL_READ_COMMITTED = 1
ISOLATION_LEVEL_REPEATABLE_READ = 2
ISOLATION_LEVEL_SERIALIZABLE = 3
ISOLATION_LEVEL_READ_UNCOMMITTED = 4
_FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    asyncio.TimeoutError,
)
_LEVELS = {1: "READ COMMITTED", 2: "REPEATABLE READ", 3: "SERIALIZABLE", 4: "READ UNCOMMITTED"}


@dataclass
class Notify:
    """What another session sent with NOTIFY."""

    pid: int
    channel: str
    payload: str = ""


class _Session:
    """A connection to the server, opened when it is awaited or else by its first statement, and its transactions."""

    def __init__(self, dsn: str | None = None, cursor_factory: Any = None, **keywords: Any) -> None:
        if dsn is None and not keywords:
            raise TypeError("missing dsn and no parameters")
        self.cursor_factory = cursor_factory
        self.notices: list[str] = []
        self.notifies: list[Notify] = []
        self._is_notified = False  # since the last poll
        self._waiting: list[asyncio.Future[None]] = []
        self._arguments = _connect_arguments(dsn, keywords)
        self._raw: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()
        self._text_types: set[str] = set()
        self._prepared: dict[str, Any] = {}  # statements without a transaction stay prepared, by their text
        self._keeps_prepared = True
        self._numbers = itertools.count()
        self._token = secrets.token_hex(4)  # names of prepared statements may not meet those of other clients
        self._casts: dict[str, dict[int, str | None]] = {}  # by statement: what its parameters make of a str
        self._is_closed = self._is_lost = False
        self._is_begun = self._is_failed = self._is_entered = False
        self._transactions = 0  # how many have ended
        self._autocommit = False
        self._level: int | None = None
        self._readonly: bool | None = None
        self._deferrable: bool | None = None

    def __await__(self) -> Generator[Any, None, Any]:
        return self._connected().__await__()

    async def _connected(self) -> Any:
        await self._opened()
        return self

    async def __aenter__(self) -> Any:
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

    async def get_backend_pid(self) -> int:
        return int((await self._opened()).get_server_pid())

    async def get_parameter_status(self, parameter: str) -> str | None:
        return getattr((await self._opened()).get_settings(), parameter, None)

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
                self._text_types, self._prepared, self._casts = set(), {}, {}
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

    async def _begin(self, raw: Any, *, always: bool = False) -> None:
        """What psycopg2 sends before the first statement of a transaction."""
        if self._is_begun or not (always or self._begins):
            return
        modes = ["BEGIN"]
        if self._level is not None:
            modes.append(f"ISOLATION LEVEL {_LEVELS[self._level]}")
        if self._readonly is not None:
            modes.append("READ ONLY" if self._readonly else "READ WRITE")
        if self._deferrable is not None:
            modes.append("DEFERRABLE" if self._deferrable else "NOT DEFERRABLE")
        self._is_begun = True  # also if the waiting is cancelled: the server may have begun by then
        try:
            await raw.execute(" ".join(modes))
        except Exception:
            self._is_begun = False
            raise

    async def _do(self, send: Callable[[Any], Awaitable[_T]], text: str = "") -> _T:
        """Give asyncpg's connection to `send`, one at a time; errors become psycopg2's."""
        raw = await self._opened()
        async with self._lock:
            try:
                result = await send(raw)
            except _FAILURES as error:
                # The server has said goodbye, and asyncpg still waits for the end of it.
                is_ending = isinstance(error, asyncpg.InternalClientError)
                self._is_failed, self._is_lost = True, is_ending or raw.is_closed()
                shown = getattr(error, "pasted", text)
                raise _translated(error, shown, is_lost=self._is_lost) from error
        self._is_failed = False
        return result


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
