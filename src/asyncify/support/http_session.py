"""requests.Session over aiohttp: the same state, the same methods, the same requests on the wire."""

from __future__ import annotations

import asyncio
import datetime
import inspect
import os
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import aiohttp

from asyncify.support.http_client import _Attempt, _client, _LostError
from asyncify.support.http_cookies import Cookies
from asyncify.support.http_environment import (
    _environment_proxies,
    _load_netrc,
    _netrc_login,
    _proxy_for,
    _tls_context,
)
from asyncify.support.http_errors import InvalidSchemaError, ProxyError, TooManyRedirectsError
from asyncify.support.http_prepare import (
    Request,
    _authorized,
    _default_headers,
    _merged,
    _prepared,
    _redirected,
    _timeout,
    _wire_body,
)
from asyncify.support.http_response import (
    _REDIRECTS,
    PreparedRequest,
    Response,
    _Exchange,
    _exchanges,
    _response_from,
    _take_cookies,
)
from asyncify.support.http_urls import _wire_url

_AUTOMATIC = ("Accept", "Accept-Encoding", "Content-Type")  # as under requests, there is always a User-Agent


class Call:
    """A request that is not sent yet.

    `await` it for the Response, read to its end; or open it with `async with`, for an aiohttp.ClientResponse
    whose body is still to be read.
    """

    def __init__(self, send: Callable[[], Awaitable[aiohttp.ClientResponse]]) -> None:
        self._send = send

    def __await__(self) -> Generator[Any, None, Response]:
        return self._read().__await__()

    async def __aenter__(self) -> aiohttp.ClientResponse:
        self._opened = await self._send()
        return self._opened

    async def __aexit__(self, *exc_info: Any) -> None:
        await self._opened.__aexit__(*exc_info)

    async def _read(self) -> Response:
        async with self as opened:
            return await _response_from(opened)


class _Adapter(Protocol):
    async def deliver(
        self, method: str, send: Callable[[], Awaitable[aiohttp.ClientResponse]]
    ) -> aiohttp.ClientResponse: ...


@dataclass(frozen=True)
class _Settings:
    allow_redirects: bool
    timeout: aiohttp.ClientTimeout
    proxies: dict[str, str | None]
    verify: Any
    cert: Any


