"""Generators, iterators and context managers that turn async: what their consumers become."""

from __future__ import annotations

import ast

from asyncify.colour.colouring import Colour
from asyncify.infer.facts import Call, Implicit, Position, Run
from asyncify.plan.awaiting import can_await, why_not
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Action, Ending, EnterAsync, Hole, IterateAsync, Outcome, Step, Substitute, YieldEach
from asyncify.reason import Reason

RULE = "generator-consumer"
WHY = "What it consumes has become asynchronous."
COLLECTED = {
    "list": "[item async for item in {inner}]",
    "set": "{item async for item in {inner}}",
    "tuple": "tuple([item async for item in {inner}])",
    "sum": "sum([item async for item in {inner}])",
    "sorted": "sorted([item async for item in {inner}])",
}
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
    if not turning or action is None:
        return NOTHING
    what = turning[0].partition("::")[2]
    if not scene.runs_in_loop(run.scope) or run.position is not Position.PLAIN:
        return _left(scene, run, what)
    place = run.place
    if isinstance(action, YieldEach):
        node = scene.node_of(run.place)
        outer = scene.tree.parent(node) if node is not None else None
        if outer is None:
            return _left(scene, run, what)
        place = scene.tree.place(outer)
    outcome = Outcome(run.place, what, Ending.CONVERTED, RULE)
    return Decided((Step(place, action, RULE, WHY),), (outcome,))


def _left(scene: Scene, run: Run, what: str) -> Decided:
    """A synchronous consumer: an iteration takes all items in a loop of its own, anything else is refused."""
    verdict = scene.colouring.verdicts.get(run.scope) if run.scope else None
    reason = (verdict.reason if verdict else None) or Reason.STUCK_CALLER
    if run.kind is not Implicit.FOR:
        return Decided(outcomes=(Outcome(run.place, what, Ending.REFUSED, RULE, reason),))
    step = Step(run.place, Substitute("{aio}.run({aio}.collect({it}))"), RULE, WHY)
    return Decided((step,), (Outcome(run.place, what, Ending.BRIDGED, RULE, reason),))


def decide_generator_call(scene: Scene, call: Call, node: ast.expr, what: str) -> Decided:
    """A generator function that turns async is called: the call itself needs no await, only what takes all items."""
    consumer = scene.tree.parent(node)
    name = call.consumer.removeprefix("builtin:") if call.consumer.startswith("builtin:") else ""
    if not isinstance(consumer, ast.Call) or name not in COLLECTED:
        return NOTHING
    hole = (Hole("inner", call.place),)
    if consumer.args == [node] and not consumer.keywords and can_await(scene, call):
        step = Step(scene.tree.place(consumer), Substitute(COLLECTED[name], hole), RULE, WHY)
        return Decided((step,), (Outcome(call.place, what, Ending.CONVERTED, RULE),))
    if can_await(scene, call):
        step = Step(call.place, Substitute("[item async for item in {it}]"), RULE, WHY)
        return Decided((step,), (Outcome(call.place, what, Ending.CONVERTED, RULE),))
    reason, detail = why_not(scene, call)
    step = Step(call.place, Substitute("{aio}.run({aio}.collect({it}))"), RULE, WHY)
    return Decided((step,), (Outcome(call.place, what, Ending.BRIDGED, RULE, reason, detail),))
