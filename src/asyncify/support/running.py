"""From synchronous code into asynchronous code."""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import functools
import inspect
import os
import threading
from collections.abc import AsyncIterable, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")
_own = threading.local()


def run(main: Awaitable[_T]) -> _T:
    """Run to the end and give back the result, as asyncio.run does.

    All that one thread runs so shares an event loop: a connection that one call opens is there for the next. Where an
    event loop is running already it cannot be waited for: the coroutine then runs in a thread with a loop of its own,
    and this thread stands still, as it did in synchronous code.
    """
    if not _is_in_loop():
        return _loop_of_thread().run(main)
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(context.run, asyncio.run, _awaited(main)).result()


def blocking(function: Callable[..., Awaitable[_T]]) -> Callable[..., _T]:
    """The asynchronous function as a plain one, for code that calls it without await."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> _T:
        return run(function(*args, **kwargs))

    return call


async def settle(value: Any) -> Any:
    """The value, or what it gives when awaited: for a call that may reach functions of both kinds."""
    return await value if inspect.isawaitable(value) else value


class _Loop:
    """An event loop for one call after the other. It ends with its thread."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._loop = asyncio.new_event_loop()
        if threading.current_thread() is threading.main_thread():
            atexit.register(self.close)

    def run(self, main: Awaitable[_T]) -> _T:
        task = self._loop.create_task(_awaited(main))
        try:
            return self._loop.run_until_complete(task)
        except KeyboardInterrupt:
            task.cancel()  # what it would do at its end, it does
            self._loop.run_until_complete(asyncio.wait([task]))
            raise

    def close(self) -> None:
        if not self._loop.is_closed() and self.process == os.getpid():
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    __del__ = close


def _loop_of_thread() -> _Loop:
    """A process that was forked makes its own."""
    kept: _Loop | None = getattr(_own, "loop", None)
    if kept is None or kept.process != os.getpid():
        kept = _own.loop = _Loop()
    return kept


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def collect(items: AsyncIterable[_T]) -> list[_T]:
    """All items, in a list."""
    return [item async for item in items]


def settled(value: Any) -> Any:
    """The value, or what it gives when run in an event loop: the same, for synchronous code."""
    return run(value) if inspect.isawaitable(value) else value


async def _awaited(value: Awaitable[_T]) -> _T:
    return await value
