"""Can only the function itself see what a loop gathers into, until the loop ends?"""

from __future__ import annotations

import ast

from asyncify.plan.concurrency import known
from asyncify.plan.concurrency.iterables import values_of
from asyncify.plan.concurrency.names import (
    declared_outside,
    fresh_names,
    is_number_or_text,
    parameters,
    stored,
    walk_own,
)
from asyncify.plan.concurrency.proof import Region, captured
from asyncify.plan.tree import Tree


def shared_container(region: Region, loop: ast.For, name: str) -> str | None:
    """Why what the loop gathers into might be seen by somebody before the end; None if only this function can."""
    function = region.function
    if name in parameters(function) or name in declared_outside(function):
        return f"`{name}` comes from outside the function: others may look at it meanwhile"
    if name in captured(function):
        return f"a function inside sees `{name}` change"
    values = list(values_of(function, name))
    if not values or not all(isinstance(v, ast.expr) for v in values):
        return f"it is not seen where `{name}` comes from"
    if is_number_or_text(function, name):
        return None
    if name not in fresh_names(function):
        return f"`{name}` may be known under another name as well"
    if _escapes(region, loop, name):
        return f"`{name}` is known to others before the loop ends"
    return None


def _escapes(region: Region, loop: ast.For, name: str) -> bool:
    tree = region.tree
    outermost = _outermost_loop(region, loop)
    limit = loop if _is_bound_beside(region, loop, name) else outermost
    for node in walk_own(region.function):
        if not isinstance(node, ast.Name) or node.id != name or not isinstance(node.ctx, ast.Load):
            continue
        if (node.lineno, node.col_offset) > (limit.end_lineno or 0, limit.end_col_offset or 0):
            continue
        if not _is_accumulation(tree, node):
            return True
    return False


def _outermost_loop(region: Region, loop: ast.For) -> ast.stmt:
    found: ast.stmt = loop
    for ancestor in region.tree.ancestors(loop):
        if ancestor is region.function:
            break
        if isinstance(ancestor, ast.For | ast.While | ast.AsyncFor):
            found = ancestor
    return found


def _is_bound_beside(region: Region, loop: ast.For, name: str) -> bool:
    """Is the name bound anew in the same block before the loop?"""
    block = region.tree.block(loop)
    return any(
        isinstance(statement, ast.Assign | ast.AnnAssign) and name in stored([statement])
        for statement in block[: block.index(loop)]
    )


def _is_accumulation(tree: Tree, node: ast.Name) -> bool:
    parent = tree.parent(node)
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return not isinstance(parent.ctx, ast.Load)
    call = tree.parent(parent) if isinstance(parent, ast.Attribute) else None
    return (
        isinstance(parent, ast.Attribute)
        and parent.attr in known.ACCUMULATES
        and isinstance(call, ast.Call)
        and call.func is parent
        and isinstance(tree.parent(call), ast.Expr)
    )
