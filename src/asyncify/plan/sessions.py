"""Resources that a synchronous function makes and uses for itself stay as they are."""

from __future__ import annotations

import ast

from asyncify.infer.facts import Call
from asyncify.plan.locals import is_local_value
from asyncify.plan.own import is_own_object
from asyncify.plan.scene import Scene
from asyncify.rule import Rule


def is_left_alone(scene: Scene, call: Call, rule: Rule) -> bool:
    """Does this library call stay, because its function stays synchronous and shares no migrated object with others?

    A call through a migrated object (`self.session.get`) cannot stay: the object has become another. A bare call
    of the library (`requests.get`, `time.sleep`) or of an object local to the function can.
    """
    if scene.runs_in_loop(call.scope):
        return False
    node = scene.node_of(call.place)
    if not isinstance(node, ast.Call):
        return True
    if rule.waits is None or rule.lazy:
        return rule.returns is not None and is_local_value(scene.tree, node)
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    if receiver is None or not scene.types_at(receiver):
        return True
    return isinstance(receiver, ast.Name) and is_own_object(scene.tree, scene.calls, scene.catalogue, receiver)
