"""The caches of functools round functions that turn async: they become such that keep results, not coroutines."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set

from asyncify.colour.colouring import Colour
from asyncify.colour.outside import KEEPERS
from asyncify.infer.facts import Index
from asyncify.infer.graph import Escape, Graph
from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import Step, Substitute
from asyncify.reason import Reason

CACHED_PROPERTY = "functools.cached_property"
RULE = "functools-cache"
WHY = "The cache would keep the coroutine, which can be awaited only once."


def kept_results(scene: Scene, decorator: ast.expr, name: str) -> Step:
    """The decorator `@lru_cache(maxsize=8)` becomes that of the support module, its arguments kept; `@lru_cache`
    without any gets parentheses."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    text = f"{{aio}}.{name.rpartition('.')[2]}"
    if node is decorator and name == "functools.lru_cache":
        text += "()"
    return Step(scene.tree.place(node), Substitute(text), RULE, WHY)


def decide_caches(scene: Scene) -> Decided:
    """The same for caches that are called: `load = lru_cache(maxsize=8)(fetch)`."""
    graph = scene.index.graph
    steps = []
    for escape in _called(graph) if graph is not None else ():
        assert graph is not None
        place = graph.place(escape.spot)
        turns = scene.colouring.colour_of(graph.ids[escape.function]) is Colour.ASYNC
        node = scene.node_of(place) if turns and place.path == scene.path else None
        if isinstance(node, ast.Call):
            steps.append(kept_results(scene, node.func, escape.path.removesuffix("()")))
    return Decided(tuple(steps))


def shared_caches(index: Index, turning: Set[str]) -> Iterator[tuple[str, Reason]]:
    """Functions that turn async but go through a cache which is made for others that do not, too."""
    graph = index.graph
    by_spot: dict[tuple[int, int, int], set[str]] = {}
    for escape in _called(graph) if graph is not None else ():
        assert graph is not None
        by_spot.setdefault(escape.spot, set()).add(graph.ids[escape.function])
    for ids in by_spot.values():
        if not ids <= turning:
            yield from ((id_, Reason.CACHED) for id_ in ids & turning)


def _called(graph: Graph) -> Iterator[Escape]:
    return (escape for escape in graph.escapes if escape.slot == "0" and escape.path in KEEPERS)
