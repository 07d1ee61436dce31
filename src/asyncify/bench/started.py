"""Programs that a scenario starts beside the project: each on a free port, waited for until it is ready."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from asyncify.bench.declared import Ready, Started
from asyncify.bench.process import BenchError
from asyncify.bench.templates import fill

INTERVAL = 0.05  # seconds between two looks whether it is ready
STOP_TIMEOUT = 5.0
PROBE_TIMEOUT = 2.0
TAIL = 20  # lines of its log


@dataclass(frozen=True, slots=True)
class Running:
    """A started program."""

    port: int
    pid: int
    log: Path


@contextmanager
def start_all(declared: Sequence[Started], scratch: Path) -> Iterator[dict[str, str]]:
    """All of them, ready; the values of the holes `{NAME.port}`. Raises BenchError if one does not come up."""
    with ExitStack() as stack:
        ports = {}
        for one in declared:
            running = stack.enter_context(start(one.name, one.command, one.env, one.ready, scratch, scratch))
            ports[f"{one.name}.port"] = str(running.port)
        yield ports


@contextmanager
def start(
    name: str, command: Sequence[str], env: Mapping[str, str], ready: Ready, folder: Path, scratch: Path
) -> Iterator[Running]:
    """The program, ready; it is ended after the block. It runs in `folder`; `{folder}` is one below `scratch`."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as own:
        values = {"port": str(port), "folder": own}
        filled = [str(fill(part, values.__getitem__)) for part in command]
        environment = os.environ | {key: str(fill(value, values.__getitem__)) for key, value in env.items()}
        log = Path(own) / "log"
        with log.open("wb") as output:
            try:
                process = subprocess.Popen(
                    filled, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
                )
            except OSError as error:
                raise BenchError(f"{name}: cannot start {filled[0]}: {error.strerror}") from None
        try:
            _wait_until_ready(name, process, port, ready, log)
            yield Running(port, process.pid, log)
        finally:
            _stop(process)


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait_until_ready(name: str, process: subprocess.Popen[bytes], port: int, ready: Ready, log: Path) -> None:
    deadline = time.monotonic() + ready.timeout
    while not _is_ready(port, ready):
        if process.poll() is not None:
            raise BenchError(f"{name} ended with exit code {process.returncode} before it was ready{_tail(log)}")
        if time.monotonic() > deadline:
            raise BenchError(f"{name} was not ready after {ready.timeout:.0f} s{_tail(log)}")
        time.sleep(INTERVAL)


def _is_ready(port: int, ready: Ready) -> bool:
    if ready.http:
        return _answers(f"http://127.0.0.1:{port}{ready.http}")
    if ready.command:
        probe = [part.replace("{port}", str(port)) for part in ready.command]
        return subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PROBE_TIMEOUT).close()
    except OSError:
        return False
    return True


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=PROBE_TIMEOUT):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    text = log.read_text("utf-8", "replace").rstrip()
    return "; its log ends:\n" + "\n".join(text.splitlines()[-TAIL:]) if text else ""
