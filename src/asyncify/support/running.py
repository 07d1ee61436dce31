"""From synchronous code into asynchronous code."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
from collections.abc import AsyncIterable, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")


def run(main: Awaitable[_T]) -> _T:
    """Run to the end and give back the result, as asyncio.run does.

    Where an event loop is running already it cannot be waited for: the coroutine then runs in a thread with a
    loop of its own, and this thread stands still, as it did in synchronous code.
    """
    if not _is_in_loop():
        return asyncio.run(_awaited(main))
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
