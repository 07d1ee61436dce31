"""What threads share, for tasks: locks, queues, and the threads themselves."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

_T = TypeVar("_T")

_numbers = itertools.count(1)


class Lock:
    """A lock between tasks, those of other event loops too; it can be made where no loop runs."""

    _most = 1

    def __init__(self) -> None:
        self._free = self._most
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._guard = threading.Lock()  # of what is above, and never held over an await

    async def acquire(self) -> bool:
        """Wait until it is to be had, and take it."""
        with self._guard:
            if self._free:
                self._free -= 1
                return True
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            with self._guard:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                elif not turn.cancelled():
                    self._hand_on()
            raise
        return True

    def release(self) -> None:
        """Let the next one have it."""
        with self._guard:
            self._check()
            self._hand_on()

    def locked(self) -> bool:
        """Would `acquire` have to wait?"""
        return not self._free

    async def __aenter__(self) -> bool:
        return await self.acquire()

    async def __aexit__(self, *exc_info: object) -> None:
        self.release()

    def _check(self) -> None:
        if self._free:
            raise RuntimeError("release unlocked lock")

    def _hand_on(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            with contextlib.suppress(RuntimeError):  # its loop is closed: the next, then
                turn.get_loop().call_soon_threadsafe(self._give, turn)
                return
        self._free += 1

    def _give(self, turn: asyncio.Future[None]) -> None:
        if not turn.cancelled():
            turn.set_result(None)
            return
        with self._guard:
            self._hand_on()


class RLock(Lock):
    """A Lock that the task which has it may take again, as threading.RLock does for a thread."""

    def __init__(self) -> None:
        super().__init__()
        self._owner: asyncio.Task[Any] | None = None
        self._times = 0

    async def acquire(self) -> bool:
        if self._owner is not asyncio.current_task():
            await super().acquire()
            self._owner = asyncio.current_task()
        self._times += 1
        return True

    def release(self) -> None:
        if self._owner is not asyncio.current_task():
            raise RuntimeError("cannot release un-acquired lock")
        self._times -= 1
        if not self._times:
            self._owner = None
            super().release()

    def locked(self) -> bool:
        return super().locked() and self._owner is not asyncio.current_task()


class Semaphore(Lock):
    """A Lock that so many may have at a time."""

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._most = value
        super().__init__()

    def release(self, n: int = 1) -> None:
        """Let the next `n` have it."""
        for _ in range(n):
            super().release()

    def _check(self) -> None:
        pass


class BoundedSemaphore(Semaphore):
    """A Semaphore that is never released more often than it was acquired."""

    def _check(self) -> None:
        if self._free >= self._most:
            raise ValueError("Semaphore released too many times")


async def acquired(lock: Any, blocking: bool = True, timeout: float | None = None) -> bool:  # noqa: ASYNC109
    """Take the lock as threading does: False if it is not to be had at once, or within the time."""
    if not lock.locked():
        await lock.acquire()
        return True
    if not blocking or timeout == 0:
        return False
    try:
        await asyncio.wait_for(lock.acquire(), None if timeout is None or timeout < 0 else timeout)
    except asyncio.TimeoutError:  # noqa: UP041
        return False
    return True


async def happened(event: asyncio.Event, timeout: float | None = None) -> bool:  # noqa: ASYNC109
    """Wait for the event as threading does: False if it is not there within the time."""
    return event.is_set() or await _within(event.wait(), timeout) is not None


async def notified(
    condition: asyncio.Condition,
    timeout: float | None = None,  # noqa: ASYNC109
) -> bool:
    """Wait for a condition's signal as threading does: False if it does not come within the time."""
    return await _within(condition.wait(), timeout) is not None


async def fulfilled(
    condition: asyncio.Condition,
    predicate: Callable[[], _T],
    timeout: float | None = None,  # noqa: ASYNC109
) -> _T:
    """Wait until the predicate is true as threading does: what it gives in the end, be the time over or not."""
    await _within(condition.wait_for(predicate), timeout)
    return predicate()


