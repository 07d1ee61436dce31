"""Proves that neighbouring statements of the form `name = call` need not wait for each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asyncify.plan.concurrency.iterables import used_up
from asyncify.plan.concurrency.names import declared_outside, loaded
from asyncify.plan.concurrency.proof import Region, captured, first_blocker
from asyncify.plan.concurrency.reach import Blocker, Reach


@dataclass(frozen=True, slots=True)
class Row:
    """Statements one after another, each of which binds one name to what one call gives back."""

    statements: tuple[ast.Assign, ...]
    resources: frozenset[str]
    writes: bool


def find_rows(blocks: Iterator[list[ast.stmt]], waits: frozenset[ast.expr]) -> Iterator[list[ast.Assign]]:
    """Runs of at least two such statements whose calls will be awaited."""
    for block in blocks:
        run: list[ast.Assign] = []
        for statement in block:
            if _is_plain(statement, waits):
                assert isinstance(statement, ast.Assign)
                run.append(statement)
                continue
            if len(run) > 1:
                yield run
            run = []
        if len(run) > 1:
            yield run


def _is_plain(statement: ast.stmt, waits: frozenset[ast.expr]) -> bool:
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    return isinstance(statement.targets[0], ast.Name) and statement.value in waits


def split_row(run: Sequence[ast.Assign]) -> list[list[ast.Assign]]:
    """The longest pieces in which no statement reads or binds again what one before it binds."""
    pieces: list[list[ast.Assign]] = [[]]
    bound: set[str] = set()
    for statement in run:
        name = _name(statement)
        if name in bound or loaded([statement.value]) & bound:
            pieces.append([])
            bound = set()
        pieces[-1].append(statement)
        bound.add(name)
    return [piece for piece in pieces if len(piece) > 1]


def prove_row(region: Region, run: Sequence[ast.Assign], *, writes: bool) -> Row | Blocker:
    """Do these calls, none of which reads what another gives back, leave each other alone?"""
    names = frozenset(map(_name, run))
    shared = names & (captured(region.function) | declared_outside(region.function))
    if shared:
        return region.blocker(run[0], f"`{min(shared)}` belongs to others as well")
    reach = Reach()
    for statement in run:
        reach += region.walk(frozenset()).over([statement.value])
    trouble = first_blocker(reach, writes=writes) or _pauses(region, run, reach)
    trouble = trouble or _half_done(region, run, names) or used_up(region, [s.value for s in run], frozenset())
    if trouble is not None:
        return trouble
    return Row(tuple(run), reach.resources, any(blocker.is_write for blocker in reach.blockers))


def _pauses(region: Region, run: Sequence[ast.Assign], reach: Reach) -> Blocker | None:
    if reach.sleeps and reach.resources:
        return Blocker(reach.sleeps[0], "what it calls sleeps between the calls: somebody wants them apart")
    if not reach.sleeps and not reach.resources:
        return region.blocker(run[0], "it is not known what its calls wait for")
    return None


def _half_done(region: Region, run: Sequence[ast.Assign], names: frozenset[str]) -> Blocker | None:
    """Where a later call fails, the names of the earlier ones are not bound: does anybody look at them then?"""
    for ancestor in region.tree.ancestors(run[0]):
        if ancestor is region.function:
            return None
        if not isinstance(ancestor, ast.Try | ast.With) or run[0] not in [
            n for s in ancestor.body for n in ast.walk(s)
        ]:
            continue
        inside = {n for statement in ancestor.body for n in ast.walk(statement)}
        for node in ast.walk(region.function):
            if (
                isinstance(node, ast.Name)
                and node.id in names
                and node not in inside
                and isinstance(node.ctx, ast.Load)
            ):
                return region.blocker(node, f"`{node.id}` is looked at after a later call has failed")
    return None


def _name(statement: ast.Assign) -> str:
    target = statement.targets[0]
    assert isinstance(target, ast.Name)
    return target.id
