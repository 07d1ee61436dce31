"""Statements with `$1` and values do what psycopg2 does with `%s`: values, rows, errors, and what is left."""

from __future__ import annotations

import asyncio
import datetime
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import psycopg2
import psycopg2.extras
import pytest

from asyncify.bench.postgres import Postgres
from asyncify.support import pg_connection, pg_direct, pg_errors
from support_postgres import Databases

pytest_plugins = ["support_fixtures"]

TABLE = """
create type mood as enum ('ok', 'sad');
create table things (id serial primary key, name text unique, short varchar(5), big bigint, little smallint, whole int,
  price numeric(10, 2), any_number numeric, real_one real, double_one float8, day date, at timestamp,
  at_zone timestamptz, clock time, long interval, is_on bool, data bytea, body jsonb, plain json, key uuid, mood mood,
  tags text[], nums int[], range int4range, ip inet, amount money, fixed char(4));
"""
UTC = datetime.UTC
VALUES: dict[str, list[Any]] = {
    "name": ["a", "o'b", "b\\c", "%s $1", "ü", 5, 1.5, True, None, Decimal("1.50"), datetime.date(2024, 1, 2), "a\0b"],
    "short": ["abc", "abcdef", "abcde ", 123456],
    "big": [1, 2**31, 2**62, 2**64, -(2**31), "12", "x", 1.5, Decimal("2.5"), True],
    "little": [1, 40000, "7", -5],
    "whole": [1, 2.5, 3.5, Decimal("2"), Decimal("2.50"), "12", "1.5", 2**31, True, float("nan"), float("inf")],
    "price": [1, 1.1, Decimal("1.005"), "2.5", 0.1 + 0.2, 10**12, float("nan")],
    "any_number": [0.1 + 0.2, 1e20, 1e-7, Decimal("1E+4"), Decimal("NaN"), float("inf"), 10**400, -0.0, 5],
    "real_one": [1.1, 3, "0.1", float("inf")],
    "double_one": [0.1 + 0.2, 3, Decimal("1.1"), "1e5", float("nan"), -1.5],
    "day": [datetime.date(2024, 1, 2), "2024-05-06", datetime.datetime(2024, 1, 2, 23, 59), datetime.date.max, "never"],
    "at": [
        datetime.datetime(2024, 7, 1, 12, 0, 0, 5),
        datetime.datetime(2024, 7, 1, 12, tzinfo=UTC),
        "2024-01-01 10:00",
        datetime.date(2024, 7, 1),
    ],
    "at_zone": [
        datetime.datetime(2024, 7, 1, 12),
        datetime.datetime(2024, 7, 1, 12, tzinfo=UTC),
        "2024-07-01 12:00+05",
    ],
    "clock": [datetime.time(1, 2, 3), datetime.time(1, 2, tzinfo=UTC), "10:11"],
    "long": [datetime.timedelta(days=1, seconds=5, microseconds=7), datetime.timedelta(-1), "1 mon", 5],
    "is_on": [True, False, 1, "yes", "no", None],
    "data": [b"\x00a'", bytearray(b"b"), memoryview(b"c"), "text"],
    "body": ['{"a": [1]}', "{", "5", 5],
    "plain": ['{"b":  2}', '"x"'],
    "key": ["0b1c7e0a-0000-4000-8000-00000000000a", "nonsense"],
    "mood": ["ok", "none"],
    "tags": [["a", "b'c", None], [], "{x,y}", [1]],
    "nums": [[1, 2], [[1], [2]], "{3}", ["4"]],
    "ip": ["10.0.0.1", "::1/64"],
    "amount": ["12.30", 5, Decimal("1.5")],
    "fixed": ["ab", "abcde", "abcd "],
}
CASES = [(column, value) for column, values in VALUES.items() for value in values]


@pytest.fixture(scope="module")
def things(databases: Databases) -> Databases:
    databases.template("things", TABLE)
    return databases


def both(databases: Databases, old: Callable[[Any], Any], new: Callable[[Any], Awaitable[Any]]) -> tuple[Any, Any]:
    """What `old` shows with psycopg2's connection and `new` with ours, each on a fresh database."""
    with databases.fresh("things") as database:
        connection = psycopg2.connect(database.url)
        before = _shown(lambda: old(connection)), _left(database)
        connection.close()
    with databases.fresh("things") as database:

        async def run() -> Any:
            connection = await pg_connection.connect(database.url)
            try:
                return await new(connection)
            finally:
                await connection.close()

        after = _shown(lambda: asyncio.run(run())), _left(database)
    return before, after


def _shown(run: Callable[[], Any]) -> Any:
    try:
        return _plain(run())
    except Exception as error:
        return [kind.__name__ for kind in type(error).__mro__], getattr(error, "pgcode", None)


