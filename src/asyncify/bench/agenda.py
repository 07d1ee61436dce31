"""What will be measured, in order: the tables of a scenario -> single measurements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from asyncify.bench.measure import Load, variety
from asyncify.bench.samples import Side
from asyncify.bench.scenario import CallCase, Case, HttpCase, Scenario, Table
from asyncify.bench.ways import OWN_AFTER, OWN_BEFORE, Way, read_way

BUDGET = 60.0  # seconds; what would take longer is measured in part
PART_ROUNDS = 3  # of a measurement in part
START = 1.5  # seconds, about, to start a process and to warm it up
FIRST_GUESS = 1.0  # seconds that a request waits, until it is known
REPEATS = 2
TIMELINE = 6  # requests
FULL_REQUESTS = 1000
FULL_RATES = (20.0, 40.0)  # arrivals a second; a pool of 40 threads can do 40 requests of 1 s


@dataclass(frozen=True, slots=True)
class Planned:
    """One measurement to come."""

    table: Table
    case: Case
    side: Side
    way: Way
    load: Load
    repeat: int = 0

    def seconds(self, wait: float) -> float:
        """About how long it takes if a request waits so long."""
        if self.load.kind == "arrivals":
            return START + self.table.seconds + wait
        return START + self.load.count / self.load.workers * (wait + self.table.cpu)

    def in_part(self, wait: float) -> Load:
        """The load, cut down to a few rounds if all of it would take too long."""
        load = self.load
        if load.kind != "together" or self.seconds(wait) <= BUDGET:
            return load
        return Load(load.kind, load.workers, min(load.count, load.workers * PART_ROUNDS), load.limit)


def tables_of(scenario: Scenario, *, full: bool) -> tuple[Table, ...]:
    """The tables of this run: those that are declared, else what any project can show."""
    declared = scenario.tables or (*_default_tables(scenario), *_default_full_tables(scenario))
    return tuple(table for table in declared if full or not table.full)


def agenda(scenario: Scenario, tables: tuple[Table, ...], *, repeats: int | None, has_uvloop: bool) -> list[Planned]:
    """All measurements, table by table. `repeats` goes before what the tables say."""
    cases = {case.name: case for case in scenario.cases}
    planned: list[Planned] = []
    for table in tables:
        for repeat in range(repeats if repeats and table.kind == "levels" else table.repeats):
            planned += _rows(scenario, table, cases, repeat, has_uvloop=has_uvloop)
    return planned


def _rows(
    scenario: Scenario, table: Table, cases: dict[str, Case], repeat: int, *, has_uvloop: bool
) -> Iterator[Planned]:
    case = cases[table.case]
    if table.kind == "levels":
        for callers, count in sorted((table.levels or scenario.levels).items()):
            for way in (OWN_BEFORE, OWN_AFTER):
                yield Planned(table, case, way.side, way, Load("closed", callers, count), repeat)
    elif table.kind == "arrivals":
        for rate in table.rates:
            count = max(1, round(rate * table.seconds))
            for way in (OWN_BEFORE, OWN_AFTER):
                yield Planned(table, case, way.side, way, Load("arrivals", count, count, rate=rate), repeat)
    else:
        for text in table.ways:
            way = cast(Way, read_way(text))  # checked when the scenario was read
            if (way.uses_uvloop and not has_uvloop) or (way.is_server and not table.server):
                continue
            count = table.requests
            load = Load("together", count, count, way.limit)
            yield Planned(table, cases[table.server] if way.is_server else case, way.side, way, load, repeat)


def alone(planned: Planned) -> Planned:
    """The measurement that tells how long one request of this one waits: one caller, nothing else at work."""
    way = OWN_BEFORE if planned.side is Side.BEFORE else OWN_AFTER
    return Planned(planned.table, planned.case, planned.side, way, Load("closed", 1, variety(planned.case)))


def _default_tables(scenario: Scenario) -> Iterator[Table]:
    for case in scenario.cases:
        yield Table(name=case.name, case=case.name, timeline=TIMELINE, repeats=REPEATS)


def _default_full_tables(scenario: Scenario) -> Iterator[Table]:
    """The field's usual tables, with the latencies of a case scaled to what they speak of."""
    for case in scenario.cases:
        yield Table(
            name=f"{case.name}: requests that wait 500 ms",
            case=case.name,
            full=True,
            wait=0.5,
            levels={1: 4, 10: 40, 100: 400, 1000: 1000},
        )
        if not isinstance(case, CallCase):
            yield Table(
                name=f"{case.name}: arrivals at random",
                case=case.name,
                kind="arrivals",
                full=True,
                wait=1.0,
                rates=FULL_RATES,
            )
    server = next((case.name for case in scenario.cases if isinstance(case, HttpCase) and case.app), "")
    call = next((case for case in scenario.cases if isinstance(case, CallCase)), None)
    if call is None:
        return
    ways = ("serial", "10 threads", "100 threads", "server", "limit 50", "unlimited", "uvloop")
    yield Table(
        name=f"{call.name}: {FULL_REQUESTS:,} requests of 2 s",
        case=call.name,
        kind="together",
        full=True,
        wait=2.0,
        requests=FULL_REQUESTS,
        ways=ways,
        server=server,
    )
