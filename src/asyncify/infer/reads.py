"""Where properties are read, and which names of properties are read where nobody knows of what."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Set
from dataclasses import dataclass

from asyncify.index.summary import CALL, OCCURRENCE, SITE, Span, Summary, numbers
from asyncify.infer.link import Solver


@dataclass(frozen=True, slots=True)
class Read:
    """An expression of a file reads a property behind which one of `getters` runs; `scope`: function, -1: none.
    `number` is that of the occurrence, or of the call whose callee it is."""

    file: int
    number: int
    is_callee: bool
    scope: int
    getters: tuple[int, ...]

    def span(self, summary: Summary) -> Span:
        """Where it stands in the file with this summary."""
        marks, at = (
            (summary.sites, SITE * self.number + 4) if self.is_callee
            else (summary.occurrences, OCCURRENCE * self.number + 2)
        )  # fmt: skip
        line, column, end_line, end_column = numbers(marks)[at : at + 4]
        return line, column, end_line, end_column


def find_reads(solver: Solver) -> Iterator[Read]:
    """All places that may read a property, in the order of the source."""
    read: dict[int, set[int]] = {}
    for cell, getters in solver.properties.items():
        for target in solver.cells.targets(cell):
            read.setdefault(target, set()).update(getters)
    by_file: dict[int, dict[int, tuple[int, ...]]] = {}
    for cell in read:
        if cell < solver.objects.cells:
            file = bisect_right(solver.objects.cell_base, cell) - 1
            by_file.setdefault(file, {})[cell - solver.objects.cell_base[file]] = tuple(sorted(read[cell]))
    for file in sorted(by_file):
        yield from _in_file(solver, file, by_file[file])


def _in_file(solver: Solver, file: int, ran: dict[int, tuple[int, ...]]) -> Iterator[Read]:
    """The expressions of a file whose cells are among those that getters `ran` for."""
    summary = solver.objects.summaries[file]
    marks = numbers(summary.occurrences)
    for index, cell in enumerate(marks[::OCCURRENCE].tolist()):
        if cell in ran:
            scope = marks[OCCURRENCE * index + 1]
            yield Read(file, index, False, solver.objects.function_base[file] + scope - 1 if scope else -1, ran[cell])
    for index, cell in enumerate(numbers(summary.calls)[::CALL].tolist()):
        if cell in ran:
            yield Read(file, index, True, solver.sites[solver.site_base[file] + index].scope, ran[cell])


def find_blind_reads(solver: Solver, names: Set[str]) -> frozenset[str]:
    """Those of the names that some code reads from a receiver of which nothing is known."""
    found: set[str] = set()
    for file, summary in enumerate(solver.objects.summaries):
        if names.isdisjoint(summary.texts):
            continue
        base = solver.objects.cell_base[file]
        for origin, name, _ in summary.each_load():
            if name in names and name not in found and not solver.cells.held(base + origin):
                found.add(name)
    return frozenset(found)
