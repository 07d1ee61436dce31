"""Advice from a load: which of the four it is, and the arithmetic that leads there."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from asyncify.bench import report_json
from asyncify.bench.advise import Choice, Demand, advise, demand_of, in_flight, most_in_flight
from bench_reports import report

LOADS = [
    ("two a minute", Demand(rate=0.03, wait=1.2), Choice.SYNC, "one worker is enough"),
    ("what the pool can carry", Demand(rate=10, wait=1.2), Choice.SYNC, "the 40 threads in one process carry 21"),
    ("more than the pool, in memory", Demand(rate=60, wait=1.2), Choice.THREADS, "93 threads in one process"),
    ("a thousand at once", Demand(rate=500, wait=2.0, cpu=0.001), Choice.ASYNC, "more than the 200 threads"),
    ("no memory for threads", Demand(rate=100, wait=1.2, cpu=0.002, memory=70), Choice.ASYNC, "do not fit into 70 MiB"),
    ("work that waits a little", Demand(rate=1, wait=0.1, cpu=0.2, cores=4), Choice.PROCESSES, "only 33%"),
    ("more work than cores", Demand(rate=200, wait=1.2, cpu=0.01), Choice.PROCESSES, "the work keeps 2.0 cores busy"),
    (
        "two processes, two pools",
        Demand(rate=80, wait=0.8, cpu=0.01, cores=4),
        Choice.THREADS,
        "46 threads in each of 2 processes",
    ),
    (
        "full pools, one by one",
        Demand(rate=60, wait=1.0, cpu=0.015, cores=4),
        Choice.THREADS,
        "44 threads in each of 2",
    ),
    (
        "tasks that need less work",
        Demand(rate=100, wait=1.2, cpu=0.01, cpu_async=0.005),
        Choice.ASYNC,
        "the work keeps 1.0 cores busy, of 1; asynchronous it is 0.5",
    ),
]


@pytest.mark.parametrize(("demand", "choice", "why"), [load[1:] for load in LOADS], ids=[load[0] for load in LOADS])
def test_advice(demand: Demand, choice: Choice, why: str) -> None:
    advice = advise(demand)

    assert advice.choice is choice, advice
    assert why in advice.why


def test_the_arithmetic_is_shown() -> None:
    advice = advise(Demand(rate=80, wait=1.2, cpu=0.01, cpu_async=0.005, cores=2))

    lines = "\n".join([*advice.arithmetic, *advice.break_even])
    assert "80/s x 1.210 s = 96.8 requests (Little's law)" in lines
    assert "in each process at most 48.4 + 2.33 x sqrt(48.4) = 65" in lines
    assert "40 threads can do 40 / 1.210 s = 33.1 requests/s" in lines
    assert "below 50 requests/s synchronous, above 100 asynchronous; this is 80" in lines
    assert "asynchronous, a request costs 5.0 ms in place of 10.0: full at 140 requests/s" in lines


@pytest.mark.parametrize("flight", [0.5, 1, 3, 10, 40, 96.8, 250])
def test_the_most_at_once_is_that_of_poisson(flight: float) -> None:
    """Computed here term by term: the smallest number that so many at once are within 99% of the time."""
    count, term = 0, math.exp(-flight)
    total = term
    while total < 0.99:
        count += 1
        term *= flight / count
        total += term

    assert most_in_flight(Demand(rate=flight, wait=1.0, cpu=0.0)) == pytest.approx(count, abs=1.5)


def test_at_the_break_even_the_pool_is_just_enough() -> None:
    advice = advise(Demand(rate=1, wait=1.0, cpu=0.0))
    rate = float(advice.break_even[0].split()[2])

    assert most_in_flight(Demand(rate=rate, wait=1.0, cpu=0.0)) == pytest.approx(40, rel=0.01)
    assert in_flight(Demand(rate=rate, wait=1.0, cpu=0.0)) == pytest.approx(rate)


def test_a_report_gives_the_measured_figures() -> None:
    demand = demand_of(report(), 80, cores=2, memory=512)

    assert demand is not None
    assert (demand.wait, demand.cpu, demand.threads, demand.base) == (1.0, 0.01, 40, 50.0)


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(report_json(report()))
    command = [sys.executable, "-m", "asyncify", "advise"]

    measured = subprocess.run([*command, str(file), "--rate", "20"], capture_output=True, text=True, check=False)
    nothing = subprocess.run(command, capture_output=True, text=True, check=False)

    assert measured.returncode == 0, measured.stderr
    assert measured.stdout.startswith("stay synchronous: the 40 threads in one process carry 31 requests at once\n")
    assert (nothing.returncode, nothing.stderr) == (
        2,
        "asyncify: error: name --wait, or a report of `asyncify bench --output`\n",
    )
