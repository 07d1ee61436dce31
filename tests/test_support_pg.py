"""The support module's side of psycopg2: arguments, values, errors and connection strings, compared with psycopg2."""

from __future__ import annotations

import asyncio
import collections
import datetime
import enum
import json
from decimal import Decimal
from typing import Any

import asyncpg
import psycopg2
import psycopg2.errorcodes
import psycopg2.extensions
import psycopg2.extras
import pytest

from asyncify.bench.postgres import Postgres
from asyncify.support import pg_adapt, pg_connection, pg_errors, pg_lex
from asyncify.support.pg_dsn import _connect_arguments, parse_dsn
from support_postgres import SESSION_ZONE, name_of

pytest_plugins = ["support_fixtures"]

UTC = datetime.UTC
Pair = collections.namedtuple("Pair", "a b")


class Number(enum.IntEnum):
    ONE = 1


class Word(enum.StrEnum):
    A = "a"


ARGUMENTS: list[Any] = [
    None, True, 0, -1, 10**30, Number.ONE, 1.5, -1.5, 1e20, 1e-9, float("nan"), float("inf"), -float("inf"),
    Decimal("1E+4"), Decimal("-1.50"), Decimal("NaN"), "", "a'b", "a\\b", "é", "100%", Word.A,
    b"a\0'b", bytearray(b"x"),
    memoryview(b"y"), datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4, 5, 6),
    datetime.datetime(2024, 1, 2, tzinfo=UTC), datetime.time(1, 2, 3), datetime.time(1, 2, tzinfo=UTC),
    datetime.timedelta(1, 2, 3), datetime.timedelta(-1, 2, 3), [], [1, -2], [None], [None, 1], [[1], [2]], [[None]],
    [[], []], ["a'", None], [(1, 2)], [b"x"], (), (1,), (1, "a", None), ([1],), Pair(1, 2),
    {"a": 1}, {1}, object, range(3), "a\0b",
]  # fmt: skip
FILLED: list[tuple[Any, Any]] = [
    ("%s %s", (1,)), ("%s", (1, 2)), ("%d", (1,)), ("%(a)s", {"a": 1}), ("%(a)s", {}), ("%(a)s %s", {"a": 1}),
    ("%s %(a)s", (1,)), ("%s", {"a": 1}), ("%(a)s", (1,)), ("%", (1,)), ("a %", (1,)), ("%%", ()), ("%%", (1,)),
    ("%%", None), ("%(a", {"a": 1}), ("%(a)d", {"a": 1}), ("%(a)", {"a": 1}), ("%s", 1), ("%s", "ab"), ("%s", "a"),
    ("%s", [1]), ("%-3s", (1,)), ("% s", (1,)), ("%(a b)s", {"a b": 3}), ("%%s", (1,)), ("x", (1,)), ("%z", ()),
    ("%s", ()), ("%s", iter([1])), (b"%s", ("é",)), ("%(a)s %(a)s", {"a": "x", "b": {}}), ("'%s'", (1,)),
    ("-- %s\n", (1,)), ("$$%s$$", ("a",)), ("%s%%%s", (1, 2)),
]  # fmt: skip
EXPRESSIONS = [
    "1::int2", "1::int8", "1.5", "1e10::numeric", "10000::numeric", "'NaN'::numeric", "0.1::float4", "0.1::float8",
    "'infinity'::float8", "true", "null", "null::json", "null::numeric[]", "'x'::char(3)", "'x'::\"char\"", "'x'::name",
    "'\\x0102'::bytea", "array['x'::bytea]", "date '2024-01-02'", "'-infinity'::date",
    "timestamp '2024-01-02 03:04:05.5'",
    "'infinity'::timestamp", "timestamptz '2024-07-01 12:00+00'", "timestamptz '1880-01-01 00:00+00'",
    "timestamptz '2024-01-02 03:04:05.123456+00'", "time '10:00:00.25'", "time '24:00'", "timetz '10:00+02'",
    "interval '1 year -3 days 04:00'", "'11111111-1111-1111-1111-111111111111'::uuid",
    "array['11111111-1111-1111-1111-111111111111'::uuid]", "'{\"a\": [1, null, 1.5]}'::json", "'{\"a\": 1}'::jsonb",
    "'null'::jsonb", "array['{\"a\":1}'::jsonb]", "'10.0.0.1'::inet", "'10.0.0.0/8'::cidr", "array['10.0.0.1'::inet]",
    "'08:00:2b:01:02:03'::macaddr", "array[1,2,null]", "array[[1.5,2],[3,4]]", "'{}'::int[]", "array['a','b c',null]",
    "array[date '2024-01-02']", "array['2024-07-01 12:00+00'::timestamptz, null]", "array[1.5::float4]",
    "'ok'::mood", "array['ok'::mood]", "row(1,'a')::pt", "array[row(1,'a')::pt]", "row(1,'a')", "point(1,2)", "b'101'",
    "12.34::numeric::money", "'pg_class'::regclass", "'a b'::tsvector", "1::oid", "pg_sleep(0)", "'(0,1)'::tid",
    "'0/16B3748'::pg_lsn", "'1'::xid", "5::posint", "array[5::posint]", "'{[1,3)}'::int4multirange", "'{x}'::name[]",
    "1 as a, 2 as a, 'x' || 'y'", "1 where false", "generate_series(1, 3)", "pt from (select row(1,'b')::pt) q(pt)",
]  # fmt: skip
TYPES = "create type mood as enum ('ok'); create type pt as (x int, y text); create domain posint as int"
STATEMENTS = [
    "select 1/0", "selec 1", "select * from nowhere", "select nope from t", "", " ; -- nothing", "select 'a",
    "insert into t values (1, 'a')", "insert into t (id) values (null)", "create table t (a int)", "select f(1)",
    "select * from pg_class where oid = (select oid from pg_class)", "select 'x'::int", "commit", "savepoint s",
    "select 1; select 2", "create table u (a int); insert into u values (1), (2)",
    "insert into t (id) values (7); select 5",
    "update t set id = id", "delete from t where false returning id", "insert into t values (8) returning id, name",
    "with x as (select 1 as a) select a from x", "with x as (insert into t values (9) returning id) select * from x",
    "values (1, 'a'), (2, 'b')", "show timezone", "explain (costs off) select 1", "table t", "begin", "lock table t",
    "do $$ begin raise exception 'a ; %', 'b' using errcode = 'ZZ001', hint = 'h', detail = 'd'; end $$",
    "do $x$ begin perform 1/0; end $x$", "select pg_notify('c', 'p')",
    "(select 1) union (select 2)",
    "select                                                            1 as aaaaaaaaaaaaaaaaaaaaa, nope, 2 as bbb",
    "\nselect 1,\n  nope\nfrom t", "set local statement_timeout = 5; select pg_sleep(1)",
    "select 1 as \"a;b\"; /* ; */",
    "create temp table v as select 1", "prepare p as select 7", "select $$;$$, E'\\';', ';' -- ;", "vacuum",
]  # fmt: skip


