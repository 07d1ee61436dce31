"""What `for` and `with` run by themselves, and what comes out of it."""

from __future__ import annotations

from asyncify.infer.cells import Reaction
from asyncify.infer.containers import ANY, Containers
from asyncify.infer.solver import Site
from asyncify.infer.values import Kind


class Protocols(Containers):
    """Iteration and context managers."""

    consumed: dict[tuple[int, int], dict[int, None]]  # (file, call) -> generator functions that it runs to their end

    def consume(self, site: Site) -> dict[int, None]:
        return self.consumed.setdefault((site.file, site.number), {})

    def on_iterate(self, value: int, reaction: Reaction) -> None:
        """One element of what `value` iterates over -> target; functions that run are noted in `ran`."""
        _, target, ran = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            self.cells.edge(self.slot(int(first), ANY), target)
        elif kind == Kind.PAIRS:
            self.cells.add(target, self.values.of(Kind.PAIR, first)) if target else None
        elif kind == Kind.GEN:
            ran[int(first)] = None
            self.cells.edge(self.functions[int(first)].yields, target)
        elif kind == Kind.PACK:
            self._note_waits(str(first), ("__iter__", "__next__"), ran)
            yields = self.yields_of(str(first))
            if yields and target:
                self.cells.add(target, self.values.of(Kind.PACK, yields))
        elif kind == Kind.INST:
            self.cells.react(self.member(value, "__iter__"), self._on_iter, target, ran)
            self.read_fields(int(first), None, target)
            if target and self.is_container(int(first)):
                self.cells.edge(self.slot(self.own_container(int(first)), ANY), target)

    def on_taken(self, value: int, reaction: Reaction) -> None:
        """A generator that is run to its end; functions that run are noted in `ran`."""
        kind, first, _ = self.data[value]
        if kind == Kind.GEN:
            reaction[2][int(first)] = None

    def _on_iter(self, value: int, reaction: Reaction) -> None:
        _, target, ran = reaction
        number, receiver = self.function_of(value)
        if number < 0:
            return
        ran[number] = None
        fn = self.functions[number]
        if fn.fact.is_generator:
            self.cells.edge(fn.yields, target)
            return
        middle = self.cells.new()
        self.returned(number, receiver, middle)
        self.cells.react(middle, self._on_iterator, target, ran)

    def _on_iterator(self, value: int, reaction: Reaction) -> None:
        _, target, ran = reaction
        kind, _, _ = self.data[value]
        if kind == Kind.INST:
            self.cells.react(self.member(value, "__next__"), self._on_next, target, ran)
        else:
            self.on_iterate(value, reaction)

    def _on_next(self, value: int, reaction: Reaction) -> None:
        _, target, ran = reaction
        number, receiver = self.function_of(value)
        if number >= 0:
            ran[number] = None
            if target:
                self.returned(number, receiver, target)

    def on_enter(self, value: int, reaction: Reaction) -> None:
        """`with value as target`; functions that run are noted in `ran`."""
        _, target, ran = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.CTX:
            ran[int(first)] = None
            self.cells.edge(self.functions[int(first)].yields, target)
        elif kind == Kind.PACK:
            self._note_waits(str(first), ("__enter__", "__exit__"), ran)
            pack_type = self.catalogue.types[str(first)] if first in self.catalogue.types else None
            while pack_type is not None and pack_type.enters is None and pack_type.base:
                pack_type = self.catalogue.types.get(pack_type.base)
            entered = pack_type.enters if pack_type is not None and pack_type.enters else str(first)
            self.cells.add(target, self.values.of(Kind.PACK, str(first) if entered == "self" else entered))
        elif kind == Kind.INST:
            if self._has(int(first), "__enter__"):
                self.cells.react(self.member(value, "__enter__"), self._on_enter_method, target, ran)
                self.cells.react(self.member(value, "__exit__"), self._on_exit_method, ran)
            else:
                self.cells.add(target, value)  # contextlib.closing, or a base from outside
        elif kind == Kind.OUT:
            self.cells.add(target, value)

    def _note_waits(self, kind: str, names: tuple[str, ...], ran: dict[int, None]) -> None:
        """A special method of a pack type that waits is noted as -1 - value."""
        for name in names:
            path = f"{kind}.{name}"
            rule = self.catalogue.rule_for(path)
            if rule is not None and rule.waits is not None:
                ran[-1 - self.values.of(Kind.OUT, path)] = None

    def _has(self, number: int, name: str) -> bool:
        related = [number, *self.classes[number].subclasses]
        return any(self.objects.definer(other, name) is not None for other in related)

    def on_close(self, value: int, reaction: Reaction) -> None:
        """`closing(value)`; the function that closes it is noted."""
        if self.data[value][0] == Kind.INST:
            self.cells.react(self.member(value, "close"), self._on_exit_method, reaction[1])

    def _on_enter_method(self, value: int, reaction: Reaction) -> None:
        _, target, ran = reaction
        number, receiver = self.function_of(value)
        if number >= 0:
            ran[number] = None
            self.returned(number, receiver, target)

    def _on_exit_method(self, value: int, reaction: Reaction) -> None:
        number, _ = self.function_of(value)
        if number >= 0:
            reaction[1][number] = None
