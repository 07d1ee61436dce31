"""Cancels a coroutine at each of its awaits in turn."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import Any

AWAITS = 400  # more than any test here has


class _Until:
    """A coroutine that is run in this task, which is cancelled while it waits for the `number`th time."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], number: int) -> None:
        self.is_cancelled = False
        self._coroutine = coroutine
        self._left = number

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[], Any] = functools.partial(self._coroutine.send, None)
        while True:
            try:
                awaited = step()
            except StopIteration as end:
                return end.value
            self._left -= 1
            if not self._left:
                task = asyncio.current_task()
                assert task is not None
                self.is_cancelled = task.cancel()
            try:
                step = functools.partial(self._coroutine.send, (yield awaited))
            except BaseException as error:
                step = functools.partial(self._coroutine.throw, error)


async def each_cancellation(make: Callable[[], Coroutine[Any, Any, Any]]) -> AsyncIterator[int]:
    """Run `make()` again and again, cancelled at its first await, its second and so on; what is seen after each is what
    that left behind. Ends with the run that was not cancelled any more, and that ended well."""

    for number in range(1, AWAITS):
        found = _Until(make(), number)
        task = asyncio.ensure_future(_awaited(found))
        await asyncio.wait([task])
        if not task.cancelled():
            await task
        del task
        if not found.is_cancelled:
            return
        yield number
    raise AssertionError(f"more than {AWAITS} awaits")


async def _awaited(found: _Until) -> Any:
    return await found
