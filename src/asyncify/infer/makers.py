"""Calls that make classes: `namedtuple`, `type(name, bases, members)`, `TypeVar`."""

from __future__ import annotations

from asyncify.infer.cells import Reaction
from asyncify.infer.containers import ANY
from asyncify.infer.parameters import Arguments
from asyncify.infer.protocols import Protocols
from asyncify.infer.solver import Site
from asyncify.infer.values import Kind


class Makers(Protocols):
    """What stands for the classes that calls make."""

    def make_record_class(self, site: Site, args: Arguments, result: int) -> None:
        self.cells.add(result, self.out("collections.namedtuple()"))

    def make_record(self, site: Site, args: Arguments, result: int) -> None:
        """An object of a class that `namedtuple` made is a container of what it is given."""
        number = self.container_at(("result", site.file, site.number))
        self.records.add(number)
        self.cells.add(result, self.values.of(Kind.CONT, number))
        index = 0
        for key, cell in args:
            self.put_into(number, key or index, cell)
            index += key == ""

    def make_type(self, site: Site, args: Arguments, result: int) -> None:
        if len(args) == 1:
            self.cells.react(args[0][1], self._on_type, result)
        elif len(args) > 1:
            self._made_class(args, result)

    def _made_class(self, args: Arguments, result: int) -> None:
        """`type(name, bases, members)`: a class like its bases, with members whose names are not known."""
        base = self.cells.new()
        for _, cell in args[1:2]:
            self.cells.react(cell, self.on_iterate, base, {})
        self.cells.edge(base, result)
        for _, cell in args[2:3]:
            self.cells.react(base, self._on_made_class, cell)

    def _on_made_class(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.CLASS:
            self.cells.react(reaction[1], self._on_made_members, first)

    def _on_made_members(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            self.open_class(int(reaction[1]), self.slot(int(first), ANY), is_bound=True)

    def _on_type(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.INST:
            self.cells.add(reaction[1], self.values.of(Kind.CLASS, first))

    def make_type_variable(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args:
            self.cells.edge(cell, result)
