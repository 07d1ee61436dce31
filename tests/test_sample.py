"""The sample project, migrated: its own tests pass, a second run finds nothing, and nothing blocks its event loop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from asyncify.api import Migration, migrate
from asyncify.bench.postgres import URL_VARIABLE, Postgres
from asyncify.bench.settings import load_scenario
from asyncify.bench.verify import run_verify
from asyncify.config import load_config
from asyncify.plan.step import Ending
from asyncify.writing.apply import apply_changes
from asyncify.writing.undo import undo
from trees import snapshot

pytest_plugins = ["support_fixtures"]

SAMPLE = Path(__file__).parent.parent / "sample_project"
ROOT = SAMPLE.parent
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".pytest_cache", "*.egg-info")
GUARDED = Path(__file__).with_name("guarded_service.py")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "sample_project"
    shutil.copytree(SAMPLE, folder, ignore=LEFT_OUT)
    return folder


@pytest.fixture(scope="module")
def migration(copied: Path) -> Iterator[Migration]:
    """The copy, migrated on disk; undone at the end, when every byte must be back."""
    before = snapshot(copied)
    found = migrate(load_config(copied, cache=False))
    apply_changes(copied, found.changes)
    yield found
    shutil.rmtree(copied / ".pytest_cache", ignore_errors=True)
    for cache in copied.rglob("__pycache__"):
        shutil.rmtree(cache, ignore_errors=True)
    undo(copied)
    assert snapshot(copied) == before


def run_python(*arguments: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **variables}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_the_sample_passes_its_own_tests_as_it_is(database: Postgres) -> None:
    pytest_ = ("-m", "pytest", "-q", "-p", "no:cacheprovider")

    done = run_python(*pytest_, cwd=SAMPLE, DESKMATE_TEST_DATABASE=database.url)

    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


def test_the_migrated_sample_passes_its_own_tests(migration: Migration, copied: Path, database: Postgres) -> None:
    strict = ("-W", "error::RuntimeWarning", "-m", "pytest", "-q", "-p", "no:cacheprovider")

    done = run_python(*strict, cwd=copied, DESKMATE_TEST_DATABASE=database.url)

    assert done.returncode == 0, done.stdout
    assert "failed" not in done.stdout
    assert "skipped" not in done.stdout


def test_nothing_is_refused_or_bridged_outside_its_tests(migration: Migration) -> None:
    left = [o for o in migration.plan.outcomes if o.ending is not Ending.CONVERTED and "tests/" not in o.place.path]

    assert migration.faults == ()
    assert left == []


def test_a_second_run_finds_nothing(migration: Migration, copied: Path) -> None:
    again = migrate(load_config(copied, cache=False))

    assert again.changes == ()
    assert again.faults == ()


def test_the_diff_applies(copied: Path) -> None:
    diff = run_python("-m", "asyncify", "diff", "sample_project", cwd=ROOT)
    checked = subprocess.run(
        ["git", "apply", "--check"], cwd=ROOT, input=diff.stdout, text=True, capture_output=True, check=False
    )

    assert diff.returncode == 1
    assert checked.stderr == ""


def test_requests_and_psycopg2_go_aiohttp_and_asyncpg_come(migration: Migration, copied: Path) -> None:
    declared = (copied / "pyproject.toml").read_text("utf-8")

    assert '"aiohttp>=' in declared
    assert '"asyncpg>=' in declared
    assert '"requests' not in declared
    assert '"psycopg2' not in declared


@pytest.mark.parametrize("with_database", [False, True], ids=["without a database", "with a database"])
def test_nothing_blocks_the_event_loop(
    migration: Migration, copied: Path, database: Postgres, with_database: bool
) -> None:
    """Every route is driven over HTTP by a client in another thread, with blocking calls forbidden in the loop."""
    # With password and sslmode asyncpg looks for no file that may have them.
    url = database.url.replace("@", ":secret@") + "?sslmode=disable" if with_database else ""

    done = run_python("-W", "error::RuntimeWarning", GUARDED, cwd=copied, DESKMATE_DATABASE_URL=url)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("guarded: 6 routes, 0 blocking calls")


def test_answers_and_rows_are_the_same_with_a_database(
    migration: Migration, copied: Path, database: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, database.url)
    scenario = load_scenario(SAMPLE)
    case = next(case for case in scenario.cases if case.name == "chat with a database")

    verdict = run_verify(
        SAMPLE, copied, replace(scenario, cases=(case,), tables=()), with_tests=False, on_progress=lambda stage: None
    )

    assert verdict.differences == ()
    assert [(item.answers, item.rows) for item in verdict.checked] == [(4, 16), (10, 36)]
