"""Entry points below decorators of the project that turn async: these move to the async twin, below the shell."""

from __future__ import annotations

from collections.abc import Iterator

from asyncify.colour.colouring import Colour, Colouring
from asyncify.infer.facts import Index
from asyncify.reason import Reason


def moved_decorators(index: Index, colouring: Colouring, function: str) -> int:
    """How many of the innermost decorators of an entry point move to its twin, because their wrappers are async."""
    graph = index.graph
    shell = graph.shells.get(graph.number_of.get(function, -1)) if graph is not None else None
    if graph is None or shell is None or colouring.colour_of(function) is not Colour.ENTRY:
        return 0
    turn = all(colouring.colour_of(graph.ids[wrapper]) is Colour.ASYNC for wrapper in shell.wrappers)
    return shell.own if turn else 0


def is_wrapped_twin(index: Index, colouring: Colouring, scope: str | None, function: str) -> bool:
    """Is a call in `scope`, which is a wrapper, one of the async twin that it wraps?"""
    graph = index.graph
    if graph is None or scope is None or not moved_decorators(index, colouring, function):
        return False
    return graph.number_of.get(scope, -1) in graph.shells[graph.number_of[function]].wrappers


def held_wrappers(index: Index, colouring: Colouring) -> Iterator[tuple[str, Reason]]:
    """Wrappers that would turn async round an entry point, beside others that stay: outside code would get those."""
    graph = index.graph
    for function, shell in graph.shells.items() if graph is not None else ():
        if graph is None or moved_decorators(index, colouring, graph.ids[function]):
            continue
        for wrapper in sorted(shell.wrappers):
            if colouring.colour_of(graph.ids[wrapper]) is Colour.ASYNC:
                yield graph.ids[wrapper], Reason.DECORATOR_OUTSIDE
