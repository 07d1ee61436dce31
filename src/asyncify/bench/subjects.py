"""The measured process, in each of its forms: functions, an ASGI app, a server of its own, a program run each time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psutil

from asyncify.bench.logbook import complaints
from asyncify.bench.process import Process, helper_command, subject_command
from asyncify.bench.samples import Usage
from asyncify.bench.scenario import CallCase, Case, CommandCase, HttpCase, Scenario
from asyncify.bench.started import start
from asyncify.bench.ways import Way

PATIENCE = 30.0  # seconds beyond the time that the requests may take
SUBJECT_LOG = "subject.log"


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of a subject gave."""

    samples: list[list[Any]]
    usage: Usage
    client: Usage | None
    logs: Mapping[str, int]
    began: float | None  # when the first request could arrive, by the clock of the machine
    writes: list[list[float]] = field(default_factory=list)  # of a traced run: time, port, number


class Subject:
    """A process that runs requests: by itself, or as a server with a client."""

    def __init__(self, process: Process, client: Process | None, ready: Mapping[str, Any], timeout: float) -> None:
        self._process = process
        self._client = client
        self._timeout = timeout
        self.is_async = bool(ready["is_async"])
        self.loop = str(ready["loop"])
        self.pid: int | None = process.pid

    def run(self, command: Mapping[str, Any]) -> Ran:
        """Make the requests that the command names."""
        patience = PATIENCE + self._timeout * command["count"] / command["workers"]
        if self._client is None:
            answer = self._process.ask({"do": "run", **command}, patience)
            usage, logs = msgspec.convert(answer["usage"], Usage), answer.get("logs", {})
            return Ran(answer["samples"], usage, None, logs, answer.get("began"), answer.get("writes", []))
        self._process.ask({"do": "mark"}, PATIENCE)
        answer = self._client.ask({"do": "run", **command}, patience)
        read = self._process.ask({"do": "read"}, PATIENCE)
        usage, client = (msgspec.convert(each["usage"], Usage) for each in (read, answer))
        return Ran(answer["samples"], usage, client, read["logs"], answer["began"], read.get("writes", []))


class ServerSubject(Subject):
    """A server that was started by a command of its own; what it uses is seen from outside."""

    def __init__(self, pid: int, client: Process, timeout: float) -> None:
        super().__init__(client, None, {"is_async": False, "loop": ""}, timeout)
        self.pid = pid
        self._server = psutil.Process(pid)

    def run(self, command: Mapping[str, Any]) -> Ran:
        before = self._look()
        ran = super().run(command)
        after = self._look()
        cpu = after[0] - before[0]
        usage = Usage(cpu, before[1], max(before[1], after[1]), after[2], None, None)
        return Ran(ran.samples, usage, ran.usage, {}, ran.began)

    def _look(self) -> tuple[float, int, int]:
        """Processor seconds, memory and threads of the server and what it has started."""
        family = [self._server, *self._server.children(recursive=True)]
        times = [process.cpu_times() for process in family]
        memory = sum(process.memory_info().rss for process in family)
        return sum(t.user + t.system for t in times), memory, sum(process.num_threads() for process in family)


@contextmanager
def start_subject(
    name: str,
    case: Case,
    way: Way,
    python: str,
    scenario: Scenario,
    folder: Path,
    env: Mapping[str, str],
    *,
    trace: bool,
) -> Iterator[Subject]:
    """The subject in its `folder`, ready to run."""
    if isinstance(case, CommandCase):
        setup = {
            "command": [python if part == "python" else part for part in case.command],
            "stdin": case.stdin,
            "folder": str(folder),
            "timeout": scenario.timeout,
        }
        search = os.pathsep.join(str(folder / path) for path in scenario.paths)
        environment = {**env, "PYTHONPATH": os.pathsep.join(filter(None, [search, env.get("PYTHONPATH", "")]))}
        log = folder.parent / SUBJECT_LOG
        process, ready = Process.start(name, helper_command("programs"), folder, environment, log, setup)
        with process:
            yield Subject(process, None, ready, scenario.timeout)
        return
    if isinstance(case, HttpCase) and case.command:
        with _start_server(name, case, python, scenario, folder, env) as subject:
            yield subject
        return
    setup = _setup(case, way, scenario, folder, trace=trace)
    process, ready = Process.start(name, subject_command(python), folder, env, folder.parent / SUBJECT_LOG, setup)
    with process:
        if isinstance(case, CallCase):
            yield Subject(process, None, ready, scenario.timeout)
            return
        with _start_callers(name, case, scenario, folder, ready["port"], trace=trace) as client:
            yield Subject(process, client, ready, scenario.timeout)


def complained(folder: Path) -> Mapping[str, int]:
    """What the interpreter of the subject in that folder has complained of."""
    log = folder.parent / SUBJECT_LOG
    return complaints(log.read_text("utf-8", "replace")) if log.is_file() else {}


def _setup(case: HttpCase | CallCase, way: Way, scenario: Scenario, folder: Path, *, trace: bool) -> dict[str, Any]:
    common = {
        "paths": [str(folder / path) for path in scenario.paths if (folder / path).is_dir()],
        "sessions": way.sessions,
        # uvloop writes to sockets by itself, where no trace sees it.
        "loop": "asyncio" if trace else "uvloop" if way.uses_uvloop else "",
        "trace": trace,
    }
    if isinstance(case, HttpCase):
        return {"kind": "http", "target": case.app, "factory": case.factory, **common}
    calls = [
        {"callable": each.callable or case.callable, "args": each.args, "kwargs": each.kwargs} for each in case.inputs
    ]
    return {"kind": "call", "calls": calls, **common}


@contextmanager
def _start_server(
    name: str, case: HttpCase, python: str, scenario: Scenario, folder: Path, env: Mapping[str, str]
) -> Iterator[Subject]:
    command = [python if part == "python" else part for part in case.command]
    search = os.pathsep.join(str(folder / path) for path in scenario.paths)
    environment = {**env, "PYTHONPATH": search}
    with (
        start(name, command, environment, case.ready, folder, folder.parent) as running,
        _start_callers(name, case, scenario, folder, running.port, trace=False) as client,
    ):
        yield ServerSubject(running.pid, client, scenario.timeout)


@contextmanager
def _start_callers(
    name: str, case: HttpCase, scenario: Scenario, folder: Path, port: int, *, trace: bool
) -> Iterator[Process]:
    setup = {
        "base": f"http://127.0.0.1:{port}",
        "requests": msgspec.to_builtins(case.requests),
        "ignore": scenario.ignore.answers,
        "unordered": scenario.ignore.unordered,
        "timeout": scenario.timeout,
        "trace": trace,
    }
    log = folder.parent / "callers.log"
    client, _ = Process.start(f"callers of {name}", helper_command("load"), folder.parent, dict(os.environ), log, setup)
    with client:
        yield client
