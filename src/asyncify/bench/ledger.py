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
        self._in_flight = 0  # what is under way goes on when the rest is cleared
        self._answering = 0
        self.clear()

    def clear(self) -> None:
        self._traffic: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._waits: list[tuple[float, float]] = []
        self._spans: list[tuple[float, float, str, int]] = []
        self._peak_in_flight = 0

    def note(self, request: str) -> int:
        """How often this very request has been made now."""
        self._traffic[request] += 1
        return self._traffic[request]

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

    @contextmanager
    def answering(self, what: str, port: int) -> Iterator[None]:
        """Encloses one call, from its arrival to its answer; `port` is the caller's end of the connection."""
        started = time.perf_counter()
        self._answering += 1
        try:
            yield
        finally:
            self._answering -= 1
            self._spans.append((started, time.perf_counter(), what, port))

    def read(self) -> dict[str, Any]:
        return {
            "traffic": dict(self._traffic),
            "unknown": dict(self._unknown),
            "calls": len(self._spans),
            "waited": sum(end - start for start, end in self._waits),
            "covered": covered(self._waits),
            "peak_in_flight": self._peak_in_flight,
        }

    def state(self) -> dict[str, Any]:
        """How many calls were answered, and how many are still to be."""
        return {"calls": len(self._spans), "in_flight": self._answering}

    def waits(self) -> list[tuple[float, float]]:
        """Start and end of each wait as it was set, on the clock of `spans`."""
        return self._waits

    def spans(self) -> list[tuple[float, float, str, int]]:
        """Start, end, method and path, port of each call; times are those of perf_counter, one clock on a machine."""
        return self._spans


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """The time in which at least one of the spans is running: overlapping waits count once."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total
