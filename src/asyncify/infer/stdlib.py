"""Callables of the standard library (and of attrs) that keep values, and how they come out again."""

from __future__ import annotations

from collections.abc import Callable

from asyncify.infer.cells import Reaction
from asyncify.infer.containers import ANY, UNKNOWN
from asyncify.infer.makers import Makers
from asyncify.infer.parameters import Arguments, Parameters
from asyncify.infer.solver import Site
from asyncify.infer.values import Kind

Handler = Callable[[Site, Arguments, int], None]
FACTORIES = frozenset({"default_factory", "factory"})
EMPTY = frozenset({"builtins.list", "builtins.dict", "builtins.set", "collections.deque", "collections.OrderedDict"})
FIELDS = ("dataclasses.field", "attr.ib", "attr.attrib", "attr.field", "attrs.field", "pydantic.Field",
          "pydantic.PrivateAttr")  # fmt: skip


class Stdlib(Makers, Parameters):
    """Heaps, groups, chains, context variables, fields of data classes, namespaces."""

    def stdlib_handlers(self) -> dict[str, Handler]:
        """What moves the values, by path."""
        return {
            "heapq.heappush": self._pushed,
            "heapq.heappop": self._popped,
            "itertools.groupby": self._grouped,
            "itertools.chain": self._chained,
            "itertools.chain.from_iterable": self._flattened,
            "builtins.dict.fromkeys": self._from_keys,
            "builtins.filter": self._filtered,
            "functools.reduce": self._reduced,
            "contextvars.ContextVar": self._variable,
            "types.SimpleNamespace": self.make_record,
            "argparse.Namespace": self.make_record,
            "types.MethodType": self._first,
            "typing.NewType": self.make_type_variable,
            **dict.fromkeys(FIELDS, self._field),
        }

    def _result(self, site: Site, result: int) -> int:
        number = self.container_at(("result", site.file, site.number))
        self.cells.add(result, self.values.of(Kind.CONT, number))
        return number

    def _first(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.edge(cell, result)

    def _pushed(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.react(cell, self._on_push, args[1][1] if len(args) > 1 else 0)

    def _on_push(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            self.put_into(int(first), None, reaction[1])

    def _popped(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.react(cell, self.on_iterate, result, {})

    def _grouped(self, site: Site, args: Arguments, result: int) -> None:
        """Pairs of a key and a group."""
        group = self.container_at(("group", site.file, site.number))
        pair = self.container_at(("pair", site.file, site.number))
        for _, cell in args[:1]:
            self.cells.react(cell, self.on_iterate, self.slot(group, UNKNOWN), self.consume(site))
        self.cells.add(self.slot(pair, 1), self.values.of(Kind.CONT, group))
        self.cells.add(self.slot(self._result(site, result), ANY), self.values.of(Kind.CONT, pair))

    def _chained(self, site: Site, args: Arguments, result: int) -> None:
        number = self._result(site, result)
        for key, cell in args:
            if key == "*":
                self._flatten(site, cell, number)
            else:
                self.cells.react(cell, self.on_iterate, self.slot(number, UNKNOWN), self.consume(site))

    def _flattened(self, site: Site, args: Arguments, result: int) -> None:
        number = self._result(site, result)
        for _, cell in args[:1]:
            self._flatten(site, cell, number)

    def _flatten(self, site: Site, cell: int, number: int) -> None:
        inner = self.cells.new()
        self.cells.react(cell, self.on_iterate, inner, self.consume(site))
        self.cells.react(inner, self.on_iterate, self.slot(number, UNKNOWN), self.consume(site))

    def _from_keys(self, site: Site, args: Arguments, result: int) -> None:
        number = self._result(site, result)
        for _, cell in args[1:2]:
            self.put_into(number, None, cell)

    def _filtered(self, site: Site, args: Arguments, result: int) -> None:
        """The elements for which the function, which runs, says yes."""
        number = self._result(site, result)
        for _, cell in args[1:2]:
            self.cells.react(cell, self.on_iterate, self.slot(number, UNKNOWN), self.consume(site))
            given = (("", self.slot(number, UNKNOWN)),)
            self.cells.react(args[0][1], self.on_mapped_call, given, 0, self.consume(site))

    def _reduced(self, site: Site, args: Arguments, result: int) -> None:
        element = self.cells.new()
        for _, cell in args[1:2]:
            self.cells.react(cell, self.on_iterate, element, self.consume(site))
        for _, cell in args[2:3]:
            self.cells.edge(cell, element)
        self.cells.edge(element, result)
        given = (("", result), ("", element))
        for _, cell in args[:1]:
            self.cells.react(cell, self.on_mapped_call, given, result, self.consume(site))

    def _variable(self, site: Site, args: Arguments, result: int) -> None:
        """A context variable holds what is `set`, or its default."""
        number = self._result(site, result)
        for key, cell in args:
            if key == "default":
                self.put_into(number, None, cell)

    def _field(self, site: Site, args: Arguments, result: int) -> None:
        for key, cell in args:
            if key in FACTORIES:
                self.cells.react(cell, self.on_made, site, result)
            elif key in {"", "default"}:
                self.cells.edge(cell, result)

    def on_made(self, value: int, reaction: Reaction) -> None:
        """What a factory makes -> result: an object of a class, an empty container, what a function returns."""
        _, site, result = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.OUT and str(first) in EMPTY:
            number = self.container_at(("made", site.file, site.number))
            self.cells.add(result, self.values.of(Kind.CONT, number))
        elif kind == Kind.CLASS or (kind == Kind.OUT and first in self.catalogue.types):
            self.add_instance(value, result)
        elif kind != Kind.OUT:
            number, receiver = self.function_of(value)
            if number >= 0 and result:
                self.hand_back(number, receiver, result)

    def on_mapped_call(self, value: int, reaction: Reaction) -> None:
        """A function that is run with `args`: its result -> target; that it runs is noted in `ran`."""
        _, args, result, ran = reaction
        number, receiver = self.function_of(value)
        if number >= 0:
            self.bind(number, args, 1 if receiver >= 0 else 0)
            if result:
                self.hand_back(number, receiver, result)
            if not self.functions[number].fact.is_generator:
                ran[number] = None
        elif self.data[value][0] == Kind.CLASS and result:
            self.add_instance(value, result)
