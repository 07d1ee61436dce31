"""Where properties are read, and which names of properties are read where nobody knows of what."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Set
from dataclasses import dataclass

from asyncify.index.summary import OCCURRENCE, SITE, Span, Summary, numbers
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
    cell_base = solver.objects.cell_base
    for file in sorted({bisect_right(cell_base, cell) - 1 for cell in read if cell < solver.objects.cells}):
        base = cell_base[file]
        marks = numbers(solver.objects.summaries[file].occurrences)
        for index, cell in enumerate(marks[::OCCURRENCE].tolist()):
            ran = read.get(base + cell)
            if ran:
                scope = marks[OCCURRENCE * index + 1]
                number = solver.objects.function_base[file] + scope - 1 if scope else -1
                yield Read(file, index, False, number, tuple(sorted(ran)))
        first = solver.site_base[file]
        for index in range(solver.objects.summaries[file].call_count):
            site = solver.sites[first + index]
            if ran := read.get(site.callee):
                yield Read(file, index, True, site.scope, tuple(sorted(ran)))


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
