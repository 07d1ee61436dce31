"""Generators and context managers that turn async: what their consumers become."""

from __future__ import annotations

import ast

from asyncify.infer.facts import Call
from asyncify.plan.awaiting import can_await, why_not
from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import Ending, EnterAsync, Hole, IterateAsync, Outcome, Step, Substitute, YieldEach

RULE = "generator-consumer"
WHY = "The generator it consumes has become an async generator."
COLLECTED = {
    "list": "[item async for item in {inner}]",
    "set": "{item async for item in {inner}}",
    "tuple": "tuple([item async for item in {inner}])",
    "sum": "sum([item async for item in {inner}])",
    "sorted": "sorted([item async for item in {inner}])",
}


def is_entered(scene: Scene, node: ast.expr) -> bool:
    """Is this expression an item of a `with` statement?"""
    return isinstance(scene.tree.parent(node), ast.withitem)


def decide_iteration(scene: Scene, call: Call, node: ast.expr, what: str) -> Decided:
    """What becomes of the call of a generator function (or of a generator-based context manager) that turns async."""
    if not can_await(scene, call):
        return _bridged(scene, call, what)
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.withitem):
        return _converted(call, what, Step(call.place, EnterAsync(), RULE, "It has become an async context manager."))
    if isinstance(parent, ast.For | ast.comprehension) and parent.iter is node:
        return _converted(call, what, Step(call.place, IterateAsync(), RULE, WHY))
    if isinstance(parent, ast.YieldFrom):
        return _converted(call, what, Step(scene.tree.place(parent), YieldEach(), RULE, WHY))
    if isinstance(parent, ast.Call) and parent.args == [node] and not parent.keywords:
        return _collected(scene, call, parent, what)
    return _converted(call, what, None)


def _collected(scene: Scene, call: Call, consumer: ast.Call, what: str) -> Decided:
    name = consumer.func.id if isinstance(consumer.func, ast.Name) else ""
    template = COLLECTED.get(name)
    if template is None:
        return _converted(call, what, None)
    action = Substitute(template, (Hole("inner", call.place),))
    return _converted(call, what, Step(scene.tree.place(consumer), action, RULE, WHY))


def _converted(call: Call, what: str, step: Step | None) -> Decided:
    steps = () if step is None else (step,)
    return Decided(steps, (Outcome(call.place, what, Ending.CONVERTED, RULE),))


def _bridged(scene: Scene, call: Call, what: str) -> Decided:
    reason, detail = why_not(scene, call)
    action = Substitute("{aio}.run({aio}.collect({it}))")
    step = Step(call.place, action, RULE, WHY)
    return Decided((step,), (Outcome(call.place, what, Ending.BRIDGED, RULE, reason, detail),))
