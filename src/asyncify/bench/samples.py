"""What was measured: every sample is kept, all other figures are computed from them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Side(StrEnum):
    """Which of the two trees."""

    BEFORE = "before"
    AFTER = "after"


class Sample(Struct, frozen=True, array_like=True):
    """One request. `answer` is a digest of the canonical answer; equal digests mean equal answers."""

    number: int
    started: float  # seconds from the start of its measurement to its arrival
    seconds: float  # from its arrival to its answer
    outcome: str  # an HTTP status, "returned", or the name of an exception
    answer: str
    first: float | None  # seconds to the first piece of the answer; None where it comes as a whole
    queued: float  # seconds from its arrival until a worker was free for it

    @property
    def is_error(self) -> bool:
        if self.outcome.isdigit():
            return int(self.outcome) >= 500
        return self.outcome != "returned"


class Usage(Struct, frozen=True):
    """What one process used during one measurement."""

    cpu_seconds: float
    base_memory: int  # bytes, before the first request of the measurement
    peak_memory: int  # bytes
    peak_threads: int
    loop_lag_p95: float | None  # seconds that the event loop ran late; None where there is no loop
    loop_lag_max: float | None


class Watched(Struct, frozen=True, array_like=True):
    """The measured process, seen from outside at one moment."""

    at: float  # seconds from the start of the measurement
    memory: int  # bytes, resident
    threads: int
    sockets: int | None  # open ones; None where nobody says


class StandInRecord(Struct, frozen=True):
    """What the stand-in saw: how many calls, the waits as they were set, and how many ran side by side."""

    calls: int
    waited: float  # seconds, all waits added up
    covered: float  # seconds in which at least one wait was running
    peak_in_flight: int
    unknown: Mapping[str, int]  # calls that nothing in the scenario answers
    usage: Usage


class Measurement(Struct, frozen=True, kw_only=True):
    """One case, run by one side in one way under one load, in a process of its own."""

    table: str
    case: str
    side: Side
    way: str  # of the table: "as it is", "10 threads", "limit 50"
    runner: str  # what ran it: "uvicorn", "1 caller", "10 threads", "100 tasks"
    loop: str  # "asyncio", "uvloop"; empty where there is none
    repeat: int  # 0, 1, ... of the same thing
    load: str  # "closed", "together", "arrivals"
    callers: int  # requests that are made side by side; of arrivals, all
    limit: int  # of these, how many may run at once
    planned: int  # requests that it stands for; more than there are samples if it was measured in part
    rate: float | None  # requests a second that arrive
    cpu: float  # seconds of processor time spent on each answer on purpose
    wait: float  # seconds on the critical path of one request, as set; measured with one caller; the mean of all
    shortest_wait: float  # the same of the request that waits least, and most
    longest_wait: float
    samples: tuple[Sample, ...]
    subject: Usage
    stand_in: StandInRecord
    client: Usage | None  # None for direct calls: the subject calls itself
    watched: tuple[Watched, ...]
    others_cpu_seconds: float | None  # by all other programs on the machine; None where that is unknown

    @property
    def name(self) -> str:
        load = f"{self.rate:g} arrivals/s" if self.rate else f"{self.callers} concurrent"
        return f"{self.table}, {self.side}, {self.way}, {load}"

    @property
    def elapsed(self) -> float:
        """Seconds from the arrival of the first request to the end of the last."""
        begin = min(sample.started for sample in self.samples)
        return max(sample.started + sample.seconds for sample in self.samples) - begin

    @property
    def is_part(self) -> bool:
        """Were fewer requests made than it stands for?"""
        return self.planned > len(self.samples)

    @property
    def total(self) -> float:
        """Seconds for all planned requests; extrapolated from those that were made, if those are fewer."""
        return self.elapsed * self.planned / len(self.samples)

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return len(self.samples) / self.elapsed

    @property
    def best_elapsed(self) -> float:
        """The least time in which these requests can be made: N x latency / limit.

        What arrives together takes whole rounds, and no less than its longest request. Processor time that is spent
        on purpose can only be spent by one request at a time.
        """
        if self.load == "arrivals":
            return max(sample.started for sample in self.samples) - min(sample.started for sample in self.samples)
        count = len(self.samples)
        best = max(count / self.limit * (self.wait + self.cpu), count * self.cpu)
        if self.load == "closed":
            return best
        rounds = math.ceil(count / self.limit)
        return max(best, rounds * (self.shortest_wait + self.cpu), self.longest_wait + self.cpu)

    @property
    def bound(self) -> float | None:
        """The most requests a second that are possible. None without waits."""
        best = self.best_elapsed
        return len(self.samples) / best if self.wait and best else None

    @property
    def share(self) -> float | None:
        """How much of the bound was reached."""
        if self.load == "arrivals":
            return self.wait / self.mean if self.wait else None
        return self.throughput / self.bound if self.bound else None

    @property
    def seconds(self) -> tuple[float, ...]:
        return tuple(sample.seconds for sample in self.samples)

    @property
    def firsts(self) -> tuple[float, ...]:
        """Seconds to the first piece of each answer, of those that come in pieces."""
        return tuple(sample.first for sample in self.samples if sample.first is not None)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def mean(self) -> float:
        return math.fsum(self.seconds) / len(self.seconds)

    @property
    def mean_at_work(self) -> float:
        """Seconds from when something was free for a request until its answer."""
        return self.mean - math.fsum(sample.queued for sample in self.samples) / len(self.samples)

    @property
    def occupation(self) -> float:
        """How much of the time the callers were waiting for answers; less than all when requests run out."""
        return math.fsum(self.seconds) / (self.callers * self.elapsed)

    @property
    def errors(self) -> int:
        return sum(sample.is_error for sample in self.samples)

    @property
    def others_share(self) -> float | None:
        """Cores that all other programs used on average."""
        return None if self.others_cpu_seconds is None else self.others_cpu_seconds / self.elapsed

    @property
    def cpu_each(self) -> float:
        """Seconds of processor time of the measured process for each request."""
        return self.subject.cpu_seconds / len(self.samples)

    @property
    def memory_each(self) -> float:
        """Bytes that each request under way needs on top of what the process held before."""
        under_way = min(self.limit, len(self.samples))
        return max(0, self.subject.peak_memory - self.subject.base_memory) / under_way

    @property
    def peak_sockets(self) -> int | None:
        counts = [moment.sockets for moment in self.watched if moment.sockets is not None]
        return max(counts, default=None)

    @property
    def peak_threads(self) -> int:
        """The most threads at once, as it counted itself or as it was seen."""
        return max([self.subject.peak_threads, *(moment.threads for moment in self.watched)])

    def percentile(self, percent: float) -> float:
        """The smallest measured time that so many percent of all requests did not exceed."""
        return percentile(self.seconds, percent)


def percentile(values: tuple[float, ...], percent: float) -> float:
    """The smallest of the values that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
