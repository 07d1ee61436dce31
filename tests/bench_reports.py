"""A report made up for tests: every kind of table, and timelines, without a process being started."""

from __future__ import annotations

from collections.abc import Sequence

from asyncify.bench.conclude import conclude
from asyncify.bench.equality import Compared
from asyncify.bench.forms import tables_of
from asyncify.bench.machine import Machine
from asyncify.bench.report import VERSION, Report
from asyncify.bench.samples import Measurement, Sample, Side, StandInRecord, Usage, Watched
from asyncify.bench.scenario import CallCase, HttpCase, Request, Scenario, Table
from asyncify.bench.timeline import Lane, Span, Timeline
from asyncify.bench.ways import OWN_AFTER, OWN_BEFORE, read_way

MIB = 1024 * 1024
WAIT = 1.0  # seconds
SCENARIO = Scenario(
    cases=(
        HttpCase(name="web", app="shop.web:app", requests=(Request(path="/<b>&"),)),
        CallCase(name="call", callable="shop:ask"),
    ),
    tables=(
        Table(name="levels", case="web", timeline=3),
        Table(name="all at once", case="call", kind="together", each=True, labels=("model", "cache <2>")),
        Table(name="arrivals", case="web", kind="arrivals", rates=(10.0, 20.0), full=True),
    ),
)


def measured(
    table: str,
    side: Side,
    seconds: Sequence[float],
    *,
    callers: int,
    load: str = "closed",
    way: str = "",
    limit: int | None = None,
    rate: float | None = None,
    planned: int | None = None,
    repeat: int = 0,
    first: float | None = None,
) -> Measurement:
    """A measurement with these times; of a closed loop, callers that are busy all the time."""
    rounds = [callers * [sum(seconds[::callers][:i])] for i in range(-(-len(seconds) // callers))]
    starts = [start for one in rounds for start in one] if load == "closed" else [0.0] * len(seconds)
    if rate:
        starts = [number / rate for number in range(len(seconds))]
    usage = Usage(0.01 * len(seconds), 50 * MIB, 60 * MIB, 5, 0.001, 0.002)
    waited = WAIT * len(seconds)
    own = OWN_BEFORE if side is Side.BEFORE else OWN_AFTER
    return Measurement(
        table=table,
        case="web" if load != "together" else "call",
        side=side,
        way=way or own.name,
        runner="uvicorn",
        loop="asyncio",
        repeat=repeat,
        load=load,
        callers=callers,
        limit=limit or callers,
        planned=planned or len(seconds),
        rate=rate,
        cpu=0.0,
        wait=WAIT,
        shortest_wait=WAIT,
        longest_wait=WAIT,
        samples=tuple(
            Sample(i, starts[i], time, "200", "same", first and first * time, 0.0) for i, time in enumerate(seconds)
        ),
        subject=usage,
        stand_in=StandInRecord(len(seconds), waited, waited, callers, {}, usage),
        client=usage,
        watched=tuple(Watched(0.1 * n, (50 + n) * MIB, 5, 7) for n in range(5)),
        others_cpu_seconds=0.0,
    )


def measurements(*, slower: float = 1.0, first: float | None = None) -> list[Measurement]:
    """Of all three tables."""
    found = []
    for callers in (1, 100):
        for side, base in ((Side.BEFORE, 1.05 * (2 if callers > 1 else 1)), (Side.AFTER, 1.02 * slower)):
            times = [base + n % 7 / 100 for n in range(callers * 4)]
            found.append(measured("levels", side, times, callers=callers, first=first))
    for text, limit, total, count in (("serial", 1, 1.01, 2), ("10 threads", 10, 1.1, 20), ("unlimited", 20, 1.2, 20)):
        way = read_way(text)
        assert way is not None
        times = [total * (n // limit + 1) for n in range(count)]
        found.append(
            measured("all at once", way.side, times, callers=count, load="together", way=text, limit=limit, planned=20)
        )
    for rate in (10.0, 20.0):
        for side in Side:
            times = [1.1 + n % 5 / 10 for n in range(40)]
            found.append(measured("arrivals", side, times, callers=40, load="arrivals", rate=rate))
    return found


def report(*, slower: float = 1.0, first: float | None = None) -> Report:
    """As `run_bench` makes it."""
    taken = measurements(slower=slower, first=first)
    found = conclude(taken, lambda one: one, 2, {})
    spans = (Span(0.1, 0.6, "POST /v1/chat/completions"), Span(0.7, 0.8, "GET /orders/A17"))
    lanes = tuple(Lane(n, "GET /<b>&", 0.0, 0.0, 1.0 + n / 10, spans) for n in range(3))
    return Report(
        version=VERSION,
        project="shop & co",
        started="2026-01-01T00:00:00+00:00",
        machine=Machine("Linux 6", "Processor", 2, "3.12.0", 0.1),
        interpreter="python",
        scenario=SCENARIO,
        tables=tables_of(SCENARIO, full=True),
        measurements=tuple(taken),
        timelines=tuple(Timeline("levels", side, "uvicorn", lanes) for side in Side),
        gains=found.gains,
        compared=Compared(404, 404),
        differences=(),
        faults=found.faults,
        notes=found.notes,
    )
