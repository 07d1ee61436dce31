"""Time that passes at once: an event loop whose clock jumps to the next timer, and a `time.sleep` that counts."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LONG, SHORT = 10.0, 0.05  # real seconds for a server to answer before the clock jumps to a limit, or to another timer


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Where the loop would sleep with nothing to read, the clock moves on instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout is None or timeout <= 0:
            return ready or (super().select(timeout) if timeout is None else ready)
        if len(self.get_map()) > 1 and (ready := super().select(LONG if timeout > LONG else SHORT)):
            return ready  # beside the loop's own, a socket of a real server: it answers in real time
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which waiting for a timer takes no time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


@contextmanager
def counted_sleeps() -> Iterator[list[float]]:
    """`time.sleep` returns at once; the seconds that it was asked for are listed."""
    slept: list[float] = []
    real, time.sleep = time.sleep, slept.append
    try:
        yield slept
    finally:
        time.sleep = real


@contextmanager
def virtual_loops() -> Iterator[None]:
    """Whoever makes an event loop, as `asyncio.run` does, gets a virtual one."""
    real = asyncio.events.new_event_loop
    asyncio.events.new_event_loop = VirtualLoop
    try:
        yield
    finally:
        asyncio.events.new_event_loop = real


def run_virtually(coroutine: Any) -> tuple[Any, float]:
    """The coroutine's result and how long it took on the virtual clock."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(coroutine), loop.time()
    finally:
        loop.run_until_complete(asyncio.sleep(0))  # generators that were let go of are closed in a task of their own
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
