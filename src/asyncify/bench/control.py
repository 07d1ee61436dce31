"""The child's end of the pipes to the process that measures. Standard library only, any Python from 3.8 on.

The subject's interpreter need not have asyncify installed: `subject` and what it imports run from their folder.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import queue
import threading
from typing import Any, Callable, Dict  # noqa: UP035  (Python 3.8)

Message = Dict[str, Any]  # noqa: UP006
CHUNK = 65536


class Control:
    """Commands come in on standard input and answers go out on standard output, one line of JSON each.

    The two streams are taken away from the code that is measured: it reads nothing, and prints to standard error.
    """

    def __init__(self) -> None:
        allow_many_files()
        self._commands = os.dup(0)
        self._answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._deliver: Callable[[Message], object] = self._waiting.put
        threading.Thread(target=self._listen, daemon=True, name="control").start()

    def receive(self) -> Message:
        """The next command."""
        return self._waiting.get()

    def send(self, answer: Message) -> None:
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()

    def commands(self) -> asyncio.Queue[Message]:
        """All commands from now on, in a queue of the running event loop; `receive` gets none any more."""
        loop = asyncio.get_running_loop()
        commands: asyncio.Queue[Message] = asyncio.Queue()
        with self._lock:
            while not self._waiting.empty():
                commands.put_nowait(self._waiting.get())
            self._deliver = lambda command: loop.call_soon_threadsafe(commands.put_nowait, command)
        return commands

    def _listen(self) -> None:
        # os.read, not a buffered file: a thread that holds such a file's lock can abort the interpreter's exit.
        rest = b""
        while True:
            data = os.read(self._commands, CHUNK)
            if not data:
                os._exit(0)  # the process that measures is gone, so nobody will stop this one
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                with self._lock:
                    self._deliver(json.loads(line))


def allow_many_files() -> None:
    """Let this process open as many connections as the system allows it at most."""
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):  # macOS refuses what it calls unlimited
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
