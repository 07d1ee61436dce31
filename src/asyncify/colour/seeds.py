"""Where async-ness starts: which waits count, and which functions may reach one at all."""

from __future__ import annotations

from collections.abc import Iterable

from asyncify.catalogue import Catalogue
from asyncify.infer.graph import Escape, Graph
from asyncify.rule import Wait


def may_reach_a_wait(graph: Graph, taken: Iterable[Escape]) -> set[int]:
    """All functions that come into question, were there no barriers: of the others nobody asks what holds them."""
    edges = [*graph.edges, *graph.reads, *(edge for pair in graph.made for edge in pair)]
    callers: dict[int, list[int]] = {}
    for edge in edges:
        callers.setdefault(edge.target, []).append(edge.source)
    for escape in taken:
        callers.setdefault(escape.function, []).append(escape.scope)
    family_of = {number: group for group in graph.families for number in group}
    found = {*callers.get(-1, ()), *(guard.scope for guard in graph.guards)}
    queue = list(found)
    while queue:
        number = queue.pop()
        for other in (*callers.get(number, ()), *family_of.get(number, ())):
            if other not in found:
                found.add(other)
                queue.append(other)
    return found - {-1}


def only_computes(catalogue: Catalogue, path: str) -> bool:
    """Is there nothing to await, so that it goes to a thread or process where the loop is held up?"""
    rule = catalogue.rule_for(path)
    return rule is not None and rule.waits is Wait.CPU


def is_lazy(catalogue: Catalogue, path: str) -> bool:
    """May the wait be put off until the object is used?"""
    rule = catalogue.rule_for(path)
    return rule is not None and rule.lazy


def holds_loop_up(catalogue: Catalogue, path: str) -> bool:
    """Is it a wait that matters only where an event loop runs, and that has a form for there?"""
    rule = catalogue.rule_for(path)
    return rule is not None and (rule.offload is not None or rule.waits is Wait.SLEEP)


def counts(catalogue: Catalogue, path: str, without: frozenset[str], colour_detected: bool) -> bool:
    """Does this wait make its function async?"""
    rule = catalogue.rule_for(path)
    if rule is not None and (rule.pack in without or (without and rule.waits is Wait.SLEEP)):
        return False  # beside calls that have to block, a sleep alone is no reason for an event loop
    return colour_detected or (rule is not None and not rule.is_detection_only)
