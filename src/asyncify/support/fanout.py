"""Thread pools as tasks: many calls side by side, but never more than a limit."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import inspect
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable
from concurrent.futures.thread import BrokenThreadPool
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

_R = TypeVar("_R")

_BROKEN = "A thread initializer failed, the thread pool is not usable anymore"


async def bounded_map(function: Callable[..., Awaitable[_R]], *iterables: Iterable[Any], limit: int) -> list[_R]:
    """Await function(item) for all items, at most `limit` at a time; the results in the order of the items.

    If calls fail, the first failure in that order is raised: what has begun by then runs to its end, the rest
    does not begin. That is what a ThreadPoolExecutor's map does.
    """
    gate = asyncio.Semaphore(limit)
    begun: set[asyncio.Task[_R] | None] = set()

    async def call(*items: Any) -> _R:
        async with gate:
            begun.add(asyncio.current_task())
            return await function(*items)

    tasks = [asyncio.ensure_future(coroutine) for coroutine in map(call, *iterables)]
    try:
        return [await asyncio.shield(task) for task in tasks]
    except asyncio.CancelledError:
        begun.clear()
        raise
    finally:
        for task in tasks:
            if task not in begun:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class TaskPool:
    """A ThreadPoolExecutor with tasks for threads: leaving `async with` waits for all of them."""

    def __init__(
        self,
        max_workers: int | None = None,
        initializer: Callable[..., Any] | None = None,
        initargs: tuple[Any, ...] = (),
    ) -> None:
        limit = min(32, (os.cpu_count() or 1) + 4) if max_workers is None else max_workers
        if limit <= 0:
            raise ValueError("max_workers must be greater than 0")
        self._limit = limit
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
        self._prepare = functools.partial(initializer, *initargs) if initializer is not None else None
        self._prepared = self._running = 0
        self._is_broken = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiting: set[asyncio.Task[Any]] = set()
        self._is_shut = False

    async def __aenter__(self) -> TaskPool:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        if kind is asyncio.CancelledError:
            self._cancel(self._tasks)
        await self.shutdown()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        """Start the call as soon as there is room. Await the task for its result."""
        if self._is_broken:
            raise BrokenThreadPool(_BROKEN)
        if self._is_shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        task = asyncio.ensure_future(self._run(function, args, kwargs))
        self._tasks.add(task)
        self._waiting.add(task)
        task.add_done_callback(self._forget)
        return task

    def map(self, function: Callable[..., Any], *iterables: Iterable[Any], timeout: float | None = None) -> Mapped:
        """Start a call for each item now. `await` gives the list of results in the order of the items; `async for`
        gives each as soon as it and those before it are there, and TimeoutError `timeout` seconds from now."""
        tasks = list(map(functools.partial(self.submit, function), *iterables))
        return Mapped(tasks, self._waiting, timeout)

    async def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for all tasks. Those that have not begun are left out with `cancel_futures`."""
        self._is_shut = True
        if cancel_futures:
            self._cancel(self._waiting)
        try:
            if wait and self._tasks:
                await asyncio.wait(self._tasks)
        except asyncio.CancelledError:
            self._cancel(self._tasks)
            raise

    async def _run(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        async with self._gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._limit)):
            self._waiting.discard(asyncio.current_task())
            self._running += 1
            try:
                await self._make_ready()
                result = function(*args, **kwargs)
                return await result if inspect.isawaitable(result) else result
            finally:
                self._running -= 1

    async def _make_ready(self) -> None:
        """As many places as are in use at once have been prepared, as threads are."""
        if self._prepare is not None and self._running > self._prepared:
            self._prepared += 1
            try:
                result = self._prepare()
                await result if inspect.isawaitable(result) else None
            except Exception:
                self._is_broken = True
                logging.getLogger("concurrent.futures").critical("Exception in initializer:", exc_info=True)
        if self._is_broken:
            raise BrokenThreadPool(_BROKEN)

    def _cancel(self, tasks: Iterable[asyncio.Task[Any]]) -> None:
        for task in list(tasks):
            task.cancel()

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._waiting.discard(task)
        if not task.cancelled():
            task.exception()  # a failure that nobody asks for is not reported, as in a thread pool


class Mapped:
    """The results of TaskPool.map. The first failure in their order is raised, and what waits then is left out."""

    def __init__(
        self, tasks: list[asyncio.Task[Any]], waiting: set[asyncio.Task[Any]], timeout: float | None = None
    ) -> None:
        self._tasks = tasks
        self._waiting = waiting
        self._end = None if timeout is None else asyncio.get_running_loop().time() + timeout

    def __await__(self) -> Generator[Any, None, list[Any]]:
        return self._listed().__await__()

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            for task in self._tasks:
                left = None if self._end is None else self._end - asyncio.get_running_loop().time()
                yield await result_of(task, left)
        finally:
            for task in self._tasks:
                if task in self._waiting:
                    task.cancel()

    async def _listed(self) -> list[Any]:
        return [result async for result in self]


async def result_of(future: asyncio.Future[Any], timeout: float | None = None) -> Any:  # noqa: ASYNC109
    """What concurrent.futures.Future.result gives and raises."""
    await _ended(future, timeout)
    return future.result()


async def exception_of(future: asyncio.Future[Any], timeout: float | None = None) -> BaseException | None:  # noqa: ASYNC109
    """What concurrent.futures.Future.exception gives and raises."""
    await _ended(future, timeout)
    return future.exception()


async def _ended(future: asyncio.Future[Any], timeout: float | None) -> None:  # noqa: ASYNC109
    done, _ = await asyncio.wait([future], timeout=None if timeout is None else max(0, timeout))
    if not done:
        raise concurrent.futures.TimeoutError
    if future.cancelled():
        raise concurrent.futures.CancelledError


async def wait(
    futures: Iterable[Any],
    timeout: float | None = None,  # noqa: ASYNC109
    return_when: str = "ALL_COMPLETED",
) -> tuple[set[Any], set[Any]]:
    """What concurrent.futures.wait gives: those that are done, and those that are not."""
    waiting = set(futures)
    return await asyncio.wait(waiting, timeout=timeout, return_when=return_when) if waiting else (set(), set())


async def as_completed(futures: Iterable[Any], timeout: float | None = None) -> AsyncIterator[Any]:  # noqa: ASYNC109
    """The futures themselves, each when it is done, the first to finish first; TimeoutError after `timeout`."""
    waiting = set(futures)
    loop = asyncio.get_running_loop()
    end = None if timeout is None else loop.time() + timeout
    while waiting:
        left = None if end is None else max(0, end - loop.time())
        done, waiting = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise concurrent.futures.TimeoutError(f"{len(waiting)} futures unfinished")
        for future in done:
            yield future
