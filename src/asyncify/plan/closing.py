"""`with closing(thing):` of something whose `close` turns async."""

from __future__ import annotations

import ast

from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.infer.graph import CALL, Edge, Graph
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Ending, EnterAsync, Outcome, Step, Substitute
from asyncify.plan.tree import Tree

CLOSING = "contextlib.closing"
RULE = "closing"
WHY = "What closes it has become asynchronous."


def closes(tree: Tree, node: ast.AST | None) -> bool:
    """Is this a call of `closing`?"""
    return isinstance(node, ast.Call) and tree.imported(node.func) == CLOSING


def closes_well(tree: Tree, graph: Graph, edge: Edge, colouring: Colouring) -> bool:
    """May what this call of `closing` closes be awaited: is it entered, by a function that is awaited?"""
    node = tree.expression(graph.place(edge.spot))
    is_entered = node is not None and isinstance(tree.parent(node), ast.withitem)
    return is_entered and colouring.colour_of(graph.ids[edge.source]) in RUNS_IN_LOOP


def decide_closing(scene: Scene) -> Decided:
    """Each `closing(...)` that is entered and runs a function which turns async."""
    graph = scene.index.graph
    items = [node for node in ast.walk(scene.tree.module) if isinstance(node, ast.withitem)]
    found = {scene.tree.place(item.context_expr) for item in items if closes(scene.tree, item.context_expr)}
    if graph is None or not found:
        return NOTHING
    steps: list[Step] = []
    outcomes: list[Outcome] = []
    for edge in graph.edges:
        place = graph.place(edge.spot) if edge.target >= 0 and edge.spot[0] == CALL else None
        if place not in found or place is None or scene.colouring.colour_of(graph.ids[edge.target]) is not Colour.ASYNC:
            continue
        if closes_well(scene.tree, graph, edge, scene.colouring):
            steps.append(Step(place, Substitute("{aio}.closing({*})"), RULE, WHY))
            steps.append(Step(place, EnterAsync(), RULE, WHY))
            outcomes.append(Outcome(place, CLOSING, Ending.CONVERTED, RULE))
    return Decided(tuple(dict.fromkeys(steps)), tuple(dict.fromkeys(outcomes)))
