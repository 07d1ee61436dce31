"""Names of a library that would stay behind although everything else of it has gone."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from asyncify.plan.locals import parameters
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Ending, Outcome
from asyncify.plan.tree import Tree
from asyncify.reason import Reason
from asyncify.rule import Pack

RULE = "unknown-name"
DETAIL = "It stays, and speaks of the old library only."


def decide_leftovers(scene: Scene) -> Decided:
    """Each name of an exhaustive pack's library for which the pack has no word."""
    packs = [pack for pack in scene.catalogue.packs if pack.exhaustive and pack.id in scene.migrating]
    if not packs:
        return NOTHING
    found = []
    for node in ast.walk(scene.tree.module):
        if not isinstance(node, ast.Name | ast.Attribute) or isinstance(scene.tree.parent(node), ast.Attribute):
            continue
        path = scene.catalogue.canonical(scene.tree.imported(node))
        if path and any(_is_unknown(scene, pack, path) for pack in packs) and not _is_shadowed(scene.tree, node):
            place = scene.tree.place(node)
            found.append(Outcome(place, path, Ending.REFUSED, RULE, Reason.NO_REWRITE, DETAIL))
    return Decided(outcomes=tuple(found))


def handed_packs(scene: Scene, decided: Decided) -> Iterator[tuple[str, Outcome]]:
    """Packs of which an object has become another while a call that stays is given it: such code would fail."""
    for outcome in decided.outcomes:
        if outcome.rule != RULE:
            continue
        node = scene.node_of(outcome.place)
        call = scene.tree.parent(node) if node is not None else None
        if not isinstance(call, ast.Call) or call.func is not node:
            continue
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        kinds = (scene.catalogue.types.get(name) for value in given for name in scene.types_at(value))
        packs = {kind.pack for kind in kinds if kind is not None and kind.becomes is not None}
        yield from ((pack, outcome) for pack in sorted(packs & scene.migrating))


def _is_shadowed(tree: Tree, node: ast.expr) -> bool:
    """Does the name at its root stand for something of a function round it, and not for what is imported?"""
    while isinstance(node, ast.Attribute):
        node = node.value
    if not isinstance(node, ast.Name):
        return False
    scope = tree.scope(node)
    while not isinstance(scope, ast.Module):
        if not isinstance(scope, ast.ClassDef) and node.id in {*parameters(scope), *_bound(scope)}:
            return True
        scope = tree.scope(scope)
    return False


def _bound(scope: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(scope) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _is_unknown(scene: Scene, pack: Pack, path: str) -> bool:
    if not any(path == root or path.startswith(f"{root}.") for root in pack.source):
        return False
    catalogue = scene.catalogue
    known = (
        catalogue.rule_for(path),
        catalogue.types.get(path),
        catalogue.exception_for(path),
        catalogue.value_for(path),
    )
    return all(each is None for each in known)
