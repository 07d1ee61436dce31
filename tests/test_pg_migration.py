"""Code on psycopg2 and what becomes of it do the same on a real server: results, errors, and the rows that are left."""

from __future__ import annotations

import pytest

from support_pg import check_psycopg2
from support_postgres import Databases

pytest_plugins = ["support_fixtures"]


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
                return [cur.rowcount, cur.fetchone(), cur.fetchall(), cur.fetchone(), cur.description[0].name]
            finally:
                conn.close()
        """,
        after="""
        import _aio


        async def run(dsn):
            conn = await _aio.connect(dsn)
            try:
                cur = conn.cursor()
                await cur.execute("select name, age from people where age > %(age)s or name like 'c%%'", {"age": 40})
                return [cur.rowcount, cur.fetchone(), cur.fetchall(), cur.fetchone(), cur.description[0].name]
            finally:
                await conn.close()
        """,
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
            return number, cur.rowcount, conn.closed
        """,
    )


@pytest.mark.parametrize("name", ["dan", "ann"])
def test_a_block_commits_or_rolls_back(people: Databases, name: str) -> None:
    check_psycopg2(
        people,
        f"""
        import psycopg2
        from psycopg2 import errors


        def run(dsn):
            conn = psycopg2.connect(dsn)
            try:
                with conn, conn.cursor() as cur:
                    cur.execute("insert into people (name) values ('eve')")
                    cur.execute("insert into people (name) values (%s)", ["{name}"])
            except errors.UniqueViolation as error:
                print(error.pgcode, error.diag.constraint_name, error, error.pgerror)
            return conn.closed, conn.status
        """,
    )


def test_a_handler_takes_the_branch_that_it_took(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        import psycopg2
        import psycopg2.errors


        def attempt(conn, statement):
            cur = conn.cursor()
            try:
                cur.execute(statement)
            except psycopg2.errors.UndefinedTable as error:
                return "table", type(error).__name__, str(error)
            except psycopg2.IntegrityError as error:
                return "integrity", error.pgcode, error.diag.message_detail
            except psycopg2.DataError as error:
                return "data", str(error)
            except (psycopg2.ProgrammingError, psycopg2.NotSupportedError) as error:
                return "programming", str(error)
            except psycopg2.Error as error:
                return "other", type(error).__name__, error.pgcode
            else:
                return cur.statusmessage
            finally:
                conn.rollback()


        def run(dsn):
            conn = psycopg2.connect(dsn)
            statements = [
                "select 1", "select * from nowhere", "insert into people (name) values (null)", "select 1/0",
                "selec 1", "", "select nothing from people", "insert into people (name) values ('ann')",
                "set statement_timeout = 5; select pg_sleep(2)", "do $$ begin raise exception 'no'; end $$",
            ]
            return [attempt(conn, statement) for statement in statements]
        """,
    )


def test_a_failed_transaction_stays_failed_until_rollback(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        import psycopg2


        def run(dsn):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor()
            cur.execute("insert into people (name) values ('dan')")
            try:
                cur.execute("select 1/0")
            except psycopg2.DataError:
                pass
            try:
                cur.execute("select 1")
            except psycopg2.errors.InFailedSqlTransaction as error:
                print(type(error).__name__, error)
            conn.commit()
            cur.execute("select count(*) from people")
            return cur.fetchone()
        """,
    )


def test_a_repository_with_its_connection_in_the_constructor(people: Databases) -> None:
    check_psycopg2(
        people,
        before="""
        from contextlib import contextmanager

        import psycopg2
        from psycopg2.extras import DictCursor, RealDictCursor


        class People:
            def __init__(self, dsn):
                self.conn = psycopg2.connect(dsn, cursor_factory=DictCursor)

            @contextmanager
            def cursor(self):
                cur = self.conn.cursor()
                try:
                    yield cur
                    self.conn.commit()
                except Exception:
                    self.conn.rollback()
                    raise
                finally:
                    cur.close()

            def add(self, name):
                with self.cursor() as cur:
                    cur.execute("insert into people (name) values (%s) returning id", (name,))
                    return cur.fetchone()["id"]

            def all(self):
                with self.cursor() as cur:
                    cur.execute("select id, name from people order by id")
                    for row in cur:
                        yield row["name"], row[0]


        def run(dsn):
            people = People(dsn)
            try:
                people.add("ann")
            except psycopg2.IntegrityError as error:
                print(error.pgcode)
            people.add("dan")
            cur = people.conn.cursor(cursor_factory=RealDictCursor)
            cur.execute("select age, name from people where id = 1")
            return list(people.all()), dict(cur.fetchone())
        """,
    )


def test_a_named_cursor_is_read_in_batches(people: Databases) -> None:
    check_psycopg2(
        people,
        before="""
        import psycopg2


        def names(conn, size):
            with conn.cursor(name="names") as cur:
                cur.itersize = size
                cur.execute("select name from people order by id")
                for row in cur:
                    yield row[0]


        def run(dsn):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor("ages")
            cur.execute("select age from people order by id")
            first = cur.fetchone()
            rest = cur.fetchmany(5)
            cur.close()
            return [name for name in names(conn, 2)], first, rest, cur.closed
        """,
        after="""
        import _aio


        async def names(conn, size):
            async with _aio.ServerCursor(conn, name="names") as cur:
                cur.itersize = size
                await cur.execute("select name from people order by id")
                async for row in cur:
                    yield row[0]


        async def run(dsn):
            conn = await _aio.connect(dsn)
            cur = _aio.ServerCursor(conn, "ages")
            await cur.execute("select age from people order by id")
            first = await cur.fetchone()
            rest = await cur.fetchmany(5)
            await cur.close()
            return [name async for name in names(conn, 2)], first, rest, cur.closed
        """,
    )


