"""What becomes of the calls on a pool and on its futures."""

from __future__ import annotations

import ast

from asyncify.colour.colouring import Colour
from asyncify.infer.facts import Call
from asyncify.plan.awaiting import awaited, can_await
from asyncify.plan.pools.find import could_be_tasks
from asyncify.plan.pools.futures import waiting_calls
from asyncify.plan.pools.shape import IGNORED, POOL, Pool, Text, limit_of, method_of, pools_of, text_of, work_of
from asyncify.plan.pools.unwrap import IN_THREAD, handed_work, is_unwrapped, unwrapped
from asyncify.plan.scene import NOTHING, Decided, Scene, pack_paths
from asyncify.plan.step import (
    Ending,
    EnterAsync,
    Hole,
    IterateAsync,
    Listify,
    Outcome,
    Step,
    Substitute,
    Unroll,
)
from asyncify.plan.taking import takes_all
from asyncify.reason import Reason

EXECUTOR = "concurrent.futures.Executor"
PROCESSES = "concurrent.futures.ProcessPoolExecutor"
FUTURE = "concurrent.futures.Future"
AS_COMPLETED = "concurrent.futures.as_completed"
WAIT = "concurrent.futures.wait"
RULE = "thread-pool"
WHY = "What ran side by side in threads runs side by side as tasks, with the same limit."
WHY_STAYS = "The pool stays; waiting for it must not hold the event loop."
DROPPED = ("chunksize", "buffersize")  # of `map`: without meaning for threads, or how far it may run ahead

Decisions = list[tuple[Call, Decided]]


def decide_pools(scene: Scene) -> dict[tuple[int, int, int, int], Decided]:
    """Decisions for every call that belongs to a pool, by the span of the call."""
    decided: dict[tuple[int, int, int, int], Decided] = {}
    text = text_of(scene.tree, scene.facts, scene.index.files.values())
    staying: list[Call] = []
    for call in scene.facts.calls:
        is_pool = pack_paths(call) == [POOL]
        if not scene.runs_in_loop(call.scope) and not is_pool:
            continue
        if len(call.targets) == 1 and call.targets[0].id in IN_THREAD:
            found = _unwrapped(scene, text, call)
            decided |= {call.place.span: found} if found is not None else {}
        elif pack_paths(call) in ([POOL], [PROCESSES]):
            pool = pools_of(text, call)
            runs = pool is not None and all(scene.runs_in_loop(scope) for scope in pool.scopes)
            steps = _decide_pool(scene, text, pool) if pool is not None and runs else []
            for made, decision in steps:
                decided[made.place.span] = decided.get(made.place.span, NOTHING) + decision
            staying += [] if steps or not scene.runs_in_loop(call.scope) else [call]
    for call in staying:
        for other, decision in _staying(scene, call):
            decided.setdefault(other.place.span, decision)
    return decided


def _unwrapped(scene: Scene, text: Text, call: Call) -> Decided | None:
    node = scene.node_of(call.place)
    work = handed_work(text, call)
    if not work or not is_unwrapped(text, call) or not isinstance(node, ast.Call):
        return None
    if any(scene.colouring.colour_of(id_) is not Colour.ASYNC for id_ in work):
        return None
    return unwrapped(scene.tree, call, node)


# ---------------------------------------------------------------- pools that become tasks


def _decide_pool(scene: Scene, text: Text, pool: Pool) -> Decisions:
    work = [work_of(text, call) for call in pool.work]
    colours = {scene.colouring.colour_of(id_) for ids in work for id_ in ids}
    if Colour.ASYNC not in colours:
        return []
    if colours != {Colour.ASYNC} or not all(work) or not could_be_tasks(text, pool):
        return [(pool.made, _refused(pool.made))]
    limit = limit_of(pool.node)
    if limit is not None and not pool.prepares and _is_only_map(scene, pool):
        return _as_bounded_map(scene, pool, limit)
    return _as_task_pool(scene, text, pool)


def _refused(call: Call) -> Decided:
    detail = "The pool also runs functions that stay synchronous, or what it gives back is used elsewhere."
    return Decided(outcomes=(Outcome(call.place, POOL, Ending.REFUSED, RULE, Reason.MIXED_TARGETS, detail),))


