"""Routes whose work is computing rather than waiting: they are told of, with the pattern that serves them better."""

from __future__ import annotations

from collections.abc import Iterator

from asyncify.catalogue import Catalogue
from asyncify.infer.facts import Function, Index
from asyncify.infer.graph import Escape
from asyncify.place import Place
from asyncify.plan.step import Warned
from asyncify.rule import Form, Wait

RULE = "route-computes"
VERBS = frozenset({"api_route", "delete", "get", "patch", "post", "put", "route"})
TEXT = (
    "The route computes more than it waits: `{path}` (line {line}). A thread keeps the event loop free, but the "
    "request still takes as long, and more of them wait for the processor. For work of seconds: accept the request, "
    "store the job, return its id, and do the work in another process that others can ask for the result."
)


def find_heavy_routes(index: Index, catalogue: Catalogue) -> Iterator[Warned]:
    """A warning for each route that comes to more calls which compute than to calls which wait."""
    graph = index.graph
    if graph is None:
        return
    numbers = dict.fromkeys(escape.function for escape in graph.escapes if _is_route(escape, catalogue))
    routes = [index.functions[graph.ids[number]] for number in numbers if graph.ids[number] in index.functions]
    if not routes:
        return
    called: dict[int, list[tuple[int, str, tuple[int, int, int]]]] = {}
    for edge in graph.edges:
        called.setdefault(edge.source, []).append((edge.target, edge.path, edge.spot))
    for route in routes:
        computing, waiting = _waits(graph.number_of[route.id], called, catalogue)
        if computing and len(computing) > waiting:
            path, spot = computing[0]
            place = graph.place(spot)
            yield Warned(_head(route), RULE, TEXT.format(path=path, line=_line(route, place)))


def _is_route(escape: Escape, catalogue: Catalogue) -> bool:
    """Does it hand a function to a decorator that makes it answer requests?"""
    path = catalogue.canonical(escape.path.removesuffix("()"))
    is_verb = escape.slot is None and path.rpartition(".")[2] in VERBS
    return is_verb and catalogue.takes(path, None, Form.COROUTINE_FUNCTION)


def _waits(
    route: int, called: dict[int, list[tuple[int, str, tuple[int, int, int]]]], catalogue: Catalogue
) -> tuple[list[tuple[str, tuple[int, int, int]]], int]:
    """The calls that compute, nearest first, and how many others wait."""
    computing: list[tuple[str, tuple[int, int, int]]] = []
    waiting, seen, todo = 0, {route}, [route]
    while todo:
        for target, path, spot in called.get(todo.pop(0), ()):
            if target >= 0:
                todo += [target] if target not in seen else []
                seen.add(target)
                continue
            rule = catalogue.rule_for(path)
            if rule is not None and rule.waits is Wait.CPU:
                computing.append((path, spot))
            elif rule is not None and rule.waits is not None:
                waiting += 1
    return computing, waiting


def _head(function: Function) -> Place:
    place = function.place
    return Place(place.path, place.line, place.column, place.line, place.column)


def _line(route: Function, place: Place) -> str:
    return str(place.line) if place.path == route.place.path else str(place)
