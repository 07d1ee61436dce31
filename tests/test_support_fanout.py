"""Many calls side by side: order, limit, first failure and cancellation as in a ThreadPoolExecutor."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import pytest

from asyncify.support import fanout
from virtual_time import run_virtually

TICK = 0.005


class Work:
    """A job of a few ticks, in both kinds; remembers what began, what ended and how many ran at once."""

    def __init__(self, bad: frozenset[int] = frozenset()) -> None:
        self.bad = bad
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.now = self.most = 0

    def sync(self, number: int, ticks: int = 1) -> int:
        self._begin(number)
        time.sleep(TICK * ticks)
        return self._end(number)

    async def coroutine(self, number: int, ticks: int = 1) -> int:
        self._begin(number)
        await asyncio.sleep(TICK * ticks)
        return self._end(number)

    def _begin(self, number: int) -> None:
        self.begun.append(number)
        self.now += 1
        self.most = max(self.most, self.now)

    def _end(self, number: int) -> int:
        self.now -= 1
        self.ended.append(number)
        if number in self.bad:
            raise ValueError(number)
        return number * 10


def _in_threads(work: Work, *iterables: Any, limit: int) -> Any:
    with ThreadPoolExecutor(limit) as pool:
        return list(pool.map(work.sync, *iterables))


def _as_tasks(work: Work, *iterables: Any, limit: int) -> Any:
    return asyncio.run(fanout.bounded_map(work.coroutine, *iterables, limit=limit))


def _as_pool(work: Work, *iterables: Any, limit: int) -> Any:
    async def main() -> list[Any]:
        async with fanout.TaskPool(max_workers=limit) as pool:
            return await pool.map(work.coroutine, *iterables)

    return asyncio.run(main())


def _as_loop(work: Work, *iterables: Any, limit: int) -> Any:
    async def main() -> list[Any]:
        async with fanout.TaskPool(limit) as pool:
            return [result async for result in pool.map(work.coroutine, *iterables)]

    return asyncio.run(main())


MAPS = [_as_tasks, _as_pool, _as_loop]


@pytest.mark.parametrize("mapped", MAPS)
def test_map_keeps_the_order_and_the_limit(mapped: Callable[..., Any]) -> None:
    threads, tasks = Work(), Work()
    arguments = (range(12), [3, 1, 2] * 5)

    assert _in_threads(threads, *arguments, limit=4) == mapped(tasks, *arguments, limit=4)
    assert (threads.most, tasks.most) == (4, 4)


@pytest.mark.parametrize("mapped", MAPS)
def test_map_raises_the_first_failure_in_order_and_begins_nothing_more(mapped: Callable[..., Any]) -> None:
    threads, tasks = Work(frozenset({1, 2})), Work(frozenset({1, 2}))
    ticks = [1, 6, 2, 9, *[6] * 40]

    for work, run in ((threads, _in_threads), (tasks, mapped)):
        with pytest.raises(ValueError, match=r"^1$"):
            run(work, range(44), ticks, limit=4)

    assert tasks.ended.count(3) == 1
    assert sorted(tasks.begun) == sorted(tasks.ended) == list(range(len(tasks.begun)))
    assert len(tasks.begun) < 44 and len(threads.begun) < 44


def test_map_without_items() -> None:
    assert _as_tasks(Work(), [], limit=3) == _as_pool(Work(), [], limit=3) == []


def test_results_before_a_failure_are_seen() -> None:
    seen: list[int] = []

    async def main() -> None:
        async with fanout.TaskPool(2) as pool:
            async for result in pool.map(Work(frozenset({2})).coroutine, range(6)):
                seen.append(result)

    with pytest.raises(ValueError, match="2"):
        asyncio.run(main())

    assert seen == [0, 10]


async def _pooled(work: Work, limit: int) -> None:
    async with fanout.TaskPool(limit) as pool:
        await pool.map(work.coroutine, range(9), [10**6] * 9)


async def _bounded(work: Work, limit: int) -> None:
    await fanout.bounded_map(work.coroutine, range(9), [10**6] * 9, limit=limit)


@pytest.mark.parametrize("mapped", [_pooled, _bounded])
@pytest.mark.parametrize("limit", [1, 3])
def test_cancelling_a_map_cancels_what_runs(limit: int, mapped: Callable[..., Any]) -> None:
    work = Work()

    async def main() -> None:
        task = asyncio.ensure_future(mapped(work, limit))
        await asyncio.sleep(TICK)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())

    assert (len(work.begun), work.ended) == (limit, [])


def test_a_pool_waits_for_all_and_swallows_what_nobody_asks_for() -> None:
    work = Work(frozenset({1}))

    async def main() -> list[bool]:
        async with fanout.TaskPool(max_workers=2) as pool:
            tasks = [pool.submit(work.coroutine, number, ticks=2) for number in range(5)]
        return [task.done() for task in tasks]

    assert asyncio.run(main()) == [True] * 5
    assert (sorted(work.ended), work.most) == ([0, 1, 2, 3, 4], 2)


def test_a_submitted_call_gives_its_result_or_failure() -> None:
    async def main() -> list[Any]:
        async with fanout.TaskPool() as pool:
            good, bad, plain = (
                pool.submit(Work().coroutine, 1),
                pool.submit(Work(frozenset({2})).coroutine, 2),
                pool.submit(len, "abc"),
            )
            with pytest.raises(ValueError, match="2"):
                await bad
            return [await good, await plain]

    assert asyncio.run(main()) == [10, 3]


def test_a_pool_that_is_shut_takes_no_more() -> None:
    work = Work()

    async def main() -> list[bool]:
        pool = fanout.TaskPool(1)
        tasks = [pool.submit(work.coroutine, number, 2) for number in range(3)]
        await asyncio.sleep(TICK)
        await pool.shutdown(cancel_futures=True)
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(work.coroutine, 9)
        return [task.cancelled() for task in tasks]

    assert asyncio.run(main()) == [False, True, True]
    with pytest.raises(ValueError, match="greater than"):
        fanout.TaskPool(0)


def test_as_completed_gives_the_futures_themselves() -> None:
    gates = {number: threading.Event() for number in (1, 2, 0)}  # each opens when the one before it was seen

    def in_turn(number: int) -> int:
        assert gates[number].wait(timeout=60)
        return number * 10

    expected, closed = [], iter(gates.values())
    with ThreadPoolExecutor(3) as threads:
        old = {threads.submit(in_turn, number): number for number in range(3)}
        next(closed).set()
        for future in as_completed(old):
            expected.append((old[future], future.result()))
            next(closed, threading.Event()).set()

    async def main() -> list[Any]:
        async with fanout.TaskPool(3) as pool:
            new = {pool.submit(Work().coroutine, number, ticks): number for number, ticks in enumerate((5, 1, 3))}
            return [(new[task], await task) async for task in fanout.as_completed(new)]

    assert expected == run_virtually(main())[0] == [(1, 10), (2, 20), (0, 0)]


def test_as_completed_stops_after_its_timeout() -> None:
    async def main() -> None:
        async with fanout.TaskPool(2) as pool:
            tasks = [pool.submit(Work().coroutine, number, ticks) for number, ticks in ((1, 1), (2, 20))]
            done = []
            with pytest.raises(TimeoutError, match="1 futures unfinished"):
                async for task in fanout.as_completed(tasks, timeout=TICK * 5):
                    done.append(task)
            assert done == tasks[:1]
            await pool.shutdown(cancel_futures=True)

    asyncio.run(main())
