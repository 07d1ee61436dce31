"""Cursors become asyncpg's statements where that is proved to do the same, and only there; all of it is run."""

from __future__ import annotations

import textwrap

import pytest

from support_pg import check_psycopg2
from support_postgres import Databases

pytest_plugins = ["support_fixtures"]


def test_a_repository_of_blocks(people: Databases) -> None:
    check_psycopg2(
        people,
        before="""
        import psycopg2
        from psycopg2.extras import DictCursor, RealDictCursor


        class People:
            def __init__(self, dsn):
                self.conn = psycopg2.connect(dsn)

            def add(self, name, age=None):
                with self.conn, self.conn.cursor() as cur:
                    cur.execute("INSERT INTO people (name, age) VALUES (%s, %s) RETURNING id", (name, age))
                    return cur.fetchone()[0]

            def count(self):
                with self.conn:
                    with self.conn.cursor() as cur:
                        cur.execute("SELECT count(*) FROM people")
                        return cur.fetchone()[0]

            def find(self, name):
                with self.conn, self.conn.cursor(cursor_factory=RealDictCursor) as cur:
                    # by name
                    cur.execute("SELECT id, name, born FROM people WHERE name = %(name)s", {"name": name})
                    return cur.fetchone()

            def older(self, age):
                with self.conn, self.conn.cursor(cursor_factory=DictCursor) as cur:
                    cur.execute("SELECT name, age FROM people WHERE age > %s ORDER BY id", [age])
                    return [(row["name"], row[1]) for row in cur.fetchall()]

            def rename(self, old, new):
                with self.conn, self.conn.cursor() as cur:
                    cur.execute("UPDATE people SET name = %s WHERE name = %s", (new, old))
                    if cur.rowcount == 0:
                        raise LookupError(old)

            def forget(self, name):
                with self.conn, self.conn.cursor() as cur:
                    cur.execute("DELETE FROM people WHERE name LIKE 'd%%' AND name <> %s", (name,))
                    return cur.rowcount


        def run(dsn):
            people = People(dsn)
            shown = [people.add("dan"), people.add("do", 40), people.count(), people.find("x")]
            for name in ("ann", "nobody"):
                try:
                    people.rename(name, "eve")
                except LookupError as error:
                    shown.append(repr(error))
            try:
                people.add("bob")
            except psycopg2.IntegrityError as error:
                shown.append((error.pgcode, str(error), error.diag.constraint_name))
            return shown, people.older(39), people.forget("dan")
        """,
        after="""
        import _aio


        class People:
            def __init__(self, dsn):
                self.conn = _aio.connect(dsn)

            async def add(self, name, age=None):
                row = await self.conn.fetchrow(
                    "INSERT INTO people (name, age) VALUES ($1, $2) RETURNING id", name, age
                )
                return row[0]

            async def count(self):
                return await self.conn.fetchval("SELECT count(*) FROM people")

            async def find(self, name):
                # by name
                return await self.conn.fetchrow(
                    "SELECT id, name, born FROM people WHERE name = $1", name, record_class=_aio.RealDictRow
                )

            async def older(self, age):
                rows = await self.conn.fetch(
                    "SELECT name, age FROM people WHERE age > $1 ORDER BY id",
                    age,
                    record_class=_aio.DictRow,
                )
                return [(row["name"], row[1]) for row in rows]

            async def rename(self, old, new):
                async with self.conn.transaction():
                    status = await self.conn.execute(
                        "UPDATE people SET name = $1 WHERE name = $2", new, old
                    )
                    if _aio.rowcount(status) == 0:
                        raise LookupError(old)

            async def forget(self, name):
                status = await self.conn.execute(
                    "DELETE FROM people WHERE name LIKE 'd%' AND name <> $1", name
                )
                return _aio.rowcount(status)


        async def run(dsn):
            people = People(dsn)
            shown = [await people.add("dan"), await people.add("do", 40), await people.count(), await people.find("x")]
            for name in ("ann", "nobody"):
                try:
                    await people.rename(name, "eve")
                except LookupError as error:
                    shown.append(repr(error))
            try:
                await people.add("bob")
            except _aio.IntegrityError as error:
                shown.append((error.pgcode, str(error), error.diag.constraint_name))
            return shown, await people.older(39), await people.forget("dan")
        """,
    )


