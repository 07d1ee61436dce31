"""Cells and what flows between them: values move along edges until nothing moves any more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import Any

from asyncify.infer.values import Data, Kind

WIDTH = 8  # a cell that holds more objects than this is as good as unknown; it takes no more
MANY = 256  # but a table may hold this many functions
MAX_STEPS = 40_000_000

FUNCTIONS = frozenset({Kind.FUNC, Kind.BOUND, Kind.DECO, Kind.STATIC, Kind.CLSM, Kind.CLASS})
Reaction = tuple[Any, ...]  # (handler, its arguments...): called as handler(value, reaction)


class Cells:
    """Sets of values, copied along edges; a reaction is run once for each value that its cell gets."""

    def __init__(self, count: int, data: list[Data]) -> None:
        self._data = data
        # Most cells hold one value and have one edge: a number alone saves the memory of a set or list each.
        self._values: list[int | set[int] | None] = [None] * count
        self._edges: dict[int, int | list[int]] = {}
        self.reactions: dict[int, list[Reaction]] = {}
        self.full: set[int] = set()
        self.wide: set[int] = set()  # cells of tables: elements of containers, what decorators are given
        self.steps = 0
        self.capped = False
        self._news: dict[int, list[int]] = {}
        self._queue: deque[int] = deque()
        self._late: deque[tuple[int, Reaction]] = deque()  # values that were there before the reaction

    def new(self) -> int:
        self._values.append(None)
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
            self._values[cell] = {known, value}
        elif value in known:  # type: ignore[operator]
            return
        elif self._is_full(cell, value, len(known)):  # type: ignore[arg-type]
            self.full.add(cell)
            return
        else:
            known.add(value)  # type: ignore[union-attr]
        news = self._news.get(cell)
        if news is None:
            self._news[cell] = [value]
            self._queue.append(cell)
        else:
            news.append(value)

    def _is_full(self, cell: int, value: int, count: int) -> bool:
        if count < WIDTH:
            return False
        return cell not in self.wide or count >= MANY or self._data[value][0] not in FUNCTIONS

    def edge(self, source: int, target: int) -> None:
        """From now on `target` holds all that `source` holds."""
        if source == target or not source or not target:
            return
        targets = self._edges.get(source)
        if targets is None:
            self._edges[source] = target
        elif type(targets) is int:
            if targets == target:
                return
            self._edges[source] = [targets, target]
        elif target in targets:  # type: ignore[operator]
            return
        else:
            targets.append(target)  # type: ignore[union-attr]
        for value in tuple(self.held(source)):
            self.add(target, value)

    def targets(self, source: int) -> Sequence[int]:
        """The cells that hold all that `source` holds."""
        targets = self._edges.get(source, ())
        return (targets,) if type(targets) is int else targets  # type: ignore[return-value]

    def react(self, cell: int, handler: Callable[[int, Reaction], None], *arguments: Any) -> None:
        """Call `handler(value, reaction)` for all values that `cell` has and will have."""
        if not cell:
            return
        reaction: Reaction = (handler, *arguments)
        self.reactions.setdefault(cell, []).append(reaction)
        if self._values[cell] is not None:
            waiting = self._news.get(cell, ())
            for value in self.held(cell):
                if value not in waiting:
                    self._late.append((value, reaction))

    def run(self) -> None:
        """Move values until nothing moves, or the cap is reached."""
        queue, news, edges, reactions, add = self._queue, self._news, self._edges, self.reactions, self.add
        late = self._late
        while queue or late:
            while late:
                value, reaction = late.popleft()
                reaction[0](value, reaction)
                self.steps += 1
                if self.steps > MAX_STEPS:
                    break
            if not queue:
                continue
            cell = queue.popleft()
            fresh = news.pop(cell)
            self.steps += len(fresh)
            if self.steps > MAX_STEPS:
                self.capped = True
                return
            targets = edges.get(cell)
            if targets is not None:
                for target in (targets,) if type(targets) is int else targets:  # type: ignore[union-attr]
                    for value in fresh:
                        add(target, value)
            reacting = reactions.get(cell)
            if reacting is not None:
                for reaction in tuple(reacting):
                    handler = reaction[0]
                    for value in fresh:
                        handler(value, reaction)
