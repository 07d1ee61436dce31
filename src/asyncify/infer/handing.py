"""Functions that others call with arguments which are given beside them: threads, pools, event loops."""

from __future__ import annotations

from dataclasses import dataclass

from asyncify.infer.cells import Reaction
from asyncify.infer.containers import ANY
from asyncify.infer.injected import Injected
from asyncify.infer.parameters import Arguments
from asyncify.infer.solver import Site
from asyncify.infer.values import Kind

EXECUTORS = ("ThreadPoolExecutor", "ProcessPoolExecutor", "Executor")


@dataclass(frozen=True, slots=True)
class Handed:
    """Where the function stands among the arguments and where what it is called with: what follows it, each item of
    what follows it (`each`), or what is packed in two of the arguments."""

    at: int
    name: str = ""  # its keyword
    each: bool = False
    packed: tuple[tuple[int, str], tuple[int, str]] | None = None  # of the tuple and of the dict


HANDED = {
    "threading.Thread": Handed(1, "target", packed=((3, "args"), (4, "kwargs"))),
    "multiprocessing.Process": Handed(1, "target", packed=((3, "args"), (4, "kwargs"))),
    "threading.Timer": Handed(1, "function", packed=((2, "args"), (3, "kwargs"))),
    "asyncio.to_thread": Handed(0),
    "asyncio.AbstractEventLoop.run_in_executor": Handed(1),
    **{f"concurrent.futures.{name}.submit": Handed(0) for name in EXECUTORS},
    **{f"concurrent.futures.{name}.map": Handed(0, each=True) for name in EXECUTORS},
}


class Handing(Injected):
    """Arguments that reach a function by way of code outside the project."""

    def hand_on(self, path: str, args: Arguments) -> None:
        """Move what the callable at `path` is given to the parameters of the function that it is given, too."""
        how = HANDED.get(path)
        function = _argument(args, how.at, how.name) if how is not None else 0
        if how is None or not function:
            return
        if how.packed is not None:
            (at, name), (other, keyword) = how.packed
            packed = ("*", _argument(args, at, name)), ("**", _argument(args, other, keyword))
            self.cells.react(function, self._on_handed, tuple((key, cell) for key, cell in packed if cell))
            return
        rest = args[how.at + 1 :]
        self.cells.react(function, self._on_handed, self._items(rest) if how.each else rest)

    def count_as(self, path: str, site: Site, args: Arguments, result: int) -> None:
        """A call of `path` that is given an object of a library may count as a call of that library."""
        for rule in self.catalogue.handed.get(path, ()):
            assert rule.handed is not None
            at = next(n for n, slot in enumerate(rule.calls[0].slots) if slot.name == rule.handed.slot)
            given = _argument(args, at, rule.handed.slot)
            if given:
                self.cells.react(given, self._on_object, rule.id, site, result)

    def _on_object(self, value: int, reaction: Reaction) -> None:
        _, id_, site, result = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            self.cells.react(self.slot(int(first), ANY), self._on_object, id_, site, result)
        elif kind == Kind.PACK:
            rule = self.catalogue.rules[id_]
            if rule.handed is not None and any(
                each.id == rule.handed.type for each in self.catalogue.lineage(str(first))
            ):
                self.reach(site, self.out(rule.calls[0].path), 1)

    def _items(self, args: Arguments) -> Arguments:
        found: list[tuple[str, int]] = []
        for key, cell in args:
            if key == "":
                item = self.cells.new()
                self.cells.react(cell, self.on_iterate, item, {})
                found.append(("", item))
        return tuple(found)

    def _on_handed(self, value: int, reaction: Reaction) -> None:
        number, receiver = self.function_of(value)
        if number >= 0:
            self.bind(number, reaction[1], 1 if receiver >= 0 else 0)
        elif self.data[value][0] == Kind.PARTIAL:
            first, given = self.partials[int(self.data[value][1])]
            self.cells.react(first, self._on_handed, (*given, *reaction[1])) if first else None


def _argument(args: Arguments, at: int, name: str) -> int:
    positional = [cell for key, cell in args if key == ""]
    if name and (found := next((cell for key, cell in args if key == name), 0)):
        return found
    return positional[at] if at < len(positional) and not any(key == "*" for key, _ in args) else 0
