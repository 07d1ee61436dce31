"""`conn = pool.getconn()` with its `try` and `finally` becomes `async with pool.acquire() as conn`."""

from __future__ import annotations

import ast

from asyncify.infer.facts import Call
from asyncify.plan.awaiting import can_await
from asyncify.plan.direct.extents import PUTCONN, is_of_pool
from asyncify.plan.direct.found import Found
from asyncify.plan.direct.lines import comments_behind, stands_alone
from asyncify.plan.direct.removal import next_of
from asyncify.plan.edits import HoldOpen
from asyncify.plan.scene import Scene
from asyncify.plan.step import Hole, Substitute

WHY_ACQUIRED = "The connection goes back to the pool at the end of the block."


def decide_acquired(found: Found, call: Call) -> None:
    """Where `finally` gives back what this call of `getconn` took, and does nothing else."""
    scene = found.scene
    node = scene.node_of(call.place)
    made = scene.tree.parent(node) if node is not None else None
    if not isinstance(node, ast.Call) or not isinstance(made, ast.Assign) or node.args or node.keywords:
        return
    tried = next_of(scene, made)
    while tried is not None and found.is_removed(tried):
        tried = next_of(scene, tried)
    if not isinstance(tried, ast.Try) or not can_await(scene, call) or call.perhaps or not call.certain:
        return
    giving = _given_back(found, node, made, tried)
    if giving is None or not isinstance(node.func, ast.Attribute) or not _can_end(scene, made, tried):
        return
    found.step(made, HoldOpen(scene.tree.place(tried)), WHY_ACQUIRED)
    found.step(node, Substitute("{self}.acquire()", (Hole("self", scene.tree.place(node.func.value)),)), WHY_ACQUIRED)
    found.settle(node)
    found.settle(giving)
    found.gone.append(scene.tree.place(tried.finalbody[-1]))


def _given_back(file: Found, node: ast.Call, made: ast.Assign, tried: ast.Try) -> ast.Call | None:
    """The call that is all that is left for `finally` to do, if it gives this connection back to this pool."""
    scene = file.scene
    left = [statement for statement in tried.finalbody if not file.is_removed(statement)]
    only = left[0] if left == tried.finalbody[-1:] and left else None
    giving = only.value if isinstance(only, ast.Expr) else None
    if not isinstance(giving, ast.Call) or not isinstance(node.func, ast.Attribute) or len(made.targets) != 1:
        return None
    name, pool = made.targets[0], ast.unparse(node.func.value)
    found = scene.calls.get(scene.tree.place(giving).span)
    if found is None or not is_of_pool(found, PUTCONN) or not isinstance(name, ast.Name):
        return None
    named = [n for n in ast.walk(tried) if isinstance(n, ast.Name) and n.id == name.id]
    is_bound_again = any(not isinstance(n.ctx, ast.Load) for n in named)
    return giving if ast.unparse(giving) == f"{pool}.putconn({name.id})" and not is_bound_again else None


def _can_end(scene: Scene, made: ast.Assign, tried: ast.Try) -> bool:
    """Do no comments stand where lines go: behind the first statement, `try:` and what `finally` does?"""
    lines = scene.tree.text.split("\n")
    last = (tried.orelse or [tried])[-1] if tried.orelse else (tried.handlers or tried.body)[-1]
    end = tried.finalbody[-1]
    between = lines[made.end_lineno or 0 : tried.lineno]
    tail = lines[(last.end_lineno or 0) : end.end_lineno]
    if not stands_alone(scene, made) or not stands_alone(scene, tried):
        return False
    return not any("#" in line for line in (*between, *tail, comments_behind(scene, made)))
