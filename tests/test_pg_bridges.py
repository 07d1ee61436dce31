"""Synchronous code that stays round a migrated psycopg2: its calls share an event loop, or all stays."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from asyncify.plan.step import Ending
from asyncify.reason import Reason
from asyncify.support.assemble import assemble
from support import migrated
from support_pg import TABLES
from support_postgres import Databases, connected

pytest_plugins = ["support_fixtures"]

PEOPLE = "people_of_a_script"
SCRIPT = """
import sys

import psycopg2


def add(conn, name):
    with conn.cursor() as cur:
        cur.execute("insert into people (name) values (%s) returning id", (name,))
        return cur.fetchone()[0]


LIMIT = psycopg2.connect(sys.argv[1])
with LIMIT.cursor() as first:
    first.execute("create temp table few (n int)")
    first.execute("insert into few values (4)")
LIMIT.commit()

if __name__ == "__main__":
    with LIMIT.cursor() as cur:
        cur.execute("select n from few")
        print(cur.fetchone())
        print(add(LIMIT, "dan"))
    LIMIT.commit()
    print(add(LIMIT, "lost"))
    LIMIT.rollback()
    print(add(LIMIT, "eve"))
    LIMIT.commit()
    LIMIT.close()
"""


def test_a_script_uses_one_connection_from_its_first_line_to_its_last(databases: Databases, tmp_path: Path) -> None:
    databases.template(PEOPLE, TABLES)
    migration, after = migrated(SCRIPT.lstrip())
    assert migration.plan.support is not None
    (tmp_path / "_aio.py").write_text(assemble(frozenset(migration.plan.support.names)), "utf-8")
    found = []
    for name, text in (("before", SCRIPT), ("after", after)):
        (tmp_path / f"{name}.py").write_text(text, "utf-8")
        with databases.fresh(PEOPLE) as database:
            command = [sys.executable, "-W", "error", str(tmp_path / f"{name}.py"), database.url]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            with connected(database) as watcher, watcher.cursor() as cursor:
                cursor.execute("select id, name from people order by id")
                found.append((done.stderr, done.stdout, cursor.fetchall()))

    assert "_aio.run(" in after
    assert found[0] == found[1]
    assert found[0][0] == ""


SHARED = """
    class Client:
        def __init__(self, dsn):
            self.conn = psycopg2.connect(dsn)

        def add(self, name):
            with self.conn.cursor() as cur:
                cur.execute("insert into people (name) values (%s)", (name,))
            self.conn.commit()
"""


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (
            """
        @property
        def count(self):
            with self.conn.cursor() as cur:
                cur.execute("select count(*) from people")
                return cur.fetchone()[0]
    """,
            Reason.PROPERTY,
        ),
        (
            """
        def total(self):
            with self.conn.cursor() as cur:
                cur.execute("select count(*) from people")
                return cur.fetchone()[0]

        def __len__(self):
            return self.total()
    """,
            Reason.DUNDER,
        ),
        (
            """
        def in_a_thread(self):
            threading.Thread(target=self.work).start()

        def work(self):
            cur = self.conn.cursor()
            cur.execute("select 1")
    """,
            Reason.THREAD,
        ),
        (
            """
        def in_a_thread_that_sees_it(self):
            conn = self.conn

            def work():
                cur = conn.cursor()
                cur.execute("select 1")

            threading.Thread(target=work).start()
    """,
            Reason.THREAD,
        ),
    ],
)
def test_a_connection_that_another_loop_would_need_stays(rest: str, reason: Reason) -> None:
    text = "import threading\n\nimport psycopg2\n\n\n" + textwrap.dedent(SHARED + rest)

    migration, after = migrated(text)

    assert text == after
    refused = [outcome for outcome in migration.plan.outcomes if outcome.ending is Ending.REFUSED]
    assert reason in {outcome.reason for outcome in refused}
    assert len({(outcome.place, outcome.what) for outcome in refused}) == len(refused)


def test_a_connection_of_the_property_itself_stays_alone() -> None:
    text = textwrap.dedent(SHARED) + textwrap.indent(
        textwrap.dedent(
            """
            @property
            def count(self):
                conn = psycopg2.connect("dbname=other")
                cur = conn.cursor()
                cur.execute("select count(*) from people")
                return cur.fetchone()[0]
            """
        ),
        "    ",
    )

    _, after = migrated("import psycopg2\n\n" + text)

    assert "async def add" in after
    assert 'conn = psycopg2.connect("dbname=other")' in after