def test_connections_of_a_pool(people: Databases) -> None:
    check_psycopg2(
        people,
        before="""
        import psycopg2
        from psycopg2.pool import SimpleConnectionPool


        class People:
            def __init__(self, dsn):
                self.pool = SimpleConnectionPool(1, 1, dsn)

            def names(self):
                conn = self.pool.getconn()
                try:
                    with conn.cursor() as cur:
                        cur.execute("SELECT name FROM people ORDER BY id")
                        return [name for (name,) in cur]
                finally:
                    self.pool.putconn(conn)

            def add(self, name):
                conn = self.pool.getconn()
                try:
                    with conn.cursor() as cur:
                        cur.execute("INSERT INTO people (name) VALUES (%s)", (name,))
                    conn.commit()
                except psycopg2.IntegrityError:
                    conn.rollback()
                    return False
                else:
                    return True
                finally:
                    self.pool.putconn(conn)

            def move(self, giver, taker):
                conn = self.pool.getconn()
                try:
                    with conn, conn.cursor() as cur:
                        cur.execute("UPDATE people SET age = age - 1 WHERE name = %s", (giver,))
                        cur.execute("UPDATE people SET age = 1 / %s WHERE name = %s", (0, taker))
                finally:
                    self.pool.putconn(conn)


        def run(dsn):
            people = People(dsn)
            done = [people.add("dan"), people.add("ann")]
            try:
                people.move("ann", "bob")
            except psycopg2.DataError as error:
                done.append(error.pgcode)
            return done, people.names()
        """,
        after="""
        import _aio


        class People:
            def __init__(self, dsn):
                self.pool = _aio.ConnectionPool(1, 1, dsn)

            async def names(self):
                async with self.pool.acquire() as conn:
                    return [name for (name,) in await conn.fetch("SELECT name FROM people ORDER BY id")]

            async def add(self, name):
                async with self.pool.acquire() as conn:
                    try:
                        await conn.execute("INSERT INTO people (name) VALUES ($1)", name)
                    except _aio.IntegrityError:
                        return False
                    else:
                        return True

            async def move(self, giver, taker):
                async with self.pool.acquire() as conn:
                    async with conn:
                        with conn.cursor() as cur:
                            await cur.execute("UPDATE people SET age = age - 1 WHERE name = %s", (giver,))
                            await cur.execute("UPDATE people SET age = 1 / %s WHERE name = %s", (0, taker))


        async def run(dsn):
            people = People(dsn)
            done = [await people.add("dan"), await people.add("ann")]
            try:
                await people.move("ann", "bob")
            except _aio.DataError as error:
                done.append(error.pgcode)
            return done, await people.names()
        """,
    )


def test_a_connection_of_one_function(people: Databases) -> None:
    check_psycopg2(
        people,
        before="""
        import psycopg2


        def names(dsn, age):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor()
            cur.execute(
                '''
                SELECT name
                FROM people
                WHERE age BETWEEN %s AND 100 OR name = %s
                ''',
                (age, "cy"),
            )
            rows = cur.fetchall()
            cur.close()
            conn.close()
            return rows


        def add(dsn, name):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor()
            cur.execute("INSERT INTO people (name) VALUES (%s)", (name,))
            conn.commit()
            conn.close()


        def run(dsn):
            add(dsn, "dan")
            return names(dsn, 40)
        """,
        after="""
        import _aio


        async def names(dsn, age):
            conn = await _aio.connect(dsn)
            rows = await conn.fetch(
                '''
                SELECT name
                FROM people
                WHERE age BETWEEN $1 AND 100 OR name = $2
                ''',
                age,
                "cy",
            )
            await conn.close()
            return rows


        async def add(dsn, name):
            conn = await _aio.connect(dsn)
            await conn.execute("INSERT INTO people (name) VALUES ($1)", name)
            await conn.close()


        async def run(dsn):
            await add(dsn, "dan")
            return await names(dsn, 40)
        """,
    )


