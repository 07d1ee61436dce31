"""Calls that do not depend on each other, side by side, under limits that all code of an event loop shares."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

_R = TypeVar("_R")

LIMITS = {"default": 10, "http": 10, "llm": 4, "database": 5}

_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Semaphore]] = WeakKeyDictionary()

_lent: ContextVar[dict[str, asyncio.Semaphore]] = ContextVar("_lent")


async def side_by_side(function: Callable[[Any], Awaitable[_R]], items: Iterable[Any], *, limit: str) -> list[_R]:
    """Await function(item) for all items, at most LIMITS[limit] at a time; the results in the order of the items.

    If calls fail, the first failure in that order is raised: what has begun by then runs to its end, the rest
    does not begin.
    """
    return list(await in_turn(function, items, limit=limit))


async def in_turn(function: Callable[[Any], Awaitable[_R]], items: Iterable[Any], *, limit: str) -> Iterator[_R]:
    """The same, for a loop over the results: a failure is raised when its turn comes, after the results before it."""

    def begin(item: Any) -> Callable[[], Awaitable[_R]]:
        return lambda: function(item)

    return _results(await _finished([begin(item) for item in items], limit))


async def together(*calls: Awaitable[Any], limit: str) -> list[Any]:
    """The results of these calls, made at the same time. If some fail, the failure of the first of them is raised."""

    def begin(call: Awaitable[Any]) -> Callable[[], Awaitable[Any]]:
        return lambda: call

    try:
        return list(_results(await _finished([begin(call) for call in calls], limit)))
    finally:
        for call in calls:
            if inspect.iscoroutine(call):
                call.close()  # if it has not begun


def _results(tasks: list[asyncio.Task[_R]]) -> Iterator[_R]:
    for task in tasks:
        yield task.result()


async def _finished(calls: list[Callable[[], Awaitable[_R]]], limit: str) -> list[asyncio.Task[_R]]:
    """A task for each call, up to the first that fails; none of them runs any more."""
    begun: set[asyncio.Task[_R] | None] = set()

    async def run(at: int, call: Callable[[], Awaitable[_R]]) -> _R:
        gate = await _entered(limit)
        try:
            begun.add(asyncio.current_task())
            _lent.set({**_lent.get({}), limit: asyncio.Semaphore(1)})
            return await call()
        except BaseException:
            leave_out(at)
            raise
        finally:
            gate.release()

    def leave_out(after: int) -> None:
        for task in tasks[after + 1 :]:
            if task not in begun:
                task.cancel()

    tasks = [asyncio.ensure_future(run(at, call)) for at, call in enumerate(calls)]
    try:
        for at, task in enumerate(tasks):
            await asyncio.wait([task])
            if task.cancelled() or task.exception() is not None:
                return tasks[: at + 1]
        return tasks
    except asyncio.CancelledError:
        begun.clear()
        leave_out(-1)
        raise
    finally:
        await asyncio.gather(*tasks, return_exceptions=True)


async def _entered(limit: str) -> asyncio.Semaphore:
    """A place under the limit. What runs inside a place already may use that one: its holder only waits for it."""
    gates = _gates.setdefault(asyncio.get_running_loop(), {})
    shared = gates.setdefault(limit, asyncio.Semaphore(LIMITS[limit]))
    own = _lent.get({}).get(limit)
    free = [gate for gate in (own, shared) if gate is not None and not gate.locked()]
    if own is None or free:
        gate = free[0] if free else shared
        await gate.acquire()
        return gate
    return await _first_free(own, shared)


async def _first_free(*gates: asyncio.Semaphore) -> asyncio.Semaphore:
    waiting = {asyncio.ensure_future(gate.acquire()): gate for gate in gates}
    taken: list[asyncio.Semaphore] = []
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        taken = [gate for task, gate in waiting.items() if task.done()][:1]
        return taken[0]
    finally:
        for task, gate in waiting.items():
            if not task.cancel() and gate not in taken:
                gate.release()
        await asyncio.gather(*waiting, return_exceptions=True)
