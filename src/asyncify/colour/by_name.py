"""Functions that turn async because of a call whose receiver is unknown: where that costs nobody anything."""

from __future__ import annotations

from collections.abc import Iterator

from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.infer.facts import Index
from asyncify.infer.graph import Edge, Graph
from asyncify.project import is_test


def joining_by_name(index: Index, colouring: Colouring) -> frozenset[str]:
    """Ids of functions that stay sync, may wait if the name of a method is to be trusted, and are called only by
    functions that run in the loop: there a bridge would hold the loop, and an await is what every caller can give."""
    graph = index.graph
    if graph is None:
        return frozenset()
    callers: dict[int, list[Edge]] = {}
    for edge in graph.edges:
        callers.setdefault(edge.target, []).append(edge)
    families = {number: group for group in graph.families for number in group}
    found = set()
    for number in _waiting_by_name(graph, colouring):
        family = families.get(number, frozenset((number,)))
        calling = [edge for member in family for edge in callers.get(member, ()) if not _is_of_a_test(graph, edge)]
        if calling and all(_runs_in_loop(graph, colouring, edge) for edge in calling):
            found.add(graph.ids[number])
    return frozenset(found)


def _waiting_by_name(graph: Graph, colouring: Colouring) -> Iterator[int]:
    for edge in graph.edges:
        if not edge.perhaps or edge.source < 0 or edge.target < 0:
            continue
        turns = colouring.colour_of(graph.ids[edge.target]) is Colour.ASYNC
        if turns and colouring.colour_of(graph.ids[edge.source]) is Colour.SYNC:
            yield edge.source


def _runs_in_loop(graph: Graph, colouring: Colouring, edge: Edge) -> bool:
    return edge.source >= 0 and not edge.perhaps and colouring.colour_of(graph.ids[edge.source]) in RUNS_IN_LOOP


def _is_of_a_test(graph: Graph, edge: Edge) -> bool:
    return is_test(graph.place(edge.spot).path)