async def _within(awaitable: Awaitable[_T], timeout: float | None) -> _T | None:  # noqa: ASYNC109
    try:
        return await asyncio.wait_for(awaitable, None if timeout is None else max(timeout, 0))
    except asyncio.TimeoutError:  # noqa: UP041
        return None


class _Timed(asyncio.Queue[Any]):
    """An asyncio.Queue with the arguments and the exceptions of queue.Queue."""

    async def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        if not block or (timeout is not None and timeout <= 0):
            return self.get_nowait()
        try:
            return await asyncio.wait_for(super().get(), timeout)
        except asyncio.TimeoutError:  # noqa: UP041
            raise queue.Empty from None

    def get_nowait(self) -> Any:
        try:
            return super().get_nowait()
        except asyncio.QueueEmpty:
            raise queue.Empty from None

    async def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if not block or (timeout is not None and timeout <= 0):
            return self.put_nowait(item)
        try:
            await asyncio.wait_for(super().put(item), timeout)
        except asyncio.TimeoutError:  # noqa: UP041
            raise queue.Full from None

    def put_nowait(self, item: Any) -> None:
        try:
            super().put_nowait(item)
        except asyncio.QueueFull:
            raise queue.Full from None


class Queue(_Timed):
    """A queue.Queue between tasks."""


class LifoQueue(_Timed, asyncio.LifoQueue[Any]):
    """A queue.LifoQueue between tasks."""


class PriorityQueue(_Timed, asyncio.PriorityQueue[Any]):
    """A queue.PriorityQueue between tasks."""


class Thread:
    """A threading.Thread whose target is awaited in a task. A failure is reported as one of a thread is."""

    def __init__(
        self,
        group: None = None,
        target: Callable[..., Awaitable[Any]] | None = None,
        name: str | None = None,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        daemon: bool | None = None,
    ) -> None:
        self.name = name or f"Thread-{next(_numbers)}"
        self.daemon = bool(daemon)
        self._call = (target, tuple(args), dict(kwargs or {}))
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin with the next await. If the task that starts it is cancelled, so is the work."""
        if self._task is not None:
            raise RuntimeError("threads can only be started once")
        starter = asyncio.current_task()
        self._task = task = asyncio.ensure_future(self._run())
        if starter is not None:
            starter.add_done_callback(self._follow)
            task.add_done_callback(lambda _: starter.remove_done_callback(self._follow))

    async def join(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Wait until it has ended, however it ended."""
        if self._task is None:
            raise RuntimeError("cannot join thread before it is started")
        await asyncio.wait([self._task], timeout=None if timeout is None else max(timeout, 0))

    def _follow(self, starter: asyncio.Task[Any]) -> None:
        if starter.cancelled() and self._task is not None:
            self._task.cancel()

    def is_alive(self) -> bool:
        """Has it been started and not ended?"""
        return self._task is not None and not self._task.done()

    async def _run(self) -> None:
        target, args, kwargs = self._call
        try:
            if target is not None:
                await target(*args, **kwargs)
        except SystemExit:
            pass
        except Exception:
            named = threading.Thread(name=self.name)
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), named)))


class Timer(Thread):
    """A threading.Timer whose function is awaited in a task."""

    def __init__(
        self,
        interval: float,
        function: Callable[..., Awaitable[Any]],
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(target=self._later, args=(function, args or (), kwargs or {}))
        self.interval = interval
        self._finished = asyncio.Event()

    def cancel(self) -> None:
        """Let it not happen, unless it has begun."""
        self._finished.set()

    async def _later(self, function: Callable[..., Awaitable[Any]], args: Any, kwargs: Any) -> None:
        if not await happened(self._finished, self.interval):
            self._finished.set()
            await function(*args, **kwargs)
