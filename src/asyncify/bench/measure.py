"""One measurement: a fresh copy of the tree, a process of its own, one way to run under one load."""

from __future__ import annotations

import hashlib
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from asyncify.bench.copies import copied
from asyncify.bench.databases import fresh_databases, serve_all, used_databases
from asyncify.bench.latency import Latency
from asyncify.bench.ledger import covered
from asyncify.bench.machine import busy_seconds
from asyncify.bench.postgres import Postgres
from asyncify.bench.process import Process, helper_command
from asyncify.bench.rows import read_rows
from asyncify.bench.samples import Measurement, Sample, Side, StandInRecord
from asyncify.bench.scenario import CallCase, Case, HttpCase, Scenario
from asyncify.bench.started import start_all
from asyncify.bench.subjects import PATIENCE, Ran, Subject, Surroundings, complained, start_subject
from asyncify.bench.traffic import canonical
from asyncify.bench.watch import thinned, watching
from asyncify.bench.ways import Way

QUICK = 20.0  # the stand-in answers so much faster where it is not asked how long things take
FIRST_WARM_UP = 1_000_000  # warm-up requests are numbered from here, so that they share no state with measured ones
MOST_WARM_UP = 10  # callers; what more of them need in memory is for the measurement to show


@dataclass(frozen=True, slots=True)
class Tree:
    """One of the two trees and the interpreter that runs it."""

    side: Side
    root: Path
    python: str


@dataclass(frozen=True, slots=True)
class Load:
    """Who asks, and when."""

    kind: str  # "closed", "together", "arrivals"
    callers: int
    count: int
    limit: int | None = None  # how many may run at once; None: all callers
    rate: float | None = None

    @property
    def workers(self) -> int:
        return min(self.callers, self.limit or self.callers)

    @property
    def arrivals(self) -> list[float] | None:
        """Seconds at which requests arrive; the same for every run of the same load. None: when a caller is free."""
        if self.kind == "closed":
            return None
        if self.rate is None:
            return [0.0] * self.count
        draw, at, times = random.Random(0), 0.0, []
        for _ in range(self.count):
            at += draw.expovariate(self.rate)
            times.append(at)
        return times


@dataclass(frozen=True, slots=True)
class Run:
    """What to measure."""

    tree: Tree
    case: Case
    way: Way
    load: Load
    table: str = ""
    repeat: int = 0
    planned: int | None = None  # requests that it stands for; None: those that are made
    cpu: float = 0.0
    speed: float = 1.0  # the stand-in's waits are divided by it
    waits: Mapping[str, Latency] = field(default_factory=dict)
    unloaded: Measurement | None = None  # one caller, same case, side and waits: how long a request waits
    warms_up: bool = True
    like: Load | None = None  # the warm-up is that of this load
    is_traced: bool = False

    @property
    def name(self) -> str:
        return f"{self.case.name}, {self.tree.side}, {self.way.name}, {self.load.callers} concurrent"


@dataclass(frozen=True, slots=True)
class Taken:
    """A measurement with what it is compared by: the answer to each request, and what the run left behind."""

    run: Run
    measurement: Measurement
    answers: dict[int, str]
    traffic: Counter[str]
    rows: Counter[str]
    logs: Counter[str]
    spans: list[list[Any]] = field(default_factory=list)  # of a traced run: calls as the stand-in saw them
    writes: list[list[float]] = field(default_factory=list)
    began: float | None = None  # by the clock of the machine
    warmed_up: int = 0  # requests before those that were measured


