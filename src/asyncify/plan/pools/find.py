"""Which thread pools can become pools of tasks: by their shape at first, and by colours once these are known."""

from __future__ import annotations

from collections.abc import Iterable

from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.infer.facts import Call, Index
from asyncify.place import Place
from asyncify.plan.pools.futures import stay_inside
from asyncify.plan.pools.shape import POOL, Pool, Text, is_without_limit, limit_of, pools_of, work_of
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
        text = Text(Tree(source.path, source.text), {call.place.span: call for call in facts.calls})
        for call in facts.calls:
            pool = pools_of(text, call)
            if pool is not None and could_be_tasks(text, pool):
                found.update(made.place for made in pool.work)
            elif _is_handed(call) and is_unwrapped(text, call) and handed_work(text, call):
                found.add(call.place)
    return frozenset(found)


def _is_handed(call: Call) -> bool:
    return any(target.id in IN_THREAD for target in call.targets)


def could_be_tasks(text: Text, pool: Pool) -> bool:
    """May this pool become one of tasks, if all its work turns async?"""
    limited = limit_of(pool.node) is not None or is_without_limit(pool.node)
    return limited and all(work_of(text, made) for made in pool.work) and stay_inside(text, pool)


def unworkable(pooled: frozenset[Place], sources: Iterable[Source], index: Index, colouring: Colouring) -> set[Place]:
    """Those of `pooled` that cannot become tasks after all: their function stays synchronous, or some of their
    work does."""
    bad: set[Place] = set()
    by_scope: dict[str | None, list[tuple[Call, tuple[str, ...]]]] = {}
    paths = {place.path for place in pooled}
    for source in sources:
        if source.path not in paths:
            continue
        calls = index.files[source.path].calls
        text = Text(Tree(source.path, source.text), {call.place.span: call for call in calls})
        for call in calls:
            if call.place in pooled:
                work = handed_work(text, call) if _is_handed(call) else work_of(text, call)
                by_scope.setdefault(call.scope, []).append((call, work))
    for scope, given in by_scope.items():
        colours = {colouring.colour_of(id_) for _, work in given for id_ in work}
        runs = scope is not None and colouring.colour_of(scope) in RUNS_IN_LOOP
        if Colour.ASYNC in colours and (not runs or colours != {Colour.ASYNC}):
            bad.update(call.place for call, _ in given)
    return bad
