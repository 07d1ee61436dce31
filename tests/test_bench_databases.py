"""`verify` with a PostgreSQL database: the rows that each side leaves are compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncify.api import migrate
from asyncify.bench.databases import fresh_databases, postgres_rows, serve_all
from asyncify.bench.declared import Database
from asyncify.bench.postgres import Postgres
from asyncify.bench.problems import problems
from asyncify.bench.process import BenchError
from asyncify.bench.scenario import CallCase, Input, Scenario
from asyncify.bench.verify import Verdict, run_verify
from asyncify.bench_trees import migrated_copy
from asyncify.config import load_config
from support_postgres import connected
from trees import write_files

pytest_plugins = ["support_fixtures"]

SHOP = """\
import os

import psycopg2
from psycopg2 import pool

POOL = pool.ThreadedConnectionPool(1, 20, os.environ["SHOP_DATABASE"])


def order(fruit, amount):
    conn = POOL.getconn()
    try:
        with conn, conn.cursor() as cur:
            cur.execute("insert into orders (fruit, amount) values (%s, %s) returning amount", (fruit, amount))
            kept = cur.fetchone()[0]
            cur.execute("update stock set amount = amount - %s where fruit = %s", (amount, fruit))
            if cur.rowcount == 0:
                raise LookupError(fruit)
            return str(kept)
    finally:
        POOL.putconn(conn)
"""
SCHEMA = """
create table stock (fruit text primary key, amount numeric(8, 2) not null check (amount >= 0), seen timestamptz);
insert into stock values ('fig', 100, '2024-07-01 12:00+00'), ('lime', 100, null);
create schema sales;
create table orders (id serial primary key, fruit text, amount numeric(8, 2), at timestamptz default now());
create table sales.days (day date);
insert into sales.days values ('2024-07-01');
"""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("shop"), {"shop.py": SHOP.encode(), "schema.sql": SCHEMA.encode()})


@pytest.fixture
def after(before: Path) -> Iterator[Path]:
    """What asyncify makes of the project, in a folder of its own."""
    with migrated_copy(migrate(load_config(before, cache=False))) as tree:
        assert "async def order" in (tree / "shop.py").read_text()
        yield tree


def compare(before: Path, after: Path, database: Postgres) -> Verdict:
    inputs = tuple(Input(args=args) for args in (("fig", 1.1), ("lime", 2), ("kiwi", 3), ("fig", 0.25)))
    scenario = Scenario(
        cases=(CallCase(name="order", callable="shop:order", inputs=inputs),),
        env={"SHOP_DATABASE": "{shop.url}"},
        databases=(Database(url=database.url, name="shop", setup=("schema.sql",), ignore=("orders.id", "at")),),
    )
    return run_verify(before, after, scenario, with_tests=False, on_progress=lambda stage: None)


def test_a_right_migration_leaves_the_same_rows(before: Path, after: Path, database: Postgres) -> None:
    verdict = compare(before, after, database)

    assert verdict.differences == ()
    assert [(item.answers, item.rows, item.failed) for item in verdict.checked] == [(4, 6, 1), (10, 11, 2)]


BLOCK = "async with conn.transaction():"
MUTATIONS = [
    ("kept after an error", BLOCK, "if True:", '+    "fruit": "kiwi"'),
    ("another amount", "amount = amount - ", "amount = amount - 2 * ", '"fruit": "fig"'),
]


@pytest.mark.parametrize(
    ("right", "wrong", "shown"), [case[1:] for case in MUTATIONS], ids=[case[0] for case in MUTATIONS]
)
def test_other_rows_are_a_difference(
    before: Path, after: Path, database: Postgres, right: str, wrong: str, shown: str
) -> None:
    module = after / "shop.py"
    text = module.read_text()
    assert text.count(right) == 1
    module.write_text(text.replace(right, wrong))

    verdict = compare(before, after, database)

    assert {difference.what for difference in verdict.differences} == {"rows"}
    assert any(shown in difference.diff for difference in verdict.differences)


def test_the_rows_of_all_tables_come_as_the_server_writes_them(before: Path, database: Postgres) -> None:
    declared = (Database(url=database.url, name="shop", setup=("schema.sql",)),)

    with serve_all(declared) as servers, fresh_databases(declared, servers, before) as urls:
        rows = list(postgres_rows(urls["shop"]))

    assert rows == [
        ("stock", {"fruit": "fig", "amount": "100.00", "seen": "2024-07-01T12:00:00+00:00"}),
        ("stock", {"fruit": "lime", "amount": "100.00", "seen": None}),
        ("sales.days", {"day": "2024-07-01"}),
    ]


def test_a_database_goes_with_its_run_even_if_it_is_in_use(before: Path, database: Postgres) -> None:
    declared = (Database(url=database.url),)

    with serve_all(declared) as servers, fresh_databases(declared, servers, before) as urls:
        left = connected(Postgres(urls["database"]))
        left.__enter__()
    with connected(database) as watcher, watcher.cursor() as cursor:
        cursor.execute("select count(*) from pg_database where datname like 'asyncify%'")

        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("setup", "why"), [("missing.sql", "there is no missing.sql"), ("shop.py", "syntax error at or near")]
)
def test_a_database_that_cannot_be_set_up_says_why(before: Path, database: Postgres, setup: str, why: str) -> None:
    declared = (Database(url=database.url, setup=(setup,)),)

    with (
        serve_all(declared) as servers,
        pytest.raises(BenchError, match=why),
        fresh_databases(declared, servers, before),
    ):
        pass


def test_two_databases_of_one_name_are_a_problem() -> None:
    case = CallCase(name="one", callable="shop:order")
    twice = (Database(url="postgresql:"), Database(url="postgresql://elsewhere/x"), Database(url="sqlite:///a.db"))

    found = [(key, what) for key, what, _ in problems(Scenario(cases=(case,), databases=twice))]

    assert found == [("database", "two are named 'database'")]
