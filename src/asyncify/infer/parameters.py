"""Arguments flow into parameters, results flow out."""

from __future__ import annotations

from asyncify.infer.cells import Reaction
from asyncify.infer.containers import UNKNOWN, Containers
from asyncify.infer.values import Kind

Arguments = tuple[tuple[str, int], ...]  # "", "*", "**" or the keyword, and the cell

MOST_POSITIONS = 20  # a function that calls itself with one argument more each time would have no end


class Parameters(Containers):
    """What a function of the project is given, by place, by name, and out of `*args` and `**kwargs`."""

    def bind(self, number: int, args: Arguments, shift: int) -> None:
        """Arguments -> parameters. The instance parameter of a method takes none: it is known from the class."""
        fn = self.functions[number]
        index = shift
        for key, cell in args:
            if key == "":
                if cell:
                    self._bind_position(number, index, cell)
                index += 1
            elif key == "*":
                self.cells.react(cell, self._on_star, number, index)
            elif key == "**":
                self.cells.react(cell, self._on_double_star, number)
            elif cell:
                target = fn.named.get(key, 0)
                if target:
                    if not (fn.is_method and target == fn.positional[0]):
                        self.cells.edge(cell, target)
                elif fn.kwarg:
                    self._collect(fn.kwarg, key, cell)

    def _bind_position(self, number: int, index: int, cell: int) -> None:
        fn = self.functions[number]
        if index == 0 and fn.is_method:
            return
        if index < len(fn.positional):
            self.cells.edge(cell, fn.positional[index])
        elif fn.vararg:
            self._collect(fn.vararg, index - len(fn.positional), cell)

    def seed_collected(self, *variables: int) -> None:
        """`*args` and `**kwargs` are containers, also where no call is known that fills them."""
        for variable in variables:
            if variable:
                self.cells.add(variable, self.values.of(Kind.CONT, self.container_at(("arguments", variable))))

    def _collect(self, variable: int, key: str | int, cell: int) -> None:
        """Into `*args` or `**kwargs`, which is a container of its own."""
        container = self.container_at(("arguments", variable))
        self.put_into(container, None if isinstance(key, int) and key > MOST_POSITIONS else key, cell)
        self.cells.add(variable, self.values.of(Kind.CONT, container))

    def _on_star(self, value: int, reaction: Reaction) -> None:
        _, number, index = reaction
        kind, first, _ = self.data[value]
        if kind != Kind.CONT:
            return

        def bind(key: str | int | None, cell: int) -> None:
            if isinstance(key, int):
                self._bind_position(number, index + key, cell)

        self.each_key(int(first), bind)
        unknown = self.slot(int(first), UNKNOWN)
        fn = self.functions[number]
        for position in range(index, len(fn.positional)):
            self._bind_position(number, position, unknown)

    def _on_double_star(self, value: int, reaction: Reaction) -> None:
        number = reaction[1]
        kind, first, _ = self.data[value]
        if kind != Kind.CONT:
            return
        fn = self.functions[number]

        def bind(key: str | int | None, cell: int) -> None:
            target = fn.named.get(str(key), 0)
            if target and not (fn.is_method and target == fn.positional[0]):
                self.cells.edge(cell, target)
            elif fn.kwarg:
                self._collect(fn.kwarg, str(key), cell)

        self.each_key(int(first), bind)

    def hand_back(self, number: int, receiver: int, result: int) -> None:
        fn = self.functions[number]
        if fn.fact.is_generator:
            self.cells.add(result, self.values.of(Kind.GEN, number))
        else:
            self.returned(number, receiver, result)
