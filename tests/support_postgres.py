"""A real PostgreSQL for tests, and fresh databases on it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import asyncpg

from asyncify.bench.postgres import Postgres, serve_postgres

SESSION_ZONE = "Europe/Berlin"  # not the clients' zone: differences of time zones show


@dataclass
class Databases:
    """Makes databases that are copies of one another; about 10 ms each."""

    server: Postgres
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def fresh(self, template: str = "template1") -> Iterator[Postgres]:
        """A database that goes, with whoever still uses it, at the end of the block."""
        name = f"fresh_{next(self._numbers)}"
        self.run(f"create database {name} template {template} strategy file_copy")
        try:
            yield self.server.named(name)
        finally:
            self.run(f"drop database if exists {name} with (force)")

    def template(self, name: str, script: str) -> None:
        """Make a database to copy, once and for all, by a script of statements."""
        self.run(f"create database {name}")
        self.run(script, name)

    def run(self, script: str, database: str = "") -> None:
        """Run statements outside a transaction."""
        asyncio.run(_run(self.server.named(database) if database else self.server, script))


@contextmanager
def serve_databases() -> Iterator[Databases]:
    """A server of the tests' own, or the one that the environment names."""
    with serve_postgres(settings={"timezone": SESSION_ZONE}) as server:
        yield Databases(server)


async def _run(database: Postgres, script: str) -> None:
    connection = await asyncpg.connect(database.url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()
