"""Keeps what was solved between runs, for as long as no file says anything new."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import overload

import msgspec

from asyncify.catalogue import Catalogue
from asyncify.index.cache import cache_file, made_by, write_whole
from asyncify.index.summary import CALL, Summaries, numbers
from asyncify.infer.graph import Edge, Escape, Graph
from asyncify.infer.guards import Guard
from asyncify.infer.link import Solver
from asyncify.infer.objects import Objects
from asyncify.infer.reads import Read
from asyncify.infer.shells import Shell
from asyncify.infer.solver import Site
from asyncify.infer.values import Data

SOURCE = Path(__file__).parent.parent
MAKERS = ("index", "infer")  # the folders of asyncify's own code on which the outcome depends

Ran = tuple[tuple[int, int], tuple[int, ...]]  # file and number of a call or flow, what it runs


class _Solved(msgspec.Struct, array_like=True, gc=False):
    data: list[Data]
    held: list[int | tuple[int, ...] | None]  # of each cell
    full: list[int]
    targets: list[dict[int, int]]  # all that differ
    reached: bytes  # which of them each call has
    perhaps: list[int]
    flows: list[Ran]
    consumed: list[Ran]
    partials: dict[int, tuple[int, tuple[tuple[str, int], ...]]]
    capped: bool
    edges: tuple[Edge, ...]
    escapes: tuple[Escape, ...]
    decorated: dict[int, tuple[int, ...]]
    reads: tuple[Edge, ...]
    getters: tuple[int, ...]
    families: tuple[tuple[int, ...], ...]
    property_reads: tuple[Read, ...]
    blind_reads: tuple[str, ...]
    handed_classes: tuple[Escape, ...]
    guards: tuple[Guard, ...]
    made: tuple[tuple[Edge, Edge], ...]
    shells: dict[int, Shell]
    kept_outside: tuple[str, ...]


class Kept:
    """The solution of one project as it was after the last run, next to the summaries of its files.

    It counts only if all files mean what they meant (`meaning`), the rules are the same and so is asyncify.
    """

    def __init__(self, root: Path, summaries: Summaries, catalogue: Catalogue) -> None:
        self._file = cache_file(root, "solved")
        self._key = _key(summaries, catalogue)

    def load(self, objects: Objects, catalogue: Catalogue) -> tuple[Solver, Graph] | None:
        """A solver that is done, and its graph; None if nothing is kept that counts."""
        try:
            blob = self._file.read_bytes()
            if not blob.startswith(self._key):
                return None
            solved = msgspec.msgpack.decode(memoryview(blob)[len(self._key) :], type=_Solved)
        except (OSError, msgspec.MsgspecError):
            return None
        return _solver(solved, objects, catalogue), _graph(solved, objects)

    def save(self, solver: Solver, graph: Graph) -> None:
        """Keep a solver that is done; where it cannot be written it is done without."""
        write_whole(self._file, self._key + msgspec.msgpack.encode(_solved(solver, graph)))


def _key(summaries: Summaries, catalogue: Catalogue) -> bytes:
    digest = hashlib.blake2b(made_by().encode(), digest_size=32)
    digest.update(_code())
    digest.update(msgspec.msgpack.encode(catalogue.packs, enc_hook=_plain, order="deterministic"))
    digest.update(msgspec.msgpack.encode([summaries.package, [summary.path for summary in summaries.summaries]]))
    for meaning in summaries.meanings:
        digest.update(meaning)
    return digest.digest()


@cache
def _code() -> bytes:
    files = sorted(file for folder in MAKERS for file in (SOURCE / folder).glob("*.py"))
    return hashlib.blake2b(b"\0".join(file.read_bytes() for file in (*files, SOURCE / "catalogue.py"))).digest()


def _plain(thing: object) -> object:
    if isinstance(thing, Mapping):
        return dict(thing)
    raise TypeError(type(thing))


def _solved(solver: Solver, graph: Graph) -> _Solved:
    numbered: dict[int, int] = {}
    targets: list[dict[int, int]] = []
    reached = array("I")
    for site in solver.sites:
        number = numbered.get(id(site.targets))  # calls that reach the same share the mapping
        if number is None:
            number = numbered[id(site.targets)] = len(targets)
            targets.append(site.targets)
        reached.append(number)
    return _Solved(
        data=solver.data,
        held=solver.cells.packed(),
        full=sorted(solver.cells.full),
        targets=targets,
        reached=reached.tobytes(),
        perhaps=[number for number, site in enumerate(solver.sites) if site.perhaps],
        flows=[(spot, tuple(ran)) for spot, ran in solver.flow_targets.items() if ran],
        consumed=[(spot, tuple(ran)) for spot, ran in solver.consumed.items() if ran],
        partials=solver.partials,
        capped=solver.cells.capped,
        edges=graph.edges,
        escapes=graph.escapes,
        decorated={wrapper: tuple(sorted(inner)) for wrapper, inner in graph.decorated.items()},
        reads=graph.reads,
        getters=tuple(sorted(graph.getters)),
        families=tuple(tuple(sorted(group)) for group in graph.families),
        property_reads=graph.property_reads,
        blind_reads=tuple(sorted(graph.blind_reads)),
        handed_classes=graph.handed_classes,
        guards=graph.guards,
        made=graph.made,
        shells=graph.shells,
        kept_outside=tuple(sorted(solver.kept_outside)),
    )


def _solver(solved: _Solved, objects: Objects, catalogue: Catalogue) -> Solver:
    solver = Solver(objects, catalogue)
    solver.data[:] = solved.data
    solver.cells.unpack(solved.held, solved.full, capped=solved.capped)
    solver.site_base = _bases(objects)
    solver.sites = _Sites(objects, solver.site_base, solved)
    solver.flow_targets = {spot: dict.fromkeys(ran) for spot, ran in solved.flows}
    solver.consumed = {spot: dict.fromkeys(ran) for spot, ran in solved.consumed}
    solver.partials = solved.partials
    solver.kept_outside = set(solved.kept_outside)
    return solver


def _bases(objects: Objects) -> list[int]:
    """The number of each file's first call."""
    bases, count = [], 0
    for summary in objects.summaries:
        bases.append(count)
        count += summary.call_count
    return bases


