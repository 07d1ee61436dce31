"""How long a service takes: always the same, spread like real services, or as recorded."""

from __future__ import annotations

import hashlib
import math
import statistics
from typing import TypeAlias

from msgspec import Struct

NORMAL = statistics.NormalDist()
DIGITS = 8  # bytes of a digest that become one number


class Spread(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds that differ from call to call: lognormal by `median` and `p99`, or one of those `recorded`."""

    median: float | None = None
    p99: float | None = None  # 1% take longer; default: three times the median
    recorded: tuple[float, ...] = ()


Latency: TypeAlias = float | Spread


def draw(latency: Latency, key: str) -> float:
    """Seconds for the call that `key` names: the same key always waits equally long, before and after."""
    if isinstance(latency, float | int):
        return float(latency)
    part = _uniform(key)
    if latency.recorded:
        return latency.recorded[int(part * len(latency.recorded))]
    median = latency.median or 0.0
    p99 = latency.p99 or 3 * median
    sigma = math.log(p99 / median) / NORMAL.inv_cdf(0.99) if median else 0.0
    return median * math.exp(sigma * NORMAL.inv_cdf(part))


def problem_of(latency: Latency) -> str | None:
    """What is wrong with it, if anything."""
    if isinstance(latency, float | int):
        return None if latency >= 0 else "is negative"
    if bool(latency.recorded) == (latency.median is not None):
        return "needs either median or recorded"
    if any(seconds < 0 for seconds in latency.recorded):
        return "holds a negative time"
    if latency.median is not None and latency.median <= 0:
        return "needs a median above 0"
    if latency.p99 is not None and latency.p99 < (latency.median or 0):
        return "has a p99 below its median"
    return None


def _uniform(key: str) -> float:
    """A number above 0 and below 1."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:DIGITS], "big")
    return (digest + 0.5) / float(256**DIGITS)
