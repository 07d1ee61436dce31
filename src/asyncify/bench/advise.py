"""Stay synchronous, use threads, or become asynchronous? The arithmetic of waiting, for one load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from asyncify.bench.pooled import Pooled, pooled
from asyncify.bench.report import Report
from asyncify.bench.samples import Side

MIB = 1024 * 1024
KIB = 1024
BUSY = 0.7  # of a core; above it requests queue for the processor more than they work
ALMOST_ALL = 2.33  # standard deviations: 99 of 100 moments have fewer requests in flight (Poisson)
FEW, MANY = (
    50.0,
    100.0,
)  # requests a second: the field's rule of thumb, below which sync and above which async is advised
THREADS = 40  # of FastAPI's and Starlette's pool
MOST_THREADS = 200  # that one process bears without their switching being felt
MOSTLY = 0.5  # of a request; one that waits for less is work


class Choice(StrEnum):
    """What to do."""

    SYNC = "stay synchronous"
    THREADS = "use threads"
    ASYNC = "become asynchronous"
    PROCESSES = "add processes"


class Demand(Struct, frozen=True, kw_only=True):
    """What is asked of the service, and what it has. Seconds are those of one request."""

    rate: float  # requests a second
    wait: float  # seconds for services
    cpu: float = 0.01  # seconds of processor time, synchronous
    cpu_async: float | None = None  # the same once it is asynchronous; None: as before
    cores: int = 1
    memory: float = 1024.0  # MiB that it may use
    base: float = 60.0  # MiB that one process needs with nothing to do
    threads: int = THREADS  # that its server has
    thread_memory: float = 100.0  # KiB that a request in a thread needs
    task_memory: float = 60.0  # KiB that a request in a task needs


class Advice(Struct, frozen=True):
    """A choice, each step of the way to it, and where it would become another."""

    choice: Choice
    why: str
    arithmetic: tuple[str, ...]
    break_even: tuple[str, ...]


def advise(demand: Demand) -> Advice:
    """The cheapest way that carries the load: what is there already, more threads, tasks; processes if it is work."""
    flight, peak, share = in_flight(demand), most_in_flight(demand), waiting_share(demand)
    work, room = demand.rate * demand.cpu, BUSY * demand.cores
    processes = _processes(work)
    each = _most(flight / processes)  # in one process, which has fewer requests to share its threads among
    if share < MOSTLY or min(work, _async_work(demand)) > room:
        choice, why = Choice.PROCESSES, _why_processes(demand)
    elif work > room:
        choice, why = Choice.ASYNC, _why_cheaper(demand)
    elif peak <= 1:
        choice, why = Choice.SYNC, "requests almost never meet: one worker is enough"
    elif each <= demand.threads:
        choice = Choice.SYNC
        why = f"the {demand.threads} threads {_in(processes)} carry {math.ceil(each)} requests at once"
    elif each <= MOST_THREADS and _threads_fit(demand):
        choice = Choice.THREADS
        why = f"{math.ceil(each)} threads {_in(processes)} carry it and fit into memory: one line, not a migration"
    else:
        choice, why = Choice.ASYNC, _why_async(demand, each)
    return Advice(choice, why, tuple(_arithmetic(demand, flight, peak, work, share)), tuple(_break_even(demand)))


def in_flight(demand: Demand) -> float:
    """Requests under way on average: Little's law."""
    return demand.rate * (demand.wait + demand.cpu)


def most_in_flight(demand: Demand) -> float:
    """Requests under way in all but one of a hundred moments, where they arrive at random."""
    return _most(in_flight(demand))


def waiting_share(demand: Demand) -> float:
    """How much of a request is waiting."""
    return demand.wait / (demand.wait + demand.cpu)


def demand_of(report: Report, rate: float, *, cores: int, memory: float) -> Demand | None:
    """The demand as a benchmark has measured it, under the most callers of its first table that has both sides."""
    for table in report.tables:
        rows = pooled(report.measurements, table.name)
        before, after = (_heaviest(rows, side) for side in Side)
        if before is None or after is None or before.one.cpu:
            continue
        return Demand(
            rate=rate,
            wait=before.one.wait,
            cpu=before.cpu_each,
            cpu_async=after.cpu_each,
            cores=cores,
            memory=memory,
            base=before.one.subject.base_memory / MIB,
            threads=_threads_of(before),
            thread_memory=max(1.0, before.memory_each / KIB),
            task_memory=max(1.0, after.memory_each / KIB),
        )
    return None


def _threads_of(before: Pooled) -> int:
    """Those that its server showed to have; fewer callers than threads show nothing."""
    peak = before.one.stand_in.peak_in_flight
    return peak if 0 < peak < before.one.callers else THREADS


def _heaviest(rows: Sequence[Pooled], side: Side) -> Pooled | None:
    own = [row for row in rows if row.one.side is side and row.one.load == "closed"]
    return max(own, key=lambda row: row.one.callers, default=None)


