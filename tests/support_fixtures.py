"""Fixtures: the support module as a project has it, two servers, and a PostgreSQL; made once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from asyncify.bench.postgres import Postgres
from support_pairs import load_support
from support_pg import TABLES, TEMPLATE
from support_postgres import Databases, serve_databases
from support_server import Server


@pytest.fixture(scope="session")
def aio(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return load_support(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def _both() -> Iterator[tuple[Server, Server]]:
    with Server() as one, Server() as other:
        yield one, other


@pytest.fixture
def servers(_both: tuple[Server, Server]) -> tuple[Server, Server]:
    for server in _both:
        server.take()
    return _both


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    with serve_databases() as databases:
        yield databases


@pytest.fixture(scope="session")
def people(databases: Databases) -> Databases:
    """Databases with the tables that code on psycopg2 is tried on."""
    databases.template(TEMPLATE, TABLES)
    return databases


@pytest.fixture
def database(databases: Databases) -> Iterator[Postgres]:
    with databases.fresh() as database:
        yield database
