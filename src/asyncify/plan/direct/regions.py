"""Statements from the first that a connection runs to its `commit()`, outside of any block of the connection."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from asyncify.plan.direct.cursors import CursorUse, Ran
from asyncify.plan.direct.extents import last_of, waits_for_more
from asyncify.plan.direct.lines import stands_alone
from asyncify.plan.direct.removal import can_remove
from asyncify.plan.scene import Scene
from asyncify.plan.tree import FunctionNode

CATCHES_ALL = frozenset({"Exception", "BaseException"})
LOOPS = ast.For | ast.While | ast.AsyncFor


@dataclass(frozen=True, slots=True)
class Region:
    """What one transaction runs: the statements of one block from `first` to `last`, and the `commit` behind them."""

    first: ast.stmt
    last: ast.stmt
    commit: ast.stmt
    ran: tuple[Ran, ...]
    is_alone: bool  # a single statement, which commits by itself just as well


@dataclass(frozen=True, slots=True)
class Loose:
    """The cursors of a connection that stand in no block of its own, where each of their transactions is known."""

    cursors: tuple[CursorUse, ...]
    regions: tuple[Region, ...]
    rollbacks: tuple[ast.stmt, ...]  # those in handlers, which have nothing left to do


def find_loose(scene: Scene, cursors: tuple[CursorUse, ...], *, owned: bool) -> Loose | None:
    """The transactions of these cursors of one connection; None where one of them is not known.

    `owned`: the connection is seen by this function alone, so that what it leaves open is rolled back.
    """
    if not cursors or not all(cursor.ran for cursor in cursors) or not _are_all(scene, cursors):
        return None
    function, owner = cursors[0].function, ast.unparse(cursors[0].owner)
    ran = [each for cursor in cursors for each in cursor.ran]
    commits = [node for node in ast.walk(function) if _is_call(node, f"{owner}.commit()")]
    regions = [_region(scene, cursors, ran, commit) for commit in commits if isinstance(commit, ast.stmt)]
    found = [region for region in regions if region is not None]
    if len(found) < len(commits):
        return None
    covered = [each for region in found for each in region.ran]
    others = [each for each in ran if each not in covered]
    if not all(_is_left_clean(scene, region.commit, function, owner, owned=owned) for region in found):
        return None
    only = len(ran) == 1
    if set_at := _autocommit_set(function, owner):
        is_first = set_at[0] in function.body and set_at[0].lineno < min(cursor.node.lineno for cursor in cursors)
        return Loose(cursors, (), ()) if owned and is_first and not commits else None
    if others and not (owned and all(_may_stand_alone(scene, each, function, only=only) for each in others)):
        return None
    return Loose(cursors, tuple(found), tuple(_rollbacks(scene, found, function, owner)))


def _autocommit_set(function: FunctionNode, owner: str) -> list[ast.stmt]:
    """Where `conn.autocommit = True` stands."""
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and ast.unparse(node) == f"{owner}.autocommit = True"
    ]


def _is_call(node: ast.AST, text: str) -> bool:
    return isinstance(node, ast.Expr) and ast.unparse(node.value) == text


def _region(scene: Scene, cursors: tuple[CursorUse, ...], ran: list[Ran], commit: ast.stmt) -> Region | None:
    block = scene.tree.block(commit)
    end = block.index(commit)
    owner = ast.unparse(cursors[0].owner)
    earlier = [index for index in range(end) if _is_call(block[index], f"{owner}.commit()")]
    start = earlier[-1] + 1 if earlier else 0
    inside = {index: [each for each in ran if _holds(scene, block[index], each.stands)] for index in range(start, end)}
    used = [index for index, found in inside.items() if found]
    if not used or not can_remove(scene, commit):
        return None
    closes = [statement for cursor in cursors for statement in cursor.closes]
    last = end - 1
    while block[last] in closes:
        last -= 1
    statements = block[used[0] : last + 1]
    found = tuple(each for index in used for each in inside[index])
    if not all(stands_alone(scene, statement) and not _leaves(scene, statement) for statement in statements):
        return None
    if _does_more(scene, statements, cursors, owner):
        return None
    return Region(statements[0], statements[-1], commit, found, _is_alone(scene, statements, found, cursors))


def _holds(scene: Scene, outer: ast.stmt, inner: ast.stmt) -> bool:
    return outer is inner or any(ancestor is outer for ancestor in scene.tree.ancestors(inner))


def _leaves(scene: Scene, statement: ast.stmt) -> bool:
    """Might it leave the block without an exception, or pause?"""
    for node in ast.walk(statement):
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom | ast.Await):
            return True
        if isinstance(node, ast.Break | ast.Continue):
            loops = [a for a in scene.tree.ancestors(node) if isinstance(a, LOOPS)]
            if not loops or not _holds(scene, statement, loops[0]):
                return True
    return False


def _does_more(scene: Scene, statements: list[ast.stmt], cursors: tuple[CursorUse, ...], owner: str) -> bool:
    """Does something else wait meanwhile, or use the connection?"""
    known = {id(cursor.owner) for cursor in cursors}
    for statement in statements:
        if waits_for_more(scene, statement, cursors):
            return True
        for node in ast.walk(statement):
            is_owner = isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) == owner
            if is_owner and id(node) not in known:
                return True
    return False


def _is_alone(
    scene: Scene, statements: list[ast.stmt], ran: tuple[Ran, ...], cursors: tuple[CursorUse, ...]
) -> bool:  # fmt: skip
    """Is it one statement that runs once, with nothing behind it that may fail?"""
    if len(ran) != 1:
        return False
    last = last_of(scene, ran[0])
    blocks = [cursor.block for cursor in cursors if ran[0] in cursor.ran and cursor.block is not None]
    body = statements
    if len(body) == 1 and body[0] in blocks and isinstance(body[0], ast.With):
        body = body[0].body
    return ran[0].stands in body and body[-1] is last


def _may_stand_alone(scene: Scene, ran: Ran, function: FunctionNode, *, only: bool) -> bool:
    """May the statement run without a transaction? It only reads, and no handler goes on to another after its failure,
    which a transaction would refuse."""
    around = list(_between(scene, ran.stands, function))
    tried = any(isinstance(node, ast.Try) and node.handlers for node in around)
    once = only and not any(isinstance(node, LOOPS) for node in around)
    return ran.statement.only_reads and (once or not (tried or ran.statement.asks_time))


def _between(scene: Scene, node: ast.AST, function: FunctionNode) -> Iterator[ast.AST]:
    for ancestor in scene.tree.ancestors(node):
        if ancestor is function:
            return
        yield ancestor


def _is_left_clean(scene: Scene, commit: ast.stmt, function: FunctionNode, owner: str, *, owned: bool) -> bool:
    """Is the transaction rolled back where a statement fails, before the connection is used again?"""
    handlers: list[ast.ExceptHandler] = []
    child: ast.AST = commit
    for ancestor in _between(scene, commit, function):
        if isinstance(ancestor, ast.Try) and child in ancestor.body:
            handlers += ancestor.handlers
        child = ancestor
    rolling = [handler for handler in handlers if _rollback_in(handler, owner)]
    if not owned:
        return len(rolling) == len(handlers) and any(_catches_all(handler) for handler in rolling)
    return all(handler in rolling or isinstance(handler.body[-1], ast.Raise | ast.Return) for handler in handlers)


def _rollback_in(handler: ast.ExceptHandler, owner: str) -> ast.stmt | None:
    """The rollback that it does before anything else with the connection."""
    for statement in handler.body:
        if _is_call(statement, f"{owner}.rollback()"):
            return statement
        if any(isinstance(n, ast.Name | ast.Attribute) and ast.unparse(n) == owner for n in ast.walk(statement)):
            return None
    return None


def _catches_all(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (isinstance(handler.type, ast.Name) and handler.type.id in CATCHES_ALL)


def _rollbacks(scene: Scene, regions: list[Region], function: FunctionNode, owner: str) -> Iterator[ast.stmt]:
    seen: set[ast.ExceptHandler] = set()
    for region in regions:
        for ancestor in _between(scene, region.commit, function):
            for handler in ancestor.handlers if isinstance(ancestor, ast.Try) else ():
                rollback = _rollback_in(handler, owner) if handler not in seen else None
                if rollback is not None:
                    seen.add(handler)
                    yield rollback


def _are_all(scene: Scene, cursors: tuple[CursorUse, ...]) -> bool:
    """Does every `conn.cursor(...)` of the connection that stands in no block of its own count among these?"""
    name = ast.unparse(cursors[0].owner)
    known = {id(cursor.node) for cursor in cursors}
    return all(
        id(node) in known or _is_in_block(scene, node, name)
        for node in ast.walk(cursors[0].function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "cursor"
        and ast.unparse(node.func.value) == name
    )


def _is_in_block(scene: Scene, node: ast.Call, name: str) -> bool:
    return any(
        isinstance(ancestor, ast.With) and any(ast.unparse(item.context_expr) == name for item in ancestor.items)
        for ancestor in scene.tree.ancestors(node)
    )
