"""zip, islice, chain, sorted, min, max and reduce do with asynchronous items and functions what Python's own do."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from asyncify.support import combine


class Source:
    """Numbers below `end`; `taken` says how many were taken, and whether the end was seen."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.taken: list[int | str] = []

    def plain(self) -> Any:
        for number in range(self.end):
            self.taken.append(number)
            yield number
        self.taken.append("end")

    async def waiting(self) -> AsyncIterator[int]:
        for number in self.plain():
            await asyncio.sleep(0)
            yield number


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (TypeError, ValueError) as error:
        return type(error), str(error)


def both(plain: Callable[..., Any], waiting: Callable[..., Any], *ends: int) -> tuple[Any, Any]:
    """What both give, and what they took of their sources."""
    sources = [Source(end) for end in ends]
    old = outcome(lambda: list(plain(*(source.plain() for source in sources))))
    others = [Source(end) for end in ends]

    async def collect() -> list[Any]:
        return [item async for item in waiting(*(source.waiting() for source in others))]

    new = outcome(lambda: asyncio.run(collect()))
    return (old, [source.taken for source in sources]), (new, [source.taken for source in others])


@pytest.mark.parametrize("ends", [(), (2,), (2, 3), (3, 2), (0, 2), (2, 2, 2), (2, 2, 1), (2, 2, 3)])
@pytest.mark.parametrize("strict", [False, True])
def test_zip(ends: tuple[int, ...], strict: bool) -> None:
    old, new = both(functools.partial(zip, strict=strict), functools.partial(combine.zipped, strict=strict), *ends)

    assert old == new


BOUNDS = [(2,), (0,), (9,), (None,), (1, 3), (1, None), (4, 2), (0, 5, 2), (1, 5, 3), (None, None, 2), (-1,), (1, 2, 0)]


@pytest.mark.parametrize("bounds", BOUNDS)
def test_islice(bounds: tuple[int | None, ...]) -> None:
    old, new = both(lambda items: itertools.islice(items, *bounds), lambda items: combine.sliced(items, *bounds), 6)

    assert old == new


def test_chain() -> None:
    old, new = both(itertools.chain, combine.chained, 2, 0, 1)

    assert old == new


async def _key(value: Any) -> Any:
    await asyncio.sleep(0)
    return -len(value)


WORDS = ["aa", "b", "cc", "d", "eee"]


@pytest.mark.parametrize("reverse", [False, True])
def test_sorted_keeps_the_order_of_equals(reverse: bool) -> None:
    new = asyncio.run(combine.sorted_by(WORDS, key=_key, reverse=reverse))

    assert new == sorted(WORDS, key=lambda word: -len(word), reverse=reverse)


@pytest.mark.parametrize("values", [(WORDS,), tuple(WORDS), ([],), (iter(WORDS),)])
@pytest.mark.parametrize("default", [{}, {"default": "none"}])
@pytest.mark.parametrize(("plain", "waiting"), [(min, combine.min_by), (max, combine.max_by)])
def test_min_and_max(values: Any, default: dict[str, Any], plain: Any, waiting: Any) -> None:
    values = tuple(list(each) if not isinstance(each, str) else each for each in values)
    if len(values) > 1 and default:
        return  # that is not allowed

    old = outcome(lambda: plain(*values, key=lambda word: -len(word), **default))
    new = outcome(lambda: asyncio.run(waiting(*values, key=_key, **default)))

    assert old == new


@pytest.mark.parametrize("given", [([],), ([1],), ([1, 2, 3],), ([], 5), ([1, 2], 5)])
def test_reduce(given: Any) -> None:
    async def add(x: int, y: int) -> int:
        await asyncio.sleep(0)
        return x + y

    old = outcome(lambda: functools.reduce(lambda x, y: x + y, *given))
    new = outcome(lambda: asyncio.run(combine.reduced(add, *given)))

    assert old == new
