"""Which request comes next, and when: shared by all workers of a run. Standard library only."""

from __future__ import annotations

import threading
import time
from typing import Any, Dict, List, Optional, Tuple  # noqa: UP035  (Python 3.8)


class Numbers:
    """The numbers of a run, handed out once each to whoever asks, from any thread.

    Without `arrivals` it is a closed loop: a worker takes its next number when it is free, and that is when the
    request arrives. With them a request arrives when it is said to, whether or not a worker is free: the time that
    it then has to wait for one belongs to its own, so that a slow service does not hide its own slowness.
    """

    def __init__(self, first: int, count: int, workers: int, arrivals: Optional[List[float]]) -> None:  # noqa: UP006,UP045
        self.workers = min(workers, count)
        self.began = 0.0
        self._first = first
        self._count = count
        self._taken = 0
        self._arrivals = arrivals
        self._lock = threading.Lock()

    @classmethod
    def of(cls, command: Dict[str, Any]) -> Numbers:  # noqa: UP006
        return cls(command["first"], command["count"], command["workers"], command.get("arrivals"))

    def begin(self) -> float:
        """Now is when the run begins, by the clock of the machine."""
        self.began = time.perf_counter()
        return self.began

    def __iter__(self) -> Numbers:
        return self

    def __next__(self) -> Tuple[int, float]:  # noqa: UP006
        """A number, and the time at which its request arrives; 0 if that is when a worker is free."""
        with self._lock:
            if self._taken == self._count:
                raise StopIteration
            index = self._taken
            self._taken += 1
        arrival = self.began + self._arrivals[index] if self._arrivals is not None else 0.0
        return self._first + index, arrival
