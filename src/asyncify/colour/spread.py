"""colour: Index + Catalogue -> Colouring. Async-ness flows from waits up the call graph, and across families."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from asyncify.catalogue import Catalogue
from asyncify.colour.barriers import CONSTRUCTORS, Barrier, awaited_getters, find_barriers
from asyncify.colour.colouring import Colour, Colouring, Link, Verdict
from asyncify.colour.seeds import counts, holds_loop_up, is_lazy, may_reach_a_wait, only_computes
from asyncify.infer.facts import Index
from asyncify.infer.graph import DIRECT, FLOW, WRAPPER, Edge, Graph
from asyncify.infer.guards import Guard, Name
from asyncify.place import Place
from asyncify.reason import Reason

MAX_ROUNDS = 1_000
MAX_CHAIN = 100
LANGUAGE = frozenset({Reason.CONSTRUCTOR, Reason.DUNDER})
HANDED = frozenset({Reason.DECORATOR_OUTSIDE, Reason.CALLBACK_OUTSIDE, Reason.THREAD, Reason.CACHED})


@dataclass(slots=True)
class _Reached:
    """How a function came to wait: by an edge of its own, or because a family member does."""

    edge: Edge | None
    member: int = -1
    round: int = 0


def colour(
    index: Index,
    catalogue: Catalogue,
    *,
    entries: frozenset[str] = frozenset(),
    held: Mapping[str, Reason] = MappingProxyType({}),
    awaited: frozenset[Place] = frozenset(),
    without: frozenset[str] = frozenset(),
    colour_detected: bool = True,
    colour_perhaps: bool = False,
    by_name: frozenset[str] = frozenset(),
    in_loop: frozenset[str] = frozenset(),
    followed: frozenset[Place] = frozenset(),
    barriers: bool = True,
) -> Colouring:
    """Which functions turn async, which have to stay sync although they wait, and why.

    `entries` are ids of functions that outside code calls as plain functions; `held` are those that stay sync for a
    reason that the code does not show (tests); `awaited` are the calls of outside code that will await the functions
    which are handed to them; waits of the packs `without` do not count, nor do sleeps beside them but for those in the
    functions `in_loop`. Without `colour_detected` waits that
    have no asynchronous form do not count, but for those in the functions `in_loop` that can run in a thread; with
    `colour_perhaps` calls count that were resolved by a rare method name alone, else only those in the functions
    `by_name`. `followed` are waits for other threads that become waits for other tasks: calls, and locks in `with`.
    Without `barriers` only constructors and special methods stay sync: what one would like to be async if
    everything else could follow.
    """
    graph = index.graph
    if graph is None:
        raise ValueError("the index was not made by infer()")
    if colour_perhaps:
        by_name = frozenset(graph.ids)
    spread = _Spread(graph, catalogue, entries, held, awaited, without, colour_detected, by_name, in_loop, barriers)
    return spread.run(followed)


class _Spread:
    def __init__(
        self,
        graph: Graph,
        catalogue: Catalogue,
        entries: frozenset[str],
        held: Mapping[str, Reason],
        awaited: frozenset[Place],
        without: frozenset[str],
        colour_detected: bool,
        by_name: frozenset[str],
        in_loop: frozenset[str],
        barriers: bool,
    ) -> None:
        self.graph = graph
        self.functions = graph.objects.functions
        self.entries = entries
        self.held = held
        taken = [escape for escape in graph.escapes if awaited and graph.place(escape.spot) in awaited]
        asked = may_reach_a_wait(graph, taken)
        found = find_barriers(graph, catalogue, asked, frozenset(taken), without, factories=barriers)
        if not barriers:
            found = {number: barrier for number, barrier in found.items() if barrier.reason in LANGUAGE}
        self.barriers = {n: barrier for n, barrier in found.items() if not self._has_shell(n, barrier)}
        self.family_of: dict[int, frozenset[int]] = {n: group for group in graph.families for n in group}
        self._share_barriers()
        self.edges = [edge for edge in graph.edges if not edge.perhaps or _is_among(graph, edge, by_name)]
        self.is_wish = not barriers
        free = awaited_getters(graph, catalogue, asked) if barriers else frozenset()
        self.edges += [edge for edge in graph.reads if edge.target in free]
        self.edges += [Edge(escape.scope, escape.function, "", DIRECT, escape.spot) for escape in taken]
        self.seeds = [
            edge
            for edge in self.edges
            if edge.target < 0
            and (
                counts(catalogue, edge.path, without, colour_detected)
                or (_is_among(graph, edge, in_loop) and holds_loop_up(catalogue, edge.path))
            )
            and not (self._is_held(edge.source) and is_lazy(catalogue, edge.path))
            and not (self.is_wish and only_computes(catalogue, edge.path))
        ]
        self.guards: dict[int, list[Guard]] = {}  # function -> where it holds locks that would follow
        self.holders: dict[Name, list[Guard]] = {}
        for guard in graph.guards if not barriers else ():
            self.guards.setdefault(guard.scope, []).append(guard)
            for name in guard.names:
                self.holders.setdefault(name, []).append(guard)
        self.reached: dict[int, _Reached] = {}
        self.intrinsic: dict[int, _Reached] = {}  # wrappers that wait whatever they wrap
        self.links: dict[int, Link] = {}  # by the state that they tell of
        self.rounds = 0
        self.capped = False

    def _has_shell(self, number: int, barrier: Barrier) -> bool:
        """Whoever gets hold of an entry point gets its shell, which is called plainly."""
        return self.graph.ids[number] in self.entries and barrier.reason in HANDED

    def _is_held(self, number: int) -> bool:
        fn = self.functions[number]
        return number in self.barriers or (fn.owner >= 0 and fn.fact.name in CONSTRUCTORS)

    def _share_barriers(self) -> None:
        """One member that has to stay sync holds the whole family."""
        for group in self.graph.families:
            held = sorted(number for number in group if number in self.barriers)
            for number in group if held else ():
                self.barriers.setdefault(number, self.barriers[held[0]])

    def run(self, followed: frozenset[Place]) -> Colouring:
        queue: deque[tuple[int, bool]] = deque()
        for edge in (*self.seeds, *self._followed(followed)):
            self._reach(edge, queue)
        turned = self._spread(queue, _by_target(self.edges))
        if self.is_wish:
            self.guards = {}  # a lock held over what may only read a property is no lock held over a wait
            callers = _by_target((*self.edges, *self.graph.reads))
            self._spread(deque(turned), callers)
            self._spread(self._fetched_when_made(), callers)
        verdicts = {self.graph.ids[number]: verdict for number, verdict in self._verdicts()}
        return Colouring(verdicts, self.rounds, self.capped)

    def _fetched_when_made(self) -> deque[tuple[int, bool]]:
        """Python awaits neither `len(x)` nor `x[i]`: where both wait, the wait has to move to where x is made."""
        queue: deque[tuple[int, bool]] = deque()
        for size, item in self.graph.made:
            if size.target in self.reached and item.target in self.reached:
                self._reach(size, queue, self.reached[size.target].round + 1)
        return queue

    def _followed(self, places: frozenset[Place]) -> list[Edge]:
        if not places:
            return []
        found = [edge for edge in self.edges if edge.target < 0 and self.graph.place(edge.spot) in places]
        for guard in self.graph.guards:
            spot = (FLOW, *guard.spot)
            if self.graph.place(spot) in places:
                found.append(Edge(guard.scope, -1, guard.path, DIRECT, spot))
        return found

    def _spread(self, queue: deque[tuple[int, bool]], callers: Mapping[int, list[Edge]]) -> list[tuple[int, bool]]:
        """Colour the callers of what is in the queue, and theirs; returns all that went through the queue."""
        turned: list[tuple[int, bool]] = []
        while queue:
            number, is_intrinsic = queue.popleft()
            turned.append((number, is_intrinsic))
            state = (self.intrinsic if is_intrinsic else self.reached)[number]
            self.rounds = max(self.rounds, state.round)
            if self.rounds > MAX_ROUNDS:
                self.capped = True
                break
            for edge in callers.get(number, ()):
                if self._carries(edge, is_intrinsic):
                    self._reach(edge, queue, state.round + 1)
            for member in sorted(self.family_of.get(number, ())) if not is_intrinsic else ():
                if member not in self.reached:
                    self._note(member, _Reached(None, number, state.round), queue)
        return turned

    def _carries(self, edge: Edge, is_intrinsic: bool) -> bool:
        """A call of a decorated function waits if the function does, or its wrapper by itself."""
        wrapper_only = edge.how == WRAPPER
        return wrapper_only == is_intrinsic

    def _reach(self, edge: Edge, queue: deque[tuple[int, bool]], number: int = 1) -> None:
        source = edge.source
        wraps = self.graph.decorated.get(source)
        if wraps is not None and edge.target not in wraps and source not in self.intrinsic:
            self.intrinsic[source] = _Reached(edge, round=number)
            queue.append((source, True))
        if source not in self.reached:
            self._note(source, _Reached(edge, round=number), queue)
        if source in self.guards:
            self._hold(edge, queue, number)

    def _hold(self, edge: Edge, queue: deque[tuple[int, bool]], number: int) -> None:
        """A lock that is held over a wait has to become asynchronous, and so has all that takes it."""
        line = self.graph.place(edge.spot).line
        for guard in self.guards[edge.source]:
            if not guard.first <= line <= guard.last:
                continue
            for name in guard.names:
                for holder in self.holders.pop(name, ()):
                    spot = (FLOW, *holder.spot)
                    self._reach(Edge(holder.scope, -1, holder.path, DIRECT, spot), queue, number + 1)

    def _note(self, number: int, how: _Reached, queue: deque[tuple[int, bool]]) -> None:
        self.reached[number] = how
        fn = self.functions[number]
        if number in self.barriers or fn.id in self.entries or fn.id in self.held or fn.fact.is_async:
            return  # callers need not wait for it: it stays as it is
        queue.append((number, False))

    # Verdicts

    def _verdicts(self) -> list[tuple[int, Verdict]]:
        found: list[tuple[int, Verdict]] = []
        for fn in self.functions:
            if fn.fact.is_lambda or (fn.number not in self.reached and not fn.fact.is_async):
                continue
            chain = self._chain(fn.number) if fn.number in self.reached else ()
            found.append((fn.number, self._verdict(fn.number, chain)))
        return found

    def _verdict(self, number: int, chain: tuple[Link, ...]) -> Verdict:
        fn = self.functions[number]
        barrier: Barrier | None = self.barriers.get(number)
        if fn.fact.is_async:
            return Verdict(fn.id, Colour.ALREADY, chain)
        if barrier is not None:
            return Verdict(fn.id, Colour.STUCK, chain, barrier.reason, barrier.place, barrier.detail)
        if fn.id in self.held:
            return Verdict(fn.id, Colour.STUCK, chain, self.held[fn.id])
        if fn.id in self.entries:
            return Verdict(fn.id, Colour.ENTRY, chain, Reason.ENTRY)
        return Verdict(fn.id, Colour.ASYNC, chain)

    def _chain(self, number: int) -> tuple[Link, ...]:
        links: list[Link] = []
        state: _Reached | None = self.reached[number]
        while state is not None and len(links) < MAX_CHAIN:
            links.append(self._link(state))
            edge = state.edge
            if edge is None:
                state = self.reached.get(state.member)
            elif edge.target < 0:
                break
            else:
                state = (self.intrinsic if edge.how == WRAPPER else self.reached).get(edge.target)
        return tuple(links)

    def _link(self, state: _Reached) -> Link:
        """Chains share their ends."""
        link = self.links.get(id(state))
        if link is None:
            edge = state.edge
            if edge is None:
                link = Link(self.graph.function_place(state.member), self.functions[state.member].id)
            else:
                what = edge.path if edge.target < 0 else self.graph.ids[edge.target]
                link = Link(self.graph.place(edge.spot), what)
            self.links[id(state)] = link
        return link


def _by_target(edges: Iterable[Edge]) -> dict[int, list[Edge]]:
    callers: dict[int, list[Edge]] = {}
    for edge in edges:
        if edge.target >= 0:
            callers.setdefault(edge.target, []).append(edge)
    return callers


def _is_among(graph: Graph, edge: Edge, functions: frozenset[str]) -> bool:
    return edge.source >= 0 and graph.ids[edge.source] in functions
