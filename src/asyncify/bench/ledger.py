"""What the stand-in notes down: the traffic, how long callers had to wait, and how many waited at once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


class Ledger:
    """Counts from one `clear()` to the next."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._traffic: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._waits: list[tuple[float, float]] = []
        self._in_flight = 0
        self._peak_in_flight = 0

    def note(self, request: str) -> None:
        self._traffic[request] += 1

    def note_unknown(self, what: str) -> None:
        self._unknown[what] += 1

    @contextmanager
    def waiting(self, seconds: float) -> Iterator[None]:
        """Encloses one wait of so many seconds, as set: what the loop adds to it is not the caller's to bear."""
        started = time.perf_counter()
        self._waits.append((started, started + seconds))
        self._in_flight += 1
        self._peak_in_flight = max(self._peak_in_flight, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= 1

    def read(self) -> dict[str, Any]:
        return {
            "traffic": dict(self._traffic),
            "unknown": dict(self._unknown),
            "calls": len(self._waits),
            "waited": sum(end - start for start, end in self._waits),
            "covered": covered(self._waits),
            "peak_in_flight": self._peak_in_flight,
        }


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """The time in which at least one of the spans is running: overlapping waits count once."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total
