"""What a value of a class body gives when it is read through an instance: methods are bound, properties run."""

from __future__ import annotations

from asyncify.infer.cells import Reaction
from asyncify.infer.solver import Base
from asyncify.infer.values import Kind

CALLABLE = frozenset({Kind.FUNC, Kind.DECO, Kind.CTXF, Kind.CURRY})


class Reading(Base):
    """Methods, properties, class methods and descriptors."""

    properties: dict[int, dict[int, None]]  # member cell -> getters that run when it is read

    def member(self, value: int, name: str) -> int:
        raise NotImplementedError

    def function_of(self, value: int) -> tuple[int, int]:
        """The function that a callable value comes down to and its receiver, -1 for none."""
        kind, first, second = self.data[value]
        receiver = -1
        if kind == Kind.BOUND:
            receiver = int(second)
            kind, first, second = self.data[int(first)]
        if kind in {Kind.CTXF, Kind.STATIC, Kind.CLSM, Kind.PROP, Kind.CURRY}:
            kind, first, second = self.data[int(first)]
        while kind == Kind.DECO:
            kind, first, second = self.data[int(second)]
        return (int(first), receiver) if kind == Kind.FUNC else (-1, -1)

    def on_bind(self, value: int, reaction: Reaction) -> None:
        """A value of a class body, read through the instance (or class) `receiver`."""
        _, receiver, cell = reaction
        kind, first, _ = self.data[value]
        if kind in CALLABLE:
            self.cells.add(cell, self.bind_value(value, receiver))
        elif kind == Kind.PROP:
            self._read_property(int(first), receiver, cell)
        elif kind == Kind.STATIC:
            self.cells.add(cell, int(first))
        elif kind == Kind.CLSM:
            owner = self.data[receiver][1]
            self.cells.add(cell, self.bind_value(int(first), self.values.of(Kind.CLASS, owner)))
        elif kind == Kind.INST and self.objects.definer(int(first), "__get__") is not None:
            self.cells.react(self.member(value, "__get__"), self._on_descriptor, receiver, cell)
        else:
            self.cells.add(cell, value)

    def _on_descriptor(self, value: int, reaction: Reaction) -> None:
        """`__get__` of an object in a class body runs when the attribute is read, and gives what is read."""
        _, receiver, cell = reaction
        number, descriptor = self.function_of(value)
        if number < 0:
            return
        given = self.functions[number].positional
        if len(given) > 1 and self.data[receiver][0] == Kind.INST:
            self.cells.add(given[1], receiver)
        if len(given) > 2:
            self.cells.add(given[2], self.values.of(Kind.CLASS, self.data[receiver][1]))
        self.properties.setdefault(cell, {})[number] = None
        self.returned(number, descriptor, cell)

    def _read_property(self, getter: int, receiver: int, cell: int) -> None:
        kind, first, second = self.data[getter]
        if kind == Kind.DECO:
            kind, first, _ = self.data[int(second)]
        if kind != Kind.FUNC:
            return
        fn = self.functions[int(first)]
        self.properties.setdefault(cell, {})[fn.number] = None
        self.returned(fn.number, receiver, cell)

    def returned(self, number: int, receiver: int, target: int) -> None:
        """What a function returns -> target; a method that returns itself returns its receiver."""
        fn = self.functions[number]
        if fn.owner >= 0 and receiver >= 0 and self.data[receiver][1] != fn.owner:
            self.cells.react(fn.returns, self._on_returned, fn.owner, receiver, target)
        else:
            self.cells.edge(fn.returns, target)

    def _on_returned(self, value: int, reaction: Reaction) -> None:
        _, owner, receiver, target = reaction
        kind, first, _ = self.data[value]
        receiver_kind, receiver_class, _ = self.data[receiver]
        if kind == Kind.INST and first == owner and receiver_kind in {Kind.INST, Kind.CLASS}:
            value = self.values.of(Kind.INST, receiver_class)
        self.cells.add(target, value)
