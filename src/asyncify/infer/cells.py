"""Cells and what flows between them: values move along edges until nothing moves any more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from asyncify.infer.values import Data, Kind

WIDTH = 8  # a cell that holds more objects than this is as good as unknown; it takes no more
MANY = 256  # but a table may hold this many functions
MAX_STEPS = 40_000_000

FUNCTIONS = frozenset({Kind.FUNC, Kind.BOUND, Kind.DECO, Kind.STATIC, Kind.CLSM, Kind.CLASS})
Reaction = tuple[Any, ...]  # (handler, its arguments...): called as handler(value, reaction)


class Cells:
    """Sets of values, copied along edges; a reaction is run once for each value that its cell gets.

    Most cells hold one value, have one edge and one reaction: there it stands alone, which saves the memory of a
    list. `owner` is whose methods the handlers are; a reaction holds the plain function, for the same reason.
    """

    def __init__(self, count: int, data: list[Data], owner: object) -> None:
        self._data = data
        self._owner = owner
        self._values: list[int | tuple[int, ...] | set[int] | None] = [None] * count
        self._edges: list[int | list[int]] = [0] * count  # 0: none
        self._reactions: list[Reaction | list[Reaction] | None] = [None] * count
        self.full: set[int] = set()
        self.wide: set[int] = set()  # cells of tables: elements of containers, what decorators are given
        self.steps = 0
        self.capped = False
        self._news: dict[int, int | Sequence[int]] = {}  # what cells got and did not pass on yet
        self._passing: dict[int, int | Sequence[int]] = {}  # the same, of the round that is under way
        self._late: deque[tuple[int, Reaction]] = deque()  # values that were there before the reaction

    def new(self) -> int:
        self._values.append(None)
        self._edges.append(0)
        self._reactions.append(None)
        return len(self._values) - 1

    def held(self, cell: int) -> Collection[int]:
        """The values of a cell."""
        known = self._values[cell]
        if known is None:
            return ()
        return (known,) if type(known) is int else known  # type: ignore[return-value]

    def add(self, cell: int, value: int) -> None:
        known = self._values[cell]
        if known is None:
            self._values[cell] = value
        elif type(known) is int:
            if known == value:
                return
            self._values[cell] = (known, value)
        elif value in known:  # type: ignore[operator]
            return
        elif len(known) < WIDTH:  # type: ignore[arg-type]
            self._values[cell] = (*known, value)  # type: ignore[misc]
        elif not self._takes_more(cell, value, len(known)):  # type: ignore[arg-type]
            self.full.add(cell)
            return
        elif type(known) is tuple:
            self._values[cell] = {*known, value}
        else:
            known.add(value)  # type: ignore[union-attr]
        if not self._edges[cell] and self._reactions[cell] is None:
            return  # nobody to tell: who comes later is told of all that is held
        news = self._news.get(cell)
        if news is None:
            self._news[cell] = value
        elif type(news) is int:
            self._news[cell] = [news, value]
        else:
            news.append(value)  # type: ignore[union-attr]

    def _takes_more(self, cell: int, value: int, count: int) -> bool:
        return cell in self.wide and count < MANY and self._data[value][0] in FUNCTIONS

    def edge(self, source: int, target: int) -> None:
        """From now on `target` holds all that `source` holds."""
        if source == target or not source or not target:
            return
        targets = self._edges[source]
        if not targets:
            self._edges[source] = target
        elif type(targets) is int:
            if targets == target:
                return
            self._edges[source] = [targets, target]
        elif target in targets:  # type: ignore[operator]
            return
        else:
            targets.append(target)  # type: ignore[union-attr]
        held = self._values[source]
        if held is None:
            return
        if type(held) is int:
            if self._values[target] != held:
                self.add(target, held)
            return
        for value in tuple(held):  # type: ignore[arg-type]
            self.add(target, value)

    def targets(self, source: int) -> Sequence[int]:
        """The cells that hold all that `source` holds."""
        targets = self._edges[source]
        if not targets:
            return ()
        return (targets,) if type(targets) is int else targets  # type: ignore[return-value]

    def react(self, cell: int, handler: Callable[[int, Reaction], None], *arguments: Any) -> None:
        """Call `handler(value, reaction)`, a method of the owner, for all values that `cell` has and will have."""
        if not cell:
            return
        reaction: Reaction = (handler.__func__, *arguments)  # type: ignore[attr-defined]
        reacting = self._reactions[cell]
        if reacting is None:
            self._reactions[cell] = reaction
        elif type(reacting) is list:
            reacting.append(reaction)
        else:
            self._reactions[cell] = [reacting, reaction]  # type: ignore[list-item]
        held = self._values[cell]
        if held is None:
            return
        waiting = (*_all(self._news.get(cell, ())), *_all(self._passing.get(cell, ())))
        self._late.extend((value, reaction) for value in self.held(cell) if value not in waiting)

    def expect(self, reactions: Iterable[tuple[int, Reaction]]) -> None:
        """`react` for many cells at once; they hold nothing yet, or what no such reaction minds."""
        reacting = self._reactions
        for cell, reaction in reactions:
            known = reacting[cell]
            if known is None:
                reacting[cell] = reaction
            elif type(known) is list:
                known.append(reaction)
            else:
                reacting[cell] = [known, reaction]  # type: ignore[list-item]

    def run(self) -> None:
        """Move values until nothing moves, or the cap is reached."""
        late, values, edges, reactions = self._late, self._values, self._edges, self._reactions
        owner, add = self._owner, self.add
        while self._news or late:
            self._react_late()
            news = self._passing = self._news
            self._news = {}
            for cell, batch in news.items():
                news[cell] = ()
                fresh = (batch,) if type(batch) is int else batch
                self.steps += len(fresh)  # type: ignore[arg-type]
                targets = edges[cell]
                if targets:
                    for target in (targets,) if type(targets) is int else targets:  # type: ignore[union-attr]
                        known = values[target]
                        if known is None and type(batch) is int:  # as `add` would, without the call
                            values[target] = batch
                            if edges[target] or reactions[target] is not None:
                                self._news[target] = batch
                            continue
                        for value in fresh:  # type: ignore[union-attr]
                            if known != value:
                                add(target, value)
                reacting = reactions[cell]
                if reacting is not None:
                    for reaction in (reacting,) if type(reacting) is tuple else (*reacting,):
                        handler: Any = reaction[0]
                        for value in fresh:  # type: ignore[union-attr]
                            handler(owner, value, reaction)
                    if late:
                        self._react_late()
            if self.steps > MAX_STEPS:
                self.capped = True
                return

    def still(self) -> None:
        """Nothing reacts any more: most of what a net takes is that."""
        self._reactions = []

    def settle(self) -> None:
        """Nothing flows any more: only the values stay."""
        self._edges = []
        self._reactions = []

    def packed(self) -> list[int | tuple[int, ...] | None]:
        """What each cell holds, to be kept; `unpack` takes it."""
        return [tuple(held) if type(held) is set else held for held in self._values]  # type: ignore[misc]

    def unpack(self, held: Sequence[int | tuple[int, ...] | None], full: Iterable[int], *, capped: bool) -> None:
        """Hold what was packed; nothing flows."""
        self._values = list(held)
        self.full = set(full)
        self.capped = capped
        self.settle()

    def _react_late(self) -> None:
        late, owner = self._late, self._owner
        while late:
            value, reaction = late.popleft()
            reaction[0](owner, value, reaction)
            self.steps += 1
            if self.steps > MAX_STEPS:
                return


def _all(values: int | Sequence[int]) -> Sequence[int]:
    return (values,) if type(values) is int else values  # type: ignore[return-value]
