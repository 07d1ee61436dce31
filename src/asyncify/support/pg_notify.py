"""Waiting for what other sessions send with NOTIFY, as select.select does for psycopg2's connections."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Sequence
from typing import Any

from asyncify.support.pg_errors import ProgrammingError

_LEAST_WAIT = 0.01  # seconds until what has come already has passed through the event loop


async def select_notified(
    rlist: Sequence[Any],
    wlist: Sequence[Any],
    xlist: Sequence[Any],
    timeout: float | None = None,  # noqa: ASYNC109
) -> tuple[list[Any], list[Any], list[Any]]:
    """What can be read, as the first of three lists: connections that were notified since they were last polled, and
    files with something in them.

    Waits for the first of them, at most `timeout` seconds; ([], [], []) if there is none.
    """
    if wlist or xlist:
        raise ProgrammingError("connections can be waited for only until they are notified")
    loop = asyncio.get_running_loop()
    arrived = loop.create_future()
    files = [each for each in rlist if not hasattr(each, "_waiting")]
    connections = [each for each in rlist if hasattr(each, "_waiting")]
    for connection in connections:
        await connection._opened()
        connection._waiting.append(arrived)
    for file in files:
        loop.add_reader(file, _note_arrival, arrived)
    try:
        if not any(connection._is_notified for connection in connections):
            await asyncio.wait_for(arrived, None if timeout is None else max(timeout, _LEAST_WAIT))
    except asyncio.TimeoutError:  # noqa: UP041  (another class before Python 3.11)
        pass
    finally:
        for file in files:
            loop.remove_reader(file)
        for connection in connections:
            connection._waiting.remove(arrived)
    full = select.select(files, [], [], 0)[0] if files else []
    return [each for each in rlist if each in full or getattr(each, "_is_notified", False)], [], []


def _note_arrival(arrived: asyncio.Future[None]) -> None:
    if not arrived.done():
        arrived.set_result(None)
