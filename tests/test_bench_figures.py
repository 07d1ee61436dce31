"""The arithmetic of the benchmark: percentiles, bounds, significance, what is equal and what held a run back."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

import msgspec
import pytest

from asyncify.bench.answers import plain
from asyncify.bench.compare import compare_answers, compare_bags, compare_speed, rank_test
from asyncify.bench.explain import beats_bound, explain
from asyncify.bench.ledger import covered
from asyncify.bench.samples import Measurement, Sample, Side, StandInRecord, Usage
from asyncify.bench.templates import fill, fill_number, without
from asyncify.bench.traffic import canonical, record

IDLE = Usage(0.0, 1, 1, 1, None, None)


def measurement(
    seconds: Sequence[float], *, callers: int = 1, wait: float, cpu: float = 0.0, peak: int | None = None
) -> Measurement:
    """One in which the callers are busy all the time."""
    rounds = [callers * [sum(seconds[::callers][:i])] for i in range(len(seconds) // callers)]
    starts = [start for one in rounds for start in one]
    samples = tuple(Sample(i, starts[i], time, "200", "same", None, 0.0) for i, time in enumerate(seconds))
    in_flight = peak if peak is not None else callers
    seen = StandInRecord(len(samples), wait * len(samples), wait * len(samples), in_flight, {}, IDLE)
    return Measurement(
        table="table",
        case="case",
        side=Side.AFTER,
        way="migrated",
        runner="uvicorn",
        loop="asyncio",
        repeat=0,
        load="closed",
        callers=callers,
        limit=callers,
        planned=len(samples),
        rate=None,
        cpu=0.0,
        wait=wait,
        shortest_wait=wait,
        longest_wait=wait,
        samples=samples,
        subject=Usage(cpu, 1, 1, 1, None, None),
        stand_in=seen,
        client=IDLE,
        watched=(),
        others_cpu_seconds=0.0,
    )


def one_by_one(*seconds: float) -> Measurement:
    return measurement(seconds, wait=0.1)


def test_percentiles_are_measured_times() -> None:
    taken = measurement([0.1 * n for n in range(1, 21)], wait=0.05)

    assert taken.percentile(95) == pytest.approx(1.9)
    assert taken.percentile(100) == pytest.approx(2.0)
    assert taken.median == pytest.approx(1.05)


def test_the_bound_is_callers_by_wait() -> None:
    taken = measurement([0.5] * 20, callers=10, wait=0.4)

    assert taken.bound == pytest.approx(25)
    assert taken.throughput == pytest.approx(20)
    assert taken.share == pytest.approx(0.8)


def test_without_waits_there_is_no_bound() -> None:
    taken = measurement([0.5], wait=0.0)

    assert taken.share is None
    assert not beats_bound(taken)


def test_a_figure_better_than_its_bound_is_noticed() -> None:
    assert beats_bound(measurement([0.39] * 20, callers=10, wait=0.4))
    assert not beats_bound(measurement([0.4] * 20, callers=10, wait=0.4))


def test_waits_side_by_side_count_once() -> None:
    assert covered([(0, 1), (0.5, 2), (3, 4), (3, 3.5)]) == pytest.approx(3)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ([1, 2, 3, 4], [5, 6, 7, 8], 2 / 70),  # exact: 2 of the 70 ways to place four among eight
        ([1, 2, 3], [4, 5, 6], 2 / 20),
        ([1, 3, 5, 7], [2, 4, 6, 8], 48 / 70),
        ([5, 5, 5], [5, 5, 5], 1.0),
    ],
)
def test_rank_test(left: list[float], right: list[float], expected: float) -> None:
    assert rank_test(left, right) == pytest.approx(expected)
    assert rank_test(right, left) == pytest.approx(expected)


def test_the_approximation_meets_the_exact_value(monkeypatch: pytest.MonkeyPatch) -> None:
    left = [float(n) for n in range(12)]
    right = [n + 3.5 for n in left]
    exact = rank_test(left, right)
    monkeypatch.setattr("asyncify.bench.compare.EXACT_UP_TO", 0)

    approximate = rank_test(left, right)

    assert 0.02 < exact < 0.2
    assert approximate != exact
    assert approximate == pytest.approx(exact, abs=0.005)


def test_a_clear_gain_has_a_figure_and_an_interval() -> None:
    gain = compare_speed([one_by_one(1.19, 1.20, 1.21, 1.20)], [one_by_one(0.99, 1.00, 1.01, 1.0)])

    assert str(gain).startswith("1.20x faster (1.1")


def test_a_loss_is_called_one() -> None:
    gain = compare_speed([one_by_one(0.99, 1.00, 1.01, 1.02)], [one_by_one(1.98, 2.00, 2.02, 2.04)])

    assert str(gain).startswith("2.00x slower (1.9")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([1.0, 1.3, 0.8, 1.1], [1.1, 0.7, 1.2, 0.9]),  # overlapping
        ([1.2, 1.2, 1.2], [1.0, 1.0, 1.0]),  # too few to tell
        ([1.080, 1.081, 1.082, 1.083], [1.000, 1.001, 1.002, 1.003]),  # so much two processes may differ
    ],
)
def test_no_gain_without_evidence(before: list[float], after: list[float]) -> None:
    assert str(compare_speed([one_by_one(*before)], [one_by_one(*after)])) == "no difference found"


def test_repeats_show_smaller_gains() -> None:
    before, after = one_by_one(1.05, 1.051, 1.052, 1.053), one_by_one(1.0, 1.001, 1.002, 1.003)

    assert str(compare_speed([before] * 2, [after] * 2)).startswith("1.05x faster")
    assert str(compare_speed([before] * 2, [after])) == "no difference found"
    barely = one_by_one(1.010, 1.011, 1.012, 1.013)
    assert str(compare_speed([barely] * 2, [after] * 2)) == "no difference found"


def test_no_gain_where_requests_a_second_and_times_disagree() -> None:
    """One caller of the first run has a long wait for nothing at the end: fewer requests a second, but quicker ones."""
    busy = measurement([0.55] * 20, callers=2, wait=0.1)
    starved = msgspec.structs.replace(
        measurement([0.5] * 20, callers=2, wait=0.1),
        samples=tuple(Sample(n, n * 0.4, 0.5 + n / 1000, "200", "same", None, 0.0) for n in range(20)),
    )

    gain = compare_speed([starved], [busy])

    assert gain.ratio > 1.03 > 1 > gain.time_ratio
    assert str(gain) == "no difference found"


def test_answers_are_compared_by_request() -> None:
    difference = compare_answers("case", 1, {0: '{"a": 1}', 1: '{"a": 2}'}, {0: '{"a": 1}', 1: '{"a": 3}'})

    assert difference is not None
    assert difference.count == 1
    assert '-  "a": 2\n+  "a": 3' in difference.diff


def test_traffic_is_compared_without_its_order() -> None:
    assert compare_bags("case", 1, "traffic", Counter(['"a"', '"b"', '"a"']), Counter(['"a"', '"a"', '"b"'])) is None
    difference = compare_bags("case", 1, "traffic", Counter(['"a"', '"a"']), Counter(['"a"']))
    assert difference is not None
    assert difference.diff == '--- before: service call\n+++ after: service call\n@@ -1 +0,0 @@\n-"a"'


def seen(headers: dict[str, str], body: bytes = b"", target: str = "/x") -> str:
    return canonical(record("POST", target, headers.items(), body, frozenset()))


def test_what_does_not_matter_in_traffic() -> None:
    old = {"User-Agent": "python-requests/2.34.2", "Connection": "keep-alive", "X-A": "1", "X-B": "2"}
    new = {"X-B": "2", "x-a": "1", "user-agent": "Python/3.11 aiohttp/3.14.5"}
    json_type = {"Content-Type": "application/json"}

    assert seen(old, target="/x?b=2&a=1") == seen(new, target="/x?a=1&b=2")
    assert seen(json_type, b'{"a": 1, "b": 2}') == seen(json_type, b'{"b":2,"a":1}')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (({"X-A": "1"}, b"", "/x"), ({}, b"", "/x")),
        (({"User-Agent": "shop/1"}, b"", "/x"), ({"User-Agent": "Python/3.11 aiohttp/3.14.5"}, b"", "/x")),
        (({}, b"a", "/x"), ({}, b"b", "/x")),
        (({}, b"", "/x?a=1"), ({}, b"", "/x?a=")),
        (({}, b"", "/x?a=1&a=2"), ({}, b"", "/x?a=2&a=1")),
        (
            ({"Content-Type": "application/json"}, b"[1, 2]", "/x"),
            ({"Content-Type": "application/json"}, b"[2, 1]", "/x"),
        ),
    ],
)
def test_what_matters_in_traffic(
    before: tuple[dict[str, str], bytes, str], after: tuple[dict[str, str], bytes, str]
) -> None:
    assert seen(*before) != seen(*after)


def test_a_random_boundary_does_not_matter() -> None:
    def form(boundary: str) -> str:
        return seen({"Content-Type": f"multipart/form-data; boundary={boundary}"}, f"--{boundary}\r\nx".encode())

    assert form("aa11") == form("bb22")


def test_ignored_keys_are_left_out() -> None:
    value = {"id": 1, "items": [{"id": 2, "name": "a"}]}

    assert without(value, ("id", "items.*.id")) == {"items": [{"name": "a"}]}
    assert without(value, ("items.0", "none.such")) == {"id": 1, "items": []}


def test_a_lone_hole_keeps_the_type() -> None:
    values = {"n": 3, "body.name": "ada"}

    assert fill({"n": "{n}", "who": "user {body.name}"}, values.__getitem__) == {"n": 3, "who": "user ada"}
    assert fill_number(["s{n}", "{other}"], 7) == ["s7", "{other}"]


@dataclass
class Point:
    x: int
    y: list[int]


class Colour(Enum):
    RED = "red"


class Bag:
    def __init__(self, *values: int) -> None:
        self.values = values
        self._opened = time.time()


class Closed:
    pass


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Point(1, [2]), {"x": 1, "y": [2]}),
        ({1: (2, {4, 3})}, {"1": [2, [3, 4]]}),
        (Colour.RED, "red"),
        (Bag(1, 2), {"values": [1, 2]}),
        (b"\xffa", "\\xffa"),
        (date(2026, 1, 2), "datetime.date(2026, 1, 2)"),
        ([Closed()], ["<test_bench_figures.Closed object>"]),
    ],
)
def test_what_a_call_returned_as_plain_values(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_what_refers_to_itself_ends() -> None:
    ring: list[object] = []
    ring.append(ring)

    assert "..." in str(plain(ring))


ALONE = measurement([0.41] * 4, wait=0.4)
EXPLAINED = [
    ("nothing, near the bound", measurement([0.42] * 20, callers=10, wait=0.4), None),
    ("a limit", measurement([1.0] * 20, callers=10, wait=0.4, peak=4), "never more than 4 calls"),
    ("its processor", measurement([0.8] * 20, callers=10, wait=0.4, cpu=1.5), "94% of a core, 75.0 ms a request"),
    ("queueing", measurement([0.8] * 20, callers=10, wait=0.4), "400 ms beyond its waits, 10 ms when alone"),
]


@pytest.mark.parametrize(("taken", "expected"), [case[1:] for case in EXPLAINED], ids=[case[0] for case in EXPLAINED])
def test_what_held_it_back(taken: Measurement, expected: str | None) -> None:
    reason = explain(taken, ALONE, cores=2)

    assert reason is None if expected is None else reason is not None and expected in reason


def test_its_own_work_held_it_back() -> None:
    taken = measurement([0.6] * 4, wait=0.4)

    assert "takes 200 ms beyond its waits even alone" in (explain(taken, taken, cores=2) or "")
