"""The whole benchmark: both trees, every table, every row -> Report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from asyncify.bench.agenda import FULL, SHORT, Planned, agenda, alone, traced
from asyncify.bench.asked import Load, Run, Tree, current_python
from asyncify.bench.conclude import Note, conclude
from asyncify.bench.equality import compare_all
from asyncify.bench.forms import left_out, tables_of
from asyncify.bench.machine import this_machine
from asyncify.bench.measure import Bench, Taken, start_bench
from asyncify.bench.needs import check_needs, has_module
from asyncify.bench.report import VERSION, Report
from asyncify.bench.samples import Measurement, Side
from asyncify.bench.scenario import CallCase, Case, HttpCase, Scenario
from asyncify.bench.stage import Progress, Stage
from asyncify.bench.timeline import Timeline, draw_timeline
from asyncify.bench.ways import OWN_AFTER, OWN_BEFORE, Way

Key = tuple[str, Side, str]  # case, side, and the waits that a table sets
SHORT_RUN = "short run"
FIRST_GUESS = 1.0  # seconds that a request waits, until it is known
PROBE_SPEED = 4.0  # of the services, where only the speed for a table is to be found


def run_bench(
    before: Path,
    after: Path,
    scenario: Scenario,
    *,
    on_progress: Progress,
    full: bool = False,
    repeats: int | None = None,
    python: str | None = None,
) -> Report:
    """Measure the project as it is (`before`) and as migrated (`after`), and compare what the two did.

    Each measurement copies its tree to a temporary folder, so neither is touched, and runs it in a process of its
    own under `python` (default: the interpreter that runs asyncify). Without `full` the tables have their short form,
    and what would take more than a few seconds is measured in part.
    `on_progress` is told what comes next. Raises ConfigError if something to run it with is missing, BenchError if
    one of the processes cannot be run.
    """
    interpreter = python or current_python()
    has_app = any(isinstance(case, HttpCase) and case.app for case in scenario.cases)
    check_needs(interpreter, before, has_http=has_app)
    tables = tables_of(scenario, full=full)
    has_uvloop = has_module(interpreter, "uvloop")
    planned = agenda(scenario, tables, pace=FULL if full else SHORT, repeats=repeats, has_uvloop=has_uvloop)
    pictures = list(traced(scenario, tables))
    machine, started = this_machine(), datetime.now(UTC)
    trees = {Side.BEFORE: Tree(Side.BEFORE, before, interpreter), Side.AFTER: Tree(Side.AFTER, after, interpreter)}
    on_progress(Stage("starting the stand-in services"))
    with start_bench(scenario, [one.case for one in [*planned, *pictures]]) as bench:
        runs = _Runs(bench, trees, [*planned, *pictures], on_progress)
        for one in planned:
            runs.take(one)
        timelines = tuple(runs.timeline(one) for one in pictures)
        on_progress(Stage("comparing what both did"))
        compared, different, unsteady = compare_all(runs.taken, bench.serially)
    measurements = tuple(taken.measurement for taken in runs.taken)
    found = conclude(measurements, runs.unloaded_of, machine.cores, runs.failures)
    missing = left_out(scenario, tables)
    short = (Note(SHORT_RUN, f"without --full there is no table of: {'; '.join(missing)}"),) if missing else ()
    return Report(
        version=VERSION,
        project=before.resolve().name,
        started=started.isoformat(timespec="seconds"),
        machine=machine,
        interpreter=interpreter,
        scenario=scenario,
        tables=tables,
        measurements=measurements,
        timelines=timelines,
        gains=found.gains,
        compared=compared,
        differences=different,
        faults=found.faults,
        notes=(*short, *found.notes),
        unsteady=unsteady,
    )


@dataclass(frozen=True, slots=True)
class _Alone:
    """A request of which none other was at work, with the services so many times as fast as they are."""

    measurement: Measurement
    speed: float


class _Runs:
    """The measurements so far."""

    def __init__(self, bench: Bench, trees: dict[Side, Tree], planned: list[Planned], progress: Progress) -> None:
        self.taken: list[Taken] = []
        self.failures: dict[str, str] = {}  # name of a measurement -> the first answer that is an error
        self._bench = bench
        self._trees = trees
        self._progress = progress
        self._planned = planned
        self._alone: dict[Key, _Alone] = {}
        self._speeds: dict[str, float] = {}  # name of a table and of its case -> how much faster its services are
        self._begun = 0

    def take(self, planned: Planned) -> None:
        """Measure it; first, if nobody knows yet, how long one of its requests waits alone."""
        key, speed = _key(planned), self._speed(planned)
        if key not in self._alone and not planned.is_alone:
            self._alone[key] = _Alone(self._measure(alone(planned), speed, None).measurement, speed)
        self._begun += 1
        known = self._alone.get(key)
        taken = self._measure(planned, speed, known.measurement if known else None)
        self._alone.setdefault(key, _Alone(taken.measurement, speed))
        self.taken.append(taken)
        failed = next((sample for sample in taken.measurement.samples if sample.is_error), None)
        if failed:
            self.failures[taken.measurement.name] = f"{failed.outcome}: {taken.answers[failed.number]}"

    def timeline(self, planned: Planned) -> Timeline:
        """The requests once more, traced."""
        self._begun += 1
        return draw_timeline(self._measure(planned, self._speed(planned), None), _labels(planned.case))

    def unloaded_of(self, measurement: Measurement) -> Measurement:
        """One request of the same kind, alone."""
        same = next(one for one in self._planned if one.table.name == measurement.table)
        return self._alone[measurement.case, measurement.side, repr(same.table.waits)].measurement

    def _speed(self, planned: Planned) -> float:
        """By what latencies are divided, the same before and after: a request of the original waits `table.wait`."""
        table = planned.table
        if table.wait is None:
            return 1.0
        known = self._alone.get((planned.case.name, Side.BEFORE, repr(table.waits)))
        key = f"{table.name}, {planned.case.name}"
        if key not in self._speeds:
            probe = known or _Alone(
                self._measure(alone(replace(planned, way=OWN_BEFORE)), PROBE_SPEED).measurement, PROBE_SPEED
            )
            self._speeds[key] = probe.measurement.wait * probe.speed / table.wait or 1.0
        return self._speeds[key]

    def _measure(self, planned: Planned, speed: float, unloaded: Measurement | None = None) -> Taken:
        table = planned.table
        load = planned.in_part(self._guess(planned))
        self._tell(planned, load)
        return self._bench.measure(
            Run(
                tree=self._trees[planned.side],
                case=planned.case,
                way=planned.way,
                load=load,
                table=table.name,
                repeat=planned.repeat,
                planned=planned.load.count,
                cpu=table.cpu,
                speed=speed,
                waits=table.waits,
                unloaded=unloaded,
                is_traced=planned.is_traced,
            )
        )

    def _tell(self, planned: Planned, load: Load) -> None:
        left = sum(one.seconds(one.in_part(wait), wait) for one, wait in self._to_come())
        words = "caller" if load.workers == 1 else "callers"
        text = f"{planned.table.name}, {_of(planned.way)}: {load.count:,} requests by {load.workers:,} {words}"
        if planned.is_traced:
            text = f"{planned.table.name}, {planned.side}: who waits on what"
        elif planned.is_probe:
            text = f"{planned.case.name}, {planned.side}: how long one request waits"
        self._progress(Stage(text, max(1, self._begun), len(self._planned), left))

    def _to_come(self) -> Iterator[tuple[Planned, float]]:
        """With what is being measured; and how long a request of each waits, as far as is known."""
        for one in self._planned[max(0, self._begun - 1) :]:
            yield one, self._guess(one)

    def _guess(self, planned: Planned) -> float:
        case, side, waits = _key(planned)
        known = self._alone.get((case, side, waits)) or self._alone.get((case, Side.BEFORE, waits))
        return planned.table.wait or (known.measurement.wait * known.speed if known else FIRST_GUESS)


def _key(planned: Planned) -> Key:
    return planned.case.name, planned.side, repr(planned.table.waits)


def _of(way: Way) -> str:
    return way.side.value if way in (OWN_BEFORE, OWN_AFTER) else way.name


def _labels(case: Case) -> tuple[str, ...]:
    if isinstance(case, HttpCase):
        return tuple(request.label or f"{request.method} {request.path}" for request in case.requests)
    return tuple(given.label for given in case.inputs) if isinstance(case, CallCase) else ()
