"""Latencies that are spread, arrivals at random, and percentiles: against what theory says of them."""

from __future__ import annotations

import random
import statistics
from collections import Counter

import pytest

from asyncify.bench.asked import Load
from asyncify.bench.latency import Latency, Spread, draw, problem_of
from asyncify.bench.samples import percentile

MANY = 20_000


def drawn(latency: Latency) -> list[float]:
    return sorted(draw(latency, f"call {n}") for n in range(MANY))


def test_a_lognormal_latency_has_the_median_and_the_tail_that_are_set() -> None:
    times = drawn(Spread(median=0.5, p99=2.0))

    assert statistics.median(times) == pytest.approx(0.5, rel=0.03)
    assert percentile(tuple(times), 99) == pytest.approx(2.0, rel=0.06)
    # ln(2.0 / 0.5) / 2.326 = 0.596; its mean lies exp(0.596 ** 2 / 2) = 1.194 above the median
    assert statistics.fmean(times) == pytest.approx(0.5 * 1.194, rel=0.03)


def test_without_a_tail_it_is_three_times_the_median() -> None:
    assert percentile(tuple(drawn(Spread(median=0.1))), 99) == pytest.approx(0.3, rel=0.06)


def test_recorded_latencies_come_equally_often() -> None:
    counts = Counter(drawn(Spread(recorded=(0.4, 0.5, 0.5, 2.1))))

    assert {time: round(count / MANY, 2) for time, count in counts.items()} == {0.4: 0.25, 0.5: 0.5, 2.1: 0.25}


def test_the_same_call_always_waits_equally_long() -> None:
    spread = Spread(median=0.5, p99=2.0)

    assert draw(spread, "call 1") == draw(spread, "call 1") != draw(spread, "call 2")
    assert draw(0.25, "call 1") == draw(0.25, "call 2") == 0.25


@pytest.mark.parametrize(
    ("latency", "problem"),
    [
        (0.0, None),
        (-0.1, "is negative"),
        (Spread(), "needs either median or recorded"),
        (Spread(median=1.0, recorded=(1.0,)), "needs either median or recorded"),
        (Spread(median=0.0), "needs a median above 0"),
        (Spread(median=1.0, p99=0.5), "has a p99 below its median"),
        (Spread(recorded=(0.1, -1.0)), "holds a negative time"),
    ],
)
def test_what_is_no_latency(latency: Latency, problem: str | None) -> None:
    assert problem_of(latency) == problem


def test_arrivals_are_those_of_a_poisson_process() -> None:
    """Their gaps are exponential, so as long as they spread; their number in a second spreads as much as it is."""
    rate = 20.0
    times = Load("arrivals", MANY, MANY, rate=rate).arrivals
    assert times is not None
    gaps = [later - earlier for earlier, later in zip([0.0, *times], times, strict=False)]
    counts = Counter(int(time) for time in times)
    whole = [counts[second] for second in range(int(times[-1]))]

    assert min(gaps) > 0
    assert statistics.fmean(gaps) == pytest.approx(1 / rate, rel=0.03)
    assert statistics.stdev(gaps) == pytest.approx(1 / rate, rel=0.03)
    assert statistics.fmean(whole) == pytest.approx(rate, rel=0.03)
    assert statistics.variance(whole) == pytest.approx(rate, rel=0.15)


def test_arrivals_are_the_same_for_every_run_of_a_load() -> None:
    load = Load("arrivals", 50, 50, rate=10.0)

    assert load.arrivals == Load("arrivals", 50, 50, rate=10.0).arrivals
    assert Load("together", 3, 3).arrivals == [0.0, 0.0, 0.0]
    assert Load("closed", 3, 3).arrivals is None


@pytest.mark.parametrize("percent", [1, 50, 90, 95, 99, 100])
@pytest.mark.parametrize("count", [1, 2, 7, 100, 1001])
def test_a_percentile_is_the_smallest_time_that_enough_did_not_exceed(percent: float, count: int) -> None:
    values = tuple(random.Random(count).random() for _ in range(count))

    found = percentile(values, percent)

    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * count
    assert sum(value < found for value in values) < percent / 100 * count
