"""Calls without an asynchronous form that run in a thread, so that the event loop goes on meanwhile."""

from __future__ import annotations

import ast

from asyncify.infer.facts import Call, TargetKind
from asyncify.plan.awaiting import can_await
from asyncify.plan.locals import is_local_name
from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import Ending, Hole, Outcome, Step, Substitute
from asyncify.reason import Reason
from asyncify.rule import Offload, Rule

WHY = "It has no asynchronous form; in a thread it does not hold the event loop."
IN_THREAD = "await asyncio.to_thread({callee}, {*})"


def offloaded(scene: Scene, call: Call, rule: Rule, what: str) -> Decided | None:
    """The call, moved to a thread where its function is awaited; None where the rule does not let it or no await may
    stand there."""
    node = scene.node_of(call.place)
    if rule.offload is None or not isinstance(node, ast.Call) or not can_await(scene, call):
        return None
    if call.perhaps or not call.certain or any(target.kind is not TargetKind.PACK for target in call.targets):
        return None
    if call.passes or any(isinstance(value, ast.Lambda) for value in _values(node)):
        return None  # the thread would run code of the project
    if rule.offload is Offload.LOCAL and not _is_local(scene, node):
        return Decided(outcomes=(Outcome(call.place, what, Ending.REFUSED, rule.id, Reason.NOT_SHARED),))
    action = Substitute(IN_THREAD, (Hole("callee", scene.tree.place(node.func)),))
    outcome = Outcome(call.place, what, Ending.OFFLOADED, rule.id, Reason.OFFLOADED)
    return Decided((Step(call.place, action, rule.id, WHY),), (outcome,))


def _values(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def _is_local(scene: Scene, node: ast.Call) -> bool:
    """Does the object whose method is called stay in the function?"""
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    while isinstance(receiver, ast.Subscript | ast.Attribute):  # a page of the document
        receiver = receiver.value
    return isinstance(receiver, ast.Call) or (isinstance(receiver, ast.Name) and is_local_name(scene.tree, receiver))
