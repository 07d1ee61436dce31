"""What will be measured, in order: the tables of a run -> single measurements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import cast

from asyncify.bench.asked import Load, variety
from asyncify.bench.samples import Side
from asyncify.bench.scenario import CallCase, Case, CommandCase, HttpCase, Scenario, Table
from asyncify.bench.ways import OWN_AFTER, OWN_BEFORE, Way, read_way

START = 1.3  # seconds, about, to start the processes of a measurement and to warm them up


@dataclass(frozen=True, slots=True)
class Pace:
    """How long one measurement may take: of what would take longer, only so many rounds are measured."""

    budget: float  # seconds
    rounds: int


FULL = Pace(60.0, 3)
SHORT = Pace(5.0, 2)


@dataclass(frozen=True, slots=True)
class Planned:
    """One measurement to come."""

    table: Table
    case: Case
    way: Way
    load: Load
    pace: Pace = FULL
    repeat: int = 0
    is_probe: bool = False  # belongs to no table: tells how long one request waits
    is_traced: bool = False

    @property
    def side(self) -> Side:
        return self.way.side

    @property
    def is_alone(self) -> bool:
        """Does it tell how long one request waits if nothing else is at work?"""
        is_own = self.way in (OWN_BEFORE, OWN_AFTER) or self.way.name == "serial"
        return is_own and self.load.kind != "arrivals" and self.load.workers == 1

    def seconds(self, load: Load, wait: float) -> float:
        """About how long it takes under this load if a request waits so long."""
        if load.kind == "arrivals":
            return START + self.table.seconds + wait
        return START + load.count / load.workers * (wait + self.table.cpu)

    def in_part(self, wait: float) -> Load:
        """The load, cut down to a few rounds if all of it would take too long."""
        load = self.load
        if load.kind != "together" or self.is_traced or self.seconds(load, wait) <= self.pace.budget + START:
            return load
        least = variety(self.case) if self.is_alone else 1
        return Load(load.kind, load.workers, min(load.count, max(least, load.workers * self.pace.rounds)), load.limit)


def agenda(
    scenario: Scenario, tables: tuple[Table, ...], *, pace: Pace, repeats: int | None, has_uvloop: bool
) -> list[Planned]:
    """All measurements, table by table. `repeats` goes before what the tables say."""
    cases = {case.name: case for case in scenario.cases}
    planned: list[Planned] = []
    for table in tables:
        for repeat in range(repeats if repeats and table.kind == "levels" else table.repeats):
            for load, way in _rows(scenario, table):
                if (way.uses_uvloop and not has_uvloop) or (way.is_server and not table.server):
                    continue
                case = cases[table.server if way.is_server else table.case]
                planned.append(Planned(table, case, way, load, pace, repeat))
    return planned


def alone(planned: Planned) -> Planned:
    """The measurement that tells how long one request of this one waits: one caller, nothing else at work."""
    way = OWN_BEFORE if planned.side is Side.BEFORE else OWN_AFTER
    return Planned(planned.table, planned.case, way, Load("closed", 1, variety(planned.case)), is_probe=True)


def traced(scenario: Scenario, tables: tuple[Table, ...]) -> Iterator[Planned]:
    """What the timelines are drawn from: requests that arrive together, before and after."""
    cases = {case.name: case for case in scenario.cases}
    for table in tables:
        case, count = cases[table.case], table.timeline
        if not count or isinstance(case, CommandCase) or (isinstance(case, HttpCase) and not case.app):
            continue
        for way in (OWN_BEFORE, OWN_AFTER):
            # A program calls its functions one after the other, until they are async; a server has its threads.
            is_serial = way is OWN_BEFORE and isinstance(case, CallCase)
            load = Load("together", count, count, 1 if is_serial else None)
            yield Planned(table, case, way, load, is_traced=True)


def _rows(scenario: Scenario, table: Table) -> Iterator[tuple[Load, Way]]:
    if table.kind == "together":
        for text in table.ways:
            way = cast(Way, read_way(text))  # checked when the scenario was read
            yield Load("together", table.requests, table.requests, way.limit), way
        return
    if table.kind == "levels":
        levels = sorted((table.levels or scenario.levels).items())
        loads = [Load("closed", callers, count) for callers, count in levels]
    else:
        counts = [(rate, max(1, round(rate * table.seconds))) for rate in table.rates]
        loads = [Load("arrivals", count, count, rate=rate) for rate, count in counts]
    yield from product(loads, (OWN_BEFORE, OWN_AFTER))
