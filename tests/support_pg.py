"""One harness for psycopg2: migrate a file, run it before and after on copies of a database, compare what shows."""

from __future__ import annotations

import asyncio
import contextlib
import io
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg2

from asyncify.api import Migration
from asyncify.catalogue import Catalogue
from asyncify.plan.step import Ending
from support import SHIPPED, imported, migrated
from support_postgres import Databases

TEMPLATE = "people"
TABLES = """
create table people (id serial primary key, name text unique not null, age int, born timestamptz default '2024-01-02');
insert into people (name, age) values ('ann', 31), ('bob', 42), ('cy', null);
create table events (id serial primary key, body jsonb, at timestamp);
"""


@dataclass
class Shown:
    """What running a module's `run(dsn)` showed, and the rows that it left."""

    value: Any
    error: tuple[str, str] | None
    printed: str
    rows: list[Any]


def check_psycopg2(
    databases: Databases, before: str, after: str | None = None, catalogue: Catalogue = SHIPPED
) -> Migration:
    """`before` becomes `after` (where that is given), every call is converted, and both show and leave the same."""
    before = textwrap.dedent(before).lstrip("\n")
    migration, text = migrated(before, catalogue)
    if after is not None:
        assert textwrap.dedent(after).lstrip("\n") == text
    left = [outcome for outcome in migration.plan.outcomes if outcome.ending is not Ending.CONVERTED]
    assert not left, f"{left}\n{text}"
    names = migration.plan.support.names if migration.plan.support else ()

    old, new = shown(databases, before), shown(databases, text, names)

    assert old == new, f"{old}\n{new}\n{text}"
    return migration


def shown(databases: Databases, text: str, helpers: tuple[str, ...] = ()) -> Shown:
    """Run the module's `run(dsn)` on a fresh copy of the database."""
    with databases.fresh(TEMPLATE) as database, imported(text, helpers) as module:
        seen = Shown(None, None, "", [])
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            try:
                seen.value = _finished(module.run, database.url)
            except Exception as error:
                seen.error = (type(error).__name__, str(error))
        seen.printed, seen.rows = out.getvalue(), _left(database.url)
    return seen


def _finished(run: Callable[[str], Any], url: str) -> Any:
    result = run(url)
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


def _left(url: str) -> list[Any]:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("select * from people order by id")
            people = cursor.fetchall()
            cursor.execute("select * from events order by id")
            return [people, cursor.fetchall()]
    finally:
        connection.close()
