"""Runs code written for psycopg2 as it is and as migrated against fresh copies of one database, and compares what
comes back and what is left in the tables.

Each form is a small module with a `run`. `--show TEXT` prints the forms whose name has this text, with what becomes
of them; `--wrong` prints only what is wrong, in full.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import json
import os
import re
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from pathlib import Path
from types import CodeType
from typing import Any, cast

import asyncpg
import psycopg2
import psycopg2.errors
import psycopg2.extras
import psycopg2.pool

HERE = Path(__file__).parent
DATA = HERE / "pg_parity"
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

import parity  # noqa: E402
from parity import Form, Library, Seen, Verdict  # noqa: E402

from asyncify.bench.postgres import Postgres  # noqa: E402
from support_postgres import Databases, connected, serve_databases  # noqa: E402

TEMPLATE = "parity"
IMPORTS = (
    (r"\basyncio\.", "import asyncio"),
    (r"\bio\.", "import io"),
    (r"\bjson\.", "import json"),
    (r"\bos\.", "import os"),
    (r"\b(closing|contextmanager)\b", "from contextlib import closing, contextmanager"),
    (r"\b(date|datetime|timedelta)\(|\btimezone\.", "from datetime import date, datetime, timedelta, timezone"),
    (r"\bclock\(", "from datetime import time as clock"),
    (r"\bDecimal\(", "from decimal import Decimal"),
    (r"\bUUID\(", "from uuid import UUID"),
    (r"\basyncpg\.", "import asyncpg"),
    (r"\bpsycopg2\.", "import psycopg2"),
    (r"\bextras\.", "from psycopg2 import extras"),
    (r"\berrors\.", "from psycopg2 import errors"),
    (r"\berrorcodes\.", "from psycopg2 import errorcodes"),
    (r"\bextensions\.", "from psycopg2 import extensions"),
    (r"\bpool\.[ST]", "from psycopg2 import pool"),
    (r"\bsql\.[A-Z]", "from psycopg2 import sql"),
)
BODY = """
def run(dsn):
    conn = psycopg2.connect(dsn)
    cur = conn.cursor()
    try:
BODY
    finally:
        conn.close()
"""
PLAIN = """
async def run(url):
    conn = await asyncpg.connect(url)
    try:
PLAIN
    finally:
        conn.terminate()