class Session:
    """Settings and cookies that several calls share. It may be made anywhere, and used from several event loops.

    The connections belong to the running loop and are shared by all sessions; `close` of the session leaves them.
    """

    def __init__(self) -> None:
        self.headers: Any = _default_headers()
        self.auth: Any = None
        self.proxies: dict[str, Any] = {}
        self.hooks: dict[str, Any] = {"response": []}
        self.params: Any = {}
        self.stream = False
        self.verify: Any = True
        self.cert: Any = None
        self.max_redirects = 30
        self.trust_env = True
        self.cookies: Any = Cookies()
        self.adapters: dict[str, _Adapter] = {}

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Nothing is lost: a closed session can be used again, as in requests."""

    def mount(self, prefix: str, adapter: _Adapter) -> None:
        """Send what begins with this prefix through the adapter; the longest prefix counts."""
        if not hasattr(adapter, "deliver"):
            raise TypeError(f"{adapter!r} was made for requests: its send() would never be called")
        self.adapters[prefix] = adapter

    def get(self, url: Any, params: Any = None, **settings: Any) -> Call:
        return self.request("GET", url, params=params, **settings)

    def options(self, url: Any, **settings: Any) -> Call:
        return self.request("OPTIONS", url, **settings)

    def head(self, url: Any, **settings: Any) -> Call:
        return self.request("HEAD", url, **{"allow_redirects": False, **settings})

    def post(self, url: Any, data: Any = None, json: Any = None, **settings: Any) -> Call:
        return self.request("POST", url, data=data, json=json, **settings)

    def put(self, url: Any, data: Any = None, **settings: Any) -> Call:
        return self.request("PUT", url, data=data, **settings)

    def patch(self, url: Any, data: Any = None, **settings: Any) -> Call:
        return self.request("PATCH", url, data=data, **settings)

    def delete(self, url: Any, **settings: Any) -> Call:
        return self.request("DELETE", url, **settings)

    def request(
        self,
        method: str,
        url: Any,
        params: Any = None,
        data: Any = None,
        headers: Mapping[Any, Any] | None = None,
        cookies: Any = None,
        files: Any = None,
        auth: Any = None,
        timeout: Any = None,
        allow_redirects: bool = True,
        proxies: Mapping[str, Any] | None = None,
        hooks: Mapping[str, Any] | None = None,
        stream: bool | None = None,
        verify: Any = None,
        cert: Any = None,
        json: Any = None,
    ) -> Call:
        """The arguments are those of requests.request. Whether the body is read at once says how the call is used."""
        asked = Request(method, url, headers, files, data, params, auth, cookies, hooks, json)

        async def send() -> aiohttp.ClientResponse:
            if self.trust_env and not (auth or self.auth):
                await _load_netrc()
            prepare = self.prepare_request
            request = await asyncio.to_thread(prepare, asked) if files else prepare(asked)
            proxy = self._proxies_for(request.url, proxies)
            given = _merged(self._verify(verify), self.verify), _merged(cert, self.cert)
            return await self._follow(request, _Settings(allow_redirects, _timeout(timeout), proxy, *given))

        return Call(send)

    def prepare_request(self, request: Request) -> PreparedRequest:
        """The request as it is sent, with what the session adds: headers, parameters, cookies, a login, hooks."""
        hooks = request.hooks if request.hooks and request.hooks.get("response") else self.hooks
        prepared = _prepared(request, _merged(request.params, self.params), self.headers, self.cookies, hooks)
        login = request.auth or self.auth or (_netrc_login(prepared.url) if self.trust_env else None)
        return _authorized(prepared, login)

    def send(self, request: PreparedRequest, *, timeout: Any = None, allow_redirects: bool = True, **more: Any) -> Call:
        """Send a prepared request. Of the session's settings only those for the connection count."""
        verify, cert = more.get("verify", self.verify), more.get("cert", self.cert)

        async def send() -> aiohttp.ClientResponse:
            proxies = more["proxies"] or {} if "proxies" in more else self._proxies_for(request.url, None)
            settings = _Settings(allow_redirects, _timeout(timeout), proxies, verify, cert)
            return await self._follow(replace(request), settings)

        return Call(send)

    def _proxies_for(self, url: str, proxies: Mapping[str, Any] | None) -> dict[str, str | None]:
        own = dict(proxies or {})
        environment = _environment_proxies(url, own.get("no_proxy")) if self.trust_env else {}
        return dict(_merged({**environment, **own}, self.proxies))

    def _verify(self, verify: Any) -> Any:
        if self.trust_env and verify in (True, None):
            return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or verify
        return verify

    async def _follow(self, request: PreparedRequest, settings: _Settings) -> aiohttp.ClientResponse:
        """Send, and follow redirects. Each answer on the way is read and goes into the history."""
        history: list[Response] = []
        while True:
            opened = await self._answer(request, settings, history)
            is_redirect = settings.allow_redirects and opened.status in _REDIRECTS
            location = opened.headers.get("Location") if is_redirect else None
            if not location:
                return opened
            async with opened:
                response = await _response_from(opened)
            if len(history) >= self.max_redirects:
                raise TooManyRedirectsError(f"Exceeded {self.max_redirects} redirects.", response=response)
            history.append(response)
            _take_cookies(request.cookies, request, opened)
            target = location.encode("utf-8", "surrogateescape").decode()
            request = _redirected(request, opened.status, target, self.cookies)
            settings = replace(settings, proxies=self._proxies_for(request.url, settings.proxies))
            login = _netrc_login(request.url) if self.trust_env else None
            request = _authorized(request, login) if login else request

    async def _answer(
        self, request: PreparedRequest, settings: _Settings, history: list[Response]
    ) -> aiohttp.ClientResponse:
        started = time.perf_counter()
        prefix = max((known for known in self.adapters if request.url.startswith(known.lower())), key=len, default=None)
        if prefix is None:
            opened = await self._deliver(request, settings)
        else:
            opened = await self.adapters[prefix].deliver(request.method, lambda: self._deliver(request, settings))
        elapsed = datetime.timedelta(seconds=time.perf_counter() - started)
        exchange = _exchanges[opened] = _Exchange(request, elapsed, history[:])
        _take_cookies(self.cookies, request, opened)
        for hook in request.hooks:
            response = await _response_from(opened)
            changed = hook(response, timeout=settings.timeout, verify=settings.verify, cert=settings.cert)
            changed = await changed if inspect.isawaitable(changed) else changed
            exchange.response = response if changed is None else changed
        return opened

    async def _deliver(self, request: PreparedRequest, settings: _Settings) -> aiohttp.ClientResponse:
        proxy = _proxy_for(request.url, settings.proxies)
        if proxy and proxy.startswith("socks"):
            raise InvalidSchemaError(proxy)
        is_tls = request.url.startswith("https:") or (proxy or "").startswith("https:")
        attempt = _Attempt("Content-Length" in request.headers)
        headers = {"Accept-Encoding": "identity", **request.headers}
        headers.pop("Transfer-Encoding", None)  # aiohttp adds it where it sends chunks
        session = _client()
        try:
            return await session.request(
                request.method,
                _wire_url(request.url),
                headers=headers,
                skip_auto_headers=_AUTOMATIC,
                data=_wire_body(request),
                allow_redirects=False,
                timeout=settings.timeout,
                proxy=proxy,
                ssl=await _tls_context(settings.verify, settings.cert) if is_tls else True,
                middlewares=(*request.middlewares, attempt),
                trace_request_ctx=attempt,
            )
        except _LostError as lost:
            raise lost.error from None
        except aiohttp.ClientHttpProxyError as error:
            raise ProxyError(f"{proxy} refused: {error.status} {error.message}") from error
        except aiohttp.ClientResponseError as error:  # an answer that is not HTTP, which is no error status
            kind = aiohttp.ClientPayloadError if "chunk size" in error.message else aiohttp.ClientOSError
            raise kind(error.message) from error
