"""Generators, iterators and context managers that turn async: what their consumers become."""

from __future__ import annotations

import ast

from asyncify.colour.colouring import Colour
from asyncify.infer.facts import Call, Function, Implicit, Position, Run
from asyncify.plan.awaiting import can_await, why_not
from asyncify.plan.consumers import RULE, WHY, hands_on, is_async_iterable, taken
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Action, Ending, EnterAsync, Hold, IterateAsync, Outcome, Step, Substitute, YieldEach
from asyncify.reason import Reason

CONTEXT = "contextlib.contextmanager"
ITERATORS = frozenset({"__iter__", "__next__"})
ACTIONS: dict[Implicit, Action] = {
    Implicit.FOR: IterateAsync(),
    Implicit.WITH: EnterAsync(),
    Implicit.YIELD_FROM: YieldEach(),
}


def is_entered(scene: Scene, node: ast.expr) -> bool:
    """Is this expression an item of a `with` statement?"""
    return isinstance(scene.tree.parent(node), ast.withitem)


def decide_run(scene: Scene, run: Run) -> Decided:
    """What becomes of a `for`, `with` or `yield from` whose functions turn async."""
    turning = [id_ for id_ in run.functions if scene.colouring.colour_of(id_) is Colour.ASYNC]
    action = ACTIONS.get(run.kind)
    node = scene.node_of(run.place)
    if not turning or action is None or node is None:
        return NOTHING
    what = turning[0].partition("::")[2]
    if not scene.runs_in_loop(run.scope) or not _may_iterate(scene, run, node):
        return _left(scene, run, what, turning)
    if run.kind is Implicit.WITH:
        return _entered(scene, run, what)
    if _is_stepped(scene, node):
        return NOTHING
    return _iterated(scene, run, node, action, turning)


def _may_iterate(scene: Scene, run: Run, node: ast.expr) -> bool:
    if run.position is Position.GENERATOR:
        return taken(scene, node) is not None
    return run.position is Position.PLAIN


def _entered(scene: Scene, run: Run, what: str) -> Decided:
    steps: tuple[Step, ...] = (Step(run.place, EnterAsync(), RULE, WHY),)
    node = scene.node_of(run.place)
    if isinstance(node, ast.Name) and node.id != "self" and not _is_made_here(scene, node):
        steps += (Step(run.place, Substitute("{aio}.entered({it})"), RULE, WHY),)
    return Decided(steps, (Outcome(run.place, what, Ending.CONVERTED, RULE),))


def _is_made_here(scene: Scene, name: ast.Name) -> bool:
    """Is the name bound once in its function, to what one known call gives?"""
    names = [n for n in ast.walk(scene.tree.scope(name)) if isinstance(n, ast.Name) and n.id == name.id]
    stores = [scene.tree.parent(n) for n in names if isinstance(n.ctx, ast.Store)]
    if len(stores) != 1 or not isinstance(stores[0], ast.Assign):
        return False
    call = scene.calls.get(scene.tree.place(stores[0].value).span)
    return call is not None and call.certain


def _iterated(scene: Scene, run: Run, node: ast.expr, action: Action, turning: list[str]) -> Decided:
    """`async for`; round what may be of either kind, `each` makes it one."""
    what = turning[0].partition("::")[2]
    outer = scene.tree.parent(node) if isinstance(action, YieldEach) else node
    if outer is None:
        return NOTHING
    consumers = taken(scene, node) or ()
    steps = (Step(scene.tree.place(outer), action, RULE, WHY), *consumers)
    if not is_async_iterable(scene, node, turning):
        steps += (Step(run.place, Substitute("{aio}.each({it})"), RULE, WHY),)
    return Decided(steps, (Outcome(run.place, what, Ending.CONVERTED, RULE),))


def _is_stepped(scene: Scene, node: ast.expr) -> bool:
    """Is it a call of a generator that is stepped synchronously (and so is no asynchronous iterable)?"""
    call = scene.calls.get(scene.tree.place(node).span) if isinstance(node, ast.Call) else None
    if call is None or not any(_is_async_generator(scene, target.id) for target in call.targets):
        return False
    return taken(scene, node) is None


def _is_async_generator(scene: Scene, id_: str) -> bool:
    function = scene.index.functions.get(id_)
    return function is not None and function.is_generator and scene.colouring.colour_of(id_) is Colour.ASYNC


def _left(scene: Scene, run: Run, what: str, turning: list[str]) -> Decided:
    """A synchronous consumer. A generator is stepped where it is made; an object with `__anext__` here."""
    verdict = scene.colouring.verdicts.get(run.scope) if run.scope else None
    reason = (verdict.reason if verdict else None) or (Reason.STUCK_CALLER if run.scope else Reason.IMPORT_TIME)
    if run.kind is Implicit.WITH:
        return Decided(outcomes=(Outcome(run.place, what, Ending.REFUSED, RULE, reason),))
    if not any(id_.rpartition(".")[2] in ITERATORS for id_ in turning):
        return NOTHING
    step = Step(run.place, Substitute("{aio}.iterate({it})"), RULE, WHY)
    return Decided((step,), (Outcome(run.place, what, Ending.BRIDGED, RULE, reason),))


def decide_generator_call(scene: Scene, call: Call, node: ast.expr, what: str) -> Decided:
    """A generator function that turns async is called: no await here, but its consumers iterate asynchronously, or
    it is stepped for them."""
    functions = [scene.index.functions[target.id] for target in call.targets if target.id in scene.index.functions]
    if any(is_context_manager(function) for function in functions):
        return NOTHING
    may = can_await(scene, call) or (call.position is Position.GENERATOR and scene.runs_in_loop(call.scope))
    is_handed_on = call.position is Position.PLAIN and hands_on(scene, node)
    steps = () if is_handed_on else taken(scene, node) if may else None
    if steps is not None:
        steps += _closed(scene, node, functions)
        return Decided(steps, (Outcome(call.place, what, Ending.CONVERTED, RULE),))
    reason, detail = why_not(scene, call) if not may else (Reason.GENERATOR_CONSUMER, "")
    step = Step(call.place, Substitute("{aio}.iterate({it})"), RULE, WHY)
    return Decided((step,), (Outcome(call.place, what, Ending.BRIDGED, RULE, reason, detail),))


def _closed(scene: Scene, node: ast.expr, functions: list[Function]) -> tuple[Step, ...]:
    """A loop that may be left early closes the generator, if that has something to clean up."""
    loop = scene.tree.parent(node)
    if not isinstance(loop, ast.For) or not any(isinstance(n, ast.Break | ast.Return) for n in ast.walk(loop)):
        return ()
    if not any(_cleans_up(scene, function) for function in functions):
        return ()
    names = {n.id for n in ast.walk(scene.tree.module) if isinstance(n, ast.Name)}
    name = next(name for name in ("items", "generator", "async_items") if name not in names)
    place = scene.tree.place(loop)
    hold = Hold(name, "contextlib.aclosing({it})", place, place, keep=True)
    return (Step(scene.tree.place(node), hold, RULE, "Nothing else closes an async generator that is left early."),)


def _cleans_up(scene: Scene, function: Function) -> bool:
    node = scene.tree.function(function.place) if function.place.path == scene.path else None
    return node is None or any(isinstance(n, ast.Try | ast.With) for n in ast.walk(node))


def is_context_manager(function: Function) -> bool:
    """Is it a generator below `contextmanager`?"""
    return CONTEXT in function.decorators