def _plain(value: Any) -> Any:
    if isinstance(value, memoryview):
        return bytes(value)
    if type(value) in (tuple, list):
        return type(value)(_plain(item) for item in value)
    return value if not isinstance(value, float | Decimal) else repr(value)


def _left(database: Postgres) -> Any:
    connection = psycopg2.connect(database.url)
    with connection, connection.cursor() as cursor:
        cursor.execute("select things::text from things order by id")
        rows = cursor.fetchall()
    connection.close()
    return rows


def counted(query: str) -> str:
    numbers = iter(range(1, 100))
    return re.sub("%s", lambda _: f"${next(numbers)}", query)


@pytest.mark.parametrize(
    ("column", "value"), CASES, ids=lambda value: repr(value.tobytes() if isinstance(value, memoryview) else value)[:40]
)
def test_a_value_is_stored_and_found_as_before(things: Databases, column: str, value: Any) -> None:
    insert = f"insert into things ({column}) values (%s) returning {column}"
    update = f"update things set {column} = %s where id = 1"
    find = f"select id, {column} from things where {column} = %s"

    def old(connection: Any) -> Any:
        cursor = connection.cursor()
        found = []
        for query in (insert, update, find):
            cursor.execute(query, (value,))
            found.append(cursor.fetchall() if cursor.description else cursor.rowcount)
            connection.commit()
        return found

    async def new(connection: Any) -> Any:
        return [
            await connection.fetch(counted(insert), value),
            pg_direct.rowcount(await connection.execute(counted(update), value)),
            await connection.fetch(counted(find), value),
        ]

    before, after = both(things, old, new)

    assert before == after


def test_statements_stay_prepared_until_a_table_changes(things: Databases) -> None:
    with things.fresh("things") as database:

        async def run() -> list[Any]:
            connection = await pg_connection.connect(database.url)
            other = await pg_connection.connect(database.url)
            found = []
            for column in ("key uuid", "key text"):
                for number in (1, 2):
                    found.append(await connection.fetch("select * from changing where number = $1", number))
                    found.append(await connection.fetch("select $1::int4 as other", number))
                await other.execute(f"alter table changing drop if exists key, add {column} default null")
            counts = await connection.fetch("select count(*) from pg_prepared_statements")
            await other.execute("drop table changing")
            for one in (connection, other):
                await one.close()
            return [*found, counts]

        connection = psycopg2.connect(database.url)
        with connection, connection.cursor() as cursor:
            cursor.execute("create table changing (number int); insert into changing values (1)")
        connection.close()
        found = asyncio.run(run())

    assert found[:4] == [[(1,)], [(1,)], [], [(2,)]]
    assert found[4:8] == [[(1, None)], [(1,)], [], [(2,)]]
    assert found[-1][0][0] >= 2


def test_without_statements_of_its_own_on_the_server(things: Databases) -> None:
    """As behind a pool that lends a connection for one transaction: what was prepared is not there any more."""
    with things.fresh("things") as database:

        async def run() -> list[Any]:
            connection = await pg_connection.connect(database.url)
            found = [await connection.fetchval("select $1::int4", 1)]
            await (await connection._opened()).execute("deallocate all")
            found += [await connection.fetchval("select $1::int4", number) for number in (2, 3)]
            await connection.close()
            return found

        assert asyncio.run(run()) == [1, 2, 3]


def test_a_failure_shows_the_statement_with_its_literals(things: Databases) -> None:
    def old(connection: Any) -> str:
        with pytest.raises(psycopg2.Error) as raised:
            connection.cursor().execute("select nothing from things where name = %s or nowhere = %s", ("o'b", 1))
        return f"{raised.value}{raised.value.pgerror}{raised.value.diag.statement_position}"

    async def new(connection: Any) -> str:
        with pytest.raises(pg_errors.Error) as raised:
            await connection.fetch("select nothing from things where name = $1 or nowhere = $2", "o'b", 1)
        return f"{raised.value}{raised.value.pgerror}{raised.value.diag.statement_position}"

    before, after = both(things, old, new)

    assert before == after


def test_the_session_s_modes_hold_for_statements_without_a_transaction(things: Databases) -> None:
    def old(connection: Any) -> Any:
        connection.set_session(readonly=True)
        cursor = connection.cursor()
        cursor.execute("insert into things (name) values ('a')")

    async def new(connection: Any) -> Any:
        connection.set_session(readonly=True)
        await connection.execute("insert into things (name) values ('a')")

    before, after = both(things, old, new)

    assert before == after


def test_a_transaction_within_another_is_refused(things: Databases) -> None:
    with things.fresh("things") as database:

        async def run() -> None:
            connection = await pg_connection.connect(database.url)
            try:
                async with connection.transaction(), connection.transaction():
                    pass
            finally:
                await connection.close()

        with pytest.raises(pg_errors.InterfaceError, match="open already"):
            asyncio.run(run())
