"""Proves that the rounds of a `for` statement are independent, and says how its body falls in two: what each round
works out by itself, beside the others, and what is then done with the results one after another."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from asyncify.plan.concurrency import known
from asyncify.plan.concurrency.containers import shared_container
from asyncify.plan.concurrency.iterables import lazy_iterable, used_up
from asyncify.plan.concurrency.names import declared_outside, flow, fresh_names, loaded, stored
from asyncify.plan.concurrency.proof import (
    Region,
    bound_names,
    captured,
    differs,
    first_blocker,
    pacing,
    unknown_wait,
)
from asyncify.plan.concurrency.reach import Blocker, Reach
from asyncify.plan.concurrency.walk import Walk

LEAVES = {ast.Break: "break", ast.Continue: "continue", ast.Return: "return"}
STRANGE = (ast.Yield, ast.YieldFrom, ast.Await, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Global,
           ast.Nonlocal, ast.Delete, ast.Match, ast.AsyncFor, ast.AsyncWith, ast.Import, ast.ImportFrom)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rounds:
    """Independent rounds. `body[:last + 1]` is worked out side by side; where `value` is given, the last of these
    statements only does something with that value, and this belongs to what follows in order."""

    loop: ast.For
    last: int
    value: ast.expr | None
    names: tuple[str, ...]  # what the rest needs of the first part, in the order of its binding
    resources: frozenset[str]
    writes: bool  # it makes calls that are no reads

    @property
    def first(self) -> list[ast.stmt]:
        """What is worked out side by side, less the value."""
        return self.loop.body[: self.last + (self.value is None)]

    @property
    def rest(self) -> list[ast.stmt]:
        """What follows in order, the statement that keeps the value included."""
        return self.loop.body[self.last + (self.value is None) :]

    def rest_loaded(self) -> frozenset[str]:
        """The names that the rest reads, less what only the value does."""
        apart = set(ast.walk(self.value)) if self.value is not None else set()
        nodes = (n for statement in self.rest for n in ast.walk(statement) if n not in apart)
        return frozenset(n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))


def prove_loop(region: Region, loop: ast.For, last: int, *, writes: bool) -> Rounds | Blocker:
    """`last` is the index of the last statement that waits. With `writes` calls need not be reads."""
    trouble = _form(region, loop)
    if trouble is not None:
        return trouble
    names = bound_names(loop.target)
    if names is None or names & declared_outside(region.function):
        return region.blocker(loop.target, "it writes its items elsewhere than to names of its own")
    value = _accumulated(region, loop.body[last])
    rounds = Rounds(loop, last, value, (), frozenset(), False)
    found = _split(region, rounds, names, writes)
    if isinstance(found, Blocker):
        return found
    trouble = lazy_iterable(region, loop.iter)
    return trouble if trouble is not None else found


def _form(region: Region, loop: ast.For) -> Blocker | None:
    if loop.orelse:
        return region.blocker(loop.orelse[0], "the loop has an `else`")
    inner: set[ast.AST] = set()
    for node in (n for statement in loop.body for n in ast.walk(statement)):
        if isinstance(node, ast.For | ast.While):
            inner |= {n for n in ast.walk(node) if isinstance(n, ast.Break | ast.Continue)}
    for node in (n for statement in loop.body for n in ast.walk(statement)):
        word = next((word for kind, word in LEAVES.items() if isinstance(node, kind)), None)
        if word is not None and node not in inner:
            return region.blocker(node, f"`{word}` decides in one round what the next ones do")
        if isinstance(node, STRANGE):
            return region.blocker(node, f"{type(node).__name__.lower()} in the loop")
    return None


def _accumulated(region: Region, statement: ast.stmt) -> ast.expr | None:
    """The value that a statement does nothing with but keep it, if that is what waits."""
    value: ast.expr | None = None
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        is_plain = len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred)
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and is_plain:
            value = call.args[0] if call.func.attr in known.ACCUMULATES else None
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        value = statement.value if isinstance(statement.targets[0], ast.Subscript) else None
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name | ast.Subscript):
        value = statement.value
    if value is None:
        return None
    outside = [wait for wait in region.waits if not _holds(region, value, wait) and _holds(region, statement, wait)]
    return None if outside else value


def _holds(region: Region, node: ast.AST, inner: ast.AST) -> bool:
    return region.tree.place(node).contains(region.tree.place(inner))


def _split(region: Region, rounds: Rounds, targets: frozenset[str], writes: bool) -> Rounds | Blocker:
    loop, value = rounds.loop, rounds.value
    first = rounds.first
    own = stored(first)
    after = flow(first, targets)
    early = [*after.early, *(flow([ast.Expr(value)], after.bound).early if value is not None else ())]
    written = stored(rounds.rest)
    for node in early:
        if node.id in own | written:
            return region.blocker(node, f"`{node.id}` is carried from one round to the next")
    changed = _changed(rounds.rest)
    read = loaded([*first, *([value] if value is not None else [])])
    for name in sorted(changed & read):
        return region.blocker(loop, f"`{name}` is read in one round and changed in another")
    trouble = _names_trouble(region, loop, targets | own | written | changed)
    if trouble is not None:
        return trouble
    fresh = fresh_names(region.function) & own
    walk = region.walk(fresh)
    reach = walk.over([*first, *([value] if value is not None else [])])
    return _judged(region, replace(rounds, resources=reach.resources), reach, after.bound, targets, writes)


def _names_trouble(region: Region, loop: ast.For, names: frozenset[str]) -> Blocker | None:
    seen = names & captured(region.function)
    if seen:
        return region.blocker(loop, f"a function inside sees `{min(seen)}` change")
    outside = names & declared_outside(region.function)
    if outside:
        return region.blocker(loop, f"`{min(outside)}` belongs to others as well")
    touched = names & loaded([loop.iter]) - (bound_names(loop.target) or frozenset())
    if touched:
        return region.blocker(loop.iter, f"`{min(touched)}` changes while the loop goes over it")
    return None


def _judged(
    region: Region, rounds: Rounds, reach: Reach, bound: frozenset[str], targets: frozenset[str], writes: bool
) -> Rounds | Blocker:
    loop = rounds.loop
    trouble = pacing(region, loop, reach) or first_blocker(reach, writes=writes) or unknown_wait(region, loop, reach)
    if trouble is not None:
        return trouble
    own = stored(rounds.first)
    if not differs(region.waits, targets | own) or not _depends(region, rounds, targets):
        return region.blocker(loop, "every round makes the same call: it may be asking again until something changes")
    parts = [*rounds.first, *([rounds.value] if rounds.value is not None else [])]
    trouble = used_up(region, parts, targets | own) or _rest_trouble(region, rounds)
    if trouble is not None:
        return trouble
    needed = (rounds.rest_loaded() | _read_outside(region, loop)) & (targets | own)
    loose = needed - bound - targets
    if loose:
        return region.blocker(loop, f"`{min(loose)}` may keep what an earlier round has given it")
    return replace(
        rounds,
        names=tuple(sorted(needed, key=lambda name: _first_store(loop, name))),
        writes=any(blocker.is_write for blocker in reach.blockers),
    )


def _depends(region: Region, rounds: Rounds, targets: frozenset[str]) -> bool:
    """Does something that is awaited depend, by way of names, on the item of the round?"""
    known_names = set(targets)
    statements = rounds.loop.body[: rounds.last + 1]
    for _ in range(len(statements) + 1):
        for statement in statements:
            if loaded([statement]) & known_names:
                known_names |= stored([statement]) | _changed([statement])
    return differs(region.waits, frozenset(known_names))


def _rest_trouble(region: Region, rounds: Rounds) -> Blocker | None:
    loop, rest = rounds.loop, rounds.rest
    accumulators = _changed(rest)
    for name in sorted(accumulators):
        own = name in fresh_names(region.function) and name in stored(rest)
        why = None if own else shared_container(region, loop, name)
        if why is not None:
            return region.blocker(_place_of(rest, name) or loop, why)
    skipped = rounds.value
    walk: Walk = region.walk(accumulators, prints=True)
    if skipped is None:
        return first_blocker(walk.over(rest), writes=False)
    keeping, *others = rest
    parts = [n for n in ast.iter_child_nodes(_keeper(keeping)) if n is not skipped]
    for part in parts:
        walk.visit(part)
    return first_blocker(walk.over(others), writes=False)


def _keeper(statement: ast.stmt) -> ast.AST:
    return statement.value if isinstance(statement, ast.Expr) else statement


def _changed(statements: list[ast.stmt]) -> frozenset[str]:
    """Names whose value these statements change in place, or count up."""
    found: set[str] = set()
    for node in (n for statement in statements for n in ast.walk(statement)):
        if isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            root: ast.expr = node
            while isinstance(root, ast.Subscript | ast.Attribute):
                root = root.value
            found |= {root.id} if isinstance(root, ast.Name) else set()
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = node.func.value
            if node.func.attr in known.MUTATING_METHODS and isinstance(receiver, ast.Name):
                found.add(receiver.id)
    return frozenset(found)


def _place_of(statements: list[ast.stmt], name: str) -> ast.AST | None:
    names = (n for s in statements for n in ast.walk(s) if isinstance(n, ast.Name) and n.id == name)
    return next(names, None)


def _first_store(loop: ast.For, name: str) -> tuple[int, int]:
    stores = [n for n in ast.walk(loop) if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)]
    return min((n.lineno, n.col_offset) for n in stores)


def _read_outside(region: Region, loop: ast.For) -> frozenset[str]:
    """Names that the function reads elsewhere, where another loop has not just bound them."""
    inside = set(ast.walk(loop))
    found = set()
    for node in ast.walk(region.function):
        if node in inside or not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
            continue
        if not _is_rebound(region, node):
            found.add(node.id)
    return frozenset(found)


def _is_rebound(region: Region, node: ast.Name) -> bool:
    for ancestor in region.tree.ancestors(node):
        if ancestor is region.function:
            return False
        if (
            isinstance(ancestor, ast.For)
            and node.id in stored([ancestor.target])
            and node not in ast.walk(ancestor.iter)
        ):
            return True
        generators = getattr(ancestor, "generators", ())
        if any(node.id in stored([generator.target]) for generator in generators):
            return True
    return False
