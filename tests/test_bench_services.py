"""The stand-in for services, asked over real HTTP, and the processes of a benchmark."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests

from asyncify.bench.declared import Ignore, Model, Service
from asyncify.bench.process import BenchError, Process, helper_command, subject_command
from asyncify.bench.scenario import CallCase, Scenario

ANY_CASE = CallCase(name="none", callable="none:none")
ENDS_WITHIN = 5.0  # seconds
RUN_ONE = {"do": "run", "first": 0, "count": 1, "workers": 1, "cpu": 0.0}


@contextmanager
def stand_in(
    folder: Path, *services: Service, model: Model | None = None, ignore: Ignore | None = None
) -> Iterator[Any]:
    """The stand-in's process and its address."""
    scenario = Scenario(
        cases=(ANY_CASE,), services=services, model=model or Model(latency=0.0), ignore=ignore or Ignore()
    )
    setup = {"scenario": msgspec.to_builtins(scenario, str_keys=True)}
    process, ready = Process.start(
        "stand-in", helper_command("standin"), folder, dict(os.environ), folder / "log", setup
    )
    with process:
        yield process, f"http://127.0.0.1:{ready['port']}"


def chat(text: str, results: tuple[str, ...] = (), tools: bool = True) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": text}]
    messages += [
        {"role": "tool", "tool_call_id": f"call_{n}", "content": result} for n, result in enumerate(results, 1)
    ]
    return {"model": "m", "messages": messages} | ({"tools": [{"type": "function"}]} if tools else {})


def test_services_are_answered_as_declared(tmp_path: Path) -> None:
    services = (
        Service(path="/auth", method="POST", when={"body.token": "user-(?P<name>.+)"}, json={"user": "{name}"}),
        Service(path="/auth", method="POST", json={"user": None}),
        Service(path="/orders/{id}", json={"id": "{id}", "note": "for {query.who}", "all": "{query.who}"}),
        Service(path="/bill", method="POST", status=201, json={"credits": "{body.tokens}"}, headers={"X-Bill": "1"}),
        Service(path="/gone", method="DELETE", status=204),
    )
    with stand_in(tmp_path, *services) as (process, base):
        assert requests.post(f"{base}/auth", json={"token": "user-ada"}, timeout=5).json() == {"user": "ada"}
        assert requests.post(f"{base}/auth", json={"token": "x"}, timeout=5).json() == {"user": None}
        order = requests.get(f"{base}/orders/A17", params={"who": "bob"}, timeout=5).json()
        bill = requests.post(f"{base}/bill", json={"tokens": 12}, timeout=5)
        gone = requests.delete(f"{base}/gone", timeout=5)
        unknown = requests.get(f"{base}/auth", timeout=5)
        seen = process.ask({"do": "read"}, 5)

    assert order == {"id": "A17", "note": "for bob", "all": "bob"}
    assert (bill.status_code, bill.json(), bill.headers["X-Bill"]) == (201, {"credits": 12}, "1")
    assert (gone.status_code, gone.content) == (204, b"")
    assert unknown.status_code == 404
    assert seen["unknown"] == {"GET /auth": 1}
    assert sum(seen["traffic"].values()) == 6


def test_waits_last_as_long_as_set_and_are_noted(tmp_path: Path) -> None:
    with stand_in(tmp_path, Service(path="/slow", latency=0.1, text="done")) as (process, base):
        started = time.perf_counter()
        assert requests.get(f"{base}/slow", timeout=5).text == "done"
        took = time.perf_counter() - started
        noted = process.ask({"do": "read"}, 5)
        process.ask({"do": "clear", "speed": 100.0}, 5)
        requests.get(f"{base}/slow", timeout=5)
        faster = process.ask({"do": "read"}, 5)

    assert 0.1 <= took < 0.2
    assert noted["waited"] == pytest.approx(0.1)
    assert (noted["calls"], noted["peak_in_flight"]) == (1, 1)
    assert faster["waited"] == pytest.approx(0.001)


def test_a_thousand_callers_wait_side_by_side(tmp_path: Path) -> None:
    """In one process of its own, with nothing but sockets: a thousand threads would measure the threads."""
    script = """
import asyncio, sys
async def one(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /slow HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
    answer = await reader.read()
    writer.close()
    return answer.endswith(b"done")
async def main(port):
    return all(await asyncio.gather(*(one(port) for _ in range(1000))))
sys.exit(not asyncio.run(main(int(sys.argv[1]))))
"""
    with stand_in(tmp_path, Service(path="/slow", latency=1.5, text="done")) as (process, base):
        assert subprocess.run([sys.executable, "-c", script, base.rpartition(":")[2]], check=False).returncode == 0
        noted = process.ask({"do": "read"}, 5)

    assert noted["calls"] == 1000
    assert noted["peak_in_flight"] == 1000


