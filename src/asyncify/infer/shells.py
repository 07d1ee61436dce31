"""Entry points below decorators of the project: what outside code gets hold of is a wrapper, not the function."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from asyncify.infer.link import Solver
from asyncify.infer.values import Kind
from asyncify.rule import Form


class Shell(msgspec.Struct, frozen=True, gc=False):
    """An entry point whose innermost decorators, `own` of them, are the project's: its `wrappers`. The shell that
    outside code gets can stand above these, round a function that they wrap."""

    own: int
    wrappers: frozenset[int]
    decoration: tuple[int, int]  # the file and the outermost of them


def find_shells(solver: Solver) -> dict[int, Shell]:
    """By function. There is none where a decorator from outside stands below one of the project, or where one of the
    project gives no wrapper (it may keep the function for later)."""
    found = {}
    for function, noted in sorted(solver.outer_decorators.items()):
        if not any(_takes_entry(solver, path) for path, _, _ in noted):
            continue
        shell = _shell(solver, function, {number for _, _, number in noted})
        if shell is not None:
            found[function] = shell
    return found


def wrappers_handed(solver: Solver, file: int, number: int) -> frozenset[int]:
    """The wrappers of the project that a decorator from outside gets."""
    base = solver.objects.cell_base[file]
    return _wrappers(solver, base + solver.objects.summaries[file].decorations[number][1])


def _takes_entry(solver: Solver, path: str) -> bool:
    catalogue = solver.catalogue
    return catalogue.takes(catalogue.canonical(path.replace("()", "")), None, Form.ENTRY_POINT)


def _shell(solver: Solver, function: int, outside: set[int]) -> Shell | None:
    file = solver.functions[function].file
    decorations = list(_decorations(solver, function, file))
    own = [number for number, _ in decorations if number not in outside]
    if not own or [number for number, _ in decorations[: len(own)]] != own:
        return None
    levels = [_wrappers(solver, target) for number, target in decorations if number in own]
    if not all(levels):
        return None
    return Shell(len(own), frozenset[int]().union(*levels), (file, own[-1]))


def _decorations(solver: Solver, function: int, file: int) -> Iterator[tuple[int, int]]:
    """The decorators of a function, innermost first: their numbers in the file, and the cells of what they give."""
    base = solver.objects.cell_base[file]
    local = function - solver.objects.function_base[file]
    for number, (_, _, target, index, _) in enumerate(solver.objects.summaries[file].decorations):
        if index == local:
            yield number, base + target


def _wrappers(solver: Solver, cell: int) -> frozenset[int]:
    held = solver.cells.held(cell) or ()
    return frozenset(int(solver.data[v][1]) for v in held if solver.data[v][0] == Kind.DECO)