def _is_only_map(scene: Scene, pool: Pool) -> bool:
    """Is the block nothing but one statement that takes all results of one `map`?"""
    if pool.block is None or len(pool.block.body) != 1 or len(pool.work) != 1 or len(pool.block.items) != 1:
        return False
    call = scene.node_of(pool.work[0].place)
    if call is None or method_of(pool.work[0]) != "map" or not isinstance(call, ast.Call) or call.keywords:
        return False
    return scene.tree.statement(call) is pool.block.body[0] and _listed(scene, call) is not None


def _listed(scene: Scene, call: ast.expr) -> ast.Call | None:
    parent = scene.tree.parent(call)
    is_list = isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id == "list"
    return parent if is_list and isinstance(parent, ast.Call) and parent.args == [call] else None


def _as_bounded_map(scene: Scene, pool: Pool, limit: ast.expr) -> Decisions:
    call = pool.work[0]
    node = scene.node_of(call.place)
    listed = _listed(scene, node) if node is not None else None
    assert isinstance(node, ast.Call) and listed is not None and pool.block is not None
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


def _as_task_pool(scene: Scene, text: Text, pool: Pool) -> Decisions:
    steps = [Step(pool.made.place, Substitute("{aio}.TaskPool({*})", drop=tuple(sorted(IGNORED))), RULE, WHY)]
    if pool.block is not None:
        steps.append(Step(pool.made.place, EnterAsync(), RULE, WHY))
    decided = [(pool.made, Decided(tuple(steps), (Outcome(pool.made.place, POOL, Ending.CONVERTED, RULE),)))]
    for call in pool.work:
        made = _mapped(scene, call) if method_of(call) == "map" else ()
        decided.append((call, Decided(made, (Outcome(call.place, pack_paths(call)[0], Ending.CONVERTED, RULE),))))
    for call in pool.shutdowns:
        step = Step(call.place, Substitute("await {it}"), RULE, WHY)
        decided.append((call, awaited(scene, call, "await {it}", step, pack_paths(call)[0])))
    return decided + _futures(scene, pool) + _unknown_futures(scene, text, pool)


def _unknown_futures(scene: Scene, text: Text, pool: Pool) -> Decisions:
    """Futures that only the text of the function shows to be such."""
    steps: list[Step] = []
    for node in waiting_calls(text, pool):
        if scene.tree.place(node).span in scene.calls or not isinstance(node.func, ast.Attribute):
            continue
        is_bare = node.func.attr == "result" and not node.args and not node.keywords
        template = "await {self}" if is_bare else f"await {{aio}}.{node.func.attr}_of({{self}}, {{*}})"
        steps.append(Step(scene.tree.place(node), Substitute(template, _self(scene, node)), RULE, WHY))
        round_it = next((a for a in scene.tree.ancestors(node) if isinstance(a, ast.GeneratorExp | ast.stmt)), None)
        if isinstance(round_it, ast.GeneratorExp):
            steps.append(Step(scene.tree.place(round_it.elt), Listify(), RULE, WHY))
    return [(pool.made, Decided(tuple(steps)))] if steps else []


def _mapped(scene: Scene, call: Call) -> tuple[Step, ...]:
    """The consumer of a task pool's `map`, which is iterated asynchronously."""
    node = scene.node_of(call.place)
    dropped = Step(call.place, Substitute("{self}.map({*})", _self(scene, node), DROPPED), RULE, WHY)
    first = (dropped,) if _has_dropped(node) else ()
    iterated = _iterated(scene, node)
    if iterated is not None:
        return (*first, *iterated)
    listed = _listed(scene, node) if node is not None else None
    if listed is not None:
        taken = Substitute("[item async for item in {inner}]", (Hole("inner", call.place),))
        return (*first, Step(scene.tree.place(listed), taken, RULE, WHY))
    if first:
        whole = Substitute("await {aio}.collect({self}.map({*}))", _self(scene, node), DROPPED)
        return (Step(call.place, whole, RULE, WHY),)
    return (Step(call.place, Substitute("await {aio}.collect({it})"), RULE, WHY),)


def _self(scene: Scene, node: ast.expr | None) -> tuple[Hole, ...]:
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return (Hole("self", scene.tree.place(node.func.value)),) if is_method else ()  # type: ignore[union-attr]


def _has_dropped(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Call) and any(keyword.arg in DROPPED for keyword in node.keywords)


