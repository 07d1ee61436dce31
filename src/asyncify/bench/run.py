"""The whole benchmark: both trees, every case, every level -> Report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from asyncify.bench.compare import Difference, Gain, compare_speed
from asyncify.bench.equality import differences
from asyncify.bench.explain import beats_bound, explain
from asyncify.bench.machine import this_machine
from asyncify.bench.measure import Bench, Taken, Tree, current_python, start_bench, variety
from asyncify.bench.needs import check_needs
from asyncify.bench.report import VERSION, Fault, Note, Report
from asyncify.bench.samples import Measurement, Side
from asyncify.bench.scenario import Case, HttpCase, Scenario

QUIET = 0.1  # of all cores: other programs may use so much before the report warns
ANSWER_SHOWN = 300  # characters of a failed request's answer


def run_bench(
    before: Path,
    after: Path,
    scenario: Scenario,
    *,
    on_progress: Callable[[str], None],
    python: str | None = None,
) -> Report:
    """Measure the project as it is (`before`) and as migrated (`after`), and compare what the two did.

    Each measurement copies its tree to a temporary folder, so neither is touched, and runs it in a process of its
    own under `python` (default: the interpreter that runs asyncify). `on_progress` is told what comes next. Raises
    ConfigError if something to run it with is missing, BenchError if one of the processes cannot be run.
    """
    interpreter = python or current_python()
    has_http = any(isinstance(case, HttpCase) for case in scenario.cases)
    check_needs(interpreter, before, has_http=has_http)
    machine, started = this_machine(), datetime.now(UTC)
    trees = (Tree(Side.BEFORE, before, interpreter), Tree(Side.AFTER, after, interpreter))
    on_progress("starting the stand-in services")
    with start_bench(scenario) as bench:
        runs = _Runs(bench, scenario, on_progress)
        for case in scenario.cases:
            for tree in trees:
                runs.take_unloaded(tree, case)
            for callers in sorted(scenario.levels):
                for tree in trees:
                    runs.take(tree, case, callers)
    on_progress("comparing the samples")
    return Report(
        version=VERSION,
        started=started.isoformat(timespec="seconds"),
        machine=machine,
        interpreter=interpreter,
        scenario=scenario,
        measurements=tuple(taken.measurement for taken in runs.taken.values()),
        gains=tuple(runs.gains()),
        differences=tuple(runs.differences()),
        faults=tuple(runs.faults()),
        notes=tuple(runs.notes(machine.cores)),
    )


class _Runs:
    """The measurements so far, and what follows from them."""

    def __init__(self, bench: Bench, scenario: Scenario, on_progress: Callable[[str], None]) -> None:
        self.taken: dict[tuple[str, int, Side], Taken] = {}
        self._unloaded: dict[tuple[str, Side], Measurement] = {}
        self._bench = bench
        self._scenario = scenario
        self._on_progress = on_progress
        alone = 0 if 1 in scenario.levels else 1
        self._total = len(scenario.cases) * 2 * (len(scenario.levels) + alone)
        self._begun = 0

    def take_unloaded(self, tree: Tree, case: Case) -> None:
        """Find out how long one request waits, unless a level with one caller will tell."""
        if 1 in self._scenario.levels:
            return
        self._unloaded[case.name, tree.side] = self._measure(tree, case, 1, variety(case)).measurement

    def take(self, tree: Tree, case: Case, callers: int) -> None:
        taken = self._measure(tree, case, callers, self._scenario.levels[callers])
        self.taken[case.name, callers, tree.side] = taken
        if callers == 1:
            self._unloaded[case.name, tree.side] = taken.measurement

    def _measure(self, tree: Tree, case: Case, callers: int, count: int) -> Taken:
        self._begun += 1
        words = "caller" if callers == 1 else "callers"
        self._on_progress(
            f"{self._begun}/{self._total} {case.name}, {tree.side}: {count} requests by {callers} {words}"
        )
        return self._bench.measure(tree, case, callers, count, self._unloaded.get((case.name, tree.side)))

    def gains(self) -> Iterator[Gain]:
        for before, after in self._pairs():
            yield compare_speed(before.measurement, after.measurement)

    def differences(self) -> Iterator[Difference]:
        for before, after in self._pairs():
            yield from differences(before, after)

    def faults(self) -> Iterator[Fault]:
        for taken in self.taken.values():
            measurement = taken.measurement
            if beats_bound(measurement):
                text = f"{measurement.throughput:.2f} requests/s is more than the bound of {measurement.bound:.2f}"
                yield Fault(measurement.name, "better-than-possible", text)

    def notes(self, cores: int) -> Iterator[Note]:
        others = [taken.measurement.others_share for taken in self.taken.values()]
        noisy = [share for share in others if share is not None and share > QUIET * cores]
        if noisy:
            text = (
                f"in {len(noisy)} of {len(others)} measurements other programs used up to {max(noisy):.2f} of {cores} "
            )
            yield Note("noisy machine", f"{text}cores; run again when it is quiet")
        for taken in self.taken.values():
            measurement = taken.measurement
            reason = explain(measurement, self._unloaded[measurement.case, measurement.side], cores)
            if reason:
                yield Note(measurement.name, reason)
            if measurement.errors:
                first = next(sample for sample in measurement.samples if sample.is_error)
                text = f"{measurement.errors} of {len(measurement.samples)} requests failed, the first with "
                yield Note(measurement.name, f"{text}{first.outcome}: {taken.answers[first.number][:ANSWER_SHOWN]}")
            if measurement.stand_in.unknown:
                calls = ", ".join(f"{call} ({times})" for call, times in measurement.stand_in.unknown.items())
                yield Note(measurement.name, f"answered 404, because no [[service]] says what to answer: {calls}")

    def _pairs(self) -> Iterator[tuple[Taken, Taken]]:
        for (name, callers, side), before in self.taken.items():
            if side is Side.BEFORE:
                yield before, self.taken[name, callers, Side.AFTER]
