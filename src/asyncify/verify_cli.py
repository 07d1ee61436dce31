"""`asyncify verify`: run both trees and compare what they did."""

from __future__ import annotations

from pathlib import Path

from asyncify.bench import Verdict, load_scenario, run_verify
from asyncify.bench.asked import current_python
from asyncify.bench.own_tests import has_tests
from asyncify.bench.scenario import CommandCase, Scenario
from asyncify.bench.settings import declares_scenario
from asyncify.bench.stage import Progress
from asyncify.errors import ConfigError


def verify_trees(
    before: Path, after: Path, *, calls: bool, tests: bool, python: str | None, progress: Progress
) -> Verdict:
    """Compare by the scenario that `before` declares or suggests, and by its tests, as far as they are asked for.

    Raises ConfigError where there is neither.
    """
    scenario, why = _scenario(before) if calls else (None, "--no-calls")
    with_tests = tests and has_tests(before, python or current_python())
    if scenario is None and not with_tests:
        raise ConfigError(f"nothing to compare by: no tests that pytest could run, and no calls: {why}")
    return run_verify(before, after, scenario, with_tests=with_tests, on_progress=progress, python=python)


def _scenario(root: Path) -> tuple[Scenario | None, str]:
    if declares_scenario(root):
        return load_scenario(root), ""
    try:
        scenario = load_scenario(root)
    except ConfigError as error:
        return None, str(error)
    if any(isinstance(case, CommandCase) for case in scenario.cases):
        return None, "the project's program is only run where bench.toml says so"
    return scenario, ""
