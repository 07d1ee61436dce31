"""Functions that wait for what has no asynchronous form yet: what a migration would touch if it had one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from asyncify.catalogue import Catalogue
from asyncify.colour.colouring import Colour, Verdict
from asyncify.colour.spread import colour
from asyncify.infer.facts import Index
from asyncify.reason import Reason

WISHED = frozenset({Colour.ASYNC, Colour.ENTRY, Colour.STUCK})


def find_waiting(
    index: Index, catalogue: Catalogue, entries: frozenset[str], decided: Mapping[str, Verdict]
) -> dict[str, Verdict]:
    """Verdicts with the colour WAITS for functions that reach a wait and of which `decided` says nothing, by id.

    Their `reason` is NO_REWRITE, or that of the function on their chain that has to stay synchronous.
    """
    wished = colour(index, catalogue, entries=entries, barriers=False).verdicts
    return {
        id_: _as_waiting(verdict, decided)
        for id_, verdict in wished.items()
        if verdict.colour in WISHED and (id_ not in decided or decided[id_].colour is Colour.SYNC)
    }


def _as_waiting(verdict: Verdict, decided: Mapping[str, Verdict]) -> Verdict:
    for link in verdict.because:
        on_the_way = decided.get(link.what)
        if on_the_way is not None and on_the_way.colour is Colour.STUCK:
            held = on_the_way.held_by
            return replace(
                verdict, colour=Colour.WAITS, reason=on_the_way.reason, held_by=held, detail=on_the_way.detail
            )
    return replace(verdict, colour=Colour.WAITS, reason=verdict.reason or Reason.NO_REWRITE)
