"""`asyncify verify`: a wrong migration is caught, whatever it gets wrong; a right one passes."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from asyncify.api import Migration, migrate
from asyncify.bench import Verdict, run_verify, verdict_in_words
from asyncify.bench.declared import Database, Ignore, Service
from asyncify.bench.scenario import CallCase, Input, Scenario
from asyncify.bench_trees import migrated_copy
from asyncify.config import load_config
from asyncify.errors import ConfigError
from asyncify.verify_cli import verify_trees
from trees import write_files

SHOP = """\
import contextlib
import logging
import os
import sqlite3

import requests

log = logging.getLogger("shop")


def ask(name, note=""):
    user = requests.get(os.environ["SHOP"] + "/users/" + name, headers={"X-Key": "k"}, timeout=5).json()
    bill = requests.post(os.environ["SHOP"] + "/bill", json={"user": user["id"], "note": note}, timeout=5).json()
    keep(user["id"], bill["note"])
    if name == "eve":
        log.warning("no credit for %s", name)
        raise LookupError(name)
    return {"user": user["id"], "bill": bill["note"]}


def keep(user, note):
    with contextlib.closing(sqlite3.connect("shop.db", timeout=10)) as database:
        database.execute("CREATE TABLE IF NOT EXISTS bills (id INTEGER PRIMARY KEY, user TEXT, note TEXT)")
        database.execute("INSERT INTO bills (user, note) VALUES (?, ?)", (user, note))
        database.commit()
"""
TEST = """\
import pytest
import shop


class Answer:
    def __init__(self, value):
        self.value = value


def test_a_bill_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shop.keep("ada", "n1")
    with shop.contextlib.closing(shop.sqlite3.connect("shop.db")) as database:
        assert database.execute("SELECT user, note FROM bills").fetchall() == [("ada", "n1")]


@pytest.mark.skip(reason="not today")
def test_of_another_day():
    pass
"""
SCENARIO = Scenario(
    cases=(
        CallCase(name="ask", callable="shop:ask", inputs=tuple(Input(args=(n, "n{n}")) for n in ("ada", "bob", "eve"))),
    ),
    env={"SHOP": "{services}"},
    services=(
        Service(path="/users/{name}", latency=0.01, json={"id": "u-{name}"}),
        Service(path="/bill", method="POST", latency=0.01, json={"note": "{body.note}"}),
    ),
    databases=(Database(url="sqlite:///shop.db", ignore=("id",)),),
)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("shop"), {"shop.py": SHOP.encode(), "test_shop.py": TEST.encode()})


@pytest.fixture(scope="module")
def migration(before: Path) -> Migration:
    return migrate(load_config(before, cache=False))


@pytest.fixture
def after(migration: Migration) -> Iterator[Path]:
    """What asyncify makes of the project, in a folder of its own."""
    with migrated_copy(migration) as tree:
        assert "async def ask" in (tree / "shop.py").read_text()
        yield tree


def compare(before: Path, after: Path, *, tests: bool = False, scenario: Scenario | None = SCENARIO) -> Verdict:
    return run_verify(before, after, scenario, with_tests=tests, on_progress=lambda stage: None)


def words(verdict: Verdict) -> str:
    console = Console(file=io.StringIO(), width=200, record=True)
    console.print(verdict_in_words(verdict))
    return console.export_text()


def test_a_right_migration_passes(before: Path, after: Path) -> None:
    verdict = compare(before, after, tests=True)

    assert verdict.differences == ()
    assert [(item.callers, item.answers, item.calls, item.rows, item.logs) for item in verdict.checked] == [
        (1, 3, 6, 3, 1),
        (10, 10, 20, 10, 3),
    ]
    assert verdict.tests is not None
    assert (verdict.tests.passed_before, verdict.tests.passed_after) == (1, 1)
    assert "tests: before 1 of 2 pass (1 skipped), after 1 of 2 pass (1 skipped)" in words(verdict)
    assert "equal: both did the same in all that was compared" in words(verdict)


MUTATIONS = [
    ("a swapped argument", 'keep(user["id"], bill["note"])', 'keep(bill["note"], user["id"])', {"rows"}, '"note": "u-'),
    ("a lost commit", "        database.commit()\n", "", {"rows"}, '-    "note": "n0"'),
    ("a dropped header", ', headers={"X-Key": "k"}', "", {"traffic"}, '-    "x-key": "k"'),
    ("another answer", 'return {"user": user["id"]', 'return {"user": name', {"answers"}, '+    "user": "ada"'),
    ("a lost log record", '        log.warning("no credit for %s", name)\n', "", {"logs"}, "no credit for eve"),
    ("a call made twice", "    if name ==", "    await ask_again(name)\n    if name ==", {"traffic"}, "/users/ada"),
    ("a lost await", "    if name ==", "    ask_again(name)\n    if name ==", {"logs"}, "awaited"),
]  # fmt: skip
AGAIN = """

