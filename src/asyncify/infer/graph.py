"""Who may run whom: the edges that colouring follows, as numbers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from asyncify.index.summary import CALL as CALL_NUMBERS
from asyncify.index.summary import OCCURRENCE, POSITIONS, SITE, numbers
from asyncify.infer.calls import DIRECT, THROUGH, WRAPPER
from asyncify.infer.families import find_families
from asyncify.infer.guards import Guard, find_guards
from asyncify.infer.link import Solver
from asyncify.infer.objects import Objects
from asyncify.infer.reads import Read, find_blind_reads, find_reads
from asyncify.infer.shells import Shell, find_shells, wrappers_handed
from asyncify.infer.solver import FOREIGN, Site
from asyncify.infer.values import Kind
from asyncify.place import Place

RUNS = frozenset({POSITIONS.index(name) for name in ("plain", "awaited", "generator")})
CALL, FLOW, READ = range(3)
CALLABLE = frozenset(
    {Kind.FUNC, Kind.BOUND, Kind.DECO, Kind.STATIC, Kind.CLSM, Kind.CTXF, Kind.CURRY, Kind.GEN, Kind.PARTIAL, Kind.PROP}
)
SEQUENCE = ("__len__", "__getitem__")
CONTAINER_METHODS = frozenset(name for kind in (dict, list, set) for name in dir(kind))


class Edge(msgspec.Struct, frozen=True, gc=False):
    """Function `source` may run function `target`, or the pack callable `path` where target is -1."""

    source: int
    target: int
    path: str
    how: int  # of calls: DIRECT, WRAPPER, THROUGH
    spot: tuple[int, int, int]  # CALL, FLOW or READ; file; number of the call, flow or occurrence there
    perhaps: bool = False


class Escape(msgspec.Struct, frozen=True, gc=False):
    """Function `function` is handed to outside code at `path` (`slot`: position or keyword; None: as a decorator)."""

    function: int
    path: str
    slot: str | None
    spot: tuple[int, int, int]
    scope: int = -1  # the function that hands it over


@dataclass(frozen=True, slots=True)
class Graph:
    """Functions and lambdas by number, and what runs what. `ids` of lambdas name no Function of the Index."""

    objects: Objects
    ids: tuple[str, ...]
    edges: tuple[Edge, ...]
    escapes: tuple[Escape, ...]
    decorated: dict[int, frozenset[int]]  # wrapper -> what it wraps
    reads: tuple[Edge, ...]  # what no await can stand before: properties that are read, `generator.send(x)`
    getters: frozenset[int]  # functions behind properties
    families: tuple[frozenset[int], ...]
    property_reads: tuple[Read, ...]
    blind_reads: frozenset[str]  # names of properties that are read where nothing is known of the receiver
    number_of: dict[str, int]  # id -> number
    handed_classes: tuple[Escape, ...]  # constructors of classes that outside code gets hold of
    guards: tuple[Guard, ...] = ()  # where locks are held
    shells: dict[int, Shell] = field(default_factory=dict)  # entry points below decorators of the project
    made: tuple[tuple[Edge, Edge], ...] = ()  # where sequences of the project are made: their `__len__`, `__getitem__`

    def path_of(self, number: int) -> str:
        """The file of a function."""
        return self.objects.summaries[self.objects.functions[number].file].path

    def function_place(self, number: int) -> Place:
        return Place(self.path_of(number), *self.objects.functions[number].fact.span)

    def place(self, spot: tuple[int, int, int]) -> Place:
        kind, file, number = spot
        summary = self.objects.summaries[file]
        if kind == CALL:
            found = numbers(summary.sites)[SITE * number : SITE * number + 4]
            return Place(summary.path, found[0], found[1], found[2], found[3])
        if kind == FLOW:
            return Place(summary.path, *summary.flows[number].span)
        if number < 0:  # a decorator
            return Place(summary.path, *summary.decorations[-number - 1][4])
        return Place(summary.path, *numbers(summary.occurrences)[OCCURRENCE * number + 2 : OCCURRENCE * number + 6])


def build_graph(solver: Solver) -> Graph:
    """All edges, in the order of the source."""
    shells = find_shells(solver)
    edges = [*_call_edges(solver), *_flow_edges(solver), *_shell_edges(shells)]
    giving = tuple(_giving(solver))
    property_reads = tuple(find_reads(solver))
    return Graph(
        objects=solver.objects,
        ids=tuple(fn.id for fn in solver.functions),
        edges=tuple(edges),
        escapes=tuple(_escapes(solver, shells, giving)),
        shells=shells,
        decorated={wrapper: frozenset(inner) for wrapper, inner in solver.decorated_by.items()},
        reads=(*_reads(property_reads), *_steps(solver)),
        property_reads=property_reads,
        getters=_getters(solver),
        families=find_families(solver),
        blind_reads=find_blind_reads(solver, {solver.functions[number].fact.name for number in _getters(solver)}),
        number_of={fn.id: fn.number for fn in solver.functions},
        handed_classes=tuple(_handed_classes(solver, giving)),
        guards=find_guards(solver),
        made=tuple(_made(solver)),
    )


def _call_edges(solver: Solver) -> list[Edge]:
    edges: list[Edge] = []
    functions, data, consumed = solver.functions, solver.data, solver.consumed
    waits: dict[int, str] = {}  # value -> path of what waits, "" if it does not
    on_containers = _container_methods(solver)
    for site in solver.sites:
        targets = site.targets
        ran = consumed.get((site.file, site.number), ())
        if site.scope < 0 or not (targets or ran):
            continue
        if solver.position(site) not in RUNS and not functions[site.scope].fact.is_lambda:
            continue
        spot = (CALL, site.file, site.number)
        for value, how in targets.items() if len(targets) < 2 else sorted(targets.items()):
            kind, first, _ = data[value]
            if kind == Kind.FUNC:
                number = int(first)
                held = solver.cells.held(site.callee)
                if not functions[number].fact.is_generator and (len(held) < 2 or on_containers.isdisjoint(held)):
                    edges.append(Edge(site.scope, number, "", how, spot, site.perhaps))
            elif kind == Kind.OUT:
                path = waits.get(value)
                if path is None:
                    rule = solver.catalogue.rule_for(str(first))
                    path = waits[value] = str(first) if rule is not None and rule.waits else ""
                if path:
                    edges.append(Edge(site.scope, -1, path, DIRECT, spot, site.perhaps))
        for number in sorted(ran):
            edges.append(_run_edge(solver, site.scope, number, spot))
    return edges


def _container_methods(solver: Solver) -> frozenset[int]:
    """`data.update(...)` where data is a dict at times: that it is an object of the project is the less likely part."""
    return frozenset(
        value for value, (kind, _, name) in enumerate(solver.data) if kind == Kind.CMETH and name in CONTAINER_METHODS
    )


def _run_edge(solver: Solver, scope: int, ran: int, spot: tuple[int, int, int]) -> Edge:
    """Something that Python runs by itself: a function, or a special method of a pack type."""
    path = str(solver.data[-1 - ran][1]) if ran < 0 else ""
    return Edge(scope, max(ran, -1), path, DIRECT, spot)


def _flow_edges(solver: Solver) -> list[Edge]:
    edges: list[Edge] = []
    for (file, number), ran in solver.flow_targets.items():
        if not ran:
            continue
        flow = solver.objects.summaries[file].flows[number]
        if flow.scope < 0:
            continue
        scope = solver.objects.function_base[file] + flow.scope
        if flow.position in RUNS or solver.functions[scope].fact.is_lambda:
            edges += [_run_edge(solver, scope, target, (FLOW, file, number)) for target in sorted(ran)]
    return edges


def _reads(reads: Iterable[Read]) -> list[Edge]:
    return [
        Edge(read.scope, getter, "", DIRECT, (CALL if read.is_callee else READ, read.file, read.number))
        for read in reads
        if read.scope >= 0
        for getter in read.getters
    ]


def _steps(solver: Solver) -> list[Edge]:
    """Calls of a generator's own methods, which run its body."""
    sites = ((solver.site_base[file] + number, ran) for (file, number), ran in sorted(solver.stepped.items()))
    found = ((solver.sites[number], ran) for number, ran in sites)
    return [
        Edge(site.scope, function, "", DIRECT, (CALL, site.file, site.number))
        for site, ran in found
        for function in ran
        if site.scope >= 0
    ]


