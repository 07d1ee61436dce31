"""Which cursors go, and what their statements and the blocks round them become."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from asyncify.place import Place
from asyncify.plan.direct.acquired import decide_acquired
from asyncify.plan.direct.cursors import CONNECTION, CursorUse, Ran, find_cursors
from asyncify.plan.direct.extents import (
    GETCONN,
    Guard,
    guard_of,
    is_alone,
    is_closed,
    is_of_pool,
    is_owned,
    is_quiet,
    last_of,
)
from asyncify.plan.direct.found import Found, Span
from asyncify.plan.direct.removal import can_remove, can_unroll, next_of
from asyncify.plan.direct.shared import runs_side_by_side, shared_connections
from asyncify.plan.direct.written import write_statement
from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import Substitute, Warned
from asyncify.plan.tree import FunctionNode

WHY_TRANSACTION = "The block is one transaction, and none is open before it."
ASYNCPG = "{aio}.Connection"


@dataclass(frozen=True, slots=True)
class Direct:
    """What was decided of one file: `settled` are the calls that need no other decision, `gone` what is removed."""

    decided: Decided
    settled: frozenset[Span]
    gone: tuple[Place, ...]

    def without_gone(self, decided: Decided) -> Decided:
        """Other decisions, less the edits of what is removed."""
        steps = tuple(step for step in decided.steps if not any(place.contains(step.place) for place in self.gone))
        return Decided(steps, decided.outcomes, decided.warnings)


def decide_direct(scenes: Mapping[str, Scene]) -> dict[str, Direct]:
    """By file, where cursors of psycopg2 become statements of asyncpg."""
    some = [scene for scene in scenes.values() if _migrates(scene)]
    cursors = {scene.path: tuple(find_cursors(scene)) for scene in some}
    closed = is_closed(some, cursors)
    decided = {scene.path: _decide(scene, cursors[scene.path], closed=closed) for scene in some}
    if not some or not runs_side_by_side(some[0].index.imports.values()):
        return decided
    return {scene.path: _with_warnings(decided[scene.path], shared_connections(scene)) for scene in some}


def _with_warnings(direct: Direct, warnings: tuple[Warned, ...]) -> Direct:
    return replace(direct, decided=direct.decided + Decided(warnings=warnings))


def _migrates(scene: Scene) -> bool:
    kind = scene.catalogue.types.get(CONNECTION)
    return kind is not None and kind.becomes == ASYNCPG and kind.pack in scene.migrating


def _decide(scene: Scene, cursors: tuple[CursorUse, ...], *, closed: bool) -> Direct:
    found = Found(scene)
    for group in _by_connection(scene, cursors):
        _decide_group(found, group, closed=closed)
    for call in scene.facts.calls:
        if is_of_pool(call, GETCONN):
            decide_acquired(found, call)
    return Direct(Decided(tuple(found.steps), tuple(found.outcomes)), frozenset(found.settled), tuple(found.gone))


def _by_connection(scene: Scene, cursors: Iterable[CursorUse]) -> list[list[tuple[CursorUse, Guard | None]]]:
    """Cursors of one function and one connection expression, in order, each with the block that commits for it."""
    groups: dict[tuple[FunctionNode, str], list[tuple[CursorUse, Guard | None]]] = {}
    for cursor in cursors:
        key = cursor.function, ast.unparse(cursor.owner)
        groups.setdefault(key, []).append((cursor, guard_of(scene, cursor)))
    return list(groups.values())


# ---------------------------------------------------------------- cursors


def _decide_group(found: Found, group: list[tuple[CursorUse, Guard | None]], *, closed: bool) -> None:
    scene = found.scene
    function, owner = group[0][0].function, group[0][0].owner
    owned = is_owned(scene, function, owner)
    loose = [cursor for cursor, guard in group if guard is None]
    commit = _commit_after(scene, loose) if owned else None
    is_plain = owned and _may_go_plainly(scene, loose, commit)
    going = [(c, g) for c, g in group if (is_plain if g is None else True) and _can_go(scene, c)]
    if is_plain and len([c for c, g in going if g is None]) < len(loose):
        is_plain, going = False, [(c, g) for c, g in going if g is not None]
    if is_plain and loose and commit is not None:
        found.remove(commit)
    is_fresh = closed if not owned else is_plain or not loose
    gone = []
    for guard in {id(g.item): g for _, g in going if g is not None}.values():
        inside = [c for c, g in group if g is not None and g.item is guard.item]
        if is_fresh and all(c in [x for x, _ in going] for c in inside) and _decide_guard(found, guard, inside):
            gone.append(guard.item)
    for cursor, block in going:
        _take_away(found, cursor, _levels_lost(cursor, block if block is not None and block.item in gone else None))


def _may_go_plainly(scene: Scene, loose: list[CursorUse], commit: ast.stmt | None) -> bool:
    """Need the statements outside of blocks no transaction: they only read, or there is one, which is committed?"""
    ran = [each for cursor in loose for each in cursor.ran]
    if not all(cursor.ran for cursor in loose) or not _are_all_cursors(scene, loose):
        return False
    if len(ran) == 1 and commit is not None:
        return True
    if not all(each.statement.only_reads for each in ran):
        return False
    return not any(_is_tried(scene, each, loose[0].function, is_only=len(ran) == 1) for each in ran)


def _is_tried(scene: Scene, ran: Ran, function: FunctionNode, *, is_only: bool) -> bool:
    """Might a handler of the function go on to another statement after this one has failed? A transaction would
    refuse that."""
    round_it: list[ast.AST] = []
    for ancestor in scene.tree.ancestors(ran.stands):
        if ancestor is function:
            break
        round_it.append(ancestor)
    tried = any(isinstance(node, ast.Try) and node.handlers for node in round_it)
    looped = any(isinstance(node, ast.For | ast.While | ast.AsyncFor) for node in round_it)
    return tried and (looped or not is_only)


def _are_all_cursors(scene: Scene, cursors: list[CursorUse]) -> bool:
    """Does every `conn.cursor(...)` of the connection that stands in no block of its own count among these?"""
    if not cursors:
        return True
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


def _commit_after(scene: Scene, loose: list[CursorUse]) -> ast.stmt | None:
    """The `conn.commit()` that follows the one statement, with nothing between them that may fail."""
    ran = [each for cursor in loose for each in cursor.ran]
    if len(ran) != 1:
        return None
    last = last_of(scene, ran[0])
    if last is None:
        return None
    cursor = next(cursor for cursor in loose if ran[0] in cursor.ran)
    following = next_of(scene, last)
    while following is not None and following in cursor.closes:
        following = next_of(scene, following)
    if following is None and cursor.block is not None and last in cursor.block.body:
        following = next_of(scene, cursor.block)
    if following is None or not _is_commit(following, cursor.owner) or not can_remove(scene, following):
        return None
    return following


def _is_commit(statement: ast.stmt, owner: ast.expr) -> bool:
    return isinstance(statement, ast.Expr) and ast.unparse(statement.value) == f"{ast.unparse(owner)}.commit()"


def _can_go(scene: Scene, cursor: CursorUse) -> bool:
    """Can the cursor be taken out of the text without leaving a block empty or a comment behind?"""
    if not cursor.ran:
        return False
    gone = [*cursor.closes, *([cursor.made] if cursor.made is not None else [])]
    if not all(can_remove(scene, statement) for statement in gone):
        return False
    if any(all(s in gone for s in scene.tree.block(statement)) for statement in gone):
        return False
    return cursor.block is None or can_unroll(scene, cursor.block)


def _levels_lost(cursor: CursorUse, gone: Guard | None) -> int:
    """By how many levels do the statements move to the left? `gone` is the block of the connection if that goes."""
    blocks = {id(gone.block): len(gone.block.items)} if gone is not None else {}
    if cursor.block is not None:
        left = blocks.get(id(cursor.block), len(cursor.block.items))
        blocks[id(cursor.block)] = left - (id(cursor.block) in blocks)
    return sum(items == 1 for items in blocks.values())


def _take_away(found: Found, cursor: CursorUse, lost: int) -> None:
    if cursor.block is not None:
        found.drop(cursor.node)
    elif cursor.made is not None:
        found.remove(cursor.made)
    for statement in cursor.closes:
        found.remove(statement)
    for ran in cursor.ran:
        write_statement(found, cursor, ran, lost)


# ---------------------------------------------------------------- blocks


def _decide_guard(found: Found, guard: Guard, cursors: list[CursorUse]) -> bool:
    """`with conn:` becomes a transaction of asyncpg, or goes (True) where a single statement commits by itself."""
    scene = found.scene
    if guard.is_made or guard.item.optional_vars is not None or not is_quiet(scene, guard, cursors):
        return False
    ran = [each for cursor in cursors for each in cursor.ran]
    if is_alone(scene, guard, ran) and can_unroll(scene, guard.block):
        found.drop(guard.item.context_expr)
        return True
    found.step(guard.item.context_expr, Substitute("{it}.transaction()"), WHY_TRANSACTION)
    return False