def test_statements_up_to_a_commit_are_a_transaction(people: Databases) -> None:
    check_psycopg2(
        people,
        before="""
        import psycopg2
        from psycopg2.pool import ThreadedConnectionPool


        def transfer(pool, giver, taker, amount):
            conn = pool.getconn()
            try:
                with conn.cursor() as cur:
                    cur.execute("UPDATE people SET age = age - %s WHERE name = %s", (amount, giver))
                    cur.execute("UPDATE people SET age = age + %s WHERE name = %s", (amount, taker))
                conn.commit()
            except Exception:
                conn.rollback()
                raise
            finally:
                pool.putconn(conn)


        class Store:
            def __init__(self, dsn):
                self.conn = psycopg2.connect(dsn)

            def save(self, name, age):
                try:
                    cur = self.conn.cursor()
                    # first what is there
                    cur.execute("SELECT age FROM people WHERE name = %s FOR UPDATE", (name,))
                    row = cur.fetchone()
                    cur.execute("INSERT INTO people (name, age) VALUES (%s, 1)", ("new " + name,))
                    cur.execute("UPDATE people SET age = %s WHERE name = %s", (age + row[0], name))
                    self.conn.commit()
                    return row
                except Exception as error:
                    self.conn.rollback()
                    raise RuntimeError(name) from error

            def forget(self, name):
                try:
                    with self.conn.cursor() as cur:
                        cur.execute("DELETE FROM people WHERE name = %s", (name,))
                    self.conn.commit()
                except Exception:
                    self.conn.rollback()


        def add(dsn, names):
            conn = psycopg2.connect(dsn)
            cur = conn.cursor()
            for name in names:
                try:
                    cur.execute("INSERT INTO people (name) VALUES (%s)", (name,))
                    conn.commit()
                except psycopg2.IntegrityError as error:
                    print(error.pgcode)
                    conn.rollback()
            cur.execute("SELECT count(*) FROM people")
            total = cur.fetchone()[0]
            cur.close()
            conn.close()
            return total


        def run(dsn):
            pool = ThreadedConnectionPool(1, 2, dsn)
            store = Store(dsn)
            transfer(pool, "ann", "bob", 5)
            for name in ("bob", "nobody"):
                try:
                    print(store.save(name, 2))
                except RuntimeError as error:
                    print(error, type(error.__cause__))
            store.forget("cy")
            try:
                transfer(pool, "ann", "bob", "much")
            except psycopg2.DataError as error:
                print(error.pgcode)
            return add(dsn, ["dan", "ann", "eve"])
        """,
        after="""
        import _aio


        async def transfer(pool, giver, taker, amount):
            async with pool.acquire() as conn:
                async with conn.transaction():
                    await conn.execute("UPDATE people SET age = age - $1 WHERE name = $2", amount, giver)
                    await conn.execute("UPDATE people SET age = age + $1 WHERE name = $2", amount, taker)


        class Store:
            def __init__(self, dsn):
                self.conn = _aio.connect(dsn)

            async def save(self, name, age):
                try:
                    # first what is there
                    async with self.conn.transaction():
                        row = await self.conn.fetchrow(
                            "SELECT age FROM people WHERE name = $1 FOR UPDATE", name
                        )
                        await self.conn.execute(
                            "INSERT INTO people (name, age) VALUES ($1, 1)", "new " + name
                        )
                        await self.conn.execute(
                            "UPDATE people SET age = $1 WHERE name = $2", age + row[0], name
                        )
                    return row
                except Exception as error:
                    raise RuntimeError(name) from error

            async def forget(self, name):
                try:
                    await self.conn.execute("DELETE FROM people WHERE name = $1", name)
                except Exception:
                    pass


        async def add(dsn, names):
            conn = await _aio.connect(dsn)
            for name in names:
                try:
                    await conn.execute("INSERT INTO people (name) VALUES ($1)", name)
                except _aio.IntegrityError as error:
                    print(error.pgcode)
            total = await conn.fetchval("SELECT count(*) FROM people")
            await conn.close()
            return total


        async def run(dsn):
            pool = await _aio.ConnectionPool(1, 2, dsn)
            store = Store(dsn)
            await transfer(pool, "ann", "bob", 5)
            for name in ("bob", "nobody"):
                try:
                    print(await store.save(name, 2))
                except RuntimeError as error:
                    print(error, type(error.__cause__))
            await store.forget("cy")
            try:
                await transfer(pool, "ann", "bob", "much")
            except _aio.DataError as error:
                print(error.pgcode)
            return await add(dsn, ["dan", "ann", "eve"])
        """,
    )


