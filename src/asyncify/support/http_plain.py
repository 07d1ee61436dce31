"""aiohttp's own client, for calls that are written as aiohttp's."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import aiohttp

from asyncify.support.http_open import _shared
from asyncify.support.timeouts import TIMEOUTS


def session() -> aiohttp.ClientSession:
    """The session of the running event loop. `async with session().get(url) as response:`"""
    return _shared(_kept_plain)


async def _kept_plain() -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Open until this generator is closed, which asyncio.run does at the end if `close` has not done it."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),  # calls know nothing of each other's cookies
        timeout=timeout(None),
        trust_env=True,  # proxies and ~/.netrc
    ) as opened:
        yield opened


def timeout(limit: float | tuple[float | None, float | None] | None) -> aiohttp.ClientTimeout:
    """So many seconds, or (connect, read), for connecting and for each wait; there is no limit for the whole. TIMEOUTS
    holds where there is none."""
    given = limit if isinstance(limit, tuple) else (limit, limit)
    connect, read = (TIMEOUTS["http"] if each is None else each for each in given)
    return aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
