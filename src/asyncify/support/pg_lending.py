"""How psycopg2's connection pools hand out connections and take them back, whatever these are."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

from asyncify.support.threads import Lock
from asyncify.support.timeouts import TIMEOUTS


class _Pool:
    """At least `minconn` connections, which open when the pool is awaited or first used, and at most `maxconn`.

    `getconn` waits where other tasks have all of them, up to TIMEOUTS; it raises its error after that, and at once
    where its own task has them all. `putconn` rolls back what the connection has left open.
    """

    _error: type[Exception]

    @staticmethod
    def _connect(*args: Any, **kwargs: Any) -> Any:
        """What becomes a connection when it is awaited."""
        raise NotImplementedError

    def __init__(self, minconn: int, maxconn: int, *args: Any, **kwargs: Any) -> None:
        self.minconn = int(minconn)
        self.maxconn = int(maxconn)
        self.closed = False
        self._args = args
        self._kwargs = kwargs
        self._idle: list[Any] = []
        self._used: dict[Any, Any] = {}  # key -> connection
        self._keys: dict[int, Any] = {}  # id of a connection -> its key
        self._holders: dict[Any, Any] = {}  # key -> the task that has it
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._last_key = 0
        self._filling = Lock()
        self._is_filled = False

    def __await__(self) -> Any:
        return self._opened().__await__()

    async def _opened(self) -> Any:
        await self._fill()
        return self

    async def _fill(self) -> None:
        if self._is_filled:
            return
        async with self._filling:
            while not self._is_filled and len(self._idle) < self.minconn:
                self._idle.append(await self._connect(*self._args, **self._kwargs))
            self._is_filled = True

    async def getconn(self, key: Any = None) -> Any:
        """A free connection, or a new one; the same one again for a key that is in use."""
        if self.closed:
            raise self._error("connection pool is closed")
        await self._fill()
        if key is None:
            self._last_key += 1
            key = self._last_key
        if key in self._used:
            return self._used[key]
        while len(self._used) >= self.maxconn:
            await self._room()
        connection = self._idle.pop() if self._idle else self._connect(*self._args, **self._kwargs)
        self._used[key] = connection
        self._holders[key] = asyncio.current_task()
        try:
            connection = await connection
        except BaseException:
            del self._used[key], self._holders[key]
            self._wake()
            raise
        self._used[key] = connection
        self._keys[id(connection)] = key
        return connection

    async def _room(self) -> None:
        """Wait until somebody has given one back."""
        if set(self._holders.values()) == {asyncio.current_task()}:
            raise self._error("connection pool exhausted")
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        has_come = False
        try:
            done, _ = await asyncio.wait([turn], timeout=TIMEOUTS["database"])
            has_come = bool(done)
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif not has_come:  # it was this one's turn, and it has gone
                self._wake()
        if not has_come:
            raise self._error("connection pool exhausted")
        if self.closed:
            raise self._error("connection pool is closed")

    def _wake(self) -> None:
        if self._waiting:
            turn = self._waiting.popleft()
            turn.get_loop().call_soon_threadsafe(_give, turn)

    @contextlib.asynccontextmanager
    async def acquire(self) -> AsyncGenerator[Any, None]:
        """A connection for the length of a block."""
        conn = await self.getconn()
        try:
            yield conn
        finally:
            await self.putconn(conn)

    async def putconn(self, conn: Any = None, key: Any = None, close: bool = False) -> None:
        """Give a connection back. It is closed if the pool has `minconn` idle ones already, or if `close` says so."""
        if self.closed:
            raise self._error("connection pool is closed")
        if key is None:
            key = self._keys.get(id(conn))
            if key is None:
                raise self._error("trying to put unkeyed connection")
        connection = self._used.pop(key, conn)
        self._keys.pop(id(connection), None)
        self._holders.pop(key, None)
        try:
            if len(self._idle) >= self.minconn or close:
                await connection.close()
            elif not connection.closed:
                await connection.rollback()
                self._idle.append(connection)
        finally:
            self._wake()

    async def closeall(self) -> None:
        """Close all connections, also those in use; the pool cannot be used any more."""
        if self.closed:
            raise self._error("connection pool is closed")
        self.closed = True
        for _ in range(len(self._waiting)):
            self._wake()
        for connection in (*self._idle, *self._used.values()):
            if hasattr(connection, "rollback"):  # else it is about to open
                await connection.close()


def _give(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)
