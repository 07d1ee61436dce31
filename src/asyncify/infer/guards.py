"""Locks of threads that `with` holds: which places take the same lock, and how far they hold it."""

from __future__ import annotations

from dataclasses import dataclass

from asyncify.infer.link import Solver
from asyncify.infer.values import Kind

LOCKS = frozenset(
    f"threading.{name}" for name in ("Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition")
)  # fmt: skip

Name = tuple[int, str | int]  # attribute of a class, or (-1, cell): a variable


@dataclass(frozen=True, slots=True)
class Guard:
    """Function `scope` holds a lock from line `first` of its file to line `last`. The same name is the same lock."""

    scope: int
    path: str  # what entering the lock is called
    spot: tuple[int, int]  # file, number of the flow there
    first: int
    last: int
    names: frozenset[Name]


def find_guards(solver: Solver) -> tuple[Guard, ...]:
    """All `with lock:` in functions, in the order of the source."""
    found: list[Guard] = []
    for file, summary in enumerate(solver.objects.summaries):
        base = solver.objects.cell_base[file]
        for number, flow in enumerate(summary.flows):
            if flow.kind != "with" or flow.scope < 0:
                continue
            kinds = (solver.data[value] for value in solver.cells.held(base + flow.base))
            locks = sorted({str(first) for kind, first, _ in kinds if kind == Kind.PACK and first in LOCKS})
            if locks:
                scope = solver.objects.function_base[file] + flow.scope
                names = _names(solver, file, flow.base)
                first, last = flow.span[0], flow.until
                found.append(Guard(scope, f"{locks[0]}.__enter__", (file, number), first, last, names))
    return tuple(found)


def _names(solver: Solver, file: int, lock: int) -> frozenset[Name]:
    base = solver.objects.cell_base[file]
    found: set[Name] = set()
    for origin, name, target in solver.objects.summaries[file].each_load():
        if target == lock:
            for value in solver.cells.held(base + origin):
                kind, first, _ = solver.data[value]
                if kind in {Kind.INST, Kind.CLASS}:
                    found.update((holder, name) for holder in solver.holders(int(first), name))
    return frozenset(found or {(-1, base + lock)})
