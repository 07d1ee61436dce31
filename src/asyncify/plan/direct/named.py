"""Statements that a name of the function, or of its module, stands for: `query = "SELECT ..."`."""

from __future__ import annotations

import ast

from asyncify.plan.scene import Scene
from asyncify.plan.tree import FunctionNode


def literal_of(scene: Scene, query: ast.expr) -> ast.Constant | None:
    """The literal that this expression is, or that its name was given for good in its function, before, or module."""
    if isinstance(query, ast.Constant):
        return query
    function = scene.tree.scope(query)
    if not isinstance(query, ast.Name) or not isinstance(function, FunctionNode):
        return None
    named = _named(function, query.id)
    bound = [node for node in named if not isinstance(node.ctx, ast.Load)]
    if not bound:
        return _of_module(scene, function, query.id)
    made = scene.tree.parent(bound[0]) if len(bound) == 1 else None
    if any(isinstance(n, ast.Global | ast.Nonlocal) and query.id in n.names for n in ast.walk(function)):
        return None
    if not isinstance(made, ast.Assign) or len(made.targets) != 1 or not isinstance(made.value, ast.Constant):
        return None
    if any(scene.tree.scope(node) is not function for node in named) or not _comes_first(scene, made, query):
        return None
    return made.value


def _of_module(scene: Scene, function: FunctionNode, name: str) -> ast.Constant | None:
    """The literal that the module gives this name, once."""
    if any(isinstance(node, ast.arg) and node.arg == name for node in ast.walk(function.args)):
        return None
    bound = [node for node in _named(scene.tree.module, name) if not isinstance(node.ctx, ast.Load)]
    made = scene.tree.parent(bound[0]) if len(bound) == 1 else None
    if not isinstance(made, ast.Assign) or made not in scene.tree.module.body or len(made.targets) != 1:
        return None
    return made.value if isinstance(made.value, ast.Constant) else None


def is_named_once(scene: Scene, query: ast.Name) -> bool:
    """Is this the only use of what the function's own name stands for? Its text may then change."""
    named = _named(scene.tree.scope(query), query.id)
    return len(named) == 2 and sum(isinstance(node.ctx, ast.Load) for node in named) == 1


def _named(scope: ast.AST, name: str) -> list[ast.Name]:
    return [node for node in ast.walk(scope) if isinstance(node, ast.Name) and node.id == name]


def _comes_first(scene: Scene, made: ast.Assign, use: ast.Name) -> bool:
    """Has the assignment always run before the use?"""
    block = scene.tree.block(made)
    around = [scene.tree.statement(use), *scene.tree.ancestors(use)]
    found = next((statement for statement in around if isinstance(statement, ast.stmt) and statement in block), None)
    return found is not None and block.index(made) < block.index(found)