def _made(solver: Solver) -> list[tuple[Edge, Edge]]:
    """Places that make an object of a class with `__len__` and `__getitem__` of its own."""
    methods: dict[int, dict[str, int]] = {}
    for fn in solver.functions:
        if fn.owner >= 0 and fn.fact.name in SEQUENCE:
            methods.setdefault(fn.owner, {})[fn.fact.name] = fn.number
    whole = {number: own for number, own in methods.items() if len(own) == len(SEQUENCE)}
    making = {
        value: [whole[ancestor] for ancestor in solver.classes[int(first)].mro if ancestor in whole]
        for value, (kind, first, _) in enumerate(solver.data if whole else ())
        if kind == Kind.CLASS
    }
    making = {value: found for value, found in making.items() if found}
    found: list[tuple[Edge, Edge]] = []
    for site in solver.sites if making else ():
        if site.scope < 0 or making.keys().isdisjoint(site.targets):
            continue
        for value in site.targets:
            for own in making.get(value, ()):
                spot = (CALL, site.file, site.number)
                size, item = (Edge(site.scope, own[name], "", DIRECT, spot) for name in SEQUENCE)
                found.append((size, item))
    return found


def _getters(solver: Solver) -> frozenset[int]:
    found = (solver.function_of(value)[0] for value, data in enumerate(solver.data) if data[0] == Kind.PROP)
    return frozenset(number for number in found if number >= 0)


