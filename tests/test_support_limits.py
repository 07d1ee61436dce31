"""Shared limits are never exceeded, by nested fan-outs either; order, first failure, cancellation, no leftovers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from asyncify.support import limits
from virtual_time import run_virtually


class Work:
    """A call of one second; remembers how many ran at once, what began and what ended."""

    def __init__(self, bad: frozenset[int] = frozenset(), slow: frozenset[int] = frozenset()) -> None:
        self.bad, self.slow = bad, slow
        self.now = self.most = 0
        self.begun: list[int] = []
        self.ended: list[int] = []

    async def __call__(self, number: int) -> int:
        self.begun.append(number)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await asyncio.sleep(3 if number in self.slow else 1)
            self.ended.append(number)
        finally:
            self.now -= 1
        if number in self.bad:
            raise ValueError(number)
        return number * 10


@pytest.fixture(autouse=True)
def three_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.LIMITS, "http", 3)


def test_order_and_limit() -> None:
    work = Work(slow=frozenset({0}))

    result, seconds = run_virtually(limits.side_by_side(work, range(7), limit="http"))

    assert result == [0, 10, 20, 30, 40, 50, 60]
    assert (work.most, seconds) == (3, 3)


def test_nothing_to_do() -> None:
    assert run_virtually(limits.side_by_side(Work(), [], limit="http"))[0] == []


def test_the_first_failure_in_order_is_raised_and_the_rest_does_not_begin() -> None:
    work = Work(bad=frozenset({0, 1}), slow=frozenset({0}))

    with pytest.raises(ValueError, match="0"):
        run_virtually(limits.side_by_side(work, range(50), limit="http"))

    assert work.begun == [0, 1, 2]
    assert sorted(work.ended) == work.begun


def test_results_before_a_failure_are_given_first() -> None:
    async def main() -> list[int]:
        found = []
        with pytest.raises(ValueError, match="2"):
            for result in await limits.in_turn(Work(bad=frozenset({2})), range(5), limit="http"):
                found.append(result)
        return found

    assert run_virtually(main())[0] == [0, 10]


@pytest.mark.parametrize(("outer", "inner"), [(1, 9), (2, 6), (3, 3), (9, 1), (5, 5)])
def test_a_fan_out_inside_another_shares_its_limit(outer: int, inner: int) -> None:
    work = Work()

    async def each(number: int) -> int:
        return sum(await limits.side_by_side(work, range(inner), limit="http"))

    _, seconds = run_virtually(limits.side_by_side(each, range(outer), limit="http"))

    assert work.most == min(3, outer * inner)
    assert seconds <= -(-outer * inner // 3) + 2


def test_three_levels_deep_nothing_waits_for_ever() -> None:
    work = Work()

    async def level(depth: int) -> Any:
        if depth == 0:
            return await work(0)
        return await limits.side_by_side(level, [depth - 1] * 3, limit="http")

    run_virtually(asyncio.wait_for(level(4), 1000))

    assert work.most == 3


def test_two_names_are_two_limits() -> None:
    work = Work()

    async def each(number: int) -> Any:
        return await limits.side_by_side(work, range(4), limit="llm")

    run_virtually(limits.side_by_side(each, range(3), limit="http"))

    assert work.most == 4


def test_two_fan_outs_at_the_same_time_share() -> None:
    work = Work()

    async def main() -> None:
        await asyncio.gather(*(limits.side_by_side(work, range(5), limit="http") for _ in range(2)))

    _, seconds = run_virtually(main())

    assert (work.most, seconds) == (3, 4)


@pytest.mark.parametrize("after", [0.5, 1.0, 1.5, 2.5])
def test_cancelling_ends_everything_and_frees_the_places(after: float) -> None:
    work = Work()

    async def main() -> int:
        async def each(number: int) -> Any:
            return await limits.side_by_side(work, range(4), limit="http")

        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(limits.side_by_side(each, range(4), limit="http"), after)
        left = len(asyncio.all_tasks()) - 1
        assert await limits.side_by_side(work, range(3), limit="http") == [0, 10, 20]
        return left

    assert run_virtually(main())[0] == 0
    assert work.now == 0
    assert work.most == 3


def test_together_gives_the_results_in_their_order() -> None:
    work = Work(slow=frozenset({1}))

    result, seconds = run_virtually(limits.together(work(1), work(2), limit="http"))

    assert (result, seconds) == ([10, 20], 3)


def test_together_raises_the_failure_of_the_first() -> None:
    work = Work(bad=frozenset({1, 2}), slow=frozenset({1}))

    with pytest.raises(ValueError, match="1"):
        run_virtually(limits.together(work(1), work(2), work(3), work(4), limit="http"))

    assert sorted(work.ended) == work.begun


def _failing(number: int) -> Callable[[int], Coroutine[Any, Any, int]]:
    async def fail(_: int) -> int:
        raise RuntimeError(number)

    return fail


def test_a_failure_at_once() -> None:
    with pytest.raises(RuntimeError, match="5"):
        run_virtually(limits.side_by_side(_failing(5), range(100), limit="http"))
