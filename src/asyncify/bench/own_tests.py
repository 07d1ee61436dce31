"""The project's own tests, before and after: which passed, and which passed only before."""

from __future__ import annotations

import os
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from asyncify.bench.compare import Difference
from asyncify.bench.copies import copied
from asyncify.bench.process import BenchError

PASSED, SKIPPED = "passed", "skipped"
SHOWN = 5  # differing tests
TRACE_LINES = 15  # of each
TIMEOUT = 900.0  # seconds for one run of all tests
TAIL = 30  # lines
FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pytest') is None)"
HAS_RUN = {0, 1}  # pytest: all passed, some failed; anything else means that it could not run them

Outcomes = Mapping[str, str]  # test -> "passed", "skipped", or "failed" and the traceback


class Tests(Struct, frozen=True):
    """How the tests of the two trees went."""

    before: int
    after: int
    passed_before: int
    passed_after: int
    skipped_before: int = 0
    skipped_after: int = 0


def has_tests(root: Path, python: str) -> bool:
    """Are there test files, and pytest to run them?"""
    files = (file for pattern in ("test_*.py", "*_test.py") for file in root.rglob(pattern))
    if not any(".venv" not in file.parts and "site-packages" not in file.parts for file in files):
        return False
    try:
        found = subprocess.run([python, "-c", FIND], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return False
    return found.returncode == 0


def run_tests(root: Path, python: str) -> Outcomes:
    """The outcome of each test of a copy of the tree, by pytest. Raises BenchError if they cannot be run."""
    with tempfile.TemporaryDirectory(prefix="asyncify-verify-", ignore_cleanup_errors=True) as scratch:
        report = Path(scratch) / "report.xml"
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        with copied(root, Path(scratch)) as folder:
            try:
                ended = subprocess.run(
                    command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                    timeout=TIMEOUT, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                raise BenchError(f"the tests did not end in {TIMEOUT:.0f} s") from None
        if ended.returncode not in HAS_RUN or not report.is_file():
            tail = "\n".join((ended.stdout + ended.stderr).rstrip().splitlines()[-TAIL:])
            raise BenchError(f"the tests could not be run:\n{tail}")
        return dict(_outcomes(ElementTree.parse(report).getroot()))


def compare_tests(before: Outcomes, after: Outcomes) -> tuple[Tests, list[Difference]]:
    """Tests that passed before have to pass after; one that failed before may do as it likes."""
    sides = (before, after)
    passes, skips = ([sum(o == wanted for o in side.values()) for side in sides] for wanted in (PASSED, SKIPPED))
    tests = Tests(len(before), len(after), *passes, *skips)
    passed = [name for name, outcome in before.items() if outcome == PASSED]
    broken = {name: after.get(name, "not there") for name in passed if after.get(name) != PASSED}
    if not broken:
        return tests, []
    lines = [line for name in sorted(broken)[:SHOWN] for line in _shown(name, broken[name])]
    return tests, [Difference("tests", 1, "tests", len(broken), "\n".join(lines))]


def _shown(name: str, outcome: str) -> Iterator[str]:
    yield f"-{name}: passed"
    first, *trace = outcome.splitlines()
    yield f"+{name}: {first}"
    yield from (f" {line}" for line in trace[-TRACE_LINES:])


def _outcomes(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        for element in case:
            if element.tag in {"failure", "error"}:
                yield name, f"failed: {(element.get('message') or '?').splitlines()[0]}\n{element.text or ''}"
                break
            if element.tag == "skipped":
                yield name, SKIPPED
                break
        else:
            yield name, PASSED
