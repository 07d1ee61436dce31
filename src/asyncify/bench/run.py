"""The whole benchmark: both trees, every table, every row -> Report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from asyncify.bench.agenda import Planned, agenda, alone, tables_of
from asyncify.bench.conclude import conclude
from asyncify.bench.equality import compare_all
from asyncify.bench.machine import this_machine
from asyncify.bench.measure import Bench, Load, Run, Taken, Tree, current_python, start_bench
from asyncify.bench.needs import check_needs, has_module
from asyncify.bench.report import VERSION, Report
from asyncify.bench.samples import Measurement, Side
from asyncify.bench.scenario import CallCase, Case, CommandCase, HttpCase, Scenario, Table
from asyncify.bench.stage import Progress, Stage
from asyncify.bench.timeline import Timeline, draw_timeline
from asyncify.bench.ways import OWN_AFTER, OWN_BEFORE, Way

Key = tuple[str, Side, str]  # case, side, and the waits that a table sets


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
    own under `python` (default: the interpreter that runs asyncify). `full` takes in the tables that are marked so.
    `on_progress` is told what comes next. Raises ConfigError if something to run it with is missing, BenchError if
    one of the processes cannot be run.
    """
    interpreter = python or current_python()
    has_app = any(isinstance(case, HttpCase) and case.app for case in scenario.cases)
    check_needs(interpreter, before, has_http=has_app)
    tables = tables_of(scenario, full=full)
    planned = agenda(scenario, tables, repeats=repeats, has_uvloop=has_module(interpreter, "uvloop"))
    machine, started = this_machine(), datetime.now(UTC)
    trees = {Side.BEFORE: Tree(Side.BEFORE, before, interpreter), Side.AFTER: Tree(Side.AFTER, after, interpreter)}
    on_progress(Stage("starting the stand-in services"))
    with start_bench(scenario) as bench:
        runs = _Runs(bench, scenario, trees, planned, on_progress)
        for one in planned:
            runs.take(one)
        timelines = tuple(runs.timelines(tables))
    on_progress(Stage("comparing the samples"))
    measurements = tuple(taken.measurement for taken in runs.taken)
    compared, different = compare_all(runs.taken)
    found = conclude(measurements, runs.unloaded_of, machine.cores, runs.failures)
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
        notes=found.notes,
    )


class _Runs:
    """The measurements so far."""

    def __init__(
        self, bench: Bench, scenario: Scenario, trees: dict[Side, Tree], planned: list[Planned], progress: Progress
    ) -> None:
        self.taken: list[Taken] = []
        self.failures: dict[str, str] = {}  # name of a measurement -> the first answer that is an error
        self._bench = bench
        self._scenario = scenario
        self._trees = trees
        self._progress = progress
        self._planned = planned
        self._unloaded: dict[Key, Measurement] = {}
        self._begun = 0

    def take(self, planned: Planned) -> None:
        """Measure it; first, if nobody knows yet, how long one of its requests waits alone."""
        key = _key(planned)
        is_alone = planned.load.kind == "closed" and planned.load.callers == 1 and planned.table.wait is None
        if key not in self._unloaded and not is_alone:
            self._unloaded[key] = self._measure(alone(planned), None, is_counted=False).measurement
        taken = self._measure(planned, self._unloaded.get(key))
        self._unloaded.setdefault(key, taken.measurement)
        self.taken.append(taken)
        failed = next((sample for sample in taken.measurement.samples if sample.is_error), None)
        if failed:
            self.failures[taken.measurement.name] = f"{failed.outcome}: {taken.answers[failed.number]}"

    def unloaded_of(self, measurement: Measurement) -> Measurement:
        """One request of the same kind, alone."""
        table = next(one.table for one in self._planned if one.table.name == measurement.table)
        return self._unloaded[measurement.case, measurement.side, repr(table.waits)]

    def timelines(self, tables: Sequence[Table]) -> Iterator[Timeline]:
        """For the tables that ask for it once more, traced: requests that arrive together, before and after."""
        cases = {case.name: case for case in self._scenario.cases}
        for table in tables:
            case, count = cases[table.case], table.timeline
            if not count or isinstance(case, CommandCase) or (isinstance(case, HttpCase) and not case.app):
                continue
            for way in (OWN_BEFORE, OWN_AFTER):
                self._progress(Stage(f"{table.name}, {way.side}: who waits on what", seconds_left=0.0))
                # A program calls its functions one after the other, until they are async; a server has its threads.
                is_serial = way is OWN_BEFORE and isinstance(case, CallCase)
                load = Load("together", count, count, 1 if is_serial else None)
                run = Run(self._trees[way.side], case, way, load, table.name, waits=table.waits, is_traced=True)
                yield draw_timeline(self._bench.measure(run), _labels(case))

    def _measure(self, planned: Planned, unloaded: Measurement | None, *, is_counted: bool = True) -> Taken:
        table, wait = planned.table, unloaded.wait if unloaded else 0.0
        speed = wait / table.wait if table.wait and wait else 1.0
        self._begun += is_counted
        load = planned.in_part(wait / speed)
        self._tell(planned, load, is_counted=is_counted)
        return self._bench.measure(
            Run(
                tree=self._trees[planned.side],
                case=planned.case,
                way=planned.way,
                load=load,
                table=table.name,
                repeat=planned.repeat,
                planned=planned.load.count,
                cpu=table.cpu if is_counted else 0.0,
                speed=speed,
                waits=table.waits,
                unloaded=unloaded,
            )
        )

    def _tell(self, planned: Planned, load: Load, *, is_counted: bool) -> None:
        left = sum(one.seconds(self._guess(one)) for one in self._planned[max(0, self._begun - 1) :])
        words = "caller" if load.workers == 1 else "callers"
        text = f"{planned.table.name}, {_of(planned.way)}: {load.count:,} requests by {load.workers:,} {words}"
        if not is_counted:
            text = f"{planned.case.name}, {planned.side}: how long one request waits"
        self._progress(Stage(text, self._begun or 1, len(self._planned), left))

    def _guess(self, planned: Planned) -> float:
        known = self._unloaded.get(_key(planned))
        return planned.table.wait or (known.wait if known else 1.0)


def _key(planned: Planned) -> Key:
    return planned.case.name, planned.side, repr(planned.table.waits)


def _of(way: Way) -> str:
    return way.side.value if way in (OWN_BEFORE, OWN_AFTER) else way.name


def _labels(case: Case) -> tuple[str, ...]:
    if isinstance(case, HttpCase):
        return tuple(request.label or f"{request.method} {request.path}" for request in case.requests)
    return tuple(given.label for given in case.inputs) if isinstance(case, CallCase) else ()
