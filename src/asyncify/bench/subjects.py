"""The measured process, in each of its forms: functions, an ASGI app, a server of its own, a program run each time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from asyncify.bench.logbook import complaints
from asyncify.bench.process import START_TIMEOUT, Process, helper_command, subject_command
from asyncify.bench.samples import Usage
from asyncify.bench.scenario import CallCase, Case, CommandCase, HttpCase, Scenario
from asyncify.bench.started import start
from asyncify.bench.templates import HOLE, fill
from asyncify.bench.ways import Way

PATIENCE = 30.0  # seconds beyond the time that the requests may take
SUBJECT_LOG = "subject.log"
PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ws_proxy", "wss_proxy"})


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

    def run(self, command: Mapping[str, Any], settle: Callable[[], None]) -> Ran:
        """Make the requests that the command names; `settle` returns when what they began has ended, too."""
        patience = PATIENCE + self._timeout * command["count"] / command["workers"]
        if self._client is None:
            answer = self._process.ask({"do": "run", **command}, patience)
            settle()
            usage, logs = msgspec.convert(answer["usage"], Usage), answer.get("logs", {})
            return Ran(answer["samples"], usage, None, logs, answer.get("began"), answer.get("writes", []))
        self._process.ask({"do": "mark"}, PATIENCE)
        answer = self._client.ask({"do": "run", **command}, patience)
        self._process.ask({"do": "finish"}, PATIENCE)
        settle()
        read = self._process.ask({"do": "read"}, PATIENCE)
        usage, client = (msgspec.convert(each["usage"], Usage) for each in (read, answer))
        return Ran(answer["samples"], usage, client, read["logs"], answer["began"], read.get("writes", []))


class ServerSubject(Subject):
    """A server that was started by a command of its own; what it uses is seen from outside."""

    def __init__(self, pid: int, client: Process, timeout: float) -> None:
        import psutil  # comes with the extra "bench"; the other commands go without

        super().__init__(client, None, {"is_async": False, "loop": ""}, timeout)
        self.pid = pid
        self._server = psutil.Process(pid)

    def run(self, command: Mapping[str, Any], settle: Callable[[], None]) -> Ran:
        before = self._look()
        ran = super().run(command, settle)
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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a subject runs, and what it finds there."""

    python: str
    scenario: Scenario
    folder: Path  # the copy of its tree
    values: Mapping[str, str]  # of the holes `{services}` and `{NAME.port}`

    @property
    def env(self) -> dict[str, str]:
        """No proxy between it and the loopback, the same order of sets on both sides."""
        env = {key: value for key, value in os.environ.items() if key.lower() not in PROXIES}
        env |= {"NO_PROXY": "*", "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        return env | {key: str(fill(value, self.values.__getitem__)) for key, value in self.scenario.env.items()}

    @property
    def env_with_path(self) -> dict[str, str]:
        """The same for a program that is started by a command: it finds the project's modules."""
        env = self.env
        paths = [str(self.folder / path) for path in self.scenario.paths]
        return env | {"PYTHONPATH": os.pathsep.join(filter(None, [*paths, env.get("PYTHONPATH", "")]))}

    @property
    def log(self) -> Path:
        return self.folder.parent / SUBJECT_LOG

    def command(self, parts: Sequence[str]) -> list[str]:
        """The command, with the interpreter in place of `python`."""
        return [self.python if part == "python" else part for part in parts]


@contextmanager
def start_subject(name: str, case: Case, way: Way, where: Surroundings, *, trace: bool) -> Iterator[Subject]:
    """The subject, ready to run."""
    timeout = where.scenario.timeout
    if isinstance(case, CommandCase):
        command = where.command(case.command)
        setup = {"command": command, "stdin": case.stdin, "folder": str(where.folder), "timeout": timeout}
        runner = helper_command("programs")
        process, ready = Process.start(name, runner, where.folder, where.env_with_path, where.log, setup)
        with process:
            yield Subject(process, None, ready, timeout)
        return
    if isinstance(case, CallCase):
        setup = _setup(case, way, where, trace=trace)
        process, ready = Process.start(name, subject_command(where.python), where.folder, where.env, where.log, setup)
        with process:
            yield Subject(process, None, ready, timeout)
        return
    with _callers(name, where) as client:  # their interpreter starts while the server does
        if case.command:
            with start(
                name, where.command(case.command), where.env_with_path, case.ready, where.folder, where.log.parent
            ) as server:
                client.ask(_requests(case, where, server.port, trace=False), START_TIMEOUT)
                yield ServerSubject(server.pid, client, timeout)
            return
        setup = _setup(case, way, where, trace=trace)
        process, ready = Process.start(name, subject_command(where.python), where.folder, where.env, where.log, setup)
        with process:
            client.ask(_requests(case, where, ready["port"], trace=trace), START_TIMEOUT)
            yield Subject(process, client, ready, timeout)


def complained(folder: Path) -> Mapping[str, int]:
    """What the interpreter of the subject in that folder has complained of."""
    log = folder.parent / SUBJECT_LOG
    return complaints(log.read_text("utf-8", "replace")) if log.is_file() else {}


def _setup(case: HttpCase | CallCase, way: Way, where: Surroundings, *, trace: bool) -> dict[str, Any]:
    common = {
        "constants": {
            name: str(fill(value, where.values.__getitem__)) for name, value in where.scenario.constants.items()
        },
        "paths": [str(where.folder / path) for path in where.scenario.paths if (where.folder / path).is_dir()],
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
    # The object's own holes are filled like those of the environment; text in other braces stays.
    made = HOLE.sub(lambda hole: where.values.get(hole[1], hole[0]), json.dumps(case.object))
    return {"kind": "call", "calls": calls, "object": json.loads(made), **common}


def _callers(name: str, where: Surroundings) -> Process:
    log, folder = where.log.with_name("callers.log"), where.folder.parent
    return Process(f"callers of {name}", helper_command("load"), folder, os.environ, log)


def _requests(case: HttpCase, where: Surroundings, port: int, *, trace: bool) -> dict[str, Any]:
    ignore = where.scenario.ignore
    return {
        "base": f"http://127.0.0.1:{port}",
        "requests": msgspec.to_builtins(case.requests),
        "ignore": ignore.answers,
        "unordered": ignore.unordered,
        "timeout": where.scenario.timeout,
        "trace": trace,
    }
