"""With the profile `psycopg`, code on psycopg2 and what becomes of it on psycopg 3 do the same on a real server."""

from __future__ import annotations

import pytest

from asyncify.loader import load_catalogue
from asyncify.rule_examples import ExampleResult, check_examples
from support_pg import check_psycopg2
from support_postgres import Databases

pytest_plugins = ["support_fixtures"]
CATALOGUE = load_catalogue(profiles=["psycopg"])
RESULTS = [result for result in check_examples(CATALOGUE) if "psycopg_async" in result.file]


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{result.rule}: {result.example}")
def test_an_example_becomes_what_it_says(result: ExampleResult) -> None:
    assert result.trouble is None


def test_a_function_that_opens_asks_and_closes(people: Databases) -> None:
    check_psycopg2(
        people,
        before="""
        import psycopg2


        def run(dsn):
            conn = psycopg2.connect(dsn)
            try:
                cur = conn.cursor()
                cur.execute("select name, age from people where age > %(age)s or name like 'c%%'", {"age": 40})
                return [cur.rowcount, cur.fetchone(), cur.fetchall(), cur.description[0].name]
            finally:
                conn.close()
        """,
        after="""
        import _aio


        async def run(dsn):
            conn = await _aio.connect_client(dsn)
            try:
                cur = conn.cursor()
                await cur.execute("select name, age from people where age > %(age)s or name like 'c%%'", {"age": 40})
                return [cur.rowcount, await cur.fetchone(), await cur.fetchall(), cur.description[0].name]
            finally:
                await conn.close()
        """,
        catalogue=CATALOGUE,
    )


@pytest.mark.parametrize("end", ["conn.commit()", "conn.rollback()", "conn.close()", "pass"])
def test_what_is_left_is_what_was_committed(people: Databases, end: str) -> None:
    check_psycopg2(
        people,
        f"""
        import psycopg2


        def run(dsn):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor()
            cur.execute("insert into people (name) values (%s) returning id", ("dan",))
            number = cur.fetchone()[0]
            cur.execute("update people set age = age + 1")
            {end}
            return number, cur.rowcount, bool(conn.closed)
        """,
        catalogue=CATALOGUE,
    )


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("name", ["dan", "ann"])
def test_a_block_commits_or_rolls_back(people: Databases, name: str, autocommit: bool) -> None:
    check_psycopg2(
        people,
        f"""
        import psycopg2
        from psycopg2 import errors


        def run(dsn):
            conn = psycopg2.connect(dsn)
            conn.autocommit = {autocommit}
            try:
                with conn, conn.cursor() as cur:
                    cur.execute("insert into people (name) values ('eve')")
                    cur.execute("insert into people (name) values (%s)", ["{name}"])
            except errors.UniqueViolation as error:
                print(error.pgcode, error.diag.constraint_name, type(error).__name__, error.pgerror)
            with conn:
                with conn.cursor() as cur:
                    cur.execute("select count(*) from people")
                    return cur.fetchone(), bool(conn.closed)
        """,
        catalogue=CATALOGUE,
    )


VALUES = """
    null, 1, 1.50, 'it''s', true, date '2024-01-02', timestamp '2024-01-02 03:04:05', timestamptz '2024-07-01 12:00+00',
    interval '1 day 2 hours', time '01:02:03', json '{"a": [1]}', jsonb '{"b": null}', bytea '\\x0061', 1.5::float8,
    uuid '11111111-1111-1111-1111-111111111111', array[1, 2], array['a', null], inet '10.0.0.1', 'x'::"char",
    (1, 'a'), money '1.50', array[uuid '11111111-1111-1111-1111-111111111111'], 'ann'::name, 1::oid
"""
COLUMNS = ", ".join(f"c{number}" for number in range(23))
QUERY = f"select * from (values ({' '.join(VALUES.split())})) v ({COLUMNS})"


def test_values_are_what_they_were(people: Databases) -> None:
    check_psycopg2(
        people,
        f"""
        import psycopg2


        def run(dsn):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor()
            cur.execute({QUERY!r})
            row = cur.fetchone()
            return [bytes(v) if isinstance(v, memoryview) else v for v in row], [str(v) for v in row[6:8]]
        """,
        catalogue=CATALOGUE,
    )


