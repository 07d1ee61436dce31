"""What stands on the lines of a statement beside it."""

from __future__ import annotations

import ast

from asyncify.plan.scene import Scene


def comments_behind(scene: Scene, statement: ast.stmt) -> str:
    """What stands behind a statement on its last line."""
    line = scene.tree.text.split("\n")[(statement.end_lineno or 1) - 1]
    return line.encode()[statement.end_col_offset or 0 :].decode()


def stands_alone(scene: Scene, statement: ast.stmt) -> bool:
    """Has it its lines for itself, but for a comment?"""
    line = scene.tree.text.split("\n")[statement.lineno - 1]
    behind = comments_behind(scene, statement).strip()
    return not line.encode()[: statement.col_offset].strip() and (not behind or behind.startswith("#"))
