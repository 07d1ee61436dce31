"""Drive real packages on psycopg2 before and after migration, each against a fresh database; compare what they do."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import clients
import psycopg2

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests"))

from support_postgres import connected, serve_databases  # noqa: E402

LIST = HERE / "pg_clients.toml"
DEEPEST = 6
TODAY = re.compile(rf'"{datetime.now(UTC):%Y-%m-%d}T[^"]*"')
# All that a program can leave behind: rows, and what there is beside them.
TABLES = """
select quote_ident(table_schema) || '.' || quote_ident(table_name) from information_schema.tables
where table_schema not in ('pg_catalog', 'information_schema') order by 1
"""
OBJECTS = """
select 'role', rolname, rolsuper::text || rolcanlogin || rolcreatedb || rolconnlimit from pg_roles
union all select 'member', roleid::regrole::text, member::regrole::text from pg_auth_members
union all select 'class', c.oid::regclass::text, coalesce(relacl::text, '') || pg_get_userbyid(relowner)
    from pg_class c where relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    and relnamespace::regnamespace::text !~ '^pg_'
union all select 'schema', nspname, coalesce(nspacl::text, '') || pg_get_userbyid(nspowner) from pg_namespace
    where nspname !~ '^pg_'
order by 1, 2, 3
"""


def main() -> int:
    """Print each difference; the exit code is 1 if there is one."""
    arguments = clients.parse_arguments(__doc__, LIST)
    if arguments.drive:
        return _drive(arguments.list, *arguments.drive)
    return clients.compare_all("postgres clients", Path(__file__), arguments)


def _drive(packages: Path, pin: str, folder: str) -> int:
    client = clients.load_client(packages, pin)
    with serve_databases() as databases, databases.fresh() as database, connected(database) as watcher:
        before = [_left(watcher)]

        def changes() -> Any:
            """What is there now and was not when this was last called, and what is gone."""
            left = _left(watcher)
            gone, new = sorted(before[0] - left), sorted(left - before[0])
            before[0] = left
            return {"gone": gone, "new": new}

        where = {"host": database.host, "port": database.port, "user": database.user, "dbname": database.database}
        dsn = " ".join(f"{name}={value}" for name, value in where.items())
        space = {"DSN": dsn, "URL": database.url, "WHERE": where, "made": _made}
        results = clients.drive(client, folder, space, _described, changes)
        text = json.dumps(results).replace(str(database.port), "PORT").replace(database.database, "DATABASE")
    print("\n" + text, end="")
    return 0


def _made(kind: Any, *arguments: Any, **keywords: Any) -> Any:
    """An object of the class, by the factory that classes get whose constructors wait."""
    return getattr(kind, "create", kind)(*arguments, **keywords)


def _left(watcher: Any) -> set[str]:
    with watcher.cursor() as cursor:
        cursor.execute(OBJECTS)
        found = {" ".join(row) for row in cursor.fetchall()}
        cursor.execute(TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(f"select to_jsonb(each) from {table} each")
            found |= {f"{table} {_timeless(row)}" for (row,) in cursor.fetchall()}
    return found


def _timeless(row: dict[str, Any]) -> str:
    """A row without what the clock says."""
    return TODAY.sub('"#"', json.dumps(row))


def _described(value: Any, depth: int = 0) -> Any:
    """A value with its type, as JSON can say it, without what may differ between two runs or two libraries."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(key): _described(item, depth + 1) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return ["set", *sorted((_described(item, depth + 1) for item in value), key=str)]
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return [kind, *getattr(value, "_fields", ()), *(_described(item, depth + 1) for item in value)]
    if isinstance(value, BaseException):
        return [_named(value), str(value)]
    if isinstance(value, Decimal) or type(value).__module__ in {"datetime", "uuid"} or depth == DEEPEST:
        return repr(value) if depth < DEEPEST else type(value).__name__
    shown = {key: item for key, item in getattr(value, "__dict__", {}).items() if not key.startswith("_")}
    return [type(value).__name__, _described(shown, depth + 1)]


def _named(error: BaseException) -> str:
    """The class of the Python database interface that the error has, whatever library it comes from."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    interface = [name for name in kinds if isinstance(getattr(psycopg2, name, None), type)]
    return interface[0] if interface else kinds[0]


if __name__ == "__main__":
    sys.exit(main())