def test_closing_closes(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        from contextlib import closing

        import psycopg2


        def run(dsn):
            with closing(psycopg2.connect(dsn)) as conn:
                with closing(conn.cursor()) as cur:
                    cur.execute("insert into people (name) values ('dan')")
                    cur.execute("select count(*) from people")
                    found = cur.fetchone()
            return found, conn.closed, cur.closed
        """,
    )


@pytest.mark.parametrize("kind", ["SimpleConnectionPool", "ThreadedConnectionPool"])
def test_a_pool_hands_out_and_takes_back(people: Databases, kind: str) -> None:
    check_psycopg2(
        people,
        f"""
        from contextlib import contextmanager

        from psycopg2 import pool


        class Database:
            def __init__(self, dsn):
                self.pool = pool.{kind}(1, 2, dsn)

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
            database.pool.closeall()
            try:
                database.pool.getconn()
            except pool.PoolError as error:
                print(error)
            return same, one.closed, two.closed
        """,
    )


def test_many_rows_at_once(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        import psycopg2
        from psycopg2.extras import Json, execute_batch, execute_values


        def run(dsn):
            with psycopg2.connect(dsn) as conn:
                cur = conn.cursor()
                numbers = execute_values(
                    cur, "insert into people (name, age) values %s returning id",
                    ((f"p{n}", n) for n in range(7)), page_size=3, fetch=True,
                )
                execute_values(cur, "insert into events (body) values %s", [{"a": Json({"n": n})} for n in range(2)],
                               template="(%(a)s)")
                execute_batch(cur, "update people set age = %s where name = %s", [(50, "p1"), (6, "p2"), (7, "p3")], 2)
                cur.executemany("insert into people (name) values (%s)", [("x",), ("y",)])
                print(cur.rowcount)
                try:
                    execute_values(cur, "insert into people (name) values (%s) where %s", [(1,)])
                except ValueError as error:
                    print(error)
                return numbers
        """,
    )


def test_copy_to_and_from_files(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        import io

        import psycopg2


        def run(dsn):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor()
            cur.copy_from(io.StringIO("dan\\t7\\neve\\t\\\\N\\n"), "people", columns=("name", "age"))
            print(cur.rowcount)
            cur.copy_expert("copy people (name, age) from stdin with csv", io.BytesIO(b"fay,8\\n"))
            text, data = io.StringIO(), io.BytesIO()
            cur.copy_to(text, "people", sep="|", null="-", columns=("name", "age"))
            cur.copy_expert("copy (select name from people order by id) to stdout with csv header", data)
            conn.commit()
            try:
                cur.copy_from(io.StringIO("gus\\tnone\\n"), "people", columns=("name", "age"))
            except psycopg2.DataError as error:
                print(error.pgcode, error)
            conn.rollback()
            try:
                cur.execute("copy people from stdin")
            except psycopg2.ProgrammingError as error:
                print("refused")
            return text.getvalue(), data.getvalue(), cur.rowcount
        """,
    )


def test_statements_that_are_put_together(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        import psycopg2
        from psycopg2 import sql


        def run(dsn):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor()
            columns = ["name", "age"]
            query = sql.SQL("select {}, {lit} from {table} where {} in %s order by {}").format(
                sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("name"),
                sql.Identifier("people", "id"),
                lit=sql.Literal("a'b"), table=sql.Identifier("public", "people"),
            )
            print(query.as_string(conn), repr(query))
            cur.execute(query, (("ann", "cy"),))
            row = {"name": "dan", "age": 3}
            insert = sql.SQL("insert into people ({}) values ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(sql.Placeholder() * len(row))
            )
            found = cur.fetchall()
            cur.execute(insert, list(row.values()))
            conn.commit()
            return found, cur.rowcount, cur.mogrify(insert, ["x", None])
        """,
    )


def test_a_property_that_connects_on_first_use(people: Databases) -> None:
    check_psycopg2(
        people,
        """
        import psycopg2


        class Client:
            def __init__(self, dsn):
                self.dsn = dsn
                self._conn = None
                self._cursor = None

            @property
            def cursor(self):
                if self._cursor is None:
                    self._conn = psycopg2.connect(self.dsn)
                    self._cursor = self._conn.cursor()
                return self._cursor

            def names(self):
                self.cursor.execute("select name from people order by id")
                return self.cursor.fetchall()

            def close(self):
                if self._conn is not None:
                    self._conn.close()


        def run(dsn):
            client = Client(dsn)
            try:
                return client.names()
            finally:
                client.close()
        """,
    )


def test_parameters_with_the_names_of_what_is_imported(people: Databases) -> None:
    check_psycopg2(
        people,
        before="""
        import psycopg2
        from psycopg2.extensions import connection, cursor


        class Loud(cursor):
            def execute(self, query, vars=None):
                print(query)
                super().execute(query, vars)


        def ask(connection: connection, query):
            with connection.cursor(cursor_factory=Loud) as cursor:
                cursor.execute(query)
                found = cursor.fetchall()
            connection.notices.clear()
            return found


        def run(dsn):
            conn = psycopg2.connect(dsn)
            try:
                return ask(conn, "select name from people order by id")
            finally:
                conn.close()
        """,
        after="""
        import _aio


        class Loud(_aio.Cursor):
            async def execute(self, query, vars=None):
                print(query)
                await super().execute(query, vars)


        async def ask(connection: _aio.Connection, query):
            with connection.cursor(cursor_factory=Loud) as cursor:
                await cursor.execute(query)
                found = cursor.fetchall()
            connection.notices.clear()
            return found


        async def run(dsn):
            conn = await _aio.connect(dsn)
            try:
                return await ask(conn, "select name from people order by id")
            finally:
                await conn.close()
        """,
    )
