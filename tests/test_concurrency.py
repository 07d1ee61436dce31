"""What runs side by side after the migration: the table of loops, the texts that come out, the settings."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from asyncify.plan.concurrency.setting import DEFAULT_LIMITS, Which
from asyncify.plan.step import Gathering
from asyncify.rule_examples import migrate_text, result_text
from asyncify.support.limits import LIMITS
from support import SHIPPED, run_text

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from loops import classify, load_loops

TEXTS = tomllib.loads((Path(__file__).parent / "side_by_side.toml").read_text("utf-8"))
PRELUDE = TEXTS["prelude"].lstrip()


def gathered(before: str, which: Which = Which.SAFE) -> tuple[str, tuple[Gathering, ...]]:
    migration = migrate_text(before, SHIPPED, which)

    assert migration.faults == ()
    return result_text(migration, before), migration.plan.gatherings


@pytest.mark.parametrize("row", load_loops(), ids=lambda row: row["name"])
def test_loop(row: dict[str, Any]) -> None:
    """Nothing is gathered that depends on itself, and what is does the same in less time."""
    found = classify(row)

    assert found.wrong == "", found.text


@pytest.mark.parametrize("row", TEXTS["text"], ids=lambda row: row["name"])
def test_text(row: dict[str, Any]) -> None:
    """The whole of what is written, as one would write it by hand."""
    after, _ = gathered(PRELUDE + "\n\n" + row["before"].lstrip())

    assert after.partition("# ----\n")[2].strip() == row["after"].strip()


LOOP = """
import time


def fetch(x):
    time.sleep(1)
    return x


def run():
    return [fetch(x) for x in range(25)]
"""

WRITES = """
import requests


def store(url):
    return requests.post(url, timeout=5).status_code


def run(urls):
    return [store(url) for url in urls]
"""


def test_off_gathers_nothing_and_says_nothing() -> None:
    after, found = gathered(LOOP, Which.OFF)

    assert "[await fetch(x) for x in range(25)]" in after
    assert found == ()


def test_never_more_than_the_limit_at_a_time() -> None:
    """25 calls of one second, ten at a time, take three."""
    after, found = gathered(LOOP)

    seen = run_text(after, ("side_by_side",))

    assert [each.gathered for each in found] == [True]
    assert (seen.value, seen.seconds) == (list(range(25)), 3)


def test_calls_that_write_are_left_unless_all_is_asked_for() -> None:
    _, safe = gathered(WRITES)
    after, everything = gathered(WRITES, Which.ALL)

    assert [(each.gathered, each.why) for each in safe] == [(False, "`requests.post` is no read: its order may matter")]
    assert safe[0].because is not None
    assert safe[0].because.line == 6
    assert [each.gathered for each in everything] == [True]
    assert "side_by_side(store, urls" in after


def test_all_warns_of_each() -> None:
    migration = migrate_text(WRITES, SHIPPED, Which.ALL)

    assert [w.place.line for w in migration.plan.warnings if w.rule == "side-by-side"] == [10]


def test_dependent_rounds_are_left_even_under_all() -> None:
    wrong = [
        row["name"]
        for row in load_loops()
        if not row["independent"]
        and any(each.gathered for each in migrate_text(row["before"], SHIPPED, Which.ALL).plan.gatherings)
    ]

    assert wrong == []


def test_reads_by_verb() -> None:
    text = WRITES.replace("requests.post(url, timeout=5)", 'requests.request("{}", url)')

    found = {verb: gathered(text.replace("{}", verb))[1][0].gathered for verb in ("GET", "head", "DELETE", "POST")}

    assert found == {"GET": True, "head": True, "DELETE": False, "POST": False}


def test_the_limits_that_code_names_are_those_that_one_can_set() -> None:
    assert LIMITS == DEFAULT_LIMITS


def test_functions_that_all_call_each_other_are_given_up_in_time() -> None:
    """The ways through twenty of them are more than anyone can walk."""
    names = [f"step_{number}" for number in range(20)]
    calls = "".join(f"    {name}(url)\n" for name in names)
    functions = "".join(f"def {name}(url):\n{calls}    return requests.get(url).text\n\n\n" for name in names)
    text = f"import requests\n\n\n{functions}def run(urls):\n    return [step_0(url) for url in urls]\n"

    _, found = gathered(text)

    assert [each.gathered for each in found] == [False]


def test_a_long_chain_of_functions_is_followed_to_a_depth_and_no_further() -> None:
    chain = "\n\n\n".join(f"def f{n}(x):\n    return f{n + 1}(x)" for n in range(150))
    text = (
        f"import requests\n\n\n{chain}\n\n\ndef f150(x):\n    return requests.get(x).text\n\n\n"
        "def run(urls):\n    return [f0(url) for url in urls]\n"
    )

    _, gatherings = gathered(text)

    assert any("is beyond what asyncify follows" in gathering.why for gathering in gatherings)
