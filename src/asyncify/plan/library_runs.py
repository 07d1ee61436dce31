"""Objects of a library that a loop iterates over, where each step waits; and `closing` of what closes so."""

from __future__ import annotations

import ast

from asyncify.infer.facts import Implicit, Run
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Ending, IterateAsync, Outcome, Step, Substitute
from asyncify.reason import Reason

CLOSING = "contextlib.closing"
WHY_CLOSED = "What is closed at the end closes asynchronously."
WHY_ITERATED = "Each step of the loop may wait."


def decide_library_run(scene: Scene, run: Run) -> Decided:
    """`async for` over objects of migrating libraries; a `with` of such an object is decided where it is named."""
    rules = [rule for path in run.methods if (rule := scene.catalogue.rule_for(path)) is not None]
    node = scene.node_of(run.place)
    if node is None or not rules or any(rule.pack not in scene.migrating for rule in rules):
        return NOTHING
    if all(rule.is_detection_only for rule in rules):
        return NOTHING
    if run.kind is Implicit.WITH:
        return _closing(scene, node, rules[0].id) if scene.runs_in_loop(run.scope) else NOTHING
    if run.functions or not scene.runs_in_loop(run.scope) or not _is_loop(scene, node):
        reason = Reason.MIXED_TARGETS if run.functions else Reason.GENERATOR_CONSUMER
        return Decided(outcomes=(Outcome(run.place, run.methods[0], Ending.REFUSED, rules[0].id, reason),))
    step = Step(run.place, IterateAsync(), rules[0].id, WHY_ITERATED)
    return Decided((step,), (Outcome(run.place, run.methods[0], Ending.CONVERTED, rules[0].id),))


def _is_loop(scene: Scene, node: ast.expr) -> bool:
    """Is it iterated over by a `for` that can become asynchronous where it stands?"""
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.comprehension):
        return not isinstance(scene.tree.parent(parent), ast.GeneratorExp)
    return isinstance(parent, ast.For)


def _closing(scene: Scene, node: ast.expr, rule: str) -> Decided:
    if not isinstance(node, ast.Call) or scene.tree.imported(node.func) != CLOSING:
        return NOTHING
    return Decided((Step(scene.tree.place(node.func), Substitute("contextlib.aclosing"), rule, WHY_CLOSED),))
