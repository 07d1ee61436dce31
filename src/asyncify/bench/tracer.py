"""Which request wrote to which connection, and when: what is needed to see who waits on what. Standard library only.

Only the run that draws the timelines is traced. Nothing that is sent changes: a request's number lives in a context
variable, and every write to a socket notes it beside the port.
"""

from __future__ import annotations

import concurrent.futures
import contextvars
import socket
import threading
import time
from typing import Any, Callable, Dict, List  # noqa: UP035  (Python 3.8)

NUMBER: contextvars.ContextVar[int] = contextvars.ContextVar("number", default=-1)
HEADER = b"x-asyncify-number"  # from the callers to an ASGI app; taken off before the app sees it


class Tracer:
    """Notes nothing unless it is told to."""

    def __init__(self, *, is_on: bool) -> None:
        self._is_on = is_on
        self._writes: List[List[float]] = []  # noqa: UP006  time, local port, number
        if is_on:
            self._patch()

    @classmethod
    def of(cls, config: Dict[str, Any]) -> Tracer:  # noqa: UP006
        return cls(is_on=config["trace"])

    def enter(self, number: int) -> None:
        """What this task or thread does from now on is done for that request."""
        if self._is_on:
            NUMBER.set(number)

    def read(self) -> Dict[str, Any]:  # noqa: UP006
        return {"writes": self._writes} if self._is_on else {}

    def wrap(self, app: Any) -> Any:
        """The ASGI app, told apart by the number that each request brings."""

        async def traced(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                number = next((value for name, value in scope["headers"] if name == HEADER), b"-1")
                NUMBER.set(int(number))
                scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != HEADER]}
            await app(scope, receive, send)

        return traced

    def _patch(self) -> None:
        # asyncio's transports and every synchronous client end in these methods of the one class socket.socket.
        for name in ("send", "sendall"):
            setattr(socket.socket, name, self._noting(getattr(socket.socket, name)))
        submit, start = concurrent.futures.ThreadPoolExecutor.submit, threading.Thread.start

        def submit_with_context(pool: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
            return submit(pool, contextvars.copy_context().run, function, *args, **kwargs)

        def start_with_context(thread: Any) -> None:
            context, run = contextvars.copy_context(), thread.run
            thread.run = lambda: context.run(run)
            start(thread)

        concurrent.futures.ThreadPoolExecutor.submit = submit_with_context  # type: ignore[method-assign, assignment]
        threading.Thread.start = start_with_context  # type: ignore[method-assign, assignment]

    def _noting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(sock: Any, *args: Any) -> Any:
            if sock.family in {socket.AF_INET, socket.AF_INET6} and NUMBER.get() >= 0:
                self._writes.append([time.perf_counter(), sock.getsockname()[1], NUMBER.get()])
            return method(sock, *args)

        return noted