def test_context_managers_of_the_project_lend_connections(people: Databases) -> None:
    check_psycopg2(
        people,
        before="""
        from contextlib import contextmanager

        import psycopg2
        from psycopg2.pool import ThreadedConnectionPool


        class Database:
            def __init__(self, dsn):
                self.pool = ThreadedConnectionPool(1, 1, dsn)

            @contextmanager
            def transaction(self):
                conn = self.pool.getconn()
                try:
                    yield conn
                    conn.commit()
                except Exception:
                    conn.rollback()
                    raise
                finally:
                    self.pool.putconn(conn)

            @contextmanager
            def connection(self):
                conn = self.pool.getconn()
                try:
                    yield conn
                finally:
                    self.pool.putconn(conn)


        class People:
            def __init__(self, database: Database):
                self.database = database

            def add(self, *names):
                with self.database.transaction() as conn:
                    with conn.cursor() as cur:
                        for name in names:
                            cur.execute("INSERT INTO people (name) VALUES (%s)", (name,))

            def names(self):
                with self.database.connection() as conn, conn.cursor() as cur:
                    cur.execute("SELECT name FROM people ORDER BY id")
                    return [name for (name,) in cur.fetchall()]

            def rename(self, old, new):
                with self.database.connection() as conn:
                    with conn.cursor() as cur:
                        cur.execute("UPDATE people SET name = %s WHERE name = %s", (new, old))
                    conn.commit()

            def lose(self, name):
                with self.database.connection() as conn:
                    with conn.cursor() as cur:
                        cur.execute("DELETE FROM people WHERE name = %s", (name,))


        def run(dsn):
            people = People(Database(dsn))
            people.add("dan", "eve")
            try:
                people.add("fay", "ann")
            except psycopg2.IntegrityError as error:
                print(error)
            people.rename("bob", "rob")
            people.lose("cy")
            return people.names()
        """,
        after="""
        from contextlib import asynccontextmanager

        import _aio


        class Database:
            def __init__(self, dsn):
                self.pool = _aio.ConnectionPool(1, 1, dsn)

            @asynccontextmanager
            async def transaction(self):
                async with self.pool.acquire() as conn:
                    async with conn.transaction():
                        yield conn

            @asynccontextmanager
            async def connection(self):
                async with self.pool.acquire() as conn:
                    yield conn


        class People:
            def __init__(self, database: Database):
                self.database = database

            async def add(self, *names):
                async with self.database.transaction() as conn:
                    for name in names:
                        await conn.execute("INSERT INTO people (name) VALUES ($1)", name)

            async def names(self):
                async with self.database.connection() as conn:
                    rows = await conn.fetch("SELECT name FROM people ORDER BY id")
                    return [name for (name,) in rows]

            async def rename(self, old, new):
                async with self.database.connection() as conn:
                    await conn.execute("UPDATE people SET name = $1 WHERE name = $2", new, old)

            async def lose(self, name):
                async with self.database.connection() as conn:
                    with conn.cursor() as cur:
                        await cur.execute("DELETE FROM people WHERE name = %s", (name,))


        async def run(dsn):
            people = People(Database(dsn))
            await people.add("dan", "eve")
            try:
                await people.add("fay", "ann")
            except _aio.IntegrityError as error:
                print(error)
            await people.rename("bob", "rob")
            await people.lose("cy")
            return await people.names()
        """,
    )


