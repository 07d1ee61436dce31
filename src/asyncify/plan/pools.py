"""Thread pools whose work turns async become pools of tasks with the same limit; other pools stay."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.infer.facts import Call, Index
from asyncify.place import Place
from asyncify.plan.scene import Decided, Scene, pack_paths
from asyncify.plan.step import Ending, EnterAsync, Hole, IterateAsync, Outcome, Step, Substitute, Unroll
from asyncify.plan.tree import Tree
from asyncify.project import Source
from asyncify.reason import Reason

POOL = "concurrent.futures.ThreadPoolExecutor"
FUTURE = "concurrent.futures.Future"
AS_COMPLETED = "concurrent.futures.as_completed"
RULE = "thread-pool"
WHY = "What ran side by side in threads runs side by side as tasks, with the same limit."
LIMITS = frozenset({"max_workers"})
IGNORED = frozenset({"thread_name_prefix"})


@dataclass(frozen=True, slots=True)
class _Text:
    """A file's tree and its calls by span."""

    tree: Tree
    calls: Mapping[tuple[int, int, int, int], Call]


@dataclass(frozen=True, slots=True)
class _Pool:
    """A `with ThreadPoolExecutor(...) as name:` block and the calls made on the pool inside it."""

    made: Call
    node: ast.Call
    block: ast.With
    calls: tuple[Call, ...]


def find_pools(sources: Iterable[Source], index: Index) -> frozenset[Place]:
    """Calls of `map` and `submit` on thread pools that could become pools of tasks, by their shape alone."""
    found: set[Place] = set()
    for source in sources:
        facts = index.files.get(source.path)
        if facts is None or not any(pack_paths(call) == [POOL] for call in facts.calls):
            continue
        text = _Text(Tree(source.path, source.text), {call.place.span: call for call in facts.calls})
        for call in facts.calls:
            pool = _pool(text, call)
            if pool is not None and _limit(pool.node) is not None and all(_work(made) for made in pool.calls):
                found.update(made.place for made in pool.calls)
    return frozenset(found)


def unworkable(pooled: frozenset[Place], index: Index, colouring: Colouring) -> frozenset[Place]:
    """Those of `pooled` that cannot become tasks after all: their function stays synchronous, or some of their
    work does."""
    bad: set[Place] = set()
    by_scope: dict[str | None, list[Call]] = {}
    for facts in index.files.values():
        for call in facts.calls:
            if call.place in pooled:
                by_scope.setdefault(call.scope, []).append(call)
    for scope, calls in by_scope.items():
        colours = {colouring.colour_of(id_) for call in calls for id_ in _work(call)}
        runs = scope is not None and colouring.colour_of(scope) in RUNS_IN_LOOP
        if Colour.ASYNC in colours and (not runs or colours != {Colour.ASYNC}):
            bad.update(call.place for call in calls)
    return frozenset(bad)


def decide_pools(scene: Scene) -> dict[tuple[int, int, int, int], Decided]:
    """Decisions for every call that belongs to a thread pool, by the span of the call."""
    decided: dict[tuple[int, int, int, int], Decided] = {}
    text = _Text(scene.tree, scene.calls)
    for call in scene.facts.calls:
        pool = _pool(text, call) if scene.runs_in_loop(call.scope) else None
        if pool is None:
            continue
        for made, decision in _decide_pool(scene, pool):
            decided[made.place.span] = decision
    return decided


