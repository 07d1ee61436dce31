"""What colouring hands on: for each function of interest a colour, the chain to its wait, or what holds it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from asyncify.place import Place
from asyncify.reason import Reason


class Colour(StrEnum):
    SYNC = "sync"  # waits for nothing, stays as it is
    ASYNC = "async"  # turns async
    ALREADY = "already-async"  # is async already
    STUCK = "stuck"  # reaches a wait but has to stay sync; `reason` says why
    ENTRY = "entry"  # reaches a wait, called from outside as a plain function: keeps a sync shell that runs a loop
    WAITS = "waits"  # reaches a wait that cannot be awaited yet, and stays as it is: only `find_waiting` says so


RUNS_IN_LOOP = frozenset({Colour.ASYNC, Colour.ALREADY, Colour.ENTRY})


@dataclass(frozen=True, slots=True)
class Link:
    """One step of a chain: the call at `place` reaches `what` (a function id or a pack path)."""

    place: Place
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The colour of one function. `because` is the shortest chain of calls to the wait that made it so."""

    function: str
    colour: Colour
    because: tuple[Link, ...] = ()
    reason: Reason | None = None  # for STUCK and ENTRY
    held_by: Place | None = None  # for STUCK: where the code stands that holds it back
    detail: str = ""  # for STUCK: what holds it, in words ("`sorted` calls its key without await")


@dataclass(frozen=True, slots=True)
class Colouring:
    """Verdicts for all functions that reach a wait or are async already; a function not named here is SYNC."""

    verdicts: Mapping[str, Verdict]
    rounds: int  # how many rounds the fixed point took
    capped: bool  # True: the cap was reached before the fixed point; colours may be incomplete

    def colour_of(self, function: str) -> Colour:
        verdict = self.verdicts.get(function)
        return verdict.colour if verdict else Colour.SYNC
