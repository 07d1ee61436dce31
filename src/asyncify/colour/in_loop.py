"""Which functions run while an event loop waits for them: those that are awaited, and all that they call."""

from __future__ import annotations

from asyncify.colour.colouring import Colour, Colouring
from asyncify.infer.facts import Index

AWAITED = frozenset({Colour.ASYNC, Colour.ALREADY, Colour.ENTRY})


def running_in_loop(index: Index, colouring: Colouring) -> frozenset[str]:
    """Ids of the functions whose waits would hold an event loop up."""
    graph = index.graph
    if graph is None:
        return frozenset()
    waiting = [number for number, id_ in enumerate(graph.ids) if colouring.colour_of(id_) in AWAITED]
    called: dict[int, list[int]] = {}
    for edge in graph.edges:
        if edge.target >= 0:
            called.setdefault(edge.source, []).append(edge.target)
    found: set[int] = set()
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting += called.get(number, ())
    return frozenset(graph.ids[number] for number in found)
