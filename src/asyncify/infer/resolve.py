"""infer: Summaries + Catalogue -> Index."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from asyncify.catalogue import Catalogue
from asyncify.garbage import collector_paused
from asyncify.index.summary import Summaries, Summary
from asyncify.infer.describe import Files
from asyncify.infer.facts import Function, Index
from asyncify.infer.graph import Graph, build_graph
from asyncify.infer.kept import Kept
from asyncify.infer.link import Solver
from asyncify.infer.modules import Modules
from asyncify.infer.objects import Fn, Objects
from asyncify.infer.perhaps import Guess
from asyncify.place import Place


def infer(summaries: Summaries | Sequence[Summary], catalogue: Catalogue, root: Path | None = None) -> Index:
    """What each function, call and name of the project is.

    Values flow to a fixed point; `Index.capped` says that the cap came first, in which case facts may be missing.
    With the project's `root` the solution is kept between runs, and nothing is solved while all files mean the same.
    """
    known = summaries if isinstance(summaries, Summaries) else Summaries(tuple(summaries), ())
    with collector_paused():  # millions of small values, none of them garbage until the end
        return _infer(known, catalogue, Kept(root, known, catalogue) if root and known.meanings else None)


def _infer(summaries: Summaries, catalogue: Catalogue, kept: Kept | None) -> Index:
    files = summaries.summaries
    objects = Objects(files, Modules(files, summaries.package))
    solver, graph = (kept and kept.load(objects, catalogue)) or _solve(objects, catalogue, kept)
    ids = graph.ids
    families = (
        frozenset(ids[number] for number in group if not solver.functions[number].fact.is_lambda)
        for group in graph.families
    )
    return Index(
        functions=MappingProxyType({fn.id: _function(solver, fn) for fn in solver.functions if not fn.fact.is_lambda}),
        files=Files(solver, graph),
        families=tuple(group for group in families if len(group) > 1),
        imports=MappingProxyType({summary.path: _outside_imports(solver, n) for n, summary in enumerate(files)}),
        graph=graph,
        capped=solver.cells.capped,
    )


def _solve(objects: Objects, catalogue: Catalogue, kept: Kept | None) -> tuple[Solver, Graph]:
    solver = Solver(objects, catalogue)
    solver.solve(Guess())
    solver.cells.still()
    graph = build_graph(solver)
    if kept is not None:
        kept.save(solver, graph)
    solver.settle()
    return solver, graph


def _function(solver: Solver, fn: Fn) -> Function:
    summary = solver.objects.summaries[fn.file]
    return Function(
        id=fn.id,
        qualname=fn.fact.qualname,
        place=Place(summary.path, *fn.fact.span),
        is_async=fn.fact.is_async,
        is_generator=fn.fact.is_generator,
        owner=solver.classes[fn.owner].id if fn.owner >= 0 else None,
        decorators=tuple(_resolved(solver, fn.file, text) for text in fn.fact.decorators),
    )


def _resolved(solver: Solver, file: int, text: str) -> str:
    """A decorator's dotted path where its first name is imported or a builtin, else its source text."""
    head, dot, tail = text.partition(".")
    for fact in solver.objects.summaries[file].imports:
        if (
            fact.bound == head
            and fact.is_global
            and solver.objects.modules.resolve(fact.module, fact.level, file) is None
        ):
            root = f"{fact.module}.{fact.name}" if fact.name else fact.module
            return solver.catalogue.canonical(f"{root}{dot}{tail}")
    return text


def _outside_imports(solver: Solver, file: int) -> frozenset[str]:
    found: set[str] = set()
    for fact in solver.objects.summaries[file].imports:
        if not fact.level and solver.objects.modules.resolve(fact.module, 0, file) is None:
            found.add(f"{fact.module}.{fact.name}" if fact.name else fact.module)
    for module, level in solver.objects.summaries[file].stars:
        if not level and solver.objects.modules.resolve(module, 0, file) is None:
            found.add(module)
    return frozenset(found)
