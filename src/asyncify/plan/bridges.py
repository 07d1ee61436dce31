"""Bridges that an object of one event loop does not bear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from asyncify.catalogue import Catalogue
from asyncify.colour.in_loop import running_in_loop
from asyncify.infer.facts import Index
from asyncify.plan.scene import Decided, Scene, turning
from asyncify.plan.step import Ending, Outcome
from asyncify.project import is_test
from asyncify.reason import Reason

# What stays synchronous for these reasons is not called from an event loop, unless the project does it itself.
OUTSIDE_OF_LOOPS = frozenset(
    {Reason.ENTRY, Reason.IMPORT_TIME, Reason.TEST, Reason.DECORATOR_OUTSIDE, Reason.STUCK_CALLER}
)


def torn_packs(
    scenes: Mapping[str, Scene], decided: Mapping[str, Decided], packs: frozenset[str]
) -> Iterator[tuple[str, Outcome]]:
    """Those of the `packs`, whose objects belong to the event loop that opened them, that a call would have to use from
    another loop, with the call: the connection would be another, in no or another transaction."""
    bridged = [
        (scenes[path], outcome)
        for path, each in decided.items()
        for outcome in each.outcomes
        if outcome.ending is Ending.BRIDGED and not is_test(path)
    ]
    if not bridged or not packs:
        return
    some = bridged[0][0]
    running = running_in_loop(some.index, some.colouring)
    found = [(scene, outcome) for scene, outcome in bridged if _is_beside_a_loop(scene, outcome, running)]
    reached = {pack: _reaching(some.index, some.catalogue, pack) for pack in sorted(packs)}
    for scene, outcome in found:
        rule = scene.catalogue.rules.get(outcome.rule)
        call = scene.calls.get(outcome.place.span)
        functions = turning(scene, call) if call is not None else ()
        for pack, reaching in reached.items():
            if (rule is not None and rule.pack == pack) or any(id_ in reaching for id_ in functions):
                yield pack, replace(outcome, ending=Ending.REFUSED)


def _is_beside_a_loop(scene: Scene, outcome: Outcome, running: frozenset[str]) -> bool:
    call = scene.calls.get(outcome.place.span)
    return outcome.reason not in OUTSIDE_OF_LOOPS or (call is not None and call.scope in running)


def _reaching(index: Index, catalogue: Catalogue, pack: str) -> frozenset[str]:
    """Ids of the functions that may come to a waiting call of the pack."""
    graph = index.graph
    if graph is None:
        return frozenset()
    callers: dict[int, list[int]] = {}
    todo: list[int] = []
    for edge in graph.edges:
        if edge.target >= 0:
            callers.setdefault(edge.target, []).append(edge.source)
        elif (rule := catalogue.rule_for(edge.path)) is not None and rule.pack == pack and rule.waits is not None:
            todo.append(edge.source)
    return frozenset(graph.ids[number] for number in _closed(todo, callers) if number >= 0)


def _closed(start: Iterable[int], callers: Mapping[int, list[int]]) -> set[int]:
    found: set[int] = set()
    todo = list(start)
    while todo:
        number = todo.pop()
        if number not in found:
            found.add(number)
            todo += callers.get(number, ())
    return found
