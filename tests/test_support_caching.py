"""`lru_cache`, `cache` and `cached_property` of the support module: one running call is shared, results are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from asyncify.support.caching import cache, cached_property, lru_cache
from virtual_time import run_virtually


class TroubleError(Exception):
    pass


def slow(calls: list[int], fails: int = 0) -> Callable[[int], Coroutine[Any, Any, int]]:
    """A function that takes a second, notes its calls, and fails the first times."""

    async def call(x: int) -> int:
        calls.append(x)
        await asyncio.sleep(1)
        if len(calls) <= fails:
            raise TroubleError(len(calls))
        return 10 * x

    return call


def run(main: Coroutine[Any, Any, Any]) -> tuple[Any, float]:
    value, seconds = run_virtually(main)
    return value, seconds


def test_calls_at_the_same_time_share_the_one_that_runs() -> None:
    calls: list[int] = []
    load = cache(slow(calls))

    async def main() -> list[int]:
        return await asyncio.gather(load(1), load(1), load(2), load(1))

    assert run(main()) == ([10, 10, 20, 10], 1)
    assert calls == [1, 2]
    assert tuple(load.cache_info()) == (2, 2, None, 2)


def test_an_error_reaches_all_who_wait_and_is_not_kept() -> None:
    calls: list[int] = []
    load = cache(slow(calls, fails=1))

    async def main() -> list[Any]:
        return [*await asyncio.gather(load(1), load(1), return_exceptions=True), await load(1), await load(1)]

    found, seconds = run(main())

    assert [type(item) for item in found[:2]] == [TroubleError, TroubleError]
    assert (found[2:], calls, seconds) == ([10, 10], [1, 1], 2)


def test_the_first_may_be_cancelled_without_harm_to_the_others() -> None:
    calls: list[int] = []
    load = cache(slow(calls))

    async def main() -> int:
        first = asyncio.ensure_future(load(1))
        second = asyncio.ensure_future(load(1))
        await asyncio.sleep(0.5)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert run(main()) == (10, 1.5)
    assert calls == [1, 1]


def test_one_who_waits_may_be_cancelled_without_harm_to_the_first() -> None:
    calls: list[int] = []
    load = cache(slow(calls))

    async def main() -> int:
        first = asyncio.ensure_future(load(1))
        second = asyncio.ensure_future(load(1))
        await asyncio.sleep(0.5)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        return await first

    assert run(main()) == (10, 1)
    assert calls == [1]


def test_a_cache_without_room_shares_nothing() -> None:
    calls: list[int] = []
    load = lru_cache(maxsize=0)(slow(calls))

    async def main() -> list[int]:
        return await asyncio.gather(load(1), load(1))

    assert run(main()) == ([10, 10], 1)
    assert calls == [1, 1]
    assert tuple(load.cache_info()) == (0, 2, 0, 0)


def test_each_loop_runs_its_own_call_and_all_share_what_came_of_it() -> None:
    calls: list[int] = []
    load = cache(slow(calls))

    async def main() -> int:
        return await load(1)

    assert [run(main()), run(main())] == [(10, 1), (10, 0)]
    assert calls == [1]


class Page:
    def __init__(self, fails: int = 0) -> None:
        self.calls: list[int] = []
        self.fails = fails

    @cached_property
    async def text(self) -> int:
        """The text."""
        return await slow(self.calls, self.fails)(1)


def test_a_cached_property_may_be_awaited_often() -> None:
    page = Page()

    async def main() -> list[int]:
        return [*await asyncio.gather(page.text, page.text), await page.text]

    assert run(main()) == ([10, 10, 10], 1)
    assert page.calls == [1]
    assert Page.text.__doc__ == "The text."


def test_a_cached_property_keeps_no_error_and_can_be_deleted() -> None:
    page = Page(fails=1)

    async def main() -> list[Any]:
        with pytest.raises(TroubleError):
            await page.text
        found = [await page.text, await page.text]
        del page.text
        return [*found, await page.text]

    assert run(main()) == ([10, 10, 10], 3)
    assert page.calls == [1, 1, 1]
