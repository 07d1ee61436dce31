"""PostgreSQL beside a measurement: a fresh database for each, on a server that runs as long as the bench."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from asyncify.bench.declared import Database
from asyncify.bench.postgres import Postgres, find_binaries, serve_postgres
from asyncify.bench.process import BenchError
from asyncify.bench.templates import holes

SERVED = "postgresql:"  # no server is named: one of our own is started
KINDS = ("postgresql:", "postgres:")
# One statement for each table, which psql then runs.
EACH_ROW = r"""
select format('select %L, to_jsonb(each) from %I.%I each',
    case schemaname when 'public' then tablename else schemaname || '.' || tablename end, schemaname, tablename)
from pg_tables where schemaname not in ('pg_catalog', 'information_schema') order by schemaname, tablename \gexec
"""
SEPARATOR = "\t"

_numbers = itertools.count(1)


def is_postgres(database: Database) -> bool:
    """Is it a database of a PostgreSQL server, and not a file?"""
    return database.url.startswith(KINDS)


def used_databases(declared: Sequence[Database], env: Mapping[str, str]) -> list[Database]:
    """Those that a project with this environment can find."""
    named = holes(dict(env))
    return [database for database in declared if not is_postgres(database) or f"{database.name}.url" in named]


@contextmanager
def serve_all(declared: Sequence[Database]) -> Iterator[dict[str, Postgres]]:
    """The server of each PostgreSQL database, by the database's name. Raises BenchError if there is none to be had."""
    with ExitStack() as stack:
        servers: dict[str, Postgres] = {}
        for database in filter(is_postgres, declared):
            if database.url not in servers:
                url = "" if database.url == SERVED else database.url
                servers[database.url] = stack.enter_context(serve_postgres(url))
        yield {database.name: servers[database.url] for database in declared if is_postgres(database)}


@contextmanager
def fresh_databases(
    declared: Sequence[Database], servers: Mapping[str, Postgres], folder: Path
) -> Iterator[dict[str, str]]:
    """An empty database for each, set up by its files from the project's folder: name -> URL. They are gone after the
    block, whoever still uses them. Raises BenchError, with what the server says, where one cannot be made."""
    with ExitStack() as stack:
        yield {
            database.name: stack.enter_context(_fresh(database, servers[database.name], folder))
            for database in declared
            if is_postgres(database)
        }


@contextmanager
def _fresh(database: Database, server: Postgres, folder: Path) -> Iterator[str]:
    name = f"asyncify_{os.getpid()}_{next(_numbers)}"
    _psql(server.url, f"create database {name}")
    try:
        url = server.named(name).url
        for path in database.setup:
            file = folder / path
            if not file.is_file():
                raise BenchError(f"{database.name}: there is no {path} to set it up with")
            _psql(url, file.read_text("utf-8"))
        yield url
    finally:
        _psql(server.url, f"drop database if exists {name} with (force)")


def postgres_rows(url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Table and columns of each row that is committed. Numbers with decimals come as the server writes them."""
    for line in _psql(url, EACH_ROW).splitlines():
        table, _, row = line.partition(SEPARATOR)
        yield table, json.loads(row, parse_float=str)


def _psql(url: str, script: str) -> str:
    command = [_client(), "-XqAt", "-F", SEPARATOR, "-v", "ON_ERROR_STOP=1", "-d", url]
    environment = os.environ | {"PGTZ": "UTC", "PGCLIENTENCODING": "UTF8"}
    done = subprocess.run(command, input=script, capture_output=True, encoding="utf-8", env=environment, check=False)
    if done.returncode:
        raise BenchError(f"PostgreSQL: {done.stderr.strip()}")
    return done.stdout


def _client() -> str:
    """psql: the machine's own, or the one that came with the server."""
    found = shutil.which("psql")
    if found is not None:
        return found
    beside = find_binaries() / "psql"
    if not beside.exists():
        raise BenchError(f"{beside} is not there; install psql, PostgreSQL's client")
    return str(beside)