def _most(flight: float) -> float:
    """Requests that arrive at random are under way by Poisson; this comes within two of its 99th percentile."""
    return flight + ALMOST_ALL * math.sqrt(flight)


def _async_work(demand: Demand) -> float:
    """Cores that the asynchronous work keeps busy."""
    return demand.rate * (demand.cpu if demand.cpu_async is None else demand.cpu_async)


def _threads_fit(demand: Demand) -> bool:
    processes = _processes(demand.rate * demand.cpu)
    return demand.base * processes + most_in_flight(demand) * demand.thread_memory / KIB <= demand.memory


def _processes(work: float) -> int:
    """How many one needs for so many cores' worth of work: a process of Python uses one core."""
    return max(1, math.ceil(work / BUSY))


def _in(processes: int) -> str:
    return "in one process" if processes == 1 else f"in each of {processes} processes"


def _why_processes(demand: Demand) -> str:
    work = min(demand.rate * demand.cpu, _async_work(demand))
    if work > BUSY * demand.cores:
        return f"the work keeps {work:.1f} cores busy, of {demand.cores}: neither threads nor tasks add any"
    return f"only {waiting_share(demand):.0%} of a request is waiting; what works cannot be waited for side by side"


def _why_cheaper(demand: Demand) -> str:
    work, tasks = demand.rate * demand.cpu, _async_work(demand)
    return f"the work keeps {work:.1f} cores busy, of {demand.cores}; asynchronous it is {tasks:.1f}, which leaves room"


def _why_async(demand: Demand, each: float) -> str:
    if not _threads_fit(demand):
        peak = math.ceil(most_in_flight(demand))
        return f"{peak} threads do not fit into {demand.memory:.0f} MiB; tasks need less"
    return f"{math.ceil(each)} requests at once are more than the {MOST_THREADS} threads that one process bears well"


def _arithmetic(demand: Demand, flight: float, peak: float, work: float, share: float) -> list[str]:
    each, processes = demand.wait + demand.cpu, _processes(work)
    tasks = _processes(_async_work(demand))
    in_threads = demand.base * processes + peak * demand.thread_memory / KIB
    in_tasks = demand.base * tasks + peak * demand.task_memory / KIB
    return [
        f"in flight = rate x time = {demand.rate:g}/s x {each:.3f} s = {flight:.1f} requests (Little's law)",
        f"at most, 99% of the time = {flight:.1f} + {ALMOST_ALL} x sqrt({flight:.1f}) = {peak:.0f}",
        f"waiting share = {demand.wait:.3f} / {each:.3f} = {share:.0%}",
        f"work = {demand.rate:g}/s x {demand.cpu * 1000:.1f} ms = {work:.2f} cores of {demand.cores}; at {BUSY:.0%} of "
        f"a core each that is {processes} process{'es' if processes > 1 else ''}",
        *_shared_out(flight, processes),
        f"{demand.threads} threads can do {demand.threads} / {each:.3f} s = {demand.threads / each:.1f} requests/s",
        f"memory in threads = {processes} x {demand.base:.0f} MiB + {peak:.0f} x {demand.thread_memory:.0f} KiB = "
        f"{in_threads:.0f} MiB",
        f"memory in tasks = {tasks} x {demand.base:.0f} MiB + {peak:.0f} x {demand.task_memory:.0f} KiB = "
        f"{in_tasks:.0f} MiB; there are {demand.memory:.0f} MiB",
        f"rule of thumb, no more than that: below {FEW:g} requests/s synchronous, above {MANY:g} asynchronous; this is "
        f"{demand.rate:g}",
    ]


def _shared_out(flight: float, processes: int) -> list[str]:
    each = flight / processes
    words = f"in each process at most {each:.1f} + {ALMOST_ALL} x sqrt({each:.1f}) = {_most(each):.0f}"
    return [words] if processes > 1 else []


def _break_even(demand: Demand) -> list[str]:
    each = demand.wait + demand.cpu
    lines = [
        f"up to {_rate_of(demand.threads) / each:.1f} requests/s {demand.threads} threads are enough, 99% of the time",
        f"up to {_rate_of(MOST_THREADS) / each:.1f} requests/s {MOST_THREADS} threads are",
    ]
    if demand.cpu:
        lines.append(f"at {BUSY / demand.cpu:.0f} requests/s one process is full of work, and needs another beside it")
    if demand.cpu_async:
        costs = f"{demand.cpu_async * 1000:.1f} ms in place of {demand.cpu * 1000:.1f}"
        lines.append(f"asynchronous, a request costs {costs}: full at {BUSY / demand.cpu_async:.0f} requests/s")
    return lines


def _rate_of(workers: int) -> float:
    """The in-flight requests at which 99% of the time no more than `workers` are under way."""
    root = (-ALMOST_ALL + math.sqrt(ALMOST_ALL**2 + 4 * workers)) / 2
    return root * root
