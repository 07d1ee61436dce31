"""Context managers of the project that lend a connection, and what they do with its transaction."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from asyncify.infer.facts import Call, Function
from asyncify.plan.direct.cursors import CONNECTION
from asyncify.plan.direct.extents import PUTCONN, is_call_of, is_new
from asyncify.plan.direct.lines import stands_alone
from asyncify.plan.direct.removal import can_remove
from asyncify.plan.generators import is_context_manager
from asyncify.plan.scene import Scene, function_ids
from asyncify.plan.tree import FunctionNode

MODES = frozenset({"autocommit", "isolation_level", "set_isolation_level", "set_session"})


@dataclass(frozen=True, slots=True)
class Provider:
    """One of them: where it lends its connection. `commit` follows that; without, its callers commit themselves."""

    path: str
    name: ast.Name
    lends: ast.stmt
    commit: ast.stmt | None
    rollbacks: tuple[ast.stmt, ...]


@dataclass(frozen=True, slots=True)
class Providers:
    """By the ids of their functions: those that end the transaction of a block, and those that lend a connection as if
    it was new."""

    ending: Mapping[str, Provider] = field(default_factory=dict)
    lending: Mapping[str, Provider] = field(default_factory=dict)

    def end(self, scene: Scene, node: ast.expr) -> bool:
        """Does entering this expression begin what ends with a commit?"""
        return _is_call_of_any(scene, node, self.ending)

    def lend(self, scene: Scene, node: ast.expr) -> bool:
        return _is_call_of_any(scene, node, self.lending)


def find_providers(scenes: Iterable[Scene]) -> Providers:
    """All of a project. None ends transactions where connections are entered elsewhere as well, or have modes."""
    scenes = list(scenes)
    found = {
        id_: provider
        for scene in scenes
        for id_ in scene.functions
        if (provider := _provider(scene, scene.index.functions[id_])) is not None
    }
    plain = not any(_enters_or_sets(scene) for scene in scenes)
    ending = {id_: provider for id_, provider in found.items() if provider.commit is not None and plain}
    lending = {id_: provider for id_, provider in found.items() if provider.commit is None}
    return Providers(ending, lending)


def _is_call_of_any(scene: Scene, node: ast.expr, providers: Mapping[str, Provider]) -> bool:
    call: Call | None = scene.calls.get(scene.tree.place(node).span) if isinstance(node, ast.Call) else None
    if call is None or call.perhaps or not call.certain or not call.targets:
        return False
    ids = function_ids(call)
    return len(ids) == len(call.targets) and all(id_ in providers for id_ in ids)


def _enters_or_sets(scene: Scene) -> bool:
    for node in ast.walk(scene.tree.module):
        if isinstance(node, ast.withitem) and not isinstance(node.context_expr, ast.Call):
            if CONNECTION in scene.types_at(node.context_expr):
                return True
        elif isinstance(node, ast.Attribute) and node.attr in MODES:
            return True
    return False


def _provider(scene: Scene, function: Function) -> Provider | None:
    node = scene.tree.function(function.place)
    if node is None or not is_context_manager(function) or not scene.runs_in_loop(function.id):
        return None
    yields = [n for n in ast.walk(node) if isinstance(n, ast.Yield | ast.YieldFrom)]
    given = yields[0].value if len(yields) == 1 else None
    lends = scene.tree.parent(yields[0]) if yields else None
    if not isinstance(given, ast.Name) or not isinstance(lends, ast.Expr):
        return None
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == given.id]
    bound = [n for n in names if not isinstance(n.ctx, ast.Load)]
    if len(bound) != 1 or not is_new(scene, bound[0]) or any(scene.tree.scope(n) is not node for n in names):
        return None
    return _with_uses(scene, node, given, lends, [n for n in names if n not in (*bound, given)])


def _with_uses(
    scene: Scene, node: FunctionNode, given: ast.Name, lends: ast.stmt, uses: list[ast.Name]
) -> Provider | None:  # fmt: skip
    """The provider, if it does with its connection only what is known: commit at the end, roll back, give back."""
    block = scene.tree.block(lends)
    behind = block[block.index(lends) + 1 :][:1]
    commits: list[ast.stmt] = []
    rollbacks: list[ast.stmt] = []
    for use in uses:
        statement = scene.tree.statement(use)
        text = ast.unparse(statement)
        if text == f"{given.id}.commit()" and statement in behind:
            commits.append(statement)
        elif text == f"{given.id}.rollback()" and isinstance(scene.tree.parent(statement), ast.ExceptHandler):
            rollbacks.append(statement)
        elif not _gives_back(scene, statement, given.id):
            return None
    if not commits:
        return Provider(scene.path, given, lends, None, ())
    if not all(_is_left(handler, rollbacks) for handler in _handlers(scene, lends, node)):
        return None
    if not can_remove(scene, commits[0]) or not stands_alone(scene, lends):
        return None
    return Provider(scene.path, given, lends, commits[0], tuple(rollbacks))


def _gives_back(scene: Scene, statement: ast.stmt, name: str) -> bool:
    if not isinstance(statement, ast.Expr):
        return False
    return ast.unparse(statement) == f"{name}.close()" or is_call_of(scene, statement.value, PUTCONN)


def _handlers(scene: Scene, lends: ast.stmt, node: FunctionNode) -> Iterator[ast.ExceptHandler]:
    for ancestor in scene.tree.ancestors(lends):
        if ancestor is node:
            return
        if isinstance(ancestor, ast.Try):
            yield from ancestor.handlers


def _is_left(handler: ast.ExceptHandler, rollbacks: list[ast.stmt]) -> bool:
    """Is nothing committed behind it?"""
    rolls_back = any(statement in rollbacks for statement in handler.body)
    return rolls_back or isinstance(handler.body[-1], ast.Raise | ast.Return)
