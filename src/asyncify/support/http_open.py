"""One aiohttp.ClientSession of a kind for each event loop: made on first use, closed with its loop at the latest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp

_shared_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Any, Any]] = WeakKeyDictionary()


def _shared(keep: Callable[[], AsyncGenerator[aiohttp.ClientSession, None]]) -> aiohttp.ClientSession:
    """The session that `keep` holds open in the running loop."""
    loop = asyncio.get_running_loop()
    if keep not in _shared_sessions.get(loop, ()):
        for old in [known for known in _shared_sessions if known.is_closed()]:
            del _shared_sessions[old]
        keeper = keep()
        try:
            keeper.__anext__().send(None)  # up to its `yield`, before which nothing waits
        except StopIteration as made:
            _shared_sessions.setdefault(loop, {})[keep] = made.value, keeper
    session: aiohttp.ClientSession = _shared_sessions[loop][keep][0]
    return session


async def close() -> None:
    """Close the connections of the running loop. A later call opens new ones."""
    for _, keeper in _shared_sessions.pop(asyncio.get_running_loop(), {}).values():
        await keeper.aclose()


@asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """For FastAPI(lifespan=...) and Starlette(lifespan=...): closes the connections at shutdown."""
    try:
        yield
    finally:
        await close()


def closing_after(own: Callable[[Any], AbstractAsyncContextManager[Any]]) -> Callable[[Any], Any]:
    """The application's `own` lifespan; when it has ended the connections are closed."""

    @asynccontextmanager
    async def both(app: object) -> AsyncIterator[Any]:
        try:
            async with own(app) as state:
                yield state
        finally:
            await close()

    return both
