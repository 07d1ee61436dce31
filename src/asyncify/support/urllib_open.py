"""urllib.request.urlopen over aiohttp: the same requests, answers and errors."""

from __future__ import annotations

import asyncio
import http.client
import io
import re
import urllib.error
import urllib.request
import urllib.response
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
from yarl import URL

from asyncify.support.http_open import _shared
from asyncify.support.timeouts import TIMEOUTS


async def urlopen(
    url: Any,
    data: Any = None,
    timeout: float | None = None,  # noqa: ASYNC109
    *,
    context: Any = None,
    **more: Any,
) -> Any:
    """The answer, read to its end: a file with `status`, `headers` and `url`. Raises what urllib raises.

    What is no HTTP, a body that is no bytes, an opener that was installed and files of certificates are left to
    urllib, in a thread.
    """
    request = url if isinstance(url, urllib.request.Request) else urllib.request.Request(url)
    if data is not None:
        request.data = data
    request.timeout = timeout
    while True:
        is_other = request.type not in ("http", "https") or not isinstance(request.data, (bytes, type(None)))
        if is_other or more or getattr(urllib.request, "_opener", None) is not None:
            opens: Any = urllib.request.urlopen
            return await asyncio.to_thread(opens, request, None, timeout, context=context, **more)
        answer = await _fetched(request, context)
        if 200 <= answer.status < 300:
            return answer
        handled: Any = request, answer, answer.status, answer.reason, answer.headers
        following = _Redirects().http_error_302(*handled) if answer.status in _REDIRECTING else None
        if following is None:
            raise urllib.error.HTTPError(request.full_url, answer.status, answer.reason, answer.headers, answer)
        request = following


_REDIRECTING = (301, 302, 303, 307, 308)


class _Fetched(urllib.response.addinfourl):
    """What http.client.HTTPResponse is once it has been read."""

    status: int

    def __init__(self, body: bytes, headers: http.client.HTTPMessage, url: str, status: int, reason: str) -> None:
        super().__init__(io.BytesIO(body), headers, url, status)
        self.reason = self.msg = reason

    def getheader(self, name: str, default: Any = None) -> Any:
        """The values of this header, with commas between."""
        values = self.headers.get_all(name)
        return ", ".join(values) if values else default

    def getheaders(self) -> list[tuple[str, str]]:
        return list(self.headers.items())


class _Redirects(urllib.request.HTTPRedirectHandler):
    """urllib's own rules; where they would open the next request, they give it back."""

    def __init__(self) -> None:
        self.parent: Any = self

    def open(self, request: Any, timeout: float | None) -> Any:
        request.timeout = timeout
        return request


async def _fetched(request: Any, context: Any) -> _Fetched:
    session, headers = _shared(_kept_for_urllib), _headers_for(request)
    seconds = TIMEOUTS["http"] if request.timeout is None else request.timeout
    limit = aiohttp.ClientTimeout(total=None, sock_connect=seconds, sock_read=seconds)
    if re.search("[\x00-\x20\x7f]", request.selector):
        raise http.client.InvalidURL(f"URL can't contain control characters. {request.selector!r}")
    request.selector.encode("ascii")
    try:
        async with session.request(
            request.get_method(),
            URL(request.full_url.partition("#")[0], encoded=True),
            headers=headers,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            data=request.data,
            allow_redirects=False,
            timeout=limit,
            proxy=_urllib_proxy(request),
            ssl=True if context is None else context,
            middlewares=(_once,),
        ) as response:
            received = http.client.HTTPMessage()
            for name, value in response.raw_headers:
                received[name.decode()] = value.decode("latin-1")
            body = await _urllib_body(response)
            return _Fetched(body, received, request.full_url, response.status, response.reason or "")
    except _UnsentError as lost:
        raise _urllib_error(lost.error) from lost.error
    except aiohttp.ClientError as error:
        raise _urllib_error(error) from error


def _headers_for(request: Any) -> dict[str, str]:
    handler = urllib.request.HTTPHandler()
    handler.parent = urllib.request.OpenerDirector()
    handler.do_request_(request)
    headers = {**request.headers, **request.unredirected_hdrs}
    headers = {"Accept-Encoding": "identity", **{name.title(): value for name, value in headers.items()}}
    return {**headers, "Connection": "close"}


def _urllib_proxy(request: Any) -> str | None:
    proxy = urllib.request.getproxies().get(request.type)
    if not proxy or urllib.request.proxy_bypass(request.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


async def _urllib_body(response: aiohttp.ClientResponse) -> bytes:
    got = bytearray()
    try:
        async for piece in response.content.iter_any():
            got += piece
    except aiohttp.SocketTimeoutError as error:
        raise TimeoutError("timed out") from error
    except aiohttp.ClientError as error:
        length = response.content_length
        raise http.client.IncompleteRead(bytes(got), None if length is None else length - len(got)) from error
    return bytes(got)


def _urllib_error(error: aiohttp.ClientError) -> Exception:
    """What urllib raises in its stead."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return urllib.error.URLError(TimeoutError("timed out"))
    if isinstance(error, aiohttp.SocketTimeoutError):
        return TimeoutError("timed out")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return urllib.error.URLError(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return urllib.error.URLError(error.os_error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return http.client.RemoteDisconnected("Remote end closed connection without response")
    if isinstance(error, aiohttp.ClientOSError):
        return ConnectionResetError(*error.args)
    return http.client.BadStatusLine(str(error))


class _UnsentError(Exception):
    """Carries an error past aiohttp's repetition of a request whose connection was lost."""

    def __init__(self, error: aiohttp.ClientError) -> None:
        super().__init__(error)
        self.error = error


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except aiohttp.ClientConnectionError as error:
        raise _UnsentError(error) from error


async def _kept_for_urllib() -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Open until this generator is closed, which asyncio.run does at the end if `close` has not done it."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_line_size=65536,
        max_field_size=65536,
    ) as session:
        yield session
