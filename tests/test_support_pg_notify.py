"""What other sessions send is there once a connection is polled, however long the event loop was busy."""

from __future__ import annotations

import asyncio
import time

import psycopg2
import pytest

from asyncify.support import pg_connection
from support_postgres import Databases

pytest_plugins = ["support_fixtures"]


@pytest.mark.parametrize("sent", [1, 2, 5])
def test_poll_lets_in_all_that_has_come(databases: Databases, sent: int) -> None:
    server = databases.server
    other = psycopg2.connect(server.url)
    other.autocommit = True

    async def main() -> list[str]:
        connection = await pg_connection.connect(server.url)
        connection.autocommit = True
        try:
            await connection.cursor().execute("LISTEN news")
            for number in range(sent):
                other.cursor().execute(f"NOTIFY news, '{number}'")
            time.sleep(0.2)  # noqa: ASYNC251  (the server has sent them, and the loop could read none)
            await connection.poll()
            return [notify.payload for notify in connection.notifies]
        finally:
            await connection.close()

    try:
        assert asyncio.run(main()) == [str(number) for number in range(sent)]
    finally:
        other.close()