STAYS = {
    "a write that nobody commits": """
        cur.execute("insert into people (name) values (%s)", ("dan",))
        return None
    """,
    "a failure that is survived": """
        try:
            cur.execute("select 1 / 0")
        except psycopg2.Error:
            pass
        cur.execute("select 1")
        return cur.fetchone()
    """,
    "a function that might write": """
        cur.execute("select setval('people_id_seq', %s)", (77,))
        return cur.fetchone()
    """,
    "a transaction whose end depends": """
        cur.execute("insert into people (name) values (%s)", ("dan",))
        if cur.rowcount:
            conn.commit()
        return None
    """,
    "a way out before the commit": """
        cur.execute("insert into people (name) values (%s) returning id", ("dan",))
        if cur.fetchone()[0] > 3:
            return "not committed"
        conn.commit()
    """,
    "a failure that is survived before the commit": """
        for name in ("dan", "ann", "eve"):
            try:
                cur.execute("insert into people (name) values (%s)", (name,))
                conn.commit()
            except psycopg2.IntegrityError as error:
                print(error.pgcode)
            except psycopg2.InternalError as error:
                print(error.pgcode)
    """,
    "a commit for whatever was done": """
        try:
            cur.execute("insert into people (name) values (%s)", ("dan",))
            cur.execute("select 1 / 0")
        except psycopg2.Error:
            pass
        finally:
            conn.commit()
    """,
    "a placeholder in quotes": """
        cur.execute("select name from people where name = '%s'", (5,))
        return cur.fetchall()
    """,
    "an order by a value": """
        cur.execute("select name, age from people order by %s", (2,))
        return cur.fetchall()
    """,
    "a list of values": """
        cur.execute("select name from people where name in %s order by id", (("ann", "cy"),))
        return cur.fetchall()
    """,
    "arguments from elsewhere": """
        given = ["ann"]
        cur.execute("select name from people where name = %s", given)
        return cur.fetchall()
    """,
    "a text that is put together": """
        query = "select name from people where name = %s"
        query += " order by id"
        cur.execute(query, ("ann",))
        return cur.fetchall()
    """,
    "a text that two statements share": """
        query = "select name from people where name = %s"
        cur.execute(query, ("ann",))
        print(cur.fetchone())
        cur.execute(query, ("bob",))
        return cur.fetchall()
    """,
    "a cursor that is read later": """
        cur.execute("select name from people order by id")
        first = cur.fetchone()
        return first, cur.fetchall()
    """,
    "a cursor that is asked what it knows": """
        cur.execute("select name, age from people order by id")
        return [column.name for column in cur.description]
    """,
    "a cursor that is handed on": """
        cur.execute("select name from people order by id")
        return list(map(len, cur))
    """,
    "rows one by one": """
        cur.execute("select name from people order by id")
        while row := cur.fetchone():
            print(row)
    """,
    "a cursor that runs another statement while it is read": """
        cur.execute("select name from people order by id")
        for row in cur:
            cur.execute("select 1 where false")
            print(row)
    """,
    "statements that share their lines": """
        with conn, conn.cursor() as cur: cur.execute("insert into people (name) values (%s)", ("dan",))
        with conn, conn.cursor() as cur:
            cur.execute("select name from people where id = %s", (1,)); row = cur.fetchone()
        return row
    """,
    "several statements": """
        cur.execute("select 1; select 2")
        return cur.fetchall()
    """,
    "the time of a transaction": """
        cur.execute("select now()")
        first = cur.fetchone()
        cur.execute("select now()")
        return first == cur.fetchone()
    """,
    "a bare value": """
        cur.execute("select %s", ("x",))
        return cur.fetchall()
    """,
}


@pytest.mark.parametrize("body", STAYS.values(), ids=STAYS)
def test_a_cursor_stays_where_its_statements_are_not_proved_to_be_the_same(people: Databases, body: str) -> None:
    head = "\n        import psycopg2\n\n\n        def run(dsn):\n            conn = psycopg2.connect(dsn)\n"
    lines = "".join(f"        {line}\n" for line in ("    cur = conn.cursor()", *body.strip("\n").splitlines()))
    migration = check_psycopg2(people, head + lines.replace("        " * 2, "            "))

    methods = [str(step.rule) for file in migration.plan.files for step in file.steps]

    assert "psycopg2-direct" not in methods