class Bench:
    """Holds the stand-in, and starts a subject for each measurement."""

    def __init__(
        self, scenario: Scenario, stand_in: Process, port: int, servers: Mapping[str, Postgres], scratch: Path
    ) -> None:
        self._scenario = scenario
        self._servers = servers
        self._stand_in = stand_in
        self._services = f"http://127.0.0.1:{port}"
        self._scratch = scratch

    def measure(self, run: Run) -> Taken:
        """Make the requests of the run, after a warm-up."""
        scenario = msgspec.structs.replace(self._scenario, env=self._scenario.env | run.case.env)
        databases, tree = used_databases(scenario.databases, scenario.env), run.tree
        with copied(tree.root, self._scratch) as folder, fresh_databases(databases, self._servers, folder) as urls:
            with start_all(scenario.started, folder.parent) as ports:
                values = {"services": self._services, **ports, **{f"{name}.url": url for name, url in urls.items()}}
                where = Surroundings(tree.python, scenario, folder, values)
                with start_subject(run.name, run.case, run.way, where, trace=run.is_traced) as subject:
                    warmed_up = self._warm_up(run, subject)
                    self._clear(run.speed, run.waits)
                    busy, own = busy_seconds(), _own_seconds()
                    with watching(subject.pid) as watched:
                        ran = subject.run(_command(run))
                    record = self._stand_in.ask(
                        {"do": "read", "spans": run.is_traced, "waits": run.unloaded is None}, PATIENCE
                    )
                    busy_after, own_after = busy_seconds(), _own_seconds()
            rows = read_rows(databases, folder, urls)
            logs = self._logs(Counter(ran.logs) + Counter(complained(folder)))
        stand_in = msgspec.convert(record, StandInRecord)
        used = ran.usage.cpu_seconds + stand_in.usage.cpu_seconds + own_after - own
        used += ran.client.cpu_seconds if ran.client else 0.0
        wait, shortest, longest = _waits(run, stand_in, ran, record.get("waits", []))
        answers = {sample[0]: self._answer(run.case, sample[4]) for sample in ran.samples}
        measurement = Measurement(
            table=run.table,
            case=run.case.name,
            side=tree.side,
            way=run.way.name,
            runner=_runner(run, subject),
            loop=subject.loop,
            repeat=run.repeat,
            load=run.load.kind,
            callers=run.load.callers,
            limit=run.load.workers,
            planned=run.planned or run.load.count,
            rate=run.load.rate,
            cpu=run.cpu,
            wait=wait,
            shortest_wait=shortest,
            longest_wait=longest,
            samples=_samples(ran, answers),
            subject=ran.usage,
            stand_in=stand_in,
            client=ran.client,
            watched=thinned(watched),
            others_cpu_seconds=None if busy is None or busy_after is None else max(0.0, busy_after - busy - used),
        )
        spans = record.get("spans", [])
        traffic = Counter(record["traffic"])
        return Taken(run, measurement, answers, traffic, rows, logs, spans, ran.writes, ran.began, warmed_up)

    def serially(self, taken: Taken) -> Taken:
        """The same requests after the same warm-up, one at a time; quickly, as only what they do is of interest."""
        run = taken.run
        load = Load("closed", 1, len(taken.answers))
        return self.measure(replace(run, load=load, like=run.load, cpu=0.0, speed=QUICK, unloaded=None))

    def _warm_up(self, run: Run, subject: Subject) -> int:
        if not run.warms_up:
            return 0
        callers = min((run.like or run.load).workers, MOST_WARM_UP)
        self._clear(QUICK, {})
        count = max(callers, variety(run.case))
        subject.run({"first": FIRST_WARM_UP, "count": count, "workers": callers, "arrivals": None, "cpu": 0.0})
        return count

    def _clear(self, speed: float, waits: Mapping[str, Latency]) -> None:
        self._stand_in.ask({"do": "clear", "speed": speed, "waits": msgspec.to_builtins(waits)}, PATIENCE)

    def _answer(self, case: Case, answer: Any) -> str:
        # The callers of an HTTP case have already left out what is to be ignored.
        ignore = self._scenario.ignore
        return answer if isinstance(case, HttpCase) else canonical(answer, ignore.answers, ignore.unordered)

    def _logs(self, found: Counter[str]) -> Counter[str]:
        patterns = [re.compile(pattern) for pattern in self._scenario.ignore.logs]
        kept = {line: n for line, n in found.items() if not any(pattern.search(line) for pattern in patterns)}
        return Counter(kept)


@contextmanager
def start_bench(scenario: Scenario) -> Iterator[Bench]:
    """A bench with its stand-in running; both are gone after the block."""
    with tempfile.TemporaryDirectory(prefix="asyncify-bench-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        setup = {"scenario": msgspec.to_builtins(scenario, str_keys=True)}
        stand_in, ready = Process.start(
            "stand-in services", helper_command("standin"), scratch, dict(os.environ), scratch / "standin.log", setup
        )
        with stand_in, serve_all(scenario.databases) as servers:
            yield Bench(scenario, stand_in, ready["port"], servers, scratch)


def variety(case: Case) -> int:
    """How many requests of the case differ in more than their number."""
    if isinstance(case, HttpCase):
        return len(case.requests)
    return len(case.inputs) if isinstance(case, CallCase) else 1


def current_python() -> str:
    """The interpreter that runs asyncify itself."""
    return sys.executable


def _command(run: Run) -> dict[str, Any]:
    load = run.load
    return {
        "first": 0,
        "count": load.count,
        "workers": load.workers,
        "arrivals": load.arrivals,
        "cpu": run.cpu,
    }


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system


def _runner(run: Run, subject: Subject) -> str:
    if isinstance(run.case, HttpCase):
        server = Path(run.case.command[0]).name if run.case.command else "uvicorn"
        return server + (" on uvloop" if run.way.uses_uvloop else "")
    workers = run.load.workers
    if not isinstance(run.case, CallCase):
        return f"{workers} at once"
    one, many = ("task", "tasks") if subject.is_async else ("caller", "threads")
    limit = f", limit {workers}" if subject.is_async and workers < run.load.callers else ""
    count = run.load.callers if subject.is_async else workers
    return f"{count:,} {one if count == 1 else many}{limit}" + (" on uvloop" if subject.loop == "uvloop" else "")


def _waits(run: Run, stand_in: StandInRecord, ran: Ran, waits: list[list[float]]) -> tuple[float, float, float]:
    """Seconds that one request has to wait even if nothing else does: on average, at least and at most.

    With one caller it is the time covered by waits: what a request does side by side counts once. With more, it is
    that same time, scaled if these requests waited more or less than those.
    """
    count = len(ran.samples)
    alone = run.unloaded
    if alone is None:
        began = ran.began or 0.0
        # From when something was free for it; before that its waits are those of others.
        at_work = [(began + sample[1] + sample[6], began + sample[1] + sample[2]) for sample in ran.samples]
        each = [covered((start, end) for start, end in waits if begun <= start < ended) for begun, ended in at_work]
        return stand_in.covered / count, min(each), max(each)
    waited_alone = alone.stand_in.waited / len(alone.samples)
    scale = (stand_in.waited / count) / waited_alone if waited_alone else 0.0
    return alone.wait * scale, alone.shortest_wait * scale, alone.longest_wait * scale


def _samples(ran: Ran, answers: Mapping[int, str]) -> tuple[Sample, ...]:
    made = []
    for number, started, seconds, outcome, _, first, queued in ran.samples:
        digest = hashlib.sha256(answers[number].encode()).hexdigest()[:16]
        made.append(Sample(number, started, seconds, outcome, digest, first, queued))
    return tuple(sorted(made, key=lambda sample: sample.number))