def test_arguments_are_what_they_were(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        import datetime
        from decimal import Decimal

        import psycopg2
        from psycopg2.extras import Json


        def run(dsn):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor()
            given = [
                1, -1, 2**40, 1.5, Decimal("1.10"), "it's", None, True, b"\\x00a", datetime.date(2024, 1, 2),
                datetime.datetime(2024, 1, 2, 3, 4, 5), datetime.timedelta(days=1, seconds=5), ["a", "b'c"], [1, None],
            ]
            shown = []
            for value in given:
                cur.execute("select (%s)::text", (value,))
                shown.append(cur.fetchone())
            cur.execute("select name from people where name in %s and 'x''y' like '%%y' order by id", (("ann", "cy"),))
            shown += cur.fetchall()
            cur.execute("insert into events (body, at) values (%s, %s)", (Json({"a": 1}), "2024-01-01 10:00"))
            cur.execute("select 1 - %s, 7 / %s, 1.0 * %s", (-1, 2, 0.1))
            shown.append(cur.fetchone())
            conn.commit()
            return shown
        """,
        catalogue=CATALOGUE,
    )


def test_rows_cursors_and_many_values(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        import psycopg2
        from psycopg2 import sql
        from psycopg2.extras import DictCursor, NamedTupleCursor, RealDictCursor, execute_batch, execute_values


        def run(dsn):
            shown = []
            conn = psycopg2.connect(dsn, cursor_factory=RealDictCursor)
            with conn, conn.cursor() as cur:
                execute_values(cur, "insert into people (name, age) values %s", [(f"p{n}", n) for n in range(5)],
                               page_size=2)
                execute_batch(cur, "update people set age = %s where name = %s", [(50, "p1"), (6, "p2")], page_size=1)
                cur.executemany("insert into people (name) values (%s)", [("x",), ("y",)])
                shown.append(cur.rowcount)
                cur.execute("select id, name from people order by id")
                shown += [dict(row) for row in cur]
            with conn.cursor(cursor_factory=DictCursor) as cur:
                cur.execute("select id, name from people where name = %s", ("ann",))
                row = cur.fetchone()
                shown += [row["name"], row[0], list(row)]
            with conn.cursor(cursor_factory=NamedTupleCursor) as cur:
                cur.execute(sql.SQL("select id, {} from {}").format(sql.Identifier("name"), sql.Identifier("people")))
                shown.append(sorted(row.name for row in cur.fetchall()))
            with conn.cursor("batches", cursor_factory=DictCursor) as cur:
                cur.itersize = 2
                cur.execute("select id, name from people order by id")
                shown += [row["name"] for row in cur]
            cur = conn.cursor()
            cur.execute("select 1 as a; select 2 as b")
            return shown, cur.fetchall()
        """,
        catalogue=CATALOGUE,
    )


def test_a_pool_hands_out_and_takes_back(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        from contextlib import contextmanager

        from psycopg2 import pool


        class Database:
            def __init__(self, dsn):
                self.pool = pool.ThreadedConnectionPool(1, 2, dsn)

            @contextmanager
            def cursor(self):
                conn = self.pool.getconn()
                try:
                    with conn:
                        with conn.cursor() as cur:
                            yield cur
                finally:
                    self.pool.putconn(conn)


        def run(dsn):
            database = Database(dsn)
            with database.cursor() as cur:
                cur.execute("insert into people (name) values ('dan')")
            one, two = database.pool.getconn(), database.pool.getconn("two")
            one.cursor().execute("insert into people (name) values ('eve')")
            try:
                database.pool.getconn()
            except pool.PoolError as error:
                print(error)
            same = database.pool.getconn("two") is two
            database.pool.putconn(one)
            database.pool.putconn(two, "two")
            again = database.pool.getconn()
            database.pool.putconn(again)
            database.pool.closeall()
            try:
                database.pool.getconn()
            except pool.PoolError as error:
                print(error)
            return same, bool(one.closed), bool(two.closed)
        """,
        catalogue=CATALOGUE,
    )
