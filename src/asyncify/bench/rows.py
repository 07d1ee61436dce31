"""The rows that a run left in its databases, as a multiset of JSON texts."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from asyncify.bench.databases import is_postgres, postgres_rows
from asyncify.bench.declared import Database
from asyncify.bench.process import BenchError
from asyncify.bench.traffic import canonical

SQLITE = "sqlite:///"
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def read_rows(databases: Iterable[Database], folder: Path, urls: Mapping[str, str]) -> Counter[str]:
    """All rows of all tables of the databases, each as the JSON of table and columns; their order is lost.

    `urls` are those of the databases on a server, by name. The others are files below `folder`.
    Only what is committed is seen: the rows are read over a connection of their own after the run.
    Raises BenchError for a database that cannot be read.
    """
    rows: Counter[str] = Counter()
    for database in databases:
        found = _served_rows(database, urls[database.name]) if is_postgres(database) else _sqlite_rows(database, folder)
        for table, row in found:
            kept = {column: value for column, value in row.items() if not _is_ignored(database, table, column)}
            rows[canonical({"table": table, "row": kept})] += 1
    return rows


def _served_rows(database: Database, url: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((table, row) for table, row in postgres_rows(url) if not database.tables or table in database.tables)


def _sqlite_rows(database: Database, folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    file = folder / database.url.removeprefix(SQLITE)
    if not file.is_file():  # nothing has made it yet
        return
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            for table in database.tables or [name for (name,) in connection.execute(TABLES)]:
                quoted = table.replace('"', '""')
                for row in connection.execute(f'SELECT * FROM "{quoted}"'):
                    yield table, {key: _plain(row[key]) for key in row.keys()}  # noqa: SIM118  (a Row iterates values)
    except sqlite3.Error as error:
        raise BenchError(f"{database.url}: cannot be read: {error}") from None


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _is_ignored(database: Database, table: str, column: str) -> bool:
    return column in database.ignore or f"{table}.{column}" in database.ignore