def test_the_model_asks_for_one_tool_after_the_other(tmp_path: Path) -> None:
    text = 'Go [tool:find {"a": "b"}] and [tool:add {}]  now'
    with stand_in(tmp_path) as (_, base):
        answers = [
            requests.post(f"{base}/v1/chat/completions", json=chat(text, results), timeout=5).json()
            for results in ((), ("r1",), ("r1", "r2"))
        ]
        together = requests.post(f"{base}/v1/chat/completions", json=chat(f"[parallel] {text}"), timeout=5).json()

    choices = [answer["choices"][0] for answer in answers]
    assert [choice["finish_reason"] for choice in choices] == ["tool_calls", "tool_calls", "stop"]
    calls = [(call["id"], call["function"]) for choice in choices[:2] for call in choice["message"]["tool_calls"]]
    assert calls == [
        ("call_1", {"name": "find", "arguments": '{"a": "b"}'}),
        ("call_2", {"name": "add", "arguments": "{}"}),
    ]
    assert choices[2]["message"]["content"] == "answer: Go and now\n- r1\n- r2"
    assert answers[2]["usage"] == {"prompt_tokens": 12, "completion_tokens": 8, "total_tokens": 20}
    assert [call["id"] for call in together["choices"][0]["message"]["tool_calls"]] == ["call_1", "call_2"]


def test_the_model_streams_piece_by_piece(tmp_path: Path) -> None:
    with stand_in(tmp_path, model=Model(latency=0.0, interval=0.02)) as (process, base):
        request = chat("Hello there", tools=False) | {"stream": True}
        with requests.post(f"{base}/v1/chat/completions", json=request, stream=True, timeout=5) as response:
            kind = response.headers["content-type"]
            lines = [line.decode().removeprefix("data: ") for line in response.iter_lines() if line]
        noted = process.ask({"do": "read"}, 5)

    events = [msgspec.json.decode(line) for line in lines[:-1]]
    assert kind == "text/event-stream"
    assert lines[-1] == "[DONE]"
    assert [event["choices"][0]["delta"] for event in events] == [
        {"content": "answer: "}, {"content": "Hello "}, {"content": "there"}, {},
    ]  # fmt: skip
    assert events[-1]["usage"] == {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}
    assert noted["waited"] == pytest.approx(4 * 0.02)


def test_embeddings_are_numbers_from_the_text(tmp_path: Path) -> None:
    with stand_in(tmp_path) as (_, base):
        url = f"{base}/v1/embeddings"
        one = requests.post(url, json={"input": "a"}, timeout=5).json()["data"]
        two = requests.post(url, json={"input": ["a", "b"]}, timeout=5).json()["data"]

    assert one[0]["embedding"][:2] == [0.7922, 0.5922]  # SHA-256 of "a" begins with ca 97
    assert [item["embedding"] == one[0]["embedding"] for item in two] == [True, False]


def start_subject(folder: Path, target: str, log: str = "log", **setup: Any) -> tuple[Process, dict[str, Any]]:
    calls = [{"callable": target, "args": [], "kwargs": {}}]
    config = {
        "kind": "call",
        "calls": calls,
        "object": {},
        "paths": [str(folder)],
        "sessions": "own",
        "constants": {},
        "loop": "",
        "trace": False,
    }
    return Process.start(
        "subject", subject_command(sys.executable), folder, dict(os.environ), folder / log, config | setup
    )


def test_what_cannot_be_imported_is_told_with_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("import nothing_of_that_name\n")

    with pytest.raises(BenchError, match=r"(?s)subject failed:.*shop\.py.*No module named 'nothing_of_that_name'"):
        start_subject(tmp_path, "shop:ask")


def test_a_process_that_dies_is_told_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "import os, sys\ndef ask():\n    print('farewell', flush=True)\n    os._exit(3)\n"
    )
    process, _ = start_subject(tmp_path, "shop:ask")

    with pytest.raises(BenchError, match=r"(?s)subject has ended; its log ends:\nfarewell"), process:
        process.ask(RUN_ONE, 10)


def test_the_project_cannot_disturb_the_pipes(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("print('{}')\ndef ask():\n    print('{}')\n    return input\n")
    (tmp_path / "control.py").write_text("raise RuntimeError('imported in place of ours')\n")
    process, _ = start_subject(tmp_path, "shop:ask")
    with process:
        samples = process.ask(RUN_ONE | {"count": 2, "workers": 2}, 10)["samples"]

    assert [sample[3] for sample in samples] == ["returned", "returned"]
    assert (tmp_path / "log").read_text().splitlines() == ["{}"] * 3


@pytest.mark.parametrize("busy_with", ["time.sleep(60)", "exec('while True: pass')"])
def test_a_subject_ends_when_its_parent_is_gone(tmp_path: Path, busy_with: str) -> None:
    (tmp_path / "shop.py").write_text(f"import time\ndef ask():\n    {busy_with}\n")
    script = f"""
import json, os, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_bench_services import start_subject
process, _ = start_subject(Path({str(tmp_path)!r}), "shop:ask")
print(process._popen.pid, flush=True)
process._popen.stdin.write(json.dumps({RUN_ONE}).encode() + b'\\n')
process._popen.stdin.flush()
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    found = re.fullmatch(r"(\d+)\n", killed.stdout)
    assert found, killed.stderr

    deadline = time.monotonic() + ENDS_WITHIN
    while is_running(int(found[1])) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(int(found[1]))


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_constants_of_modules_are_set_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("URL = 'https://example.org'\ndef ask():\n    return URL\n")
    process, _ = start_subject(tmp_path, "shop:ask", constants={"shop:URL": "http://127.0.0.1:1"})
    with process:
        answer = process.ask(RUN_ONE, 10)["samples"][0][4]

    assert answer == {"value": "http://127.0.0.1:1"}
    with pytest.raises(BenchError, match="has no attribute 'URI'"):
        start_subject(tmp_path, "shop:ask", constants={"shop:URI": ""})
