"""Cells and what flows between them: values move along edges until nothing moves any more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
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
        self.values: list[set[int] | None] = [None] * count
        self.edges: dict[int, list[int]] = {}
        self.reactions: dict[int, list[Reaction]] = {}
        self.full: set[int] = set()
        self.wide: set[int] = set()  # cells of tables: elements of containers, what decorators are given
        self.steps = 0
        self.capped = False
        self._news: dict[int, list[int]] = {}
        self._queue: deque[int] = deque()
        self._late: deque[tuple[int, Reaction]] = deque()  # values that were there before the reaction

    def new(self) -> int:
        self.values.append(None)
        return len(self.values) - 1

    def add(self, cell: int, value: int) -> None:
        known = self.values[cell]
        if known is None:
            self.values[cell] = {value}
        elif value in known:
            return
        elif len(known) >= WIDTH and (
            cell not in self.wide or len(known) >= MANY or self._data[value][0] not in FUNCTIONS
        ):
            self.full.add(cell)
            return
        else:
            known.add(value)
        news = self._news.get(cell)
        if news is None:
            self._news[cell] = [value]
            self._queue.append(cell)
        else:
            news.append(value)

    def edge(self, source: int, target: int) -> None:
        """From now on `target` holds all that `source` holds."""
        if source == target or not source or not target:
            return
        targets = self.edges.get(source)
        if targets is None:
            self.edges[source] = [target]
        elif target in targets:
            return
        else:
            targets.append(target)
        known = self.values[source]
        if known:
            for value in list(known):
                self.add(target, value)

    def react(self, cell: int, handler: Callable[[int, Reaction], None], *arguments: Any) -> None:
        """Call `handler(value, reaction)` for all values that `cell` has and will have."""
        if not cell:
            return
        reaction: Reaction = (handler, *arguments)
        self.reactions.setdefault(cell, []).append(reaction)
        known = self.values[cell]
        if known:
            waiting = self._news.get(cell, ())
            for value in list(known):
                if value not in waiting:
                    self._late.append((value, reaction))

    def run(self) -> None:
        """Move values until nothing moves, or the cap is reached."""
        queue, news, edges, reactions, add = self._queue, self._news, self.edges, self.reactions, self.add
        late = self._late
        while queue or late:
            while late:
                value, reaction = late.popleft()
                reaction[0](value, reaction)
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
                for target in targets:
                    for value in fresh:
                        add(target, value)
            reacting = reactions.get(cell)
            if reacting is not None:
                for reaction in tuple(reacting):
                    handler = reaction[0]
                    for value in fresh:
                        handler(value, reaction)
