"""Calls that stand for what a function gives when a framework runs it later: `Depends(get_store)`."""

from __future__ import annotations

from asyncify.infer.cells import Reaction
from asyncify.infer.parameters import Arguments
from asyncify.infer.solver import Site
from asyncify.infer.special import Special
from asyncify.infer.values import Kind
from asyncify.rule import Accepts


class Injected(Special):
    """What is injected flows from the function to the call; the call itself does not run the function."""

    def injects(self, path: str) -> Accepts | None:
        """The slot of `path` whose function is injected."""
        return next((entry for entry in self.catalogue.accepts_of(path) if entry.injects), None)

    def call_injected(self, path: str, site: Site, args: Arguments, result: int) -> bool:
        """Hand on what the functions in the slot return or yield; False if nothing is injected by `path`."""
        entry = self.injects(path)
        if entry is None:
            return False
        self.reach(site, self.out(path), 1)
        position = 0
        for key, cell in args:
            if entry.is_filled_by(position if key == "" else key):
                self.cells.react(cell, self._on_injected, result)
            position += key == ""
        return True

    def _on_injected(self, value: int, reaction: Reaction) -> None:
        result = reaction[1]
        kind, first, second = self.data[value]
        if kind == Kind.CLASS:
            self.cells.add(result, self.values.of(Kind.INST, first))
        elif kind == Kind.INST:
            self.cells.react(self.member(value, "__call__"), self._on_injected, result)
        elif kind == Kind.FUNC:
            self._give(int(first), -1, result)
        elif kind == Kind.BOUND and self.data[int(first)][0] == Kind.FUNC:
            self._give(int(self.data[int(first)][1]), int(second), result)

    def _give(self, number: int, receiver: int, result: int) -> None:
        fn = self.functions[number]
        if fn.fact.is_generator:
            self.cells.edge(fn.yields, result)
        else:
            self.returned(number, receiver, result)
