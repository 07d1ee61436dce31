"""Are two sets of samples different, and by how much? Are two runs equal in what they answered and sent?"""

from __future__ import annotations

import difflib
import json
import math
import random
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TypeAlias

from msgspec import Struct

from asyncify.bench.samples import Measurement

SIGNIFICANCE = 0.05
RESAMPLES = 1000
EXACT_UP_TO = 12  # samples a side; the normal approximation is good above
SMALLEST_GAIN = 0.03  # two processes of the same code differ by so much
SMALLEST_OF_ONE = 0.1  # where there is one process a side, nothing shows by how much they differ
SHOWN = 3  # differences of one kind
Sides: TypeAlias = tuple[str, str]  # what the two are called in a diff
SIDES: Sides = ("before", "after")
ONE_OF = {"traffic": "service call", "rows": "row", "logs": "log record"}


class Gain(Struct, frozen=True):
    """How a load became faster, and whether the times of single requests bear it out.

    Of a closed loop the requests a second are compared, of arrivals the time of a request: how many arrive is given.
    """

    table: str
    callers: int
    rate: float | None  # arrivals a second
    ratio: float  # above 1 is faster
    low: float  # 95% of the bootstrap lie between
    high: float
    time_ratio: float  # of the mean time of a request, before by after; differs where callers ran out of requests
    p_value: float  # that the times of single requests come from the same source
    smallest: float = SMALLEST_GAIN  # that is named

    @property
    def is_significant(self) -> bool:
        certain = self.p_value < SIGNIFICANCE and not self.low <= 1 <= self.high
        agrees = (self.ratio > 1) == (self.time_ratio > 1)
        return certain and agrees and abs(self.ratio - 1) >= self.smallest

    def __str__(self) -> str:
        if not self.is_significant:
            return "no difference found"
        faster = self.ratio > 1
        ratio, low, high = (self.ratio, self.low, self.high) if faster else _inverse(self.ratio, self.high, self.low)
        return f"{ratio:.2f}x {'faster' if faster else 'slower'} ({low:.2f}-{high:.2f})"


class Difference(Struct, frozen=True):
    """Something that the two sides did not do alike."""

    case: str
    callers: int
    what: str  # "answers", or a key of ONE_OF
    count: int
    diff: str  # the first few, as a diff

    @property
    def counted(self) -> str:
        """`3 calls to services`."""
        return f"{self.count:,} {'calls to services' if self.what == 'traffic' else self.what}"


def compare_speed(before: Sequence[Measurement], after: Sequence[Measurement]) -> Gain:
    """Gain of `after` over `before`, each with all its repeats; the same samples always give the same answer.

    The bootstrap draws processes first and then requests of those, so that what differs from one start of the same
    program to the next widens the interval.
    """
    one, old, new = before[0], _times(before), _times(after)
    time_ratio = _mean(old) / _mean(new)
    ratio = time_ratio if one.rate else _throughput(after) / _throughput(before)
    draw = random.Random(0)
    ratios = sorted(_drawn_mean(draw, before) / _drawn_mean(draw, after) for _ in range(RESAMPLES))
    cut = int(RESAMPLES * SIGNIFICANCE / 2)
    low, high = (bound * ratio / time_ratio for bound in (ratios[cut], ratios[-1 - cut]))
    smallest = SMALLEST_GAIN if min(len(before), len(after)) > 1 else SMALLEST_OF_ONE
    return Gain(one.table, one.callers, one.rate, ratio, low, high, time_ratio, rank_test(old, new), smallest)


def _times(repeats: Sequence[Measurement]) -> list[float]:
    return [seconds for one in repeats for seconds in one.seconds]


def _throughput(repeats: Sequence[Measurement]) -> float:
    return sum(len(one.samples) for one in repeats) / sum(one.elapsed for one in repeats)


def _drawn_mean(draw: random.Random, repeats: Sequence[Measurement]) -> float:
    chosen = draw.choices(repeats, k=len(repeats)) if len(repeats) > 1 else repeats
    return _mean([seconds for one in chosen for seconds in draw.choices(one.seconds, k=len(one.samples))])


def rank_test(left: Sequence[float], right: Sequence[float]) -> float:
    """The two-sided p-value of the Mann-Whitney test: exact for a few samples without ties, else approximated."""
    ranks, ties = _ranks([*left, *right])
    n, m = len(left), len(right)
    statistic = sum(ranks[:n]) - n * (n + 1) / 2
    if not ties and max(n, m) <= EXACT_UP_TO:
        return _exact_p(int(statistic), n, m)
    total = n + m
    spread = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if spread == 0:
        return 1.0
    distance = max(0.0, abs(statistic - n * m / 2) - 0.5) / math.sqrt(spread)
    smallest = 2 / math.comb(total, n)  # what the exact test can say at most; the approximation would say more
    return max(smallest, 2 * (1 - statistics.NormalDist().cdf(distance)))


def compare_answers(
    case: str, callers: int, before: Mapping[int, str], after: Mapping[int, str], sides: Sides = SIDES
) -> Difference | None:
    """The requests, by number, that were answered differently."""
    differing = [number for number in sorted(before) if before[number] != after.get(number)]
    if not differing:
        return None
    shown = "\n".join(_diff(before[n], after.get(n, "null"), f"request {n}", sides) for n in differing[:SHOWN])
    return Difference(case, callers, "answers", len(differing), shown)


def compare_bags(
    case: str, callers: int, what: str, before: Counter[str], after: Counter[str], sides: Sides = SIDES
) -> Difference | None:
    """The things (JSON texts) that only one side has, or has more of; their order does not matter."""
    missing, added = before - after, after - before
    if not missing and not added:
        return None
    pairs = list(zip_longest(sorted(missing.elements()), sorted(added.elements()), fillvalue=""))
    shown = "\n".join(_diff(old, new, ONE_OF[what], sides) for old, new in pairs[:SHOWN])
    return Difference(case, callers, what, len(pairs), shown)


def _diff(before: str, after: str, what: str, sides: Sides) -> str:
    old, new = (f"{side}: {what}" for side in sides)
    lines = difflib.unified_diff(_lines(before), _lines(after), old, new, "", "", 2, "")
    return "\n".join(lines)


def _lines(text: str) -> list[str]:
    return json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False).splitlines() if text else []


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _inverse(ratio: float, high: float, low: float) -> tuple[float, float, float]:
    return 1 / ratio, 1 / high, 1 / low


def _ranks(values: Sequence[float]) -> tuple[list[float], float]:
    """Ranks from 1, equal values sharing theirs, and the correction for ties: sum of t^3 - t."""
    counts = Counter(values)
    rank_of: dict[float, float] = {}
    below = 0
    for value in sorted(counts):
        rank_of[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    return [rank_of[value] for value in values], float(sum(count**3 - count for count in counts.values()))


def _exact_p(statistic: int, n: int, m: int) -> float:
    ways = [[1] + [0] * (n * m) for _ in range(m + 1)]  # ways[j][u]: i values on the left, j on the right
    for _ in range(n):
        row = [[1] + [0] * (n * m)]
        for j in range(1, m + 1):
            row.append([row[j - 1][u] + (ways[j][u - j] if u >= j else 0) for u in range(n * m + 1)])
        ways = row
    tail = min(statistic, n * m - statistic)
    return min(1.0, 2 * sum(ways[m][: tail + 1]) / math.comb(n + m, n))
