"""Who waits on what: the calls of each request over time, taken from a traced run."""

from __future__ import annotations

import bisect
from collections import defaultdict

from msgspec import Struct

from asyncify.bench.measure import Taken
from asyncify.bench.samples import Sample, Side


class Span(Struct, frozen=True, array_like=True):
    """A request waits for a service."""

    start: float  # seconds since the first request arrived
    end: float
    what: str  # method and path


class Lane(Struct, frozen=True):
    """One request."""

    number: int
    label: str
    arrived: float  # seconds since the first request arrived
    begun: float  # when something was free to work on it
    ended: float
    spans: tuple[Span, ...]


class Timeline(Struct, frozen=True):
    """The requests of one case, arriving together, as one side treats them."""

    table: str
    side: Side
    runner: str
    lanes: tuple[Lane, ...]

    @property
    def seconds(self) -> float:
        return max(lane.ended for lane in self.lanes)


def draw_timeline(taken: Taken, labels: tuple[str, ...]) -> Timeline:
    """The lanes of a traced run. `labels` are given to the requests in turn.

    A call at the stand-in belongs to the request that last wrote to its connection. The clock is that of the
    machine, which all processes share (CLOCK_MONOTONIC).
    """
    calls = _calls_of_requests(taken)
    measurement = taken.measurement
    zero = _zero(taken, calls)
    lanes = tuple(_lane(sample, calls.get(sample.number, []), zero, labels) for sample in measurement.samples)
    return Timeline(measurement.table, measurement.side, measurement.runner, lanes)


def _calls_of_requests(taken: Taken) -> dict[int, list[Span]]:
    times: dict[int, list[float]] = defaultdict(list)
    numbers: dict[int, list[int]] = defaultdict(list)
    for at, port, number in sorted(taken.writes):
        times[int(port)].append(at)
        numbers[int(port)].append(int(number))
    calls: dict[int, list[Span]] = defaultdict(list)
    for start, end, what, port in taken.spans:
        index = bisect.bisect_right(times[port], start) - 1
        if index >= 0:
            calls[numbers[port][index]].append(Span(start, end, what))
    return calls


def _zero(taken: Taken, calls: dict[int, list[Span]]) -> float:
    """The moment of the machine's clock at which the first request arrived."""
    if taken.began is not None:
        return taken.began
    starts = [span.start for spans in calls.values() for span in spans]
    return min(starts, default=0.0)


def _lane(sample: Sample, spans: list[Span], zero: float, labels: tuple[str, ...]) -> Lane:
    label = labels[sample.number % len(labels)] if labels else ""
    shifted = tuple(
        Span(span.start - zero, span.end - zero, span.what) for span in sorted(spans, key=lambda s: s.start)
    )
    ended = sample.started + sample.seconds
    return Lane(sample.number, label, sample.started, sample.started + sample.queued, ended, shifted)
