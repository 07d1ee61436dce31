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
    started: float  # seconds since the first request of its measurement
    seconds: float
    outcome: str  # an HTTP status, "returned", or the name of an exception
    answer: str

    @property
    def is_error(self) -> bool:
        if self.outcome.isdigit():
            return int(self.outcome) >= 500
        return self.outcome != "returned"


class Usage(Struct, frozen=True):
    """What one process used during one measurement."""

    cpu_seconds: float
    peak_memory: int  # bytes, since the process began
    peak_threads: int
    loop_lag_p95: float | None  # seconds that the event loop ran late; None where there is no loop
    loop_lag_max: float | None


class StandInRecord(Struct, frozen=True):
    """What the stand-in saw: how many calls, the waits as they were set, and how many ran side by side."""

    calls: int
    waited: float  # seconds, all waits added up
    covered: float  # seconds in which at least one wait was running
    peak_in_flight: int
    unknown: Mapping[str, int]  # calls that nothing in the scenario answers
    usage: Usage


class Measurement(Struct, frozen=True):
    """One case, run by one side at one level of concurrency in a process of its own."""

    case: str
    side: Side
    runner: str  # "uvicorn", "1 caller", "10 threads", "100 tasks"
    callers: int
    samples: tuple[Sample, ...]
    wait: float  # seconds on the critical path of one request, as set; measured with one caller
    subject: Usage
    stand_in: StandInRecord
    client: Usage | None  # None for direct calls: the subject calls itself
    others_cpu_seconds: float | None  # by all other programs on the machine; None where that is unknown

    @property
    def name(self) -> str:
        return f"{self.case}, {self.side}, {self.callers} concurrent"

    @property
    def elapsed(self) -> float:
        """Seconds from the start of the first request to the end of the last."""
        begin = min(sample.started for sample in self.samples)
        return max(sample.started + sample.seconds for sample in self.samples) - begin

    @property
    def throughput(self) -> float:
        """Requests a second."""
        return len(self.samples) / self.elapsed

    @property
    def bound(self) -> float | None:
        """The most requests a second that so many callers can make: callers / wait. None without waits."""
        return self.callers / self.wait if self.wait else None

    @property
    def share(self) -> float | None:
        """How much of the bound was reached."""
        return self.throughput / self.bound if self.bound else None

    @property
    def seconds(self) -> tuple[float, ...]:
        return tuple(sample.seconds for sample in self.samples)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def mean(self) -> float:
        return math.fsum(self.seconds) / len(self.seconds)

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

    def percentile(self, percent: float) -> float:
        """The smallest measured time that so many percent of all requests did not exceed."""
        ordered = sorted(self.seconds)
        return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]
