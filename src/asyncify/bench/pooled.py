"""All repeats of one measurement together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from asyncify.bench.conclude import same_things
from asyncify.bench.samples import Measurement, percentile


@dataclass(frozen=True, slots=True)
class Pooled:
    """Percentiles come from the samples of all repeats, peaks are the highest, all else is the mean."""

    repeats: tuple[Measurement, ...]

    @property
    def one(self) -> Measurement:
        """What the repeats share can be read from any of them."""
        return self.repeats[0]

    @property
    def seconds(self) -> tuple[float, ...]:
        return tuple(seconds for one in self.repeats for seconds in one.seconds)

    @property
    def firsts(self) -> tuple[float, ...]:
        return tuple(first for one in self.repeats for first in one.firsts)

    @property
    def throughput(self) -> float:
        return sum(len(one.samples) for one in self.repeats) / sum(one.elapsed for one in self.repeats)

    @property
    def bound(self) -> float | None:
        bounds = [one.bound for one in self.repeats if one.bound is not None]
        return math.fsum(bounds) / len(bounds) if bounds else None

    @property
    def share(self) -> float | None:
        shares = [one.share for one in self.repeats if one.share is not None]
        return math.fsum(shares) / len(shares) if shares else None

    @property
    def total(self) -> float:
        return math.fsum(one.total for one in self.repeats) / len(self.repeats)

    @property
    def best_total(self) -> float:
        """The least seconds that all planned requests can take."""
        one = self.one
        return one.best_elapsed * one.planned / len(one.samples)

    @property
    def peak_memory(self) -> int:
        return max(one.subject.peak_memory for one in self.repeats)

    @property
    def memory_each(self) -> float:
        return max(one.memory_each for one in self.repeats)

    @property
    def peak_threads(self) -> int:
        return max(one.peak_threads for one in self.repeats)

    @property
    def peak_sockets(self) -> int | None:
        return max((one.peak_sockets for one in self.repeats if one.peak_sockets is not None), default=None)

    @property
    def cpu_each(self) -> float:
        return math.fsum(one.cpu_each for one in self.repeats) / len(self.repeats)

    @property
    def loop_lag(self) -> float | None:
        """The 95th percentile of how late the event loop ran, in the worst repeat."""
        return max(
            (one.subject.loop_lag_p95 for one in self.repeats if one.subject.loop_lag_p95 is not None), default=None
        )

    @property
    def errors(self) -> int:
        return sum(one.errors for one in self.repeats)

    def percentile(self, percent: float) -> float:
        return percentile(self.seconds, percent)

    def first(self, percent: float) -> float | None:
        """Of the seconds until the first piece of an answer; None where answers come as a whole."""
        firsts = self.firsts
        return percentile(firsts, percent) if firsts else None


def pooled(measurements: Sequence[Measurement], table: str) -> list[Pooled]:
    """The rows of a table."""
    return [Pooled(group) for group in same_things([one for one in measurements if one.table == table])]
