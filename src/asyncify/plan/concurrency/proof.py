"""What a proof of independence hands on, and the parts that loops and comprehensions share."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from asyncify.plan.concurrency.effects import Effects
from asyncify.plan.concurrency.names import (
    OWN_SCOPE,
    declared_outside,
    loaded,
    parameters,
    stored,
    walk_own,
)
from asyncify.plan.concurrency.reach import Blocker, Reach, Text
from asyncify.plan.concurrency.walk import Walk
from asyncify.plan.tree import FunctionNode, Tree


@dataclass(frozen=True, slots=True)
class Region:
    """The function round a candidate, and what is known of its names."""

    effects: Effects
    text: Text
    function: FunctionNode
    waits: tuple[ast.expr, ...]  # the calls of the candidate that will be awaited

    @property
    def tree(self) -> Tree:
        return self.text.tree

    def walk(self, fresh: frozenset[str], *, prints: bool = False) -> Walk:
        kind = PrintingWalk if prints else Walk
        own = stored(self.function.body) | frozenset(parameters(self.function))
        return kind(self.effects, self.text, declared_outside(self.function), fresh, own)

    def blocker(self, node: ast.AST, text: str) -> Blocker:
        return Blocker(self.tree.place(node), text)


class PrintingWalk(Walk):
    """For what goes on one after another, in order: there it may print."""

    def _is_harmless_builtin(self, name: str) -> bool:
        return (name == "print" and name not in self.text.bound) or super()._is_harmless_builtin(name)


def first_blocker(reach: Reach, *, writes: bool) -> Blocker | None:
    """What stands against it; with `writes` calls that are no reads do not."""
    return next((blocker for blocker in reach.blockers if not (writes and blocker.is_write)), None)


def pacing(region: Region, node: ast.AST, reach: Reach) -> Blocker | None:
    """Does it sleep between its calls? Then somebody wants them apart."""
    whole = region.tree.place(node)
    for place in reach.sleeps:
        if whole.contains(place):
            return Blocker(place, "it sleeps between the calls: somebody wants them apart")
        if reach.resources:
            return Blocker(place, "what it calls sleeps between the calls: somebody wants them apart")
    return None


def unknown_wait(region: Region, node: ast.AST, reach: Reach) -> Blocker | None:
    """Waits that no rule pack knows are not gathered."""
    if reach.resources or reach.sleeps:
        return None
    return region.blocker(node, "it is not known what its calls wait for")


def bound_names(target: ast.expr) -> frozenset[str] | None:
    """The names of a loop's target; None if it is more than names."""
    if isinstance(target, ast.Name):
        return frozenset({target.id})
    if not isinstance(target, ast.Tuple | ast.List):
        return None
    parts = [bound_names(element) for element in target.elts]
    return None if any(part is None for part in parts) else frozenset(n for part in parts for n in part or ())


def differs(waits: Iterable[ast.expr], names: frozenset[str]) -> bool:
    """Does what is awaited depend on the round?"""
    return any(loaded([wait]) & names for wait in waits)


def captured(function: FunctionNode) -> frozenset[str]:
    """Names that functions and lambdas inside the function read or write: they see each change of them."""
    found: set[str] = set()
    for node in walk_own(function):
        if isinstance(node, OWN_SCOPE):
            own = parameters(node) if not isinstance(node, ast.ClassDef) else ()
            found |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - frozenset(own)
    return frozenset(found)
