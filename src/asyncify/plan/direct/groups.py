"""The cursors of one connection in one function, and whether all connections of a project are left without a
transaction."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncify.infer.facts import Call
from asyncify.plan.direct.cursors import CONNECTION, CursorUse, find_cursors
from asyncify.plan.direct.extents import CONNECT, Guard, guard_of, is_call_of, is_owned
from asyncify.plan.direct.providers import Providers
from asyncify.plan.direct.regions import Loose, find_loose
from asyncify.plan.scene import Scene, pack_paths
from asyncify.plan.tree import FunctionNode

OF_STATEMENTS = "psycopg2.ext"  # extensions and extras
OTHERS = ("psycopg2.extensions.connection.", "psycopg2.pool.")


@dataclass(frozen=True, slots=True)
class Group:
    """Cursors of one function and one connection expression, in order, each with the block that commits for it.

    `owned`: nobody else sees the connection. `loose` is None where the transactions outside of blocks are not known.
    """

    cursors: tuple[tuple[CursorUse, Guard | None], ...]
    owned: bool
    loose: Loose | None

    @property
    def has_loose(self) -> bool:
        return any(guard is None for _, guard in self.cursors)


def find_groups(scene: Scene, providers: Providers) -> tuple[Group, ...]:
    """All cursors of a file."""
    groups: dict[tuple[FunctionNode, str], list[tuple[CursorUse, Guard | None]]] = {}
    for cursor in find_cursors(scene):
        key = cursor.function, ast.unparse(cursor.owner)
        groups.setdefault(key, []).append((cursor, guard_of(scene, cursor, providers.end)))
    return tuple(_group(scene, cursors, providers) for cursors in groups.values())


def _group(scene: Scene, cursors: list[tuple[CursorUse, Guard | None]], providers: Providers) -> Group:
    first = cursors[0][0]
    owned = is_owned(scene, first.function, first.owner, providers.lend)
    loose = tuple(cursor for cursor, guard in cursors if guard is None)
    return Group(tuple(cursors), owned, find_loose(scene, loose, owned=owned))


def is_closed(scenes: Iterable[Scene], groups: Mapping[str, tuple[Group, ...]], providers: Providers) -> bool:
    """Does each statement of the project run in a `with` block of its connection, or between its first and a commit,
    or on a connection of its own function? Then none begins inside a transaction that is open already."""
    return all(_leaves_nothing_open(scene, groups.get(scene.path, ()), providers) for scene in scenes)


def _leaves_nothing_open(scene: Scene, groups: tuple[Group, ...], providers: Providers) -> bool:
    own = {
        (cursor.function, name)
        for group in groups
        if group.owned
        for cursor, _ in group.cursors
        if (name := _name_of(cursor)) is not None
    }
    known = {
        ran.call.place.span
        for group in groups
        if group.loose is not None
        for cursor in group.loose.cursors
        for ran in cursor.ran
    }
    for call in scene.facts.calls:
        if not _runs_statement(scene, call) or call.place.span in known:
            continue
        node = scene.node_of(call.place)
        if node is None or not (_is_enclosed(scene, node, providers) or _is_on(scene, node, own)):
            return False
    return True


def _runs_statement(scene: Scene, call: Call) -> bool:
    paths = pack_paths(call)
    rules = [scene.catalogue.rule_for(path) for path in paths if path.startswith(OF_STATEMENTS)]
    waits = any(rule is not None and rule.waits is not None for rule in rules)
    return waits and not all(path.startswith(OTHERS) for path in paths)


def _name_of(cursor: CursorUse) -> str | None:
    if cursor.made is not None and isinstance(cursor.made.targets[0], ast.Name):
        return cursor.made.targets[0].id
    bound = cursor.block.items[-1].optional_vars if cursor.block is not None else None
    return bound.id if isinstance(bound, ast.Name) else None


def _is_enclosed(scene: Scene, node: ast.expr, providers: Providers) -> bool:
    for ancestor in scene.tree.ancestors(node):
        if isinstance(ancestor, FunctionNode | ast.Lambda):
            return False
        if isinstance(ancestor, ast.With) and any(
            CONNECTION in scene.types_at(item.context_expr)
            or is_call_of(scene, item.context_expr, CONNECT)
            or providers.end(scene, item.context_expr)
            for item in ancestor.items
        ):
            return True
    return False


def _is_on(scene: Scene, node: ast.expr, own: set[tuple[FunctionNode, str]]) -> bool:
    """Is the statement run by a cursor of a connection that nobody else sees?"""
    scope = scene.tree.scope(node)
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    return any((scope, n.id) in own for n in names)