def _shell_edges(shells: dict[int, Shell]) -> Iterator[Edge]:
    """Who calls an entry point runs its wrappers."""
    for function, shell in shells.items():
        file, number = shell.decoration
        for wrapper in sorted(shell.wrappers):
            yield Edge(function, wrapper, "", DIRECT, (READ, file, -number - 1))


def _escapes(solver: Solver, shells: dict[int, Shell], giving: Iterable[Site]) -> list[Escape]:
    """Functions that outside callables and decorators get hold of."""
    found = _handed(solver, giving, lambda cell: functions_in(solver, cell, generators=True))
    for function, paths_of in sorted(solver.outer_decorators.items()):
        for path, file, number in sorted(paths_of):
            handed = frozenset[int]() if function in shells else wrappers_handed(solver, file, number)
            given = (function, *sorted(handed - {function}))
            found += [Escape(each, path, None, (READ, file, -number - 1)) for each in given]
    return found


def _handed_classes(solver: Solver, giving: Iterable[Site]) -> list[Escape]:
    return _handed(solver, giving, lambda cell: _constructors_in(solver, cell))


def _constructors_in(solver: Solver, cell: int) -> tuple[int, ...]:
    """The constructors of the classes among the values of a cell."""
    classes = [int(solver.data[v][1]) for v in solver.cells.held(cell) or () if solver.data[v][0] == Kind.CLASS]
    bodies = [body for number in classes if (body := solver.constructor(number))]
    return tuple(sorted({number for body in bodies for number in functions_in(solver, body)}))


def _handed(solver: Solver, giving: Iterable[Site], held_in: Callable[[int], tuple[int, ...]]) -> list[Escape]:
    """What of the arguments that calls are `giving` to outside code `held_in` finds in their cells."""
    found: list[Escape] = []
    methods: dict[int, dict[int, str]] = {}
    data = solver.data
    for site in giving:
        paths = [str(data[v][1]) for v in sorted(site.targets) if data[v][0] == Kind.OUT]
        if not solver.cells.held(site.callee):  # of what is called nothing is known but perhaps a name
            if site.file not in methods:
                methods[site.file] = _methods_called(solver, site.file)
            method = methods[site.file].get(site.callee)
            paths = [f"{FOREIGN}.{method}" if method else FOREIGN]
        index = 0
        for key, cell in solver.arguments(site) if paths else ():
            held = held_in(cell) if cell else ()
            slot = key if key not in {"", "*", "**"} else str(index)
            index += key == ""
            spot = (CALL, site.file, site.number)
            found += [Escape(number, path, slot, spot, site.scope) for path in paths for number in held]
    return found


def _methods_called(solver: Solver, file: int) -> dict[int, str]:
    """The names of methods that calls are of by their text, by the cell of what is called."""
    base = solver.objects.cell_base[file]
    return {base + target: name for _, name, target in solver.objects.summaries[file].each_load()}


def _giving(solver: Solver) -> Iterator[Site]:
    """Calls of which some argument holds a function or a class, in order."""
    kinds = CALLABLE | {Kind.CLASS}
    wanted = frozenset(value for value, (kind, _, _) in enumerate(solver.data) if kind in kinds)
    held = solver.cells.held
    for file, summary in enumerate(solver.objects.summaries):
        base = solver.objects.cell_base[file]
        cells = numbers(summary.arguments)[1::2].tolist()
        given = [index for index, cell in enumerate(cells) if cell and not wanted.isdisjoint(held(base + cell))]
        starts = numbers(summary.calls)[6::CALL_NUMBERS].tolist() if given else []
        for number in sorted({bisect_right(starts, index) - 1 for index in given}):
            yield solver.sites[solver.site_base[file] + number]


def functions_in(
    solver: Solver, cell: int, *, generators: bool = False, seen: frozenset[int] = frozenset()
) -> tuple[int, ...]:
    """Functions that the values of a cell come down to when they are called (or, if asked, iterated), in order. `seen`
    are the cells of partials round it."""
    values = solver.cells.held(cell)
    if not values:
        return ()
    found: set[int] = set()
    for value in values:
        kind, first, _ = solver.data[value]
        if kind == Kind.PARTIAL:
            inner = solver.partials[int(first)][0]
            known = seen | {cell}
            found.update(functions_in(solver, inner, seen=known) if inner and inner not in known else ())
            continue
        if kind == Kind.DECO or (generators and kind == Kind.GEN):
            found.add(int(first))
        number, _ = solver.function_of(value)
        if number >= 0 and kind != Kind.PROP:
            found.add(number)
    return tuple(sorted(found))


__all__ = [
    "CALL",
    "DIRECT",
    "FLOW",
    "READ",
    "THROUGH",
    "WRAPPER",
    "Edge",
    "Escape",
    "Graph",
    "build_graph",
    "functions_in",
]
