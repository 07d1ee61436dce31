"""The `deskmate` command, in this process and in one of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deskmate.cli import main

PROJECT = Path(__file__).parents[1]


def test_ask_prints_the_answer_and_its_sources(capsys):
    code = main(["--token", "user-ada", "ask", "Where is the printer?"])

    assert code == 0
    answer, _, sources = capsys.readouterr().out.strip().split("\n")
    assert answer == "answer: Where is the printer?"
    assert sources.startswith("Sources: doc-")


def test_ask_goes_on_with_a_session(services):
    main(["--token", "user-ada", "ask", "--session", "s1", "one"])
    main(["--token", "user-ada", "ask", "--session", "s1", "two"])

    ids = [bill["request_id"] for bill in services.bodies("/billing/usage")]
    assert ids == ["ada/s1:1", "ada/s1:2"]


def test_batch_prints_one_line_for_each_question(tmp_path, capsys):
    questions = tmp_path / "questions.txt"
    questions.write_text("one\n\nforbidden\nthree\n")
    code = main(["--token", "user-ada", "batch", str(questions), "--prefix", "q"])

    assert code == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["session_id"] for line in lines] == ["q-0", "q-1", "q-2"]
    assert lines[0]["answer"] == "answer: one"
    assert lines[1]["error"] == "message blocked: policy"


def test_an_error_is_one_line_and_exit_code_2(capsys):
    code = main(["--token", "nobody", "ask", "Hi"])

    assert code == 2
    assert capsys.readouterr().err == "deskmate: token is not active\n"


def test_python_dash_m():
    command = [sys.executable, "-m", "deskmate", "ask", "Hello"]
    env = {**os.environ, "DESKMATE_TOKEN": "user-ada"}
    result = subprocess.run(
        command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=20, check=False
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("answer: Hello\n")
    assert result.stderr == ""
