"""Do the project as it was and as it became do the same? Every request of the scenario, and the project's own tests."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from asyncify.bench.asked import Load, Run, Tree, current_python, variety
from asyncify.bench.compare import Difference
from asyncify.bench.equality import judge
from asyncify.bench.measure import QUICK, Bench, Taken, start_bench
from asyncify.bench.needs import check_needs
from asyncify.bench.own_tests import Tests, compare_tests, run_tests
from asyncify.bench.samples import Side
from asyncify.bench.scenario import Case, HttpCase, Scenario
from asyncify.bench.stage import Progress, Stage
from asyncify.bench.ways import OWN_AFTER, OWN_BEFORE

TOGETHER = 10  # requests side by side in the second round, which shared state does not survive
ROUNDS = 2  # times each kind of request is made side by side


class Checked(Struct, frozen=True):
    """How much of one case was compared; equal figures do not mean equal contents."""

    case: str
    callers: int
    answers: int
    calls: int  # to services
    rows: int
    logs: int
    unknown: tuple[str, ...]  # calls that nothing in the scenario answers
    failed: int  # requests that failed before and after alike
    failure: str  # what the first of them was answered with


class Verdict(Struct, frozen=True):
    """What was compared, and what differs."""

    checked: tuple[Checked, ...]
    tests: Tests | None  # None where they were not run
    differences: tuple[Difference, ...]
    unsteady: tuple[Difference, ...] = ()  # what the original does otherwise by itself when several call it

    @property
    def is_equal(self) -> bool:
        return not self.differences


def run_verify(
    before: Path,
    after: Path,
    scenario: Scenario | None,
    *,
    with_tests: bool,
    on_progress: Progress,
    python: str | None = None,
) -> Verdict:
    """Run both trees, each in a temporary copy, and compare what they did; how fast they were is not asked.

    Each request of the scenario is made alone, then all of them side by side; `with_tests` runs the tests of both
    trees. Raises ConfigError if something to run it with is missing, BenchError if a process cannot be run.
    """
    interpreter = python or current_python()
    trees = (Tree(Side.BEFORE, before, interpreter), Tree(Side.AFTER, after, interpreter))
    checked: list[Checked] = []
    found: list[Difference] = []
    unsteady: list[Difference] = []
    if scenario is not None:
        has_http = any(isinstance(case, HttpCase) and case.app for case in scenario.cases)
        check_needs(interpreter, before, has_http=has_http)
        with start_bench(scenario) as bench:
            for case in scenario.cases:
                for callers, count in _rounds(case):
                    on_progress(Stage(f"{case.name}: {count} requests by {callers}, before and after"))
                    old, new = (_take(bench, tree, case, callers, count) for tree in trees)
                    checked.append(_checked(old))
                    judged = judge(old, new, bench.serially)
                    found += judged.differences
                    unsteady += judged.unsteady
    tests = None
    if with_tests:
        on_progress(Stage("the project's tests, before and after"))
        tests, more = compare_tests(*(run_tests(tree.root, tree.python) for tree in trees))
        found += more
    return Verdict(tuple(checked), tests, tuple(found), tuple(unsteady))


def _rounds(case: Case) -> list[tuple[int, int]]:
    count = max(variety(case) * ROUNDS, TOGETHER)
    return [(1, variety(case)), (TOGETHER, count)]


def _take(bench: Bench, tree: Tree, case: Case, callers: int, count: int) -> Taken:
    way = OWN_BEFORE if tree.side is Side.BEFORE else OWN_AFTER
    return bench.measure(Run(tree, case, way, Load("closed", callers, count), speed=QUICK, warms_up=False))


def _checked(taken: Taken) -> Checked:
    measurement = taken.measurement
    return Checked(
        case=measurement.case,
        callers=measurement.callers,
        answers=len(taken.answers),
        calls=taken.traffic.total(),
        rows=taken.rows.total(),
        logs=taken.logs.total(),
        unknown=tuple(sorted(measurement.stand_in.unknown)),
        failed=measurement.errors,
        failure=next((taken.answers[one.number] for one in measurement.samples if one.is_error), ""),
    )
