"""Taking items: from asynchronous code of either kind of iterable, and from synchronous code of asynchronous ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from asyncify.support.running import _is_in_loop, settle

_T = TypeVar("_T")


async def any_of(items: AsyncIterable[Any]) -> bool:
    """Is one of the items true? Takes none after the first that is, as `any` does."""
    async for item in items:
        if item:
            return True
    return False


async def all_of(items: AsyncIterable[Any]) -> bool:
    """Are all items true? Takes none after the first that is not, as `all` does."""
    async for item in items:
        if not item:
            return False
    return True


async def enumerated(items: AsyncIterable[_T], start: int = 0) -> AsyncIterator[tuple[int, _T]]:
    """The items with their numbers, as `enumerate` gives them."""
    number = start
    async for item in items:
        yield number, item
        number += 1


async def each(items: AsyncIterable[_T] | Iterable[_T]) -> AsyncIterator[_T]:
    """The items of an iterable of either kind."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


@asynccontextmanager
async def entered(manager: Any) -> AsyncIterator[Any]:
    """Enter and leave a context manager of either kind."""
    if hasattr(manager, "__aenter__"):
        async with manager as value:
            yield value
    else:
        with manager as value:
            yield value


@asynccontextmanager
async def closing(thing: _T) -> AsyncIterator[_T]:
    """Close the thing at the end, by a method of either kind, as `contextlib.closing` does."""
    try:
        yield thing
    finally:
        await settle(thing.close())  # type: ignore[attr-defined]


def iterate(items: Any) -> Generator[Any, Any, None]:
    """The items of an async generator, one at a time, for code that iterates synchronously.

    What is sent or thrown arrives in the async generator. Each item is waited for in an event loop of its own;
    where a loop is running already this thread stands still meanwhile, as it did in synchronous code.
    """
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(1) as thread:

        def finished(step: Coroutine[Any, Any, Any]) -> Any:
            run: Callable[..., Any] = loop.run_until_complete
            return thread.submit(run, step).result() if _is_in_loop() else run(step)

        try:
            yield from _stepped(items, finished)
        finally:
            finished(loop.shutdown_asyncgens())
            loop.close()


def _stepped(items: Any, finished: Callable[[Any], Any]) -> Generator[Any, Any, None]:
    step = items.__aiter__().__anext__
    try:
        item = finished(_first(step))
        while True:
            try:
                sent = yield item
            except GeneratorExit:
                finished(items.aclose())
                raise
            except BaseException as error:
                item = finished(items.athrow(error))
            else:
                item = finished(items.asend(sent))
    except StopAsyncIteration:
        return


async def _first(step: Callable[[], Any]) -> Any:
    return await step()
