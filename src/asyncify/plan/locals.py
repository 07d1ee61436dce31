"""Is a value seen by its own function alone?"""

from __future__ import annotations

import ast

from asyncify.plan.tree import ScopeNode, Tree


def is_local_value(tree: Tree, node: ast.Call) -> bool:
    """Is the new object bound to a name of its function that nothing else sees, used on the spot, or handed to such
    a name's method or to another call of the same statement?"""
    parent = tree.parent(node)
    if isinstance(parent, ast.withitem):
        return isinstance(parent.optional_vars, ast.Name) and is_local_name(tree, parent.optional_vars)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        return is_local_name(tree, parent.targets[0])
    if isinstance(parent, ast.Attribute):
        return True
    outer = tree.parent(parent) if isinstance(parent, ast.keyword) else parent
    if not isinstance(outer, ast.Call):
        return False
    receiver = outer.func.value if isinstance(outer.func, ast.Attribute) else None
    if isinstance(receiver, ast.Name) and is_local_name(tree, receiver):
        return True
    return is_local_value(tree, outer) or isinstance(tree.parent(outer), ast.Return)


def is_local_name(tree: Tree, name: ast.Name) -> bool:
    """Does only its own function see what this name is bound to: no closure, no return, no argument, no attribute?"""
    scope = tree.scope(name)
    if isinstance(scope, ast.Module | ast.ClassDef):
        return False
    named = [node for node in ast.walk(scope) if isinstance(node, ast.Name) and node.id == name.id]
    if name.id in parameters(scope) or name.id in _shared(scope):
        return False
    return any(isinstance(node.ctx, ast.Store) for node in named) and all(_stays(tree, scope, node) for node in named)


def _stays(tree: Tree, scope: ScopeNode, node: ast.Name) -> bool:
    if tree.scope(node) is not scope:
        return False
    parent = tree.parent(node)
    if isinstance(node.ctx, ast.Store):
        return isinstance(parent, ast.withitem | ast.Assign)
    return isinstance(parent, ast.Attribute | ast.withitem)


def _shared(scope: ScopeNode) -> set[str]:
    """Names that `global` and `nonlocal` give to an outer scope."""
    return {name for node in ast.walk(scope) if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}


def parameters(scope: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """The names of all parameters."""
    arguments = scope.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return {argument.arg for argument in named if argument is not None}
