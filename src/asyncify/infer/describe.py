"""Turns what was solved into the facts of one file, on demand: planners look at few files of a large project."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from asyncify.index.summary import OCCURRENCE, POSITIONS, SITE, CallFact, Summary, numbers
from asyncify.infer.facts import Call, FileFacts, Implicit, Passed, Position, Run, Target, TargetKind, Use
from asyncify.infer.graph import CALL, Graph, functions_in
from asyncify.infer.link import Solver
from asyncify.infer.reads import Read
from asyncify.infer.solver import FOREIGN, Site
from asyncify.infer.values import Kind, made_by
from asyncify.place import Place

IMPLICIT = {
    "for": Implicit.FOR, "comprehension": Implicit.FOR, "yield-from": Implicit.YIELD_FROM, "with": Implicit.WITH,
}  # fmt: skip
LAMBDA_DEPTH = 4


class Files(Mapping[str, FileFacts]):
    """FileFacts by path, made when first asked for."""

    def __init__(self, solver: Solver, graph: Graph) -> None:
        self._solver = solver
        self._graph = graph
        self._numbers = {summary.path: number for number, summary in enumerate(solver.objects.summaries)}
        self._made: dict[str, FileFacts] = {}
        self._reads: dict[int, list[Read]] = {}
        for read in graph.property_reads:
            self._reads.setdefault(read.file, []).append(read)

    def __getitem__(self, path: str) -> FileFacts:
        facts = self._made.get(path)
        if facts is None:
            facts = self._made[path] = Describer(self._solver, self._graph, self._numbers[path], self._reads).facts()
        return facts

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class Describer:
    """One file's facts."""

    def __init__(self, solver: Solver, graph: Graph, file: int, reads: Mapping[int, Sequence[Read]]) -> None:
        self.solver = solver
        self.graph = graph
        self.file = file
        self.reads = reads
        self.summary: Summary = solver.objects.summaries[file]
        self.base = solver.objects.cell_base[file]
        self.functions = solver.objects.function_base[file]

    def facts(self) -> FileFacts:
        calls = sorted(self._calls(), key=lambda call: call.place)
        uses = sorted((*self._uses(), *self._exceptions_made()), key=lambda use: use.place)
        runs = sorted(self._runs(), key=lambda run: (run.place, run.kind))
        return FileFacts(self.summary.path, tuple(calls), tuple(uses), tuple(runs))

    # Calls

    def _calls(self) -> Iterator[Call]:
        first = self.solver.site_base[self.file]
        places = numbers(self.summary.sites)
        for number in range(self.summary.call_count):
            site = self.solver.sites[first + number]
            if not site.targets:
                continue
            fact = self.summary.call(number)
            passes = tuple(self._passes(site, fact))
            targets = tuple(sorted(self._without_counted(self._targets(site, 0))))
            is_mixed = any(target.kind is TargetKind.FUNCTION for target in targets)
            if not passes and not is_mixed and not self._consumes(number):
                targets = tuple(target for target in targets if target.kind is not TargetKind.OUTSIDE)
            if not targets:
                continue
            at = SITE * number
            yield Call(
                place=Place(self.summary.path, *places[at : at + 4]),
                callee=Place(self.summary.path, *places[at + 4 : at + 8]),
                scope=self.scope(fact.scope),
                position=Position(POSITIONS[fact.position]),
                targets=targets,
                certain=self._is_certain(site),
                perhaps=site.perhaps,
                passes=passes,
                consumer=self._consumer(fact.consumer),
                lambdas=tuple(sorted(self._lambdas(site))),
            )

    def _lambdas(self, site: Site) -> Iterator[Place]:
        for value in site.targets:
            kind, first, _ = self.solver.data[value]
            if kind == Kind.FUNC and self.solver.functions[int(first)].fact.is_lambda:
                yield self.graph.function_place(int(first))

    def _consumes(self, number: int) -> bool:
        return bool(self.solver.consumed.get((self.file, number)))

    def _targets(self, site: Site, depth: int) -> set[Target]:
        found: set[Target] = set()
        for value in self._apart_from_kept(site.targets):
            kind, first, _ = self.solver.data[value]
            if kind == Kind.FUNC:
                found |= self._function_targets(int(first), depth)
            elif kind == Kind.CLASS:
                found.add(Target(TargetKind.CLASS, self.solver.classes[int(first)].id))
            elif kind == Kind.OUT and first != FOREIGN:
                found.add(self._outside(str(first)))
        return found

    def _without_counted(self, targets: set[Target]) -> set[Target]:
        """A call that counts as one of another library is none of its own any more."""
        paths = {target.id for target in targets}
        for path in paths & self.solver.catalogue.handed.keys():
            if any(rule.calls[0].path in paths for rule in self.solver.catalogue.handed[path]):
                targets = {target for target in targets if target.id != path}
        return targets

    def _function_targets(self, number: int, depth: int) -> set[Target]:
        """A lambda stands for what it calls."""
        fn = self.solver.functions[number]
        if not fn.fact.is_lambda:
            return {Target(TargetKind.FUNCTION, fn.id)}
        if depth >= LAMBDA_DEPTH:
            return set()
        start = self.solver.site_base[fn.file]
        found: set[Target] = set()
        for site in self.solver.sites[start : start + self.solver.objects.summaries[fn.file].call_count]:
            if site.scope == number:
                found |= self._targets(site, depth + 1)
        return {target for target in found if target.kind is not TargetKind.OUTSIDE}

    def _outside(self, path: str) -> Target:
        catalogue = self.solver.catalogue
        if path in catalogue.types or catalogue.rule_for(path) is not None:
            return Target(TargetKind.PACK, path)
        return Target(TargetKind.OUTSIDE, plain_path(path))

    def _is_certain(self, site: Site) -> bool:
        if site.perhaps or site.callee in self.solver.cells.full:
            return False
        reached = {self._of_interest(value) for value in self._apart_from_kept(site.targets)}
        return len(reached) == 1

    def _apart_from_kept(self, values: Iterable[int]) -> Iterable[int]:
        """The values without those that only say from where something is read that the project itself put there."""
        kept = self.solver.kept_outside
        return (value for value in values if not self._is_below(value, kept)) if kept else values

    def _is_below(self, value: int, kept: set[str]) -> bool:
        kind, first, _ = self.solver.data[value]
        path = f"{first}." if kind == Kind.OUT else ""
        return any(path.startswith(f"{each}.") for each in kept)

    def _of_interest(self, value: int) -> bool:
        kind, first, _ = self.solver.data[value]
        return kind != Kind.OUT or self._outside(str(first)).kind is TargetKind.PACK

    def _passes(self, site: Site, fact: CallFact) -> Iterator[Passed]:
        places = numbers(self.summary.argument_places)
        place, position = fact.first, 0
        for key, cell in self.solver.arguments(site):
            slot = key if key not in {"", "*", "**"} else str(position)
            position += key == ""
            if not cell:
                continue
            names = self._names(functions_in(self.solver, cell))
            if names:
                span = places[4 * place : 4 * place + 4]
                yield Passed(slot, names, Place(self.summary.path, *span))
            place += 1

    def _names(self, functions: tuple[int, ...]) -> tuple[str, ...]:
        found: set[str] = set()
        for number in functions:
            found |= {target.id for target in self._function_targets(number, 0) if target.kind is TargetKind.FUNCTION}
        return tuple(sorted(found))

    def _consumer(self, text: str) -> str:
        if not text.startswith("argument:"):
            return text
        _, callee, slot = text.split(":", 2)
        head, _, tail = callee.partition(".")
        if not tail and head in self.summary.unbound:
            return f"builtin:{head}"
        for fact in self.summary.imports:
            if fact.bound == head and not fact.level:
                root = f"{fact.module}.{fact.name}" if fact.name else fact.module
                return f"argument:{root}{'.' if tail else ''}{tail}:{slot}"
        return text

    def scope(self, number: int) -> str | None:
        """The innermost `def` round a scope; a lambda's is the one that it stands in."""
        while number >= 0 and self.summary.functions[number].is_lambda:
            number = self.summary.functions[number].parent
        return self.graph.ids[self.functions + number] if number >= 0 else None

    # Uses

    def _uses(self) -> Iterator[Use]:
        marks = numbers(self.summary.occurrences)
        values = self.solver.cells
        for index in range(0, len(marks), OCCURRENCE):
            held = tuple(self._apart_from_kept(values.held(self.base + marks[index])))
            if not held:
                continue
            symbols: set[str] = set()
            types: set[str] = set()
            functions: set[str] = set()
            for value in held:
                self._classify(value, symbols, types, functions)
            if not (symbols or types or functions):
                continue
            yield Use(
                place=Place(self.summary.path, *marks[index + 2 : index + 6]),
                scope=self.scope(marks[index + 1] - 1),
                symbols=tuple(sorted(symbols)),
                types=tuple(sorted(types)),
                functions=tuple(sorted(functions)),
                certain=len({self.solver.data[value][0] for value in held}) == 1
                and self.base + marks[index] not in self.solver.cells.full,
                origins=self._origins(held),
                crowded=self.base + marks[index] in self.solver.cells.full,
            )

    def _origins(self, held: Collection[int]) -> tuple[Place, ...]:
        data = (self.solver.data[value] for value in held)
        made = [made_by(int(second)) for kind, _, second in data if kind == Kind.PACK and second]
        return tuple(sorted(self.graph.place((CALL, file, number)) for file, number in made))

    def _exceptions_made(self) -> Iterator[Use]:
        """The names of exception classes that are called; those of other callables come with the call."""
        first = self.solver.site_base[self.file]
        places = numbers(self.summary.sites)
        for number in range(self.summary.call_count):
            targets = self.solver.sites[first + number].targets
            if not targets:
                continue
            symbols = {str(name) for kind, name, _ in map(self.solver.data.__getitem__, targets) if kind == Kind.OUT}
            symbols = {path for path in symbols if self.solver.catalogue.exception_for(path) is not None}
            if symbols:
                at = SITE * number + 4
                place = Place(self.summary.path, *places[at : at + 4])
                yield Use(
                    place,
                    self.scope(self.summary.call(number).scope),
                    tuple(sorted(symbols)),
                    (),
                    (),
                    len(targets) == 1,
                )

    def _classify(
        self, value: int, symbols: set[str], types: set[str], functions: set[str]
    ) -> None:  # fmt: skip
        kind, first, _ = self.solver.data[value]
        if kind == Kind.PACK:
            types.add(str(first))
        elif kind == Kind.INST:
            types.update(path for path in self.solver.classes[int(first)].outside if self._is_pack_type(path))
        elif kind == Kind.OUT:
            if "()" not in str(first) and first != FOREIGN and self.solver.is_of_packs(str(first)):
                symbols.add(str(first))
        elif kind in {Kind.FUNC, Kind.BOUND, Kind.DECO, Kind.STATIC, Kind.CLSM, Kind.CTXF}:
            number, _ = self.solver.function_of(value)
            if number >= 0:
                functions.update(self._names((number,)))

    def _is_pack_type(self, path: str) -> bool:
        return self.solver.catalogue.canonical(path) in self.solver.catalogue.types

    # What Python runs by itself

    def _runs(self) -> Iterator[Run]:
        for number, flow in enumerate(self.summary.flows):
            reached = self.solver.flow_targets.get((self.file, number), ())
            ran = [function for function in reached if function >= 0]
            methods = [str(self.solver.data[-1 - function][1]) for function in reached if function < 0]
            if reached and flow.kind in IMPLICIT:
                yield Run(
                    Place(self.summary.path, *flow.span),
                    self.scope(flow.scope),
                    Position(POSITIONS[flow.position]),
                    IMPLICIT[flow.kind],
                    tuple(sorted(self.graph.ids[function] for function in ran)),
                    tuple(sorted(methods)),
                )
        yield from self._reads()

    def _reads(self) -> Iterator[Run]:
        """Reads of properties; where they stand is for the planner to see."""
        for read in self.reads.get(self.file, ()):
            yield Run(
                Place(self.summary.path, *read.span(self.summary)),
                self.scope(read.scope - self.functions if read.scope >= 0 else -1),
                Position.PLAIN,
                Implicit.READ,
                tuple(sorted(self.graph.ids[getter] for getter in read.getters)),
            )


def plain_path(path: str) -> str:
    """A path as it may be written in Python: the result of a call is named by what was called."""
    return "code outside the project" if path.partition(".")[0] == FOREIGN else path.replace("()", "")
