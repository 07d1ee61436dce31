"""One measurement: a fresh copy of the tree, a process of its own, one level of concurrency."""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from asyncify.bench.copies import copied
from asyncify.bench.logbook import complaints
from asyncify.bench.machine import busy_seconds
from asyncify.bench.process import Process, helper_command, subject_command
from asyncify.bench.rows import read_rows
from asyncify.bench.samples import Measurement, Sample, Side, StandInRecord, Usage
from asyncify.bench.scenario import Case, HttpCase, Scenario
from asyncify.bench.templates import fill
from asyncify.bench.traffic import canonical

PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ws_proxy", "wss_proxy"})
WARM_UP_SPEED = 10.0  # the stand-in answers so much faster while connections are made and caches filled
FIRST_WARM_UP = 1_000_000  # warm-up requests are numbered from here, so that they share no state with measured ones
SUBJECT_LOG = "subject.log"
PATIENCE = 30.0  # seconds beyond the time that the requests may take


@dataclass(frozen=True, slots=True)
class Tree:
    """One of the two trees and the interpreter that runs it."""

    side: Side
    root: Path
    python: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A measurement with what it is compared by: the answer to each request, and what the run left behind."""

    measurement: Measurement
    answers: dict[int, str]
    traffic: Counter[str]
    rows: Counter[str]
    logs: Counter[str]


class Bench:
    """Holds the stand-in, and starts a subject for each measurement."""

    def __init__(self, scenario: Scenario, stand_in: Process, port: int, scratch: Path) -> None:
        self._scenario = scenario
        self._stand_in = stand_in
        self._services = f"http://127.0.0.1:{port}"
        self._scratch = scratch

    def measure(
        self,
        tree: Tree,
        case: Case,
        callers: int,
        count: int,
        unloaded: Measurement | None,
        *,
        warm_up: bool = True,
        speed: float = 1.0,
    ) -> Taken:
        """Run `count` requests by `callers` after a warm-up.

        `unloaded` is the measurement with one caller of the same case and tree, which tells how long one request
        has to wait; None if this is it. The stand-in's waits are divided by `speed`.
        """
        name = f"{case.name}, {tree.side}, {callers} concurrent"
        with copied(tree.root, self._scratch) as folder:
            with self._subject(name, tree, case, folder) as subject:
                if warm_up:
                    self._clear(WARM_UP_SPEED)
                    subject.run(FIRST_WARM_UP, max(callers, variety(case)), callers)
                self._clear(speed)
                busy, started = busy_seconds(), _own_seconds()
                raw, usage, client = subject.run(0, count, callers)
                record = self._stand_in.ask({"do": "read"}, PATIENCE)
                busy_after, ended = busy_seconds(), _own_seconds()
            rows = read_rows(self._scenario.databases, folder)
            logs = self._logs(subject.logs, folder)
        stand_in = msgspec.convert({**record, "usage": record["usage"]}, StandInRecord)
        used = usage.cpu_seconds + stand_in.usage.cpu_seconds + (client.cpu_seconds if client else 0) + ended - started
        answers = {sample[0]: self._answer(case, sample[4]) for sample in raw}
        samples = tuple(sorted((_sample(sample, answers) for sample in raw), key=lambda sample: sample.number))
        measurement = Measurement(
            case=case.name,
            side=tree.side,
            runner=_runner(case, callers, is_async=subject.is_async),
            callers=callers,
            samples=samples,
            wait=_wait(stand_in, len(samples), unloaded),
            subject=usage,
            stand_in=stand_in,
            client=client,
            others_cpu_seconds=None if busy is None or busy_after is None else max(0.0, busy_after - busy - used),
        )
        return Taken(measurement, answers, Counter(record["traffic"]), rows, logs)

    def _logs(self, records: dict[str, int], folder: Path) -> Counter[str]:
        """What the project logged during the run, and what the interpreter complained of until its end."""
        found = Counter(records) + complaints((folder.parent / SUBJECT_LOG).read_text("utf-8", "replace"))
        patterns = [re.compile(pattern) for pattern in self._scenario.ignore.logs]
        kept = {line: n for line, n in found.items() if not any(pattern.search(line) for pattern in patterns)}
        return Counter(kept)

    def _clear(self, speed: float) -> None:
        self._stand_in.ask({"do": "clear", "speed": speed}, PATIENCE)

    def _answer(self, case: Case, answer: Any) -> str:
        # The callers of an HTTP case have already left out what is to be ignored.
        return answer if isinstance(case, HttpCase) else canonical(answer, self._scenario.ignore.answers)

    @contextmanager
    def _subject(self, name: str, tree: Tree, case: Case, folder: Path) -> Iterator[_Subject]:
        is_http = isinstance(case, HttpCase)
        setup = {
            "kind": "http" if is_http else "call",
            "target": case.app if isinstance(case, HttpCase) else case.callable,
            "factory": isinstance(case, HttpCase) and case.factory,
            "inputs": [] if isinstance(case, HttpCase) else msgspec.to_builtins(case.inputs),
            "paths": [str(folder / path) for path in self._scenario.paths if (folder / path).is_dir()],
        }
        env = _environment(self._scenario, self._services)
        log = folder.parent / SUBJECT_LOG
        process, ready = Process.start(name, subject_command(tree.python), folder, env, log, setup)
        with process:
            if not isinstance(case, HttpCase):
                yield _Subject(process, None, ready["is_async"], self._scenario.timeout)
                return
            callers = {
                "base": f"http://127.0.0.1:{ready['port']}",
                "requests": msgspec.to_builtins(case.requests),
                "ignore": self._scenario.ignore.answers,
                "timeout": self._scenario.timeout,
            }
            log = folder.parent / "callers.log"
            client, _ = Process.start(
                f"callers of {name}", helper_command("load"), folder.parent, dict(os.environ), log, callers
            )
            with client:
                yield _Subject(process, client, ready["is_async"], self._scenario.timeout)


class _Subject:
    """What runs the requests: the subject itself, or a client of the server that it is."""

    def __init__(self, process: Process, client: Process | None, is_async: bool, timeout: float) -> None:
        self._process = process
        self._client = client
        self._timeout = timeout
        self.is_async = is_async
        self.logs: dict[str, int] = {}  # of the last run

    def run(self, first: int, count: int, callers: int) -> tuple[list[Any], Usage, Usage | None]:
        command = {"do": "run", "first": first, "count": count, "callers": callers}
        patience = PATIENCE + self._timeout * count / callers
        if self._client is None:
            answer = self._process.ask(command, patience)
            self.logs = answer["logs"]
            return answer["samples"], msgspec.convert(answer["usage"], Usage), None
        self._process.ask({"do": "mark"}, PATIENCE)
        answer = self._client.ask(command, patience)
        read = self._process.ask({"do": "read"}, PATIENCE)
        self.logs = read["logs"]
        return answer["samples"], msgspec.convert(read["usage"], Usage), msgspec.convert(answer["usage"], Usage)


@contextmanager
def start_bench(scenario: Scenario) -> Iterator[Bench]:
    """A bench with its stand-in running; both are gone after the block."""
    with tempfile.TemporaryDirectory(prefix="asyncify-bench-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        setup = {"scenario": msgspec.to_builtins(scenario, str_keys=True)}
        stand_in, ready = Process.start(
            "stand-in services", helper_command("standin"), scratch, dict(os.environ), scratch / "standin.log", setup
        )
        with stand_in:
            yield Bench(scenario, stand_in, ready["port"], scratch)


def _environment(scenario: Scenario, services: str) -> dict[str, str]:
    """The subject's: no proxy between it and the loopback, the same order of sets on both sides."""
    env = {key: value for key, value in os.environ.items() if key.lower() not in PROXIES}
    env |= {"NO_PROXY": "*", "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return env | {key: str(fill(value, {"services": services}.__getitem__)) for key, value in scenario.env.items()}


def variety(case: Case) -> int:
    """How many requests of the case differ in more than their number."""
    return len(case.requests if isinstance(case, HttpCase) else case.inputs)


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _runner(case: Case, callers: int, *, is_async: bool) -> str:
    if isinstance(case, HttpCase):
        return "uvicorn"
    one, many = ("task", "tasks") if is_async else ("caller", "threads")
    return f"{callers} {one if callers == 1 else many}"


def _wait(stand_in: StandInRecord, count: int, unloaded: Measurement | None) -> float:
    """Seconds that one request has to wait even if nothing else does.

    With one caller it is the time covered by waits: what a request does side by side counts once. With more, it is
    that same time, scaled if these requests made more or fewer calls than those.
    """
    if unloaded is None:
        return stand_in.covered / count
    waited_alone = unloaded.stand_in.waited / len(unloaded.samples)
    return unloaded.wait * (stand_in.waited / count) / waited_alone if waited_alone else 0.0


def _sample(raw: list[Any], answers: dict[int, str]) -> Sample:
    number, started, seconds, outcome, _ = raw
    digest = hashlib.sha256(answers[number].encode()).hexdigest()[:16]
    return Sample(number, started, seconds, outcome, digest)


def current_python() -> str:
    """The interpreter that runs asyncify itself."""
    return sys.executable
