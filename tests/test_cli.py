"""The command line as a user meets it: output, exit codes, errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PLAIN = "import time\n\n\ndef wait():\n    time.sleep(1)\n\n\ndef run():\n    wait()\n"


def asyncify(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "asyncify", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    file = tmp_path / "app.py"
    file.write_text(PLAIN, "utf-8")
    return file


def test_diff_shows_the_change_and_writes_nothing(script: Path) -> None:
    done = asyncify("diff", ".", cwd=script.parent)

    assert done.returncode == 1
    assert "+async def wait():" in done.stdout
    assert script.read_text("utf-8") == PLAIN


def test_a_diff_of_a_subfolder_applies_from_where_it_was_made(script: Path) -> None:
    subprocess.run(["git", "init", "-q", script.parent], check=True)
    (script.parent / "sub").mkdir()
    script.rename(script.parent / "sub" / "app.py")

    done = asyncify("diff", "sub", cwd=script.parent)
    checked = subprocess.run(
        ["git", "apply", "--check"], cwd=script.parent, input=done.stdout, text=True, capture_output=True, check=False
    )

    assert checked.stderr == ""
    assert checked.returncode == 0


def test_apply_then_diff_finds_nothing_and_undo_gives_back(script: Path) -> None:
    applied = asyncify("apply", script, cwd=script.parent)
    again = asyncify("diff", script, cwd=script.parent)
    changed = script.read_text("utf-8")
    undone = asyncify("undo", script, cwd=script.parent)

    assert (applied.returncode, again.returncode, undone.returncode) == (0, 0, 0)
    assert again.stdout == ""
    assert "await asyncio.sleep(1)" in changed
    assert script.read_text("utf-8") == PLAIN


def test_a_file_that_does_not_parse_is_named_and_the_rest_goes_on(script: Path) -> None:
    (script.parent / "broken.py").write_text("def f(:\n", "utf-8")

    done = asyncify("diff", ".", cwd=script.parent)

    assert "broken.py:1: not read:" in done.stderr
    assert "+async def wait():" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["diff", "nowhere"], "nowhere: no such file or folder"),
        (["plan", ".", "--format", "xml"], "choose text or json"),
        (["diff", ".", "--rules", "none.toml"], "none.toml"),
        (["explain", "app.py"], "name a file and a function"),
        (["explain", "app.py:nobody"], "there is no such function"),
        (["explain", "app.py:rnu"], "did you mean app.py:run?"),
        (["explain", "ap.py:run"], "there is no such file"),
        (["explain", "ap.py:run"], "did you mean app.py:run?"),
        (["rules", "show", "nothing"], "there is no rule nothing"),
        (["bench", "."], "nothing to"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(script: Path, arguments: list[str], words: str) -> None:
    if arguments[0] == "bench":
        script.write_text("x = 1\n", "utf-8")

    done = asyncify(*arguments, cwd=script.parent)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_rule_pack_is_refused_with_file_rule_and_key(script: Path) -> None:
    pack = script.parent / "mine.toml"
    pack.write_text('[pack]\nid = "mine"\nsummary = "s"\nsource = ["mine"]\n\n[[rule]]\nid = "a"\ncal = "mine.f()"\n')

    done = asyncify("diff", ".", "--rules", pack, cwd=script.parent)

    assert done.returncode == 2
    assert "mine.toml" in done.stderr
    assert "cal" in done.stderr


def test_plan_as_json_names_functions_calls_and_chains(script: Path) -> None:
    done = asyncify("plan", ".", "--format", "json", cwd=script.parent)
    plan = json.loads(done.stdout)

    assert [function["qualname"] for function in plan["functions"]] == ["wait", "run"]
    assert [link["what"] for link in plan["functions"][1]["because"]] == ["wait", "time.sleep"]
    assert [(call["what"], call["ending"]) for call in plan["calls"]] == [
        ("time.sleep", "converted"),
        ("wait", "converted"),
    ]


def test_explain_draws_the_chain(script: Path) -> None:
    done = asyncify("explain", "app.py:run", cwd=script.parent)

    assert done.returncode == 0
    assert "run  app.py:8  [async]" in done.stdout
    assert "time.sleep  called at app.py:5:5" in done.stdout


def test_apply_refuses_uncommitted_changes(script: Path) -> None:
    subprocess.run(["git", "init", "-q", script.parent], check=True)

    refused = asyncify("apply", ".", cwd=script.parent)
    allowed = asyncify("apply", ".", "--allow-dirty", cwd=script.parent)

    assert refused.returncode == 2
    assert "--allow-dirty" in refused.stderr
    assert allowed.returncode == 0


def test_rules_are_listed_shown_and_tested(script: Path) -> None:
    listed = asyncify("rules", cwd=script.parent)
    shown = asyncify("rules", "show", "time-sleep", cwd=script.parent)

    assert "time-sleep" in listed.stdout
    assert "A sleeping thread holds the event loop" in shown.stdout


@pytest.mark.parametrize("command", ["diff", "apply", "undo", "plan", "explain", "bench", "rules"])
def test_help_has_an_example_and_the_exit_codes(script: Path, command: str) -> None:
    done = asyncify(command, "--help", cwd=script.parent)

    assert done.returncode == 0
    assert command == "rules" or "Example:" in done.stdout