IMPORTS = """
import psycopg2
import psycopg2.errors
from psycopg2.pool import SimpleConnectionPool

NAMES = "select name from people order by id"
NAMED = "select name from people where name = %s"
""".strip()
GOES = {
    "a connection that commits by itself": """
        conn = psycopg2.connect(dsn)
        conn.autocommit = True
        cur = conn.cursor()
        for name in ("dan", "ann", "eve"):
            try:
                cur.execute("insert into people (name) values (%s)", (name,))
            except psycopg2.IntegrityError as error:
                print(error.pgcode)
        cur.execute("select count(*) from people")
        return cur.fetchone()[0]
    """,
    "a document, an array, an identifier": """
        conn = psycopg2.connect(dsn)
        with conn, conn.cursor() as cur:
            cur.execute("insert into events (body, at) values (%s, %s) returning id", ('{"a": [1]}', "2024-01-02"))
            number = cur.fetchone()[0]
            cur.execute("select body ->> 'a' from events where body @> %s and id = %s", ('{"a": [1]}', number))
            return cur.fetchall()
    """,
    "rows in many forms": """
        conn = psycopg2.connect(dsn)
        shown = []
        with conn, conn.cursor() as cur:
            cur.execute("select id, name from people order by id")
            for number, name in cur:
                shown.append((number, name))
            cur.execute("select name from people where age > %s order by id", (1,))
            shown += [name for (name,) in cur.fetchall()]
            cur.execute("select name from people where lower(name) = %s", ("ann",))
            if cur.fetchone() is None:
                return None
            cur.execute("select exists (select from people where name = %s)", ("bob",))
            shown.append(cur.fetchone()[0])
            cur.execute("select max(age) from people")
            (oldest,) = cur.fetchone()
            cur.execute("update people set age = %s where id in (%s, %s)", (oldest + 1, 1, 2))
            shown.append(cur.rowcount)
            cur.execute("select age from people where id between %(low)s and %(high)s", {"low": 1, "high": 2})
            rows = list(cur)
        return shown, rows
    """,
    "a text that has a name": """
        conn = psycopg2.connect(dsn)
        query = "select name from people " \
            "where age > %s and name like 'b%%'"
        with conn, conn.cursor() as cur:
            cur.execute(query, (1,))
            found = cur.fetchall()
        everybody = "select count(*) from people"
        print(everybody)
        with conn, conn.cursor() as cur:
            cur.execute(everybody)
            return found, cur.fetchone()[0]
    """,
    "a connection that is an argument": """
        def add(conn, name):
            with conn, conn.cursor() as cur:
                cur.execute("insert into people (name) values (%s)", (name,))

        conn = psycopg2.connect(dsn)
        add(conn, "dan")
        with conn, conn.cursor() as cur:
            cur.execute("select count(*) from people")
            return cur.fetchone()[0]
    """,
    "a text of the module": """
        conn = psycopg2.connect(dsn)
        with conn, conn.cursor() as cur:
            cur.execute(NAMES)
            rows = cur.fetchall()
        with conn, conn.cursor() as cur:
            cur.execute(NAMED, ("ann",))
            return rows, cur.fetchall(), NAMED
    """,
    "a cursor that is closed with its connection": """
        pool = SimpleConnectionPool(1, 1, dsn)
        for name in ("dan", "ann"):
            conn = pool.getconn()
            cur = conn.cursor()
            try:
                cur.execute("insert into people (name) values (%s)", (f"{name}-1",))
                cur.execute("insert into people (name) values (%s)", (name,))
                conn.commit()
            except psycopg2.IntegrityError as error:
                print(error)
                conn.rollback()
            finally:
                cur.close()
                pool.putconn(conn)
        return None
    """,
    "a failure within a block": """
        conn = psycopg2.connect(dsn)
        shown = []
        for name in ("dan", "ann"):
            try:
                with conn, conn.cursor() as cur:
                    cur.execute("insert into people (name) values (%s)", (f"{name}-1",))
                    cur.execute("insert into people (name) values (%s)", (name,))
            except psycopg2.errors.UniqueViolation as error:
                shown.append((str(error), error.diag.constraint_name))
        return shown
    """,
}


@pytest.mark.parametrize("body", GOES.values(), ids=GOES)
def test_a_cursor_goes_and_all_is_the_same(people: Databases, body: str) -> None:
    head = f"{IMPORTS}\n\n\ndef run(dsn):\n"
    migration = check_psycopg2(people, head + textwrap.indent(textwrap.dedent(body), "    "))

    assert "psycopg2-direct" in [step.rule for file in migration.plan.files for step in file.steps]


KEPT = """
        import threading

        import psycopg2


        class Store:
            def __init__(self, dsn):
                self.conn = psycopg2.connect(dsn)

            def names(self):
                with self.conn, self.conn.cursor() as cur:
                    cur.execute("SELECT name FROM people ORDER BY id")
                    return cur.fetchall()


        def run(dsn):
            conn = psycopg2.connect(dsn)
            conn.close()
            return Store(dsn).names()
"""


@pytest.mark.parametrize(("text", "count"), [(KEPT, 1), (KEPT.replace("import threading", ""), 0)])
def test_a_connection_that_tasks_may_share_is_warned_of(people: Databases, text: str, count: int) -> None:
    migration = check_psycopg2(people, text)

    warned = [warning for warning in migration.plan.warnings if warning.rule == "shared-connection"]

    assert count == len(warned)
    assert all("PG402" in warning.text for warning in warned)


def test_cursors_with_methods_of_the_project_stay(people: Databases) -> None:
    migration = check_psycopg2(
        people,
        """
        import psycopg2
        from psycopg2.extensions import cursor


        class Loud(cursor):
            def execute(self, query, vars=None):
                print(query)
                super().execute(query, vars)


        def run(dsn):
            conn = psycopg2.connect(dsn, cursor_factory=Loud)
            with conn, conn.cursor() as cur:
                cur.execute("SELECT name FROM people ORDER BY id")
                return cur.fetchall()
        """,
    )

    assert "psycopg2-direct" not in [step.rule for file in migration.plan.files for step in file.steps]