def outcome(call: Any) -> tuple[Any, ...]:
    try:
        return ("gives", call())
    except Exception as error:
        return described(error)


def described(error: Exception) -> tuple[Any, ...]:
    lineage = [kind.__name__ for kind in type(error).__mro__]
    diag = getattr(error, "diag", None)
    fields = [getattr(diag, name) for name in DIAGNOSTICS] if diag is not None else []
    return ("raises", lineage, str(error), getattr(error, "pgcode", None), getattr(error, "pgerror", None), fields)


DIAGNOSTICS = [name for name in dir(psycopg2.extensions.Diagnostics) if not name.startswith("_")]


def plain(value: Any) -> Any:
    return ("bytes", bytes(value)) if isinstance(value, memoryview) else value


def shape(rows: list[Any]) -> list[Any]:
    return [[repr([plain(item) for item in value] if isinstance(value, list) else plain(value)) for value in row]
            for row in rows]  # fmt: skip


@pytest.fixture(scope="module")
def server(databases: Any) -> Any:
    databases.template("typed", TYPES)
    with databases.fresh("typed") as database:
        yield database


@pytest.fixture(scope="module")
def tables(databases: Any) -> Any:
    databases.template("tables", "create table t (id int primary key, name text unique); insert into t values (1, 'a')")
    return databases


