"""Which statements and blocks can be taken out of a text without leaving a comment or an empty block behind."""

from __future__ import annotations

import ast

from asyncify.plan.direct.lines import comments_behind, stands_alone
from asyncify.plan.scene import Scene


def can_remove(scene: Scene, statement: ast.stmt, *, may_empty: bool = False) -> bool:
    """Does the statement stand alone on its lines, with no comment beside or above it, and others in its block (unless
    that `may_empty`)?"""
    lines = scene.tree.text.split("\n")
    above = lines[statement.lineno - 2].strip() if statement.lineno > 1 else ""
    alone = stands_alone(scene, statement) and not comments_behind(scene, statement).strip()
    return alone and not above.startswith("#") and (may_empty or len(scene.tree.block(statement)) > 1)


def can_unroll(scene: Scene, block: ast.With) -> bool:
    """Has the block no comments behind its header or its last statement, which would be lost with it?"""
    lines = scene.tree.text.split("\n")
    first, last = block.body[0], block.body[-1]
    header = lines[block.lineno - 1 : first.lineno - 1]
    if first.lineno == block.lineno or any("#" in line.partition(":")[2] for line in header[-1:]):
        return False
    for line in lines[last.end_lineno or last.lineno :]:
        if line.strip() and not line.strip().startswith("#"):
            return True
        if line.strip() and len(line) - len(line.lstrip()) >= first.col_offset:
            return False
    return True


def next_of(scene: Scene, statement: ast.stmt) -> ast.stmt | None:
    """The statement behind this one in its block."""
    block = scene.tree.block(statement)
    at = block.index(statement) + 1
    return block[at] if at < len(block) else None
