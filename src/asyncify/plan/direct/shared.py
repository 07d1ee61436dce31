"""Connections that tasks may share, where the project runs several at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from asyncify.plan.direct.extents import CONNECT
from asyncify.plan.scene import Scene, pack_paths
from asyncify.plan.step import Warned

RULE = "shared-connection"
TEXT = (
    "PG402: tasks that run at the same time share this connection and its transaction: what one commits or rolls back, "
    "it does for all. Take a connection a task from a pool."
)
SIDE_BY_SIDE = frozenset(
    {"aiohttp", "concurrent", "django", "fastapi", "flask", "quart", "sanic", "starlette", "threading"}
)


def runs_side_by_side(imports: Iterable[frozenset[str]]) -> bool:
    """Does the project import something that serves or works in parallel?"""
    return any(path.partition(".")[0] in SIDE_BY_SIDE for paths in imports for path in paths)


def shared_connections(scene: Scene) -> tuple[Warned, ...]:
    """The calls that make a connection which an object or the module keeps."""
    found = []
    for call in scene.facts.calls:
        node = scene.node_of(call.place) if pack_paths(call) == [CONNECT] else None
        made = scene.tree.parent(node) if node is not None else None
        if isinstance(made, ast.Assign) and any(_is_kept(scene, target) for target in made.targets):
            found.append(Warned(call.place, RULE, TEXT))
    return tuple(found)


def _is_kept(scene: Scene, target: ast.expr) -> bool:
    if isinstance(target, ast.Attribute):
        return True
    scope = scene.tree.scope(target)
    if not isinstance(target, ast.Name) or isinstance(scope, ast.ClassDef | ast.Module):
        return isinstance(target, ast.Name)
    return any(isinstance(n, ast.Global) and target.id in n.names for n in ast.walk(scope))
