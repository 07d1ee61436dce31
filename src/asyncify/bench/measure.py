"""One measurement: a fresh copy of the tree, a process of its own, one way to run under one load."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from asyncify.bench.asked import Load, Run, variety
from asyncify.bench.copies import copied
from asyncify.bench.databases import fresh_databases, serve_all, used_databases
from asyncify.bench.declared import Database
from asyncify.bench.latency import Latency
from asyncify.bench.machine import busy_seconds
from asyncify.bench.postgres import Postgres
from asyncify.bench.process import Process, helper_command
from asyncify.bench.rows import read_rows
from asyncify.bench.samples import Measurement, Sample, StandInRecord
from asyncify.bench.scenario import CallCase, Case, HttpCase, Scenario
from asyncify.bench.started import start_all
from asyncify.bench.subjects import PATIENCE, Ran, Subject, Surroundings, complained, start_subject
from asyncify.bench.traffic import canonical
from asyncify.bench.waits import Waits, waited_alone, waited_in_time, waited_under_load
from asyncify.bench.watch import thinned, watching

QUICK = 20.0  # the stand-in answers so much faster where it is not asked how long things take
FIRST_WARM_UP = 1_000_000  # warm-up requests are numbered from here, so that they share no state with measured ones
STILL = 0.05  # seconds without a call to a service, after which all work is taken to be done
MOST_WARM_UP = 10  # callers; what more of them need in memory is for the measurement to show


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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one run takes place."""

    scenario: Scenario
    folder: Path
    databases: Sequence[Database]
    urls: Mapping[str, str]


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
        tree = run.tree
        with self._placed(run) as place:
            with self._started(run, place) as subject:
                warmed_up = self._warm_up(run, subject)
                self._clear(run.speed, run.waits)
                busy, own = busy_seconds(), _own_seconds()
                with watching(subject.pid) as watched:
                    ran = subject.run(_command(run), self._settle)
                record = self._read(spans=run.is_traced, waits=run.unloaded is None)
                busy_after, own_after = busy_seconds(), _own_seconds()
            rows = read_rows(place.databases, place.folder, place.urls)
            logs = self._logs(Counter(ran.logs) + Counter(complained(place.folder)))
        stand_in = msgspec.convert(record, StandInRecord)
        used = ran.usage.cpu_seconds + stand_in.usage.cpu_seconds + own_after - own
        used += ran.client.cpu_seconds if ran.client else 0.0
        if run.unloaded is None:
            wait = waited_alone(ran, record) or self._waited_one_by_one(run)
        else:
            wait = waited_under_load(stand_in, len(ran.samples), run.unloaded)
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
            wait=wait.mean,
            shortest_wait=wait.shortest,
            longest_wait=wait.longest,
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

    @contextmanager
    def _placed(self, run: Run) -> Iterator[_Place]:
        """A copy of the tree, and its databases with nothing in them."""
        scenario = msgspec.structs.replace(self._scenario, env=self._scenario.env | run.case.env)
        databases = used_databases(scenario.databases, scenario.env)
        with copied(run.tree.root, self._scratch) as folder, fresh_databases(databases, self._servers, folder) as urls:
            yield _Place(scenario, folder, databases, urls)

    @contextmanager
    def _started(self, run: Run, place: _Place) -> Iterator[Subject]:
        with start_all(place.scenario.started, place.folder.parent) as ports:
            urls = {f"{name}.url": url for name, url in place.urls.items()}
            values = {"services": self._services, **ports, **urls}
            where = Surroundings(run.tree.python, place.scenario, place.folder, values)
            with start_subject(run.name, run.case, run.way, where, trace=run.is_traced) as subject:
                yield subject

    def _waited_one_by_one(self, run: Run) -> Waits:
        """Each kind of request once, begun when all that the one before it left to do is done."""
        each: list[float] = []
        with self._placed(run) as place, self._started(run, place) as subject:
            for number in range(variety(run.case)):
                self._clear(run.speed, run.waits)
                command = {"first": number, "count": 1, "workers": 1, "arrivals": None, "cpu": 0.0}
                each += waited_in_time(subject.run(command, self._settle), self._read(waits=True))
        return Waits.of(each)

    def _read(self, *, spans: bool = False, waits: bool = False) -> dict[str, Any]:
        return self._stand_in.ask({"do": "read", "spans": spans, "waits": waits}, PATIENCE)

    def _warm_up(self, run: Run, subject: Subject) -> int:
        if not run.warms_up:
            return 0
        callers = min((run.like or run.load).workers, MOST_WARM_UP)
        self._clear(QUICK, {})
        count = max(callers, variety(run.case))
        command = {"first": FIRST_WARM_UP, "count": count, "workers": callers, "arrivals": None, "cpu": 0.0}
        subject.run(command, self._settle)
        return count

    def _settle(self) -> None:
        """Wait until nothing calls services any more: some work begins only when its request is answered."""
        calls, deadline = -1, time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            state = self._stand_in.ask({"do": "look"}, PATIENCE)
            if state["calls"] == calls and not state["in_flight"]:
                return
            calls = state["calls"]
            time.sleep(STILL)

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
def start_bench(scenario: Scenario, cases: Sequence[Case] | None = None) -> Iterator[Bench]:
    """A bench with its stand-in running, and the database servers that `cases` (default: all) use; all are gone after
    the block.
    """
    with tempfile.TemporaryDirectory(prefix="asyncify-bench-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        setup = {"scenario": msgspec.to_builtins(scenario, str_keys=True)}
        stand_in, ready = Process.start(
            "stand-in services", helper_command("standin"), scratch, dict(os.environ), scratch / "standin.log", setup
        )
        envs = [scenario.env | case.env for case in (scenario.cases if cases is None else cases)]
        used = [one for one in scenario.databases if any(used_databases([one], env) for env in envs)]
        with stand_in, serve_all(used) as servers:
            yield Bench(scenario, stand_in, ready["port"], servers, scratch)


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


def _samples(ran: Ran, answers: Mapping[int, str]) -> tuple[Sample, ...]:
    made = []
    for number, started, seconds, outcome, _, first, queued in ran.samples:
        digest = hashlib.sha256(answers[number].encode()).hexdigest()[:16]
        made.append(Sample(number, started, seconds, outcome, digest, first, queued))
    return tuple(sorted(made, key=lambda sample: sample.number))
