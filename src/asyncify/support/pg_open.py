"""Opens asyncpg's connection, with the words of psycopg2 where that fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import asyncpg

from asyncify.support.pg_errors import OperationalError


async def _open(arguments: dict[str, Any]) -> tuple[Any, AsyncGenerator[Any, None]]:
    """asyncpg's connection and what closes it, which asyncio.run does at the end if nobody has done it."""
    keeper = _kept(arguments)
    return await keeper.__anext__(), keeper


async def _kept(arguments: dict[str, Any]) -> AsyncGenerator[Any, None]:
    try:
        raw = await asyncpg.connect(**arguments)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, asyncio.TimeoutError) as error:  # noqa: UP041
        raise _not_connected(error, arguments) from error
    try:
        if not str(raw.get_settings().DateStyle).startswith("ISO"):
            await raw.execute("SET datestyle TO 'ISO'")
        yield raw
    finally:
        await raw.close(timeout=5)


def _not_connected(error: BaseException, arguments: dict[str, Any]) -> OperationalError:
    host, port = arguments.get("host") or "localhost", arguments.get("port") or 5432
    server = f'connection to server at "{host}", port {port} failed: '
    if isinstance(error, asyncpg.PostgresError):
        return OperationalError(f"{server}FATAL:  {error.args[0] if error.args else error}\n")
    if isinstance(error, ConnectionRefusedError):
        hint = "\tIs the server running on that host and accepting TCP/IP connections?"
        return OperationalError(f"{server}Connection refused\n{hint}\n")
    if isinstance(error, asyncio.TimeoutError):
        return OperationalError(f"{server}timeout expired\n")
    return OperationalError(f"{server}{error}\n")
