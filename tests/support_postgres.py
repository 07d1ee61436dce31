"""A real PostgreSQL for tests, and fresh databases on it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg2

from asyncify.bench.postgres import Postgres, serve_postgres

SESSION_ZONE = "Europe/Berlin"  # not the clients' zone: differences of time zones show


def name_of(value: object) -> str:
    """``repr`` without an address: a test keeps its name from one process to the next."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


@dataclass
class Databases:
    """Makes databases that are copies of one another; about 10 ms each."""

    server: Postgres
    _admin: Any
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def fresh(self, template: str = "template1") -> Iterator[Postgres]:
        """A database that goes, with whoever still uses it, at the end of the block."""
        name = f"fresh_{next(self._numbers)}"
        self._run(f"create database {name} template {template} strategy file_copy")
        try:
            yield self.server.named(name)
        finally:
            self._run(f"drop database if exists {name} with (force)")

    def template(self, name: str, script: str) -> None:
        """Make a database to copy, once and for all, by a script of statements."""
        self._run(f"create database {name}")
        with connected(self.server.named(name)) as connection:
            connection.cursor().execute(script)

    def _run(self, statement: str) -> None:
        with self._admin.cursor() as cursor:
            cursor.execute(statement)


@contextmanager
def serve_databases() -> Iterator[Databases]:
    """A server of the tests' own, or the one that the environment names."""
    with serve_postgres(settings={"timezone": SESSION_ZONE}) as server, connected(server) as admin:
        yield Databases(server, admin)


@contextmanager
def connected(database: Postgres) -> Iterator[Any]:
    """A connection in autocommit mode."""
    connection = psycopg2.connect(database.url)
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()
