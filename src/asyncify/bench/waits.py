"""How long a request waits for services, told by what the stand-in saw: the least that it can take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncify.bench.ledger import covered
from asyncify.bench.samples import Measurement, StandInRecord
from asyncify.bench.subjects import Ran


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds that one request has to wait even if nothing else does: on average, at least and at most."""

    mean: float
    shortest: float
    longest: float

    @classmethod
    def of(cls, each: Sequence[float]) -> Waits:
        return cls(math.fsum(each) / len(each), min(each), max(each))


def waited_alone(ran: Ran, record: dict[str, Any]) -> Waits | None:
    """Of requests that were made one after the other: the time covered by waits, as what runs side by side counts once.

    None where services were called on when all was answered: then the waits of one request may have fallen into the
    time of the next, and only requests that are made one by one can tell them apart.
    """
    answered = max(ended for _, ended in _at_work(ran))
    if any(start >= answered for start, _ in record["waits"]):
        return None
    each = waited_in_time(ran, record)
    return Waits(record["covered"] / len(each), min(each), max(each))


def waited_in_time(ran: Ran, record: dict[str, Any]) -> list[float]:
    """Of each request the time covered by the waits that began before its answer."""
    return [
        covered((start, end) for start, end in record["waits"] if begun <= start < ended)
        for begun, ended in _at_work(ran)
    ]


def waited_under_load(stand_in: StandInRecord, count: int, alone: Measurement) -> Waits:
    """What requests waited that were made alone, scaled if these waited more or less than those."""
    waited_alone = alone.stand_in.waited / len(alone.samples)
    scale = (stand_in.waited / count) / waited_alone if waited_alone else 0.0
    return Waits(alone.wait * scale, alone.shortest_wait * scale, alone.longest_wait * scale)


def _at_work(ran: Ran) -> list[tuple[float, float]]:
    """From when something was free for a request, until its answer; before that its waits are those of others."""
    began = ran.began or 0.0
    return sorted((began + sample[1] + sample[6], began + sample[1] + sample[2]) for sample in ran.samples)
