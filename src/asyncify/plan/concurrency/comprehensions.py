"""Proves that the elements of a comprehension are independent of each other."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from asyncify.plan.concurrency.iterables import lazy_iterable, used_up
from asyncify.plan.concurrency.names import declared_outside, loaded
from asyncify.plan.concurrency.proof import (
    Region,
    bound_names,
    captured,
    differs,
    first_blocker,
    pacing,
    unknown_wait,
)
from asyncify.plan.concurrency.reach import Blocker

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return)
OWN_ORDER = (ast.Lambda, ast.comprehension, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Elements:
    """A comprehension of one `for` whose elements are independent."""

    node: Comprehension
    statement: ast.stmt
    resources: frozenset[str]
    writes: bool  # it makes calls that are no reads

    @property
    def generator(self) -> ast.comprehension:
        return self.node.generators[0]

    @property
    def parts(self) -> list[ast.expr]:
        """What is worked out for each item, in the order of evaluation."""
        return [self.node.key, self.node.value] if isinstance(self.node, ast.DictComp) else [self.node.elt]


def prove_comprehension(region: Region, node: Comprehension, *, writes: bool) -> Elements | Blocker:
    """Are its elements independent? With `writes` calls need not be reads."""
    statement = region.tree.statement(node)
    trouble = _form(region, node, statement)
    if trouble is not None:
        return trouble
    found = Elements(node, statement, frozenset(), False)
    names = bound_names(found.generator.target)
    if names is None:
        return region.blocker(node, "it writes its items elsewhere than to names of its own")
    walk = region.walk(frozenset())
    reach = walk.over([*found.parts, *found.generator.ifs])
    trouble = pacing(region, node, reach) or first_blocker(reach, writes=writes) or unknown_wait(region, node, reach)
    if trouble is not None:
        return trouble
    if not differs(region.waits, names):
        return region.blocker(node, "every element makes the same call: it may be asking again until something changes")
    trouble = used_up(region, [*found.parts, *found.generator.ifs], names)
    if trouble is not None:
        return trouble
    is_write = any(blocker.is_write for blocker in reach.blockers)
    return lazy_iterable(region, found.generator.iter) or Elements(node, statement, reach.resources, is_write)


def _form(region: Region, node: Comprehension, statement: ast.stmt) -> Blocker | None:
    if region.effects.has_comment(region.tree.place(node)):
        return region.blocker(node, "a comment stands inside it")
    if len(node.generators) != 1 or node.generators[0].is_async:
        return region.blocker(node, "it has more than one `for`")
    waiting = [wait for wait in region.waits if any(_holds(region, test, wait) for test in node.generators[0].ifs)]
    if waiting:
        return region.blocker(waiting[0], "its condition waits")
    if any(isinstance(child, ast.NamedExpr | ast.Yield | ast.Await) for child in ast.walk(node)):
        return region.blocker(node, "`:=` carries a value from one element to the next")
    if not isinstance(statement, SIMPLE):
        return region.blocker(statement, "it stands in the head of a block")
    inner: ast.AST = node
    for ancestor in region.tree.ancestors(node):
        if ancestor is statement:
            break
        if isinstance(ancestor, OWN_ORDER):
            return region.blocker(node, "it stands inside another expression that repeats or delays it")
        if _is_conditional(ancestor, inner):
            return region.blocker(node, "it is not always evaluated where it stands")
        inner = ancestor
    shared = loaded([node]) & captured(region.function) & declared_outside(region.function)
    return region.blocker(node, f"`{min(shared)}` belongs to others as well") if shared else None


def _is_conditional(ancestor: ast.AST, inner: ast.AST) -> bool:
    """Only in a display of its own does the function before the statement see what the comprehension saw."""
    return isinstance(ancestor, ast.NamedExpr) and ancestor.target is inner


def _holds(region: Region, node: ast.AST, inner: ast.AST) -> bool:
    return region.tree.place(node).contains(region.tree.place(inner))