def _pool(text: _Text, call: Call) -> _Pool | None:
    if pack_paths(call) != [POOL] or call.scope is None:
        return None
    node = text.tree.expression(call.place)
    item = text.tree.parent(node) if node is not None else None
    block = text.tree.parent(item) if isinstance(item, ast.withitem) else None
    if not isinstance(node, ast.Call) or not isinstance(item, ast.withitem) or not isinstance(block, ast.With):
        return None
    if not isinstance(item.optional_vars, ast.Name):
        return None
    name = item.optional_vars.id
    uses = [n for n in ast.walk(block) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    calls = [found for use in uses if (found := _call_on(text, use)) is not None]
    if not calls or len(calls) != len(uses):
        return None
    return _Pool(call, node, block, tuple(calls))


def _call_on(text: _Text, use: ast.Name) -> Call | None:
    """The call of `map` or `submit` on a pool, if that is what the name is used for."""
    attribute = text.tree.parent(use)
    outer = text.tree.parent(attribute) if isinstance(attribute, ast.Attribute) else None
    if not isinstance(outer, ast.Call) or outer.func is not attribute:
        return None
    call = text.calls.get(text.tree.place(outer).span)
    return call if call is not None and _method(call) in {"map", "submit"} else None


def _method(call: Call) -> str:
    paths = pack_paths(call)
    return paths[0].rpartition(".")[2] if len(paths) == 1 and paths[0].startswith(f"{POOL}.") else ""


def _decide_pool(scene: Scene, pool: _Pool) -> list[tuple[Call, Decided]]:
    work = [_work(call) for call in pool.calls]
    colours = {scene.colouring.colour_of(id_) for ids in work for id_ in ids}
    if Colour.ASYNC not in colours:
        return []
    limit = _limit(pool.node)
    if colours != {Colour.ASYNC} or not all(work) or limit is None:
        return [(pool.made, _refused(pool.made))]
    if _is_only_map(scene, pool):
        return _as_bounded_map(scene, pool, limit)
    return _as_task_pool(scene, pool)


def _work(call: Call) -> tuple[str, ...]:
    """Ids of the functions that the pool is given to run."""
    first = call.passes[0] if call.passes else None
    return first.functions if first is not None else ()


def _limit(node: ast.Call) -> ast.expr | None:
    """The pool's limit, if that is all that the pool is given."""
    keywords = [k for k in node.keywords if k.arg not in IGNORED]
    if len(node.args) + len(keywords) != 1:
        return None
    if node.args:
        return None if isinstance(node.args[0], ast.Starred) else node.args[0]
    return keywords[0].value if keywords[0].arg in LIMITS else None


def _refused(call: Call) -> Decided:
    detail = "The pool also runs functions that stay synchronous, or is given more than `max_workers`."
    return Decided(outcomes=(Outcome(call.place, POOL, Ending.REFUSED, RULE, Reason.MIXED_TARGETS, detail),))


def _is_only_map(scene: Scene, pool: _Pool) -> bool:
    """Is the block nothing but one statement that takes all results of one `map`?"""
    if len(pool.block.body) != 1 or len(pool.calls) != 1 or len(pool.block.items) != 1:
        return False
    call = scene.node_of(pool.calls[0].place)
    if call is None or _method(pool.calls[0]) != "map" or not isinstance(call, ast.Call) or call.keywords:
        return False
    return scene.tree.statement(call) is pool.block.body[0] and _listed(scene, call) is not None


def _listed(scene: Scene, call: ast.expr) -> ast.Call | None:
    parent = scene.tree.parent(call)
    is_list = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "list"
    return parent if is_list and isinstance(parent, ast.Call) and parent.args == [call] else None


def _as_bounded_map(scene: Scene, pool: _Pool, limit: ast.expr) -> list[tuple[Call, Decided]]:
    call = pool.calls[0]
    node = scene.node_of(call.place)
    listed = _listed(scene, node) if node is not None else None
    assert isinstance(node, ast.Call) and listed is not None
    place = scene.tree.place
    inner = Substitute("{aio}.bounded_map({*}, limit={limit})", (Hole("limit", place(limit)),))
    outer = Substitute("await {inner}", (Hole("inner", call.place),))
    unroll = Step(place(pool.block), Unroll(), RULE, WHY)
    mapped = Decided(
        (Step(call.place, inner, RULE, WHY), Step(place(listed), outer, RULE, WHY)),
        (Outcome(call.place, f"{POOL}.map", Ending.CONVERTED, RULE),),
    )
    made = Decided((unroll,), (Outcome(pool.made.place, POOL, Ending.CONVERTED, RULE),))
    return [(pool.made, made), (call, mapped)]


def _as_task_pool(scene: Scene, pool: _Pool) -> list[tuple[Call, Decided]]:
    make = Step(pool.made.place, Substitute("{aio}.TaskPool({*})", drop=tuple(sorted(IGNORED))), RULE, WHY)
    enter = Step(pool.made.place, EnterAsync(), RULE, WHY)
    made = Decided((make, enter), (Outcome(pool.made.place, POOL, Ending.CONVERTED, RULE),))
    decided = [(pool.made, made)]
    for call in pool.calls:
        steps = _mapped(scene, call) if _method(call) == "map" else ()
        decided.append((call, Decided(steps, (Outcome(call.place, pack_paths(call)[0], Ending.CONVERTED, RULE),))))
    return decided + _results(scene, pool)


def _mapped(scene: Scene, call: Call) -> tuple[Step, ...]:
    """The consumer of a task pool's `map`, which is iterated asynchronously."""
    node = scene.node_of(call.place)
    loop = scene.tree.parent(node) if node is not None else None
    if isinstance(loop, ast.For | ast.comprehension) and loop.iter is node:
        return (Step(call.place, IterateAsync(), RULE, WHY),)
    listed = _listed(scene, node) if node is not None else None
    if listed is None:
        return (Step(call.place, Substitute("await {aio}.collect({it})"), RULE, WHY),)
    taken = Substitute("[item async for item in {inner}]", (Hole("inner", call.place),))
    return (Step(scene.tree.place(listed), taken, RULE, WHY),)


def _results(scene: Scene, pool: _Pool) -> list[tuple[Call, Decided]]:
    """`future.result()` and `as_completed(futures)` in the function of the pool."""
    decided = []
    for call in scene.facts.calls:
        if call.scope != pool.made.scope:
            continue
        paths = pack_paths(call)
        step = _result_step(scene, call, paths)
        if step:
            decided.append((call, Decided(step, (Outcome(call.place, paths[0], Ending.CONVERTED, RULE),))))
    return decided


def _result_step(scene: Scene, call: Call, paths: list[str]) -> tuple[Step, ...]:
    node = scene.node_of(call.place)
    if not isinstance(node, ast.Call):
        return ()
    if paths == [f"{FUTURE}.result"] and not node.args and not node.keywords and isinstance(node.func, ast.Attribute):
        hole = Hole("self", scene.tree.place(node.func.value))
        return (Step(call.place, Substitute("await {self}", (hole,)), RULE, WHY),)
    if paths == [AS_COMPLETED]:
        loop = scene.tree.parent(node)
        if isinstance(loop, ast.For | ast.comprehension) and loop.iter is node:
            done = Step(call.place, Substitute("{aio}.as_completed({*})"), RULE, WHY)
            return done, Step(call.place, IterateAsync(), RULE, WHY)
    return ()