@pytest.fixture(scope="module")
def old(server: Postgres) -> Any:
    connection = psycopg2.connect(server.url)
    yield connection
    connection.close()


@pytest.mark.parametrize("value", ARGUMENTS, ids=name_of)
def test_an_argument_becomes_the_literal_that_psycopg2_makes(old: Any, value: Any) -> None:
    cursor = old.cursor()

    expected = outcome(lambda: cursor.mogrify("%s", (value,)).decode())

    assert expected[:3] == outcome(lambda: pg_adapt._filled("%s", (value,)))[:3]


@pytest.mark.parametrize(("statement", "arguments"), FILLED, ids=name_of)
def test_placeholders_are_filled_as_psycopg2_does(old: Any, statement: Any, arguments: Any) -> None:
    cursor = old.cursor()
    new = pg_connection.Connection("dbname=nowhere").cursor()

    expected = outcome(lambda: cursor.mogrify(statement, arguments))

    assert expected[:3] == outcome(lambda: new.mogrify(statement, arguments))[:3]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_value_comes_as_psycopg2_gives_it(server: Postgres, old: Any, expression: str) -> None:
    cursor = old.cursor()
    cursor.execute(f"select {expression}")
    expected = (shape(cursor.fetchall()), [(c.name, c.type_code) for c in cursor.description], cursor.rowcount)
    old.rollback()

    async def ask() -> Any:
        connection = await pg_connection.connect(server.url)
        new = connection.cursor()
        await new.execute(f"select {expression}")
        found = (shape(new.fetchall()), [(c.name, c.type_code) for c in new.description], new.rowcount)
        await connection.close()
        return found

    assert expected == asyncio.run(ask())


@pytest.mark.parametrize("is_autocommit", [False, True], ids=["transaction", "autocommit"])
@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_ends_as_under_psycopg2(tables: Any, statement: str, is_autocommit: bool) -> None:
    seen = []
    for run in (_old_statement, _new_statement):
        with tables.fresh("tables") as database:
            seen.append((run(database.url, statement, is_autocommit), _rows_left(database.url)))

    assert seen[0] == seen[1]


def _old_statement(url: str, statement: str, is_autocommit: bool) -> Any:
    connection = psycopg2.connect(url)
    connection.autocommit = is_autocommit
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
        names = cursor.description and [c.name for c in cursor.description]
        seen = (cursor.rowcount, cursor.statusmessage, names, outcome(cursor.fetchall))
    except psycopg2.Error as error:
        seen = described(error)
    status = (connection.status, connection.get_transaction_status())
    connection.commit()
    connection.close()
    return seen, status


def _new_statement(url: str, statement: str, is_autocommit: bool) -> Any:
    async def run() -> Any:
        connection = await pg_connection.connect(url)
        connection.autocommit = is_autocommit
        cursor = connection.cursor()
        try:
            await cursor.execute(statement)
            names = cursor.description and [c.name for c in cursor.description]
            seen = (cursor.rowcount, cursor.statusmessage, names, outcome(cursor.fetchall))
        except pg_errors.Error as error:
            seen = described(error)
        status = (connection.status, connection.get_transaction_status())
        await connection.commit()
        await connection.close()
        return seen, status

    return asyncio.run(run())


def _rows_left(url: str) -> Any:
    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    cursor.execute("select * from t order by id")
    rows = cursor.fetchall()
    connection.close()
    return rows


def test_every_sqlstate_has_the_class_that_psycopg2_raises() -> None:
    known = psycopg2.extensions.__dict__.get("sqlstate_errors") or psycopg2._psycopg.sqlstate_errors
    ours = {code: pg_errors.errors.lookup(code) for code in known if code in pg_errors._names()}

    assert len(ours) > 240
    assert {code: [k.__name__ for k in known[code].__mro__] for code in ours} == {
        code: [k.__name__ for k in kind.__mro__] for code, kind in ours.items()
    }


