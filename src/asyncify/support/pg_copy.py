"""psycopg2's COPY: between a table or query and a file."""

from __future__ import annotations

import asyncio
import codecs
import io
from collections.abc import AsyncIterator, Iterable
from typing import Any

from asyncify.support.pg_adapt import _literal
from asyncify.support.pg_cursor import Cursor
from asyncify.support.pg_errors import Error
from asyncify.support.pg_lex import _code, _quoted_name

_IN_MEMORY = (io.StringIO, io.BytesIO)  # any other file may wait for the disk


async def copy_from(
    cur: Cursor, file: Any, table: str, sep: str = "\t", null: str = "\\N", size: int = 8192, columns: Any = None
) -> None:  # fmt: skip
    """Put the lines of a file into a table."""
    await copy_expert(cur, f"COPY {_target(table, columns)} FROM stdin {_format(sep, null)}", file, size)


async def copy_to(
    cur: Cursor, file: Any, table: str, sep: str = "\t", null: str = "\\N", columns: Any = None
) -> None:  # fmt: skip
    """Write the rows of a table as lines to a file."""
    await copy_expert(cur, f"COPY {_target(table, columns)} TO stdout {_format(sep, null)}", file)


async def copy_expert(cur: Cursor, sql: Any, file: Any, size: int = 8192) -> None:
    """Run a COPY statement from STDIN, which reads the file, or to STDOUT, which writes it."""
    text = cur._text(sql, None)
    words = _code(text).upper().split()
    if "STDIN" not in words and "STDOUT" not in words:
        await cur.execute(text)
        return
    cur._forget()
    cur.query = text.encode()
    try:
        status = await cur.connection._do(lambda raw: _copied(cur, raw, text, file, size, "STDIN" in words), text)
    except Error as error:
        error.cursor = cur
        raise
    cur.rowcount = int(status.rpartition(" ")[2])


async def _copied(cur: Cursor, raw: Any, text: str, file: Any, size: int, is_read: bool) -> str:
    """asyncpg's public methods put the statement together by themselves; here it is given."""
    await cur.connection._begin(raw)
    if is_read:
        return str(await raw._copy_in(text, _read(file, size), None))
    decode: Any = codecs.getincrementaldecoder("utf-8")().decode if isinstance(file, io.TextIOBase) else bytes

    async def write(data: bytes) -> None:
        if isinstance(file, _IN_MEMORY):
            file.write(decode(data))
        else:
            await asyncio.to_thread(file.write, decode(data))

    return str(await raw._copy_out(text, write, None))


async def _read(file: Any, size: int) -> AsyncIterator[bytes]:
    while data := file.read(size) if isinstance(file, _IN_MEMORY) else await asyncio.to_thread(file.read, size):
        yield data.encode() if isinstance(data, str) else data


def _target(table: str, columns: Iterable[str] | None) -> str:
    listed = f"({','.join(_quoted_name(column) for column in columns)})" if columns else ""
    return f"{_quoted_name(table)}{listed}"


def _format(sep: str, null: str) -> str:
    return f"WITH DELIMITER AS {_literal(sep)} NULL AS {_literal(null)}"
