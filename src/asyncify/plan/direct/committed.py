"""Regions that end with `commit()` become transactions, and handlers lose the rollbacks that these do themselves."""

from __future__ import annotations

import ast

from asyncify.plan.direct.found import Found
from asyncify.plan.direct.providers import Provider
from asyncify.plan.direct.regions import Loose, Region
from asyncify.plan.direct.removal import can_remove
from asyncify.plan.edits import Enclose
from asyncify.plan.scene import Scene

TRANSACTION = "{self}.transaction()"
WHY_TRANSACTION = "The statements up to the commit are one transaction, and none is open before them."
WHY_LENT = "What is done with the connection is one transaction."


def decide_regions(found: Found, loose: Loose) -> None:
    """Write the transactions of a connection's cursors."""
    scene = found.scene
    owner = loose.cursors[0].owner
    for region in loose.regions:
        found.remove(region.commit)
        if is_enclosed(loose, region):
            last = scene.tree.place(region.last)
            found.step(region.first, Enclose(TRANSACTION, last, scene.tree.place(owner)), WHY_TRANSACTION)
    for rollback in loose.rollbacks:
        _decide_rollback(found, rollback)


def is_enclosed(loose: Loose, region: Region) -> bool:
    """Does the region need a block? A connection that is given gets one, which fails aloud inside a transaction."""
    return not region.is_alone or loose.cursors[0].is_given


def decide_provider(found: Found, provider: Provider) -> None:
    """What it lends its connection for is a transaction."""
    scene = found.scene
    if provider.commit is None:
        return
    found.remove(provider.commit)
    lends, name = scene.tree.place(provider.lends), scene.tree.place(provider.name)
    found.step(provider.lends, Enclose(TRANSACTION, lends, name), WHY_LENT)
    for rollback in provider.rollbacks:
        _decide_rollback(found, rollback)


def _decide_rollback(found: Found, rollback: ast.stmt) -> None:
    """The transaction has rolled back by then. A handler that did no more goes, or passes."""
    scene = found.scene
    handler = scene.tree.parent(rollback)
    tried = scene.tree.parent(handler) if handler is not None else None
    if not isinstance(handler, ast.ExceptHandler) or not isinstance(tried, ast.Try):
        return
    if _only_raises(handler) and handler is tried.handlers[-1] and _can_drop(scene, handler, tried):
        found.drop_handler(handler)
    elif can_remove(scene, rollback, may_empty=True):
        found.remove(rollback)


def _only_raises(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return len(handler.body) == 2 and isinstance(last, ast.Raise) and last.exc is None


def _can_drop(scene: Scene, handler: ast.ExceptHandler, tried: ast.Try) -> bool:
    """Is there no comment in the handler, and something left to try for?"""
    lines = scene.tree.text.split("\n")[handler.lineno - 1 : handler.end_lineno]
    return not any("#" in line for line in lines) and not tried.orelse
