"""Resources that a synchronous function makes and uses for itself stay as they are."""

from __future__ import annotations

import ast

from asyncify.infer.facts import Call
from asyncify.plan.locals import is_local_value
from asyncify.plan.own import is_own_object
from asyncify.plan.scene import Scene, pack_paths
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
        return rule.returns is not None and is_local_value(scene.tree, node) and not _gives_away(scene, node)
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    if receiver is None or not scene.types_at(receiver):
        return True
    return isinstance(receiver, ast.Name) and is_own_object(scene.tree, scene.calls, scene.catalogue, receiver)


def _gives_away(scene: Scene, node: ast.Call) -> bool:
    """Does a method of the new object make another of the library, without a wait, that its function does not keep?"""
    parent = scene.tree.parent(node)
    name = parent.targets[0] if isinstance(parent, ast.Assign) else getattr(parent, "optional_vars", None)
    for call in scene.facts.calls:
        made = scene.node_of(call.place) if pack_paths(call) else None
        if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Attribute):
            continue
        receiver, rule = made.func.value, scene.rule_of(call)
        is_of_name = isinstance(name, ast.Name) and isinstance(receiver, ast.Name) and receiver.id == name.id
        is_its = receiver is node or (is_of_name and scene.tree.scope(node) is scene.tree.scope(receiver))
        makes = rule is not None and rule.waits is None and rule.returns is not None
        if is_its and makes and not is_local_value(scene.tree, made):
            return True
    return False
