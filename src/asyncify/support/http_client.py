"""The one aiohttp.ClientSession of each event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import Any

import aiohttp

from asyncify.support.http_open import _shared


class _Answer(aiohttp.ClientResponse):
    """aiohttp keeps a connection for the next request even if this one told the server to close it."""

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        if connection.protocol is not None and self.request_info.headers.get("Connection", "").lower() == "close":
            connection.protocol.force_close()
        return await super().start(connection)


class _Request(aiohttp.ClientRequest):
    """Letters in headers go as Latin-1, as requests sends them; aiohttp would send UTF-8."""

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        if not all(value.isascii() for value in self.headers.values()):
            conn.protocol.transport = _Latin1(conn.protocol)
        return await super().send(conn)


class _Latin1:
    """Stands in for the transport until the head of a request has gone through."""

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.transport = protocol.transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        self.writelines([data])

    def writelines(self, pieces: Iterable[bytes]) -> None:
        self.protocol.transport = self.transport
        head, blank, rest = b"".join(pieces).partition(b"\r\n\r\n")
        self.transport.write(head.decode().encode("latin-1") + blank + rest)


def _client() -> aiohttp.ClientSession:
    """The session of the running loop, made on first use."""
    return _shared(_kept_session)


async def _kept_session() -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Open until this generator is closed, which asyncio.run does at the end if `close` has not done it."""
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reuse)
    async with aiohttp.ClientSession(
        # No limit, as there was none over all threads; and servers commonly drop a connection that was idle for
        # 5 seconds: leave it before them, so that no request is sent into a closing connection.
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=4),
        cookie_jar=aiohttp.DummyCookieJar(),  # each request brings its own Cookie header
        timeout=aiohttp.ClientTimeout(total=None),
        max_line_size=65536,
        max_field_size=65536,
        request_class=_Request,
        response_class=_Answer,
        trace_configs=[trace],
    ) as session:
        yield session


class _Attempt:
    """One request on its way, and whether it goes over a connection that was used before."""

    def __init__(self, has_length: bool) -> None:
        self.has_length = has_length
        self.is_reused = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """A client middleware. aiohttp would repeat a GET, PUT or DELETE whose connection was lost before an
        answer. That is right for a kept connection that the server had closed; on a new one it would do it twice.
        """
        self.is_reused = False
        if request.method == "DELETE" and not self.has_length:
            request.headers.popall("Content-Length", None)  # aiohttp adds one where there is no body
        try:
            return await handler(request)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
            if self.is_reused:
                raise
            raise _LostError(error) from error


class _LostError(Exception):
    """Carries an error past aiohttp's repetition."""

    def __init__(self, error: aiohttp.ClientError) -> None:
        super().__init__(error)
        self.error = error


async def _note_reuse(session: aiohttp.ClientSession, context: Any, params: object) -> None:
    context.trace_request_ctx.is_reused = True