"""
TABLES = """
select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'p') order by 1
"""


def _original(name: str) -> type[BaseException]:
    """The class of a path below `psycopg2`."""
    return cast(type[BaseException], attrgetter(name)(psycopg2))


CONDITIONS = tuple(
    sorted(
        name
        for name, kind in vars(psycopg2.errors).items()
        if isinstance(kind, type) and kind.__module__ == "psycopg2.errors"
    )
)
LIBRARY = Library("psycopg2", _original, {"asyncpg": asyncpg, "asyncio": asyncio, "": builtins}, CONDITIONS)


def load_forms() -> list[Form]:
    """All forms, by family."""
    shapes = tomllib.loads((DATA / "shapes.toml").read_text("utf-8"))
    families = [form for table in sorted(DATA.glob("[0-9]*.toml")) for form in _forms_of(table, shapes)]
    return [*families, *_differences()]


@contextmanager
def serve_forms() -> Iterator[Databases]:
    """A server with the database that the forms find."""
    os.environ["TZ"] = "UTC"  # the client's zone; the session's is another
    time.tzset()
    with serve_databases() as databases:
        databases.template(TEMPLATE, (DATA / "schema.sql").read_text("utf-8"))
        yield databases


def judge(form: Form, databases: Databases) -> Verdict:
    """Migrate one form and run both, each in a fresh database."""
    return parity.judge(form, partial(_run, databases=databases))


def show_plain(form: Form, databases: Databases) -> tuple[Seen, Seen]:
    """What the form shows as it is, and what its word by word translation does."""
    old, new = (_run(compile(text, form.name, "exec"), None, databases) for text in (form.text, form.plain))
    return old, new


def main() -> int:
    """Print the count of each family; the exit code is 1 if a form is wrong."""
    arguments = parity.parse_arguments(__doc__)
    with serve_forms() as databases:
        return parity.count_verdicts("postgres parity", load_forms(), lambda form: judge(form, databases), arguments)


# ---------------------------------------------------------------- forms


def _forms_of(table: Path, shapes: dict[str, dict[str, str]]) -> Iterator[Form]:
    document = tomllib.loads(table.read_text("utf-8"))
    section = document["section"]
    for group in document.get("calls", ()):
        ready = list(shapes[group["shapes"]].items())
        turn = group.get("from", 0)
        for call in group["text"].strip().splitlines():
            for _ in range(group.get("each", 1)):
                name, shape = ready[turn % len(ready)]
                turn += 1
                yield Form(section, f"{name}: {call}", _with_imports(_shaped(shape, call)))
    yield from (_form_of(row, section) for row in document.get("form", ()))


def _differences() -> Iterator[Form]:
    """What would differ without an error, were statements only translated word by word."""
    document = tomllib.loads((DATA / "silent.toml").read_text("utf-8"))
    for difference in document["difference"]:
        what = difference["name"]
        for row in difference.get("case", ()):
            yield _form_of(row, document["section"], f"{what}: ")
        for value in difference.get("values", ()):
            query = json.dumps(f"select {value}")
            body = f"cur.execute({query})\nreturn cur.fetchone()[0]"
            plain = f"return await conn.fetchval({query})"
            yield _form_of({"name": value, "body": body, "plain": plain}, document["section"], f"{what}: ")


def _form_of(row: Mapping[str, str], section: str, what: str = "") -> Form:
    text = row.get("code") or BODY.replace("BODY", _indented(row["body"].strip("\n")))
    plain = PLAIN.replace("PLAIN", _indented(row["plain"].strip("\n"))) if "plain" in row else ""
    text = _with_imports(text.strip("\n") + "\n")
    return Form(section, what + row["name"], text, row.get("differs", ""), _with_imports(plain) if plain else "")


def _shaped(shape: str, call: str) -> str:
    if "USE" in shape:
        return shape.lstrip("\n").replace("USE", call)
    arguments = ast.parse(f"f({call})", mode="eval").body
    assert isinstance(arguments, ast.Call)
    parts = [ast.get_source_segment(f"f({call})", argument) or "" for argument in arguments.args]
    text = shape.lstrip("\n").replace("CALL", call).replace("SQL", parts[0])
    return text.replace("ARGS", parts[1] if len(parts) > 1 else "None")


def _with_imports(text: str) -> str:
    """The text with the imports that it uses, unless it has its own."""
    if text.startswith(("import ", "from ")):
        return text
    lines = [line for pattern, line in IMPORTS if re.search(pattern, text)]
    return "\n".join(lines) + "\n\n\n" + text


def _indented(body: str) -> str:
    return "\n".join(f"        {line}" if line else "" for line in body.splitlines())


# ---------------------------------------------------------------- running


def _run(code: CodeType, helpers: tuple[str, ...] | None, databases: Databases) -> Seen:
    if helpers:
        helpers = tuple(sorted({*helpers, *parity.error_helpers(LIBRARY)}))
    with databases.fresh(TEMPLATE) as database:
        given = _given(database)
        describe_error = partial(_error, helpers=helpers)
        with _registries_kept():
            outcome, error = parity.run_form(code, helpers, given, _described, describe_error)
        return Seen(_left(database), outcome.replace(database.database, "DATABASE"), error)


@contextmanager
def _registries_kept() -> Iterator[None]:
    """What a form registers holds for the whole process: it must not reach the next form."""
    registries = (psycopg2.extensions.adapters, psycopg2.extensions.string_types, psycopg2.extensions.binary_types)
    kept = [dict(registry) for registry in registries]
    try:
        yield
    finally:
        for registry, before in zip(registries, kept, strict=True):
            registry.clear()
            registry.update(before)


def _given(database: Postgres) -> dict[str, Any]:
    where = {"host": database.host, "port": database.port, "user": database.user}
    dsn = " ".join(f"{name}={value}" for name, value in where.items()) + f" dbname={database.database}"
    return where | {"dsn": dsn, "url": database.url, "socket": database.socket, "database": database.database}


def _left(database: Postgres) -> tuple[Any, ...]:
    """All rows of all tables, as the server writes them."""
    with connected(database) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        cursor.execute(" union all ".join(f"select '{name}', each::text from \"{name}\" each" for name in tables))
        return tuple(sorted(cursor.fetchall())) + tuple(tables)


def _described(value: Any) -> str:
    """The value with its type. What is a dict, a list or a named tuple counts as such, whatever its class is called."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_described(key)}: {_described(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_described, value))}]"
    if isinstance(value, tuple) and not isinstance(value, asyncpg.Record):
        names = [f"{name}=" for name in getattr(value, "_fields", ())] or [""] * len(value)
        return f"({', '.join(name + _described(item) for name, item in zip(names, value, strict=True))})"
    if isinstance(value, memoryview):
        return f"memoryview({bytes(value)!r})"
    return repr(value)


def _error(error: BaseException, helpers: tuple[str, ...] | None) -> str:
    return f"raises {sorted(parity.reached_handlers(error, LIBRARY, helpers))}"


if __name__ == "__main__":
    sys.exit(main())
