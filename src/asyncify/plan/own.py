"""Is an object of a library one function's own, with all that it was made from?"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from asyncify.catalogue import Catalogue
from asyncify.infer.facts import Call
from asyncify.plan.locals import is_local_name
from asyncify.plan.scene import pack_paths
from asyncify.plan.tree import Tree

Calls = Mapping[tuple[int, int, int, int], Call]


def is_own_object(tree: Tree, calls: Calls, catalogue: Catalogue, node: ast.expr) -> bool:
    """Is the object made in this function, from nothing that is shared, and seen by nobody else?"""
    if isinstance(node, ast.Call):
        return _comes_from_nowhere(tree, calls, catalogue, node)
    if not isinstance(node, ast.Name) or not is_local_name(tree, node):
        return False
    scope = tree.scope(node)
    made = [_value(tree, n) for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == node.id]
    return all(
        isinstance(value, ast.Call) and _comes_from_nowhere(tree, calls, catalogue, value)
        for value in made
        if value is not None
    )


def _value(tree: Tree, name: ast.Name) -> ast.expr | None:
    """What a name is bound to here; None where it is only used."""
    if not isinstance(name.ctx, ast.Store):
        return None
    parent = tree.parent(name)
    if isinstance(parent, ast.withitem):
        return parent.context_expr
    return parent.value if isinstance(parent, ast.Assign) else name


def _comes_from_nowhere(tree: Tree, calls: Calls, catalogue: Catalogue, node: ast.Call) -> bool:
    call = calls.get(tree.place(node).span)
    if call is None or not pack_paths(call):
        return False
    if not isinstance(node.func, ast.Attribute):
        return True
    receiver = node.func.value
    if all(path.rpartition(".")[0] not in catalogue.types for path in pack_paths(call)):
        return True  # a function of the library, not a method of an object
    return is_own_object(tree, calls, catalogue, receiver)
