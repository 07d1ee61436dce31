"""psycopg2.extras: many rows with few statements, identifiers as UUIDs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from asyncify.support.pg_adapt import AsIs, register_adapter
from asyncify.support.pg_cursor import Cursor
from asyncify.support.pg_lex import _quoted_name
from asyncify.support.pg_types import new_type, register_type

_UUID = 2950  # the server's type
_UUIDS = 2951


async def execute_batch(cur: Cursor, sql: Any, argslist: Iterable[Any], page_size: int = 100) -> None:
    """Run the statement for each set of arguments, `page_size` of them at a time."""
    for page in _pages(argslist, page_size):
        await cur.execute(";".join(cur._text(sql, arguments) for arguments in page))


async def execute_values(
    cur: Cursor, sql: Any, argslist: Iterable[Any], template: Any = None, page_size: int = 100, fetch: bool = False
) -> list[Any] | None:  # fmt: skip
    """Put the sets of arguments in the stead of the one `%s`, `page_size` of them a statement; all rows if `fetch`."""
    before, after = _around_values(cur._text(sql, None))
    found: list[Any] = []
    for page in _pages(argslist, page_size):
        template = f"({','.join(['%s'] * len(page[0]))})" if template is None else template
        rows = [cur._text(template, arguments) for arguments in page]
        await cur.execute(f"{before}{','.join(rows)}{after}")
        if fetch:
            found += cur.fetchall()
    return found if fetch else None


def _pages(argslist: Iterable[Any], page_size: int) -> Iterator[list[Any]]:
    page: list[Any] = []
    for arguments in argslist:
        page.append(arguments)
        if len(page) == page_size:
            yield page
            page = []
    if page:
        yield page


def _around_values(sql: str) -> tuple[str, str]:
    """The text before and after the one `%s`; `%%` in them is a percent sign."""
    parts: list[str] = [""]
    at = 0
    while (found := sql.find("%", at)) >= 0:
        parts[-1] += sql[at:found]
        sign = sql[found + 1 : found + 2]
        at = found + 2
        if sign == "%":
            parts[-1] += "%"
        elif sign == "s":
            parts.append("")
        else:
            raise ValueError(f"unsupported format character: '{sign}'")
    parts[-1] += sql[at:]
    if len(parts) != 2:
        known = "contains more than one" if len(parts) > 2 else "doesn't contain any"
        raise ValueError(f"the query {known} '%s' placeholder")
    return parts[0], parts[1]


async def callproc(cur: Cursor, procname: str, parameters: Any = None) -> Any:
    """Call a function of the database; its result is what can be fetched. Gives back the parameters."""
    if isinstance(parameters, dict):
        names = ",".join(f"{_quoted_name(name)}:=%s" for name in parameters)
        await cur.execute(f"SELECT * FROM {procname}({names})", list(parameters.values()))
        return None
    holes = ",".join("%s" for _ in parameters or ())
    await cur.execute(f"SELECT * FROM {procname}({holes})", parameters or None)
    return parameters


def register_uuid(oids: Any = None, conn_or_curs: Any = None) -> None:
    """From now on UUIDs are arguments and results, on every connection."""
    register_adapter(UUID, lambda value: AsIs(f"'{value}'::uuid"))
    register_type(new_type((_UUID,), "UUID", lambda value, cursor: None if value is None else UUID(value)))
    register_type(new_type((_UUIDS,), "UUIDARRAY", lambda value, cursor: None if value is None else _uuids(value)))


def _uuids(text: str) -> list[UUID | None]:
    """`{...,NULL}`"""
    return [None if item == "NULL" else UUID(item) for item in text.strip("{}").split(",") if item]
