"""The parent's end: starts a process, asks it things, and sees that it ends."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from asyncify.errors import AsyncifyError

START_TIMEOUT = 60.0  # seconds to import a project
STOP_TIMEOUT = 10.0  # seconds to shut down before it is killed
LOG_TAIL = 30  # lines of a dead process's log that are shown

# Gives the subject's interpreter the modules of this folder under a name of their own, without asyncify.
BOOTSTRAP = """\
import sys, types
package = types.ModuleType("_asyncify_bench")
package.__path__ = [sys.argv.pop(1)]
sys.modules[package.__name__] = package
from _asyncify_bench.subject import main
main()
"""


class BenchError(AsyncifyError):
    """A benchmark that could not be run: a process did not start, died, or did not answer in time."""


class Process:
    """One process of a benchmark. It ends with its `with` block, and by itself if this process dies."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path) -> None:
        self._name = name
        self._log = log
        self._answers: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        with log.open("wb") as stderr:
            try:
                self._popen = subprocess.Popen(
                    command, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
                )
            except OSError as error:
                raise BenchError(f"{name}: cannot start {command[0]}: {error.strerror}") from None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    @classmethod
    def start(
        cls, name: str, command: Sequence[str], folder: Path, env: Mapping[str, str], log: Path, setup: Any
    ) -> tuple[Process, dict[str, Any]]:
        """The process, and what it said when it was ready."""
        process = cls(name, command, folder, env, log)
        try:
            return process, process.ask(setup, START_TIMEOUT)
        except BaseException:
            process.kill()
            raise

    def ask(self, command: Any, timeout: float) -> dict[str, Any]:
        """Send one command and wait for its answer. Raises BenchError with the end of the log if none comes."""
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(json.dumps(command).encode() + b"\n")
            self._popen.stdin.flush()
        except OSError:
            raise self._error("has ended") from None
        try:
            answer = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise self._error(f"did not answer in {timeout:.0f} s") from None
        if answer is None:
            raise self._error("has ended")
        if "failed" in answer:
            raise BenchError(f"{self._name} failed:\n{_tail(answer['failed'])}")
        return answer

    def kill(self) -> None:
        """End it now."""
        self._popen.kill()
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.kill()
            return
        try:
            self.ask({"do": "stop"}, STOP_TIMEOUT)
            self._popen.wait(STOP_TIMEOUT)
        except (BenchError, subprocess.TimeoutExpired):
            self._popen.kill()
        self._close()

    def _close(self) -> None:
        self._popen.wait()
        self._reader.join(STOP_TIMEOUT)  # a process that the project forked may keep the pipe open
        for pipe in (self._popen.stdin, None if self._reader.is_alive() else self._popen.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # what was not flushed has nobody to read it
                    continue

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self._answers.put(json.loads(line))
        self._answers.put(None)

    def _error(self, what: str) -> BenchError:
        log = self._log.read_text("utf-8", "replace")
        return BenchError(f"{self._name} {what}" + (f"; its log ends:\n{_tail(log)}" if log.strip() else ""))


def subject_command(python: str) -> list[str]:
    """How to start the measured process under the project's interpreter."""
    return [python, "-c", BOOTSTRAP, str(Path(__file__).parent)]


def helper_command(module: str) -> list[str]:
    """How to start one of the benchmark's own processes."""
    return [sys.executable, "-m", f"asyncify.bench.{module}"]


def _tail(text: str) -> str:
    return "\n".join(text.rstrip().splitlines()[-LOG_TAIL:])
