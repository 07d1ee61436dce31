"""Looks at the measured process from outside while it works: memory, threads, open sockets."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from asyncify.bench.samples import Watched

INTERVAL = 0.1  # seconds
MOST = 600  # looks that are kept of one measurement
MINE = 1  # thread of the process that listens for commands


@contextmanager
def watching(pid: int | None) -> Iterator[list[Watched]]:
    """Fills the list while the block runs. Nothing is looked at without a process."""
    seen: list[Watched] = []
    if pid is None:
        yield seen
        return
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(pid, seen, done), daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def thinned(seen: list[Watched]) -> tuple[Watched, ...]:
    """Evenly chosen, so that a long measurement does not fill the report."""
    step = max(1, len(seen) // MOST)
    return tuple(seen[::step])


def _watch(pid: int, seen: list[Watched], done: threading.Event) -> None:
    import psutil  # comes with the extra "bench"; the other commands go without

    began = time.perf_counter()
    try:
        process = psutil.Process(pid)
        while not done.is_set():
            at = time.perf_counter() - began
            with process.oneshot():
                memory, threads = process.memory_info().rss, process.num_threads()
            seen.append(Watched(at, memory, threads - MINE, _sockets(pid)))
            done.wait(INTERVAL)
    except psutil.Error:
        return  # it ended; whoever asks it next will tell


def _sockets(pid: int) -> int | None:
    folder = f"/proc/{pid}/fd"
    try:
        links = os.listdir(folder)  # noqa: PTH208  (a thousand of them, ten times a second)
    except OSError:
        return None
    count = 0
    for link in links:
        try:
            count += os.readlink(f"{folder}/{link}").startswith("socket:")  # noqa: PTH115
        except OSError:
            continue  # closed in between
    return count
