"""Objects of a library that are iterated over asynchronously once it has migrated: streams and pages."""

from __future__ import annotations

import ast

from asyncify.infer.facts import Use
from asyncify.plan.consumers import taken
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Ending, IterateAsync, Outcome, Step, YieldEach
from asyncify.plan.taking import takes_all
from asyncify.reason import Reason

RULE = "library-object-iterated"
WHY = "Its items come asynchronously."
CONSUMERS = frozenset(
    {"list", "tuple", "set", "sorted", "sum", "any", "all", "enumerate", "next", "iter", "zip", "map"}
)


def decide_iterated(scene: Scene, use: Use) -> Decided:
    """`for item in stream` becomes `async for`; a consumer that cannot follow is refused."""
    kinds = [kind for name in use.types if (kind := scene.catalogue.types.get(name)) and kind.iterates_async]
    node = scene.node_of(use.place)
    if node is None or not any(kind.pack in scene.migrating for kind in kinds):
        return NOTHING
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.YieldFrom) and isinstance(scene.tree.parent(parent), ast.Expr):
        steps: tuple[Step, ...] | None = (Step(scene.tree.place(parent), YieldEach(), RULE, WHY),)
    elif _is_iterated(scene, node, parent):
        steps = taken(scene, node)
    else:
        return NOTHING
    if steps is None or not scene.runs_in_loop(use.scope):
        return Decided(outcomes=(Outcome(use.place, kinds[0].id, Ending.REFUSED, RULE, Reason.GENERATOR_CONSUMER),))
    if not any(isinstance(step.action, IterateAsync | YieldEach) for step in steps):
        return Decided(steps)
    return Decided(steps, (Outcome(use.place, kinds[0].id, Ending.CONVERTED, RULE),))


def _is_iterated(scene: Scene, node: ast.expr, parent: ast.AST | None) -> bool:
    if isinstance(parent, ast.For | ast.comprehension):
        return parent.iter is node
    if isinstance(parent, ast.Starred):
        return True
    if not isinstance(parent, ast.Call) or node not in parent.args:
        return False
    if isinstance(parent.func, ast.Name):
        return parent.func.id in CONSUMERS  # not `dict`: an answer is a mapping, too
    return takes_all(scene.tree, parent, node)