def _iterated(scene: Scene, node: ast.expr | None) -> tuple[Step, ...] | None:
    """The loop or comprehension that goes over this expression, made asynchronous."""
    loop = scene.tree.parent(node) if node is not None else None
    if node is None or not isinstance(loop, ast.For | ast.comprehension) or loop.iter is not node:
        return None
    step = Step(scene.tree.place(node), IterateAsync(), RULE, WHY)
    generator = scene.tree.parent(loop)
    if not isinstance(loop, ast.comprehension) or not isinstance(generator, ast.GeneratorExp):
        return (step,)
    consumer = scene.tree.parent(generator)
    if isinstance(consumer, ast.Call) and takes_all(scene.tree, consumer, generator):
        return step, Step(scene.tree.place(generator.elt), Listify(), RULE, WHY)
    return None


def _futures(scene: Scene, pool: Pool) -> Decisions:
    """`future.result()`, `as_completed(futures)` and their like in the function of the pool."""
    cancels = any(
        isinstance(n, ast.keyword) and n.arg == "cancel_futures" for call in pool.shutdowns for n in _walk(scene, call)
    )
    decided: Decisions = []
    for call in scene.facts.calls:
        if call.scope not in pool.scopes:
            continue
        found = _future_call(scene, call, plain=not cancels)
        if found is not None:
            decided.append((call, found))
    return decided


def _walk(scene: Scene, call: Call) -> list[ast.AST]:
    node = scene.node_of(call.place)
    return list(ast.walk(node)) if node is not None else []


def _future_call(scene: Scene, call: Call, *, plain: bool) -> Decided | None:
    node, paths = scene.node_of(call.place), pack_paths(call)
    if not isinstance(node, ast.Call) or len(paths) != 1:
        return None
    if paths[0] in {f"{FUTURE}.result", f"{FUTURE}.exception"} and isinstance(node.func, ast.Attribute):
        is_bare = plain and node.func.attr == "result" and not node.args and not node.keywords
        template = "await {self}" if is_bare else f"await {{aio}}.{node.func.attr}_of({{self}}, {{*}})"
        if not is_bare and not node.args and not node.keywords:
            template = f"await {{aio}}.{node.func.attr}_of({{self}})"
        step = Step(call.place, Substitute(template, _self(scene, node)), RULE, WHY)
        return awaited(scene, call, template, step, paths[0])
    if paths == [WAIT]:
        template = "await {aio}.wait({*})"
        return awaited(scene, call, template, Step(call.place, Substitute(template), RULE, WHY), WAIT)
    if paths == [AS_COMPLETED]:
        return _as_completed(scene, call, node)
    return None


def _as_completed(scene: Scene, call: Call, node: ast.Call) -> Decided:
    outcome = (Outcome(call.place, AS_COMPLETED, Ending.CONVERTED, RULE),)
    iterated = _iterated(scene, node)
    if iterated is not None:
        return Decided((Step(call.place, Substitute("{aio}.as_completed({*})"), RULE, WHY), *iterated), outcome)
    template = "await {aio}.collect({aio}.as_completed({*}))"
    return awaited(scene, call, template, Step(call.place, Substitute(template), RULE, WHY), AS_COMPLETED)


# ---------------------------------------------------------------- pools that stay


def _staying(scene: Scene, made: Call) -> Decisions:
    """Where a function that is awaited waits for a pool that stays, it must not hold the event loop."""
    decided: Decisions = []
    for call in scene.facts.calls:
        node, paths = scene.node_of(call.place), pack_paths(call)
        if call.scope != made.scope or not isinstance(node, ast.Call) or not can_await(scene, call) or len(paths) != 1:
            continue
        template = ""
        if paths[0] == f"{FUTURE}.result" and not node.args and not node.keywords:
            template = "await asyncio.wrap_future({self})"
        elif paths[0] in {f"{POOL}.map", f"{PROCESSES}.map", f"{EXECUTOR}.map"} and not _is_in_thread(call):
            template = "await asyncio.to_thread(list, {it})"
        listed = _listed(scene, node) if "to_thread" in template else None
        if listed is not None:
            template = "await asyncio.to_thread(list, {inner})"
            step = Step(scene.tree.place(listed), Substitute(template, (Hole("inner", call.place),)), RULE, WHY_STAYS)
            decided.append((call, awaited(scene, call, template, step, paths[0])))
        elif template:
            step = Step(call.place, Substitute(template, _self(scene, node)), RULE, WHY_STAYS)
            decided.append((call, awaited(scene, call, template, step, paths[0])))
    return decided


def _is_in_thread(call: Call) -> bool:
    """Does a thread take what the call gives?"""
    return call.consumer.startswith("argument:asyncio.to_thread:")
