"""What a process uses: processor time, memory, threads and how late its event loop runs. Standard library only."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import Any, Dict, Optional  # noqa: UP035  (Python 3.8)

LAG_INTERVAL = 0.05  # seconds
OWN_THREADS = 1  # the one that listens for commands


class Gauge:
    """Counts from `mark()` to `read()`."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._threads = 0
        self._cpu = 0.0
        self._base = 0
        self._task: Optional[asyncio.Task[None]] = None  # noqa: UP045
        self.mark()

    def mark(self) -> None:
        """From here on it counts; memory that is held now is the base."""
        forget_peak()
        self._base = peak_memory()
        self._lags.clear()
        self._threads = 0
        self._cpu = time.process_time()

    def watch_loop(self) -> None:
        """Start to measure the running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def note_threads(self) -> None:
        self._threads = max(self._threads, threading.active_count() - OWN_THREADS)

    def read(self) -> Dict[str, Any]:  # noqa: UP006
        self.note_threads()
        lags = sorted(self._lags)
        return {
            "cpu_seconds": time.process_time() - self._cpu,
            "base_memory": self._base,
            "peak_memory": peak_memory(),
            "peak_threads": self._threads,
            "loop_lag_p95": lags[int(len(lags) * 0.95)] if lags else None,
            "loop_lag_max": lags[-1] if lags else None,
        }

    async def _watch(self) -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(LAG_INTERVAL)
            self._lags.append(max(0.0, time.perf_counter() - started - LAG_INTERVAL))
            self.note_threads()


def forget_peak() -> None:
    """Let the peak begin anew at what is held now; where that cannot be done it stays that of the whole life."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as refs:  # noqa: PTH123
            refs.write("5")
    except OSError:
        pass


def peak_memory() -> int:
    """The most memory that this process has held at once since `forget_peak` (resident set), in bytes.

    Linux hands `ru_maxrss` of the parent on to a child, through exec too, so a small child of a large parent would
    be charged with the parent's memory; VmHWM belongs to this program alone.
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