async def ask_again(name):
    await _aio.get(os.environ["SHOP"] + "/users/" + name)
"""


@pytest.mark.parametrize(
    ("right", "wrong", "what", "shown"), [case[1:] for case in MUTATIONS], ids=[case[0] for case in MUTATIONS]
)
def test_a_wrong_migration_is_caught(
    before: Path, after: Path, right: str, wrong: str, what: set[str], shown: str
) -> None:
    module = after / "shop.py"
    text = module.read_text()
    assert text.count(right) == 1
    module.write_text(text.replace(right, wrong) + AGAIN)

    verdict = compare(before, after)

    assert {difference.what for difference in verdict.differences} == what
    assert shown in words(verdict)


RACING = """\
import os, time, requests
headers = {}
def ask(name, note=""):
    headers["X-Name"] = name
    time.sleep(0.02)
    return requests.get(os.environ["SHOP"] + "/users/" + name, headers=headers, timeout=5).json()
"""
STEADY = """\
import os, aiohttp
async def ask(name, note=""):
    async with aiohttp.ClientSession() as session:
        async with session.get(os.environ["SHOP"] + "/users/" + name, headers={"X-Name": name}) as response:
            return await response.json()
"""


@pytest.mark.parametrize(
    ("after", "is_equal"), [(STEADY, True), (STEADY.replace(', headers={"X-Name": name}', ""), False)]
)
def test_what_threads_race_for_is_not_held_against_the_migration(tmp_path: Path, after: str, is_equal: bool) -> None:
    """What the original does for one caller at a time is what counts then, and it does count."""
    trees = [
        write_files(tmp_path / side, {"shop.py": text.encode()})
        for side, text in zip("ab", (RACING, after), strict=True)
    ]

    verdict = compare(*trees)

    assert verdict.is_equal is is_equal, words(verdict)
    assert {difference.what for difference in verdict.unsteady} == {"traffic"}
    assert "unsteady: ask, 10 concurrent: " in words(verdict)
    assert "--- for one caller: service call" in words(verdict)


def test_a_test_that_fails_after_is_caught(before: Path, after: Path) -> None:
    module = after / "shop.py"
    module.write_text(module.read_text().replace("        database.commit()\n", ""))

    verdict = compare(before, after, tests=True, scenario=None)

    (difference,) = verdict.differences
    assert (difference.what, difference.count) == ("tests", 1)
    assert "-test_shop::test_a_bill_is_kept: passed" in difference.diff
    assert "+test_shop::test_a_bill_is_kept: failed: " in difference.diff


def test_what_may_differ_is_named(before: Path, after: Path) -> None:
    module = after / "shop.py"
    module.write_text(module.read_text().replace("no credit for", "no money for"))
    lenient = Scenario(
        cases=SCENARIO.cases, env=SCENARIO.env, services=SCENARIO.services, ignore=Ignore(logs=("no (credit|money)",))
    )

    assert compare(before, after, scenario=lenient).is_equal


def test_nothing_to_compare_by_is_told(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text("def main(): ...\n")

    with pytest.raises(ConfigError, match="nothing to compare by"):
        verify_trees(tmp_path, tmp_path, calls=True, tests=True, python=None, progress=lambda stage: None)


def test_the_command_compares_with_a_revision(before: Path, after: Path) -> None:
    """A step that was made by hand is checked against what git has."""
    (before / "bench.toml").write_text(
        'env = { SHOP = "none" }\n[[case]]\nname = "x"\nkind = "call"\ncallable = "shop:keep"\n'
    )
    repository = after.parent / "repository"
    write_files(repository, {name: (before / name).read_bytes() for name in ("shop.py", "test_shop.py")})
    git = ["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "sync"]):
        subprocess.run([*git, *command], check=True)
    asyncify = [sys.executable, "-m", "asyncify", "verify", str(repository), "--before", "HEAD"]
    same = subprocess.run(asyncify, capture_output=True, text=True, check=False)
    (repository / "shop.py").write_text(SHOP.replace("        database.commit()\n", ""))
    wrong = subprocess.run(asyncify, capture_output=True, text=True, check=False)

    assert (same.returncode, wrong.returncode) == (0, 1), same.stderr + wrong.stderr
    assert "equal" in same.stdout
    assert "different: tests" in wrong.stdout
