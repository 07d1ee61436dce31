"""Which thread pools can become pools of tasks: by their shape at first, and by colours once these are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.infer.facts import Call, Index
from asyncify.place import Place
from asyncify.plan.pools.futures import stay_inside
from asyncify.plan.pools.shape import (
    POOL,
    Pool,
    Text,
    is_without_limit,
    limit_of,
    may_prepare,
    pools_of,
    text_of,
    work_of,
)
from asyncify.plan.pools.unwrap import IN_THREAD, handed_work, is_unwrapped
from asyncify.plan.scene import pack_paths
from asyncify.plan.tree import Tree
from asyncify.project import Source


def find_pools(sources: Iterable[Source], index: Index) -> frozenset[Place]:
    """Calls that hand functions to threads which could run them as tasks, by their shape alone: `map` and `submit` of
    thread pools, and asyncio's own ways."""
    found: set[Place] = set()
    for source in sources:
        facts = index.files.get(source.path)
        if facts is None or not any(pack_paths(call) == [POOL] or _is_handed(call) for call in facts.calls):
            continue
        text = text_of(Tree(source.path, source.text), facts, index.files.values())
        for call in facts.calls:
            pool = pools_of(text, call)
            if pool is not None and could_be_tasks(text, pool):
                found.update(made.place for made in pool.work)
                found.update([pool.made.place] if pool.prepares else [])
            elif _is_handed(call) and is_unwrapped(text, call) and handed_work(text, call):
                found.add(call.place)
    return frozenset(found)


def _is_handed(call: Call) -> bool:
    return any(target.id in IN_THREAD for target in call.targets)


def could_be_tasks(text: Text, pool: Pool) -> bool:
    """May this pool become one of tasks, if all its work turns async?"""
    limited = limit_of(pool.node) is not None or is_without_limit(pool.node)
    has_work = all(work_of(text, made) for made in pool.work)
    return limited and has_work and may_prepare(text, pool) and stay_inside(text, pool)


@dataclass(frozen=True, slots=True)
class Work:
    """Work that is to run as tasks: the calls that hand it over, the functions that run, those in which somebody waits
    for it, and the calls that only close."""

    places: frozenset[Place]
    functions: frozenset[str]
    scopes: frozenset[str | None]
    closings: frozenset[Place] = frozenset()


def find_work(pooled: frozenset[Place], sources: Iterable[Source], index: Index) -> tuple[Work, ...]:
    """What belongs together of the calls `pooled`."""
    found: list[Work] = []
    paths = {place.path for place in pooled}
    for source in sources:
        if source.path not in paths:
            continue
        facts = index.files[source.path]
        text = text_of(Tree(source.path, source.text), facts, index.files.values())
        for call in facts.calls:
            pool = pools_of(text, call)
            if pool is not None and any(made.place in pooled for made in pool.work):
                places = frozenset({pool.made.place, *(made.place for made in pool.work)})
                functions = frozenset(id_ for made in pool.work for id_ in work_of(text, made))
                closings = frozenset(made.place for made in pool.shutdowns)
                found.append(Work(places, functions, pool.scopes, closings))
            elif call.place in pooled and _is_handed(call):
                found.append(Work(frozenset({call.place}), frozenset(handed_work(text, call)), frozenset({call.scope})))
    return tuple(found)


def closings(work: Iterable[Work], colouring: Colouring) -> frozenset[Place]:
    """The calls that wait for pools of tasks to end."""
    turning = (each for each in work if any(colouring.colour_of(id_) is Colour.ASYNC for id_ in each.functions))
    return frozenset(place for each in turning for place in each.closings)


def unworkable(work: Iterable[Work], closed: frozenset[Place], colouring: Colouring) -> set[Place]:
    """The calls of those that cannot become tasks after all: a function in which somebody waits stays synchronous, or
    some of the work does. `closed` are the closings that were taken for waits."""
    bad: set[Place] = set()
    for each in work:
        colours = {colouring.colour_of(id_) for id_ in each.functions}
        runs = all(scope is not None and colouring.colour_of(scope) in RUNS_IN_LOOP for scope in each.scopes)
        is_known = each.closings <= closed  # else they have had no chance to turn yet
        if Colour.ASYNC in colours and (colours != {Colour.ASYNC} or (not runs and is_known)):
            bad |= each.places
    return bad
