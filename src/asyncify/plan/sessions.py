"""Resources that a synchronous function makes and uses for itself stay as they are."""

from __future__ import annotations

import ast

from asyncify.infer.facts import Call
from asyncify.plan.scene import Scene
from asyncify.plan.tree import ScopeNode
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
    if rule.waits is None:
        return rule.returns is not None and _is_local(scene, node)
    receiver = node.func.value if isinstance(node.func, ast.Attribute) else None
    if receiver is None or not scene.types_at(receiver):
        return True
    return isinstance(receiver, ast.Name) and _is_local_name(scene, receiver)


def _is_local(scene: Scene, node: ast.Call) -> bool:
    """Is the new object bound to a name of its function that nothing else sees?"""
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.withitem) and isinstance(parent.optional_vars, ast.Name):
        return _is_local_name(scene, parent.optional_vars)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        return _is_local_name(scene, parent.targets[0])
    return isinstance(parent, ast.Attribute)


def _is_local_name(scene: Scene, name: ast.Name) -> bool:
    scope = scene.tree.scope(name)
    if isinstance(scope, ast.Module | ast.ClassDef):
        return False
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and name.id in _parameters(scope):
        return False
    return all(
        _stays(scene, scope, node) for node in ast.walk(scope) if isinstance(node, ast.Name) and node.id == name.id
    )


def _stays(scene: Scene, scope: ScopeNode, node: ast.Name) -> bool:
    if scene.tree.scope(node) is not scope:
        return False
    parent = scene.tree.parent(node)
    if isinstance(node.ctx, ast.Store):
        return isinstance(parent, ast.withitem | ast.Assign)
    return isinstance(parent, ast.Attribute | ast.withitem)


def _parameters(scope: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    arguments = scope.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in named if argument is not None}
