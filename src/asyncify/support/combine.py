"""What Python's own tools do with items and functions, for asynchronous ones: zip, islice, sorted, reduce.

Items may come from an iterable of either kind, and functions may be of either kind, too.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from asyncify.support.consume import each
from asyncify.support.running import settle


async def zipped(*iterables: Any, strict: bool = False) -> AsyncIterator[tuple[Any, ...]]:
    """Rows of one item of each iterable, taken from left to right, as `zip` gives them."""
    sources = [each(items) for items in iterables]
    while sources:
        row: list[Any] = []
        for source in sources:
            try:
                row.append(await source.__anext__())
            except StopAsyncIteration:
                if strict:
                    await _check_length(sources, len(row))
                return
        yield tuple(row)


async def _check_length(sources: Sequence[AsyncIterator[Any]], ended: int) -> None:
    """Raise what `zip` raises if the iterables, of which the one at `ended` has ended first, are not of one length."""
    if ended:
        raise ValueError(_uneven(ended, "shorter"))
    for number, source in enumerate(sources[1:], 1):
        try:
            await source.__anext__()
        except StopAsyncIteration:
            continue
        raise ValueError(_uneven(number, "longer"))


def _uneven(number: int, word: str) -> str:
    others = "argument 1" if number == 1 else f"arguments 1-{number}"
    return f"zip() argument {number + 1} is {word} than {others}"


def sliced(items: Any, *bounds: int | None) -> AsyncIterator[Any]:
    """Some of the items, as `itertools.islice` chooses them; no more are taken than it takes."""
    itertools.islice((), *bounds)  # raises what it raises for bounds that are none
    wanted = slice(*bounds)
    return _sliced(each(items), wanted.start or 0, wanted.stop, wanted.step or 1)


async def _sliced(source: AsyncIterator[Any], start: int, stop: int | None, step: int) -> AsyncIterator[Any]:
    wanted = start
    for position in itertools.count() if stop is None else range(max(start, stop)):
        try:
            item = await source.__anext__()
        except StopAsyncIteration:
            return
        if position == wanted:
            yield item
            wanted += step


async def chained(*iterables: Any) -> AsyncIterator[Any]:
    """The items of the iterables, one after the other, as `itertools.chain` gives them."""
    for items in iterables:
        async for item in each(items):
            yield item


async def sorted_by(items: Any, *, key: Callable[[Any], Any], reverse: bool = False) -> list[Any]:
    """`sorted` with a key that waits: all keys first, in the order of the items."""
    found = [item async for item in each(items)]
    keys = [await settle(key(item)) for item in found]
    return [found[at] for at in sorted(range(len(found)), key=keys.__getitem__, reverse=bool(reverse))]


async def min_by(*values: Any, key: Callable[[Any], Any], **default: Any) -> Any:
    """`min` with a key that waits."""
    return await _best(min, operator.lt, values, key, default)


async def max_by(*values: Any, key: Callable[[Any], Any], **default: Any) -> Any:
    """`max` with a key that waits."""
    return await _best(max, operator.gt, values, key, default)


async def _best(
    among: Callable[..., Any],
    is_better: Callable[[Any, Any], bool],
    values: tuple[Any, ...],
    key: Callable[[Any], Any],
    default: Mapping[str, Any],
) -> Any:
    best: list[Any] = []
    async for item in each(values[0] if len(values) == 1 else values):
        value = await settle(key(item))
        if not best or is_better(value, best[0]):
            best = [value, item]
    return best[1] if best else among((), **default)


async def reduced(function: Callable[[Any, Any], Any], items: Any, *initial: Any) -> Any:
    """`functools.reduce` with a function that waits."""
    source = each(items)
    if initial:
        value = initial[0]
    else:
        try:
            value = await source.__anext__()
        except StopAsyncIteration:
            raise TypeError("reduce() of empty iterable with no initial value") from None
    async for item in source:
        value = await settle(function(value, item))
    return value