class _Sites(Sequence[Site]):
    """The calls of a project, each made when it is asked for."""

    def __init__(self, objects: Objects, bases: list[int], solved: _Solved) -> None:
        self._objects = objects
        self._bases = bases
        self._targets = solved.targets
        self._reached = numbers(solved.reached)
        self._perhaps = frozenset(solved.perhaps)

    def __len__(self) -> int:
        return len(self._reached)

    @overload
    def __getitem__(self, at: int) -> Site: ...

    @overload
    def __getitem__(self, at: slice) -> list[Site]: ...

    def __getitem__(self, at: int | slice) -> Site | list[Site]:
        if isinstance(at, slice):
            return [self._site(number) for number in range(*at.indices(len(self)))]
        return self._site(at if at >= 0 else at + len(self))

    def _site(self, number: int) -> Site:
        file = bisect_right(self._bases, number) - 1
        local = number - self._bases[file]
        callee, result, scope = numbers(self._objects.summaries[file].calls)[CALL * local : CALL * local + 3]
        base, function = self._objects.cell_base[file], self._objects.function_base[file]
        return Site(
            file,
            local,
            base + callee,
            base + result,
            function + scope - 1 if scope else -1,
            self._targets[self._reached[number]],
            number in self._perhaps,
        )


def _graph(solved: _Solved, objects: Objects) -> Graph:
    return Graph(
        objects=objects,
        ids=tuple(fn.id for fn in objects.functions),
        edges=solved.edges,
        escapes=solved.escapes,
        decorated={wrapper: frozenset(inner) for wrapper, inner in solved.decorated.items()},
        reads=solved.reads,
        getters=frozenset(solved.getters),
        families=tuple(map(frozenset, solved.families)),
        property_reads=solved.property_reads,
        blind_reads=frozenset(solved.blind_reads),
        number_of={fn.id: fn.number for fn in objects.functions},
        handed_classes=solved.handed_classes,
        guards=tuple(_placed(guard, objects) for guard in solved.guards),
        made=solved.made,
        shells=solved.shells,
    )


def _placed(guard: Guard, objects: Objects) -> Guard:
    """The lines of a lock are the one thing that may have moved."""
    file, number = guard.spot
    flow = objects.summaries[file].flows[number]
    return replace(guard, first=flow.span[0], last=flow.until)