@pytest.mark.parametrize(
    "dsn",
    [
        "", "dbname=a user=b", "host = 'a b' password='it\\'s'", r"password=a\ b port=1", "dbname=a  ", "nonsense",
        "postgresql://u:p%40@h:1/d?application_name=x&connect_timeout=3", "postgres://h/d", "postgresql:///d",
        "postgresql://u@/d?host=/tmp", "postgresql://[::1]:5/d", "postgresql://a:1,b:2/d", "postgresql://%2Ftmp/d",
    ],
)  # fmt: skip
def test_a_connection_string_is_read_as_libpq_does(dsn: str) -> None:
    assert outcome(lambda: psycopg2.extensions.parse_dsn(dsn))[:3] == outcome(lambda: parse_dsn(dsn))[:3]


def test_keywords_become_those_of_asyncpg() -> None:
    dsn = "host=h port=6 dbname=d user=u sslmode=disable connect_timeout=1 keepalives=1"
    options = "-c search_path=app,public -c statement_timeout=5s"

    arguments = _connect_arguments(dsn, {"options": options, "application_name": "app", "password": None, "port": "7"})

    assert arguments == {
        "user": "u", "database": "d", "host": "h", "port": 7, "timeout": 2, "statement_cache_size": 0,
        "command_timeout": 300.0,
        "dsn": "postgresql://?sslmode=disable",
        "server_settings": {"search_path": "app,public", "statement_timeout": "5s", "application_name": "app"},
    }  # fmt: skip


def test_the_environment_counts_as_it_does_for_libpq(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=7s")
    monkeypatch.setenv("PGAPPNAME", "by the environment")
    query = (
        "select current_setting('statement_timeout'), current_setting('application_name'), current_setting('timezone')"
    )

    async def ask() -> Any:
        async with pg_connection.connect(server.url) as connection:
            cursor = connection.cursor()
            await cursor.execute(query)
            return cursor.fetchone()

    assert asyncio.run(ask()) == ("7s", "by the environment", SESSION_ZONE)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("select 1", ["select 1"]), ("a;b", ["a", "b"]), (";;a;;", ["a"]), ("a -- ;\n;b", ["a -- ;\n", "b"]),
        ("a /* ; /* ; */ ; */;b", ["a /* ; /* ; */ ; */", "b"]), ("'a;''b';c", ["'a;''b'", "c"]),
        ("E'\\';';c", ["E'\\';'", "c"]), ("date';';c", ["date';'", "c"]), ("$$;$$;c", ["$$;$$", "c"]),
        ("$a$;$$;$a$;c", ["$a$;$$;$a$", "c"]), ("a$1;b$2", ["a$1", "b$2"]), ('"a;""b";c', ['"a;""b"', "c"]),
        ("'open;", ["'open;"]), ("/* open ;", []), ("a;/* c */ -- d", ["a"]), ("x$$;y$$", ["x$$", "y$$"]),
    ],
)  # fmt: skip
def test_statements_are_told_apart_by_the_semicolons_in_code(text: str, pieces: list[str]) -> None:
    assert pg_lex._statements(text) == pieces


@pytest.mark.parametrize(
    "text", ["a'b;''c'E'\\'x'$$d$$\"e\" -- f\n/* g /* h */ */ i", "$t$ $u$ $t$", "/*", "'", "$$a", ""]
)
def test_the_regions_cover_the_whole_text(text: str) -> None:
    assert "".join(text[start:end] for _, start, end in pg_lex._regions(text)) == text


def test_json_goes_as_psycopg2_sends_it() -> None:
    value = {"a": ["b'c", None], "é": 1.5}

    assert pg_adapt.Json(value).getquoted() == psycopg2.extras.Json(value).getquoted()
    assert (
        pg_adapt.Json(value, dumps=lambda v: json.dumps(v, ensure_ascii=False)).getquoted().decode().endswith("1.5}'")
    )


def test_a_connection_that_the_server_is_about_to_end_is_lost(server: Postgres) -> None:
    """asyncpg has read the farewell and refuses the next statement in a way of its own."""

    async def refuse(raw: object) -> None:
        raise asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress")

    async def main() -> int:
        connection = await pg_connection.connect(server.url)
        with pytest.raises(pg_errors.OperationalError, match="server closed the connection"):
            await connection._do(refuse)
        return int(connection.closed)

    assert asyncio.run(main()) == 2
