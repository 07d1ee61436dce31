"""From requests' arguments to what is sent, and from a redirect to what is sent next."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http import SERVER_SOFTWARE
from multidict import CIMultiDict

from asyncify.support.http_cookies import Cookies, _cookie, _cookie_header
from asyncify.support.http_errors import InvalidRequestError, InvalidSchemaError
from asyncify.support.http_forms import _blocks, _encoded_body, _length, _position
from asyncify.support.http_response import PreparedRequest
from asyncify.support.http_urls import _encoded_url, _redirect_url, _url_login
from asyncify.support.timeouts import TIMEOUTS

_LARGE = 2**20


class AuthBase:
    """A login of one's own: calling it with the PreparedRequest changes its headers and gives it back."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        raise NotImplementedError("a login must be callable")


def _default_headers() -> CIMultiDict[Any]:
    return CIMultiDict(
        {
            "User-Agent": SERVER_SOFTWARE,
            "Accept-Encoding": "gzip, deflate",
            "Accept": "*/*",
            "Connection": "keep-alive",
        }
    )


def _merged(own: Any, inherited: Any) -> Any:
    """A call's setting over its session's. Two mappings are joined, and a value of None removes the key."""
    if inherited is None or own is None:
        return inherited if own is None else own
    if not (isinstance(own, Mapping) and isinstance(inherited, Mapping)):
        return own
    return {key: value for key, value in {**inherited, **own}.items() if value is not None}


@dataclass
class Request:
    """What is to be sent, as the arguments say it; `prepare` makes it ready without a session."""

    method: Any = None
    url: Any = None
    headers: Any = None
    files: Any = None
    data: Any = None
    params: Any = None
    auth: Any = None
    cookies: Any = None
    hooks: Any = None
    json: Any = None

    def prepare(self) -> PreparedRequest:
        return _authorized(_prepared(self, self.params, {}, Cookies(), self.hooks), self.auth)


def _prepared(request: Request, params: Any, headers: Any, jar: CookieJar, hooks: Any) -> PreparedRequest:
    """The request, but for its login. Raises InvalidRequestError for a header that must not be sent."""
    merged = Cookies(jar)
    cookies = request.cookies
    if isinstance(cookies, Mapping):
        cookies = [_cookie(name, value) for name, value in cookies.items()]
    for cookie in cookies or ():
        merged.set_cookie(copy.copy(cookie))
    url, checked = _encoded_url(request.url, params), _checked_headers(request.headers, headers)
    body, content_type = _encoded_body(request.data, request.files, request.json)
    prepared = PreparedRequest(request.method.upper(), url, checked, body, merged, _position(body))
    _set_cookie_header(prepared)
    _set_length(prepared)
    if content_type:
        checked.setdefault("Content-Type", content_type)
    prepared.register_hook("response", (hooks or {}).get("response") or [])
    return prepared


def _checked_headers(own: Mapping[Any, Any] | None, inherited: Mapping[Any, Any]) -> CIMultiDict[str]:
    headers: CIMultiDict[Any] = CIMultiDict()
    for name, value in [*inherited.items(), *(own or {}).items()]:
        headers[name.decode() if isinstance(name, bytes) else name] = value
    checked: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        if value is not None:
            checked[name] = _checked_header(name, value)
    return checked


def _checked_header(name: Any, value: Any) -> str:
    if not isinstance(name, str) or not isinstance(value, (str, bytes)):
        raise InvalidRequestError(
            f"Header part ({value!r}) from {name!r} must be of type str or bytes, not {type(value)}"
        )
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    name.encode("ascii"), text.encode("latin-1")
    if not re.fullmatch(r"[^:\s][^:\r\n]*", name) or not re.fullmatch(r"(\S[^\r\n]*)?", text):
        raise InvalidRequestError(
            f"Invalid leading whitespace, reserved or return character(s) in header {name!r}: {value!r}"
        )
    return text


def _set_cookie_header(request: PreparedRequest) -> None:
    if "Cookie" not in request.headers:
        header = _cookie_header(request.cookies, request.url, request.headers.get("Host"))
        if header is not None:
            request.headers["Cookie"] = header


def _set_length(request: PreparedRequest) -> None:
    length = None if request.body is None else _length(request.body)
    if length:
        request.headers["Content-Length"] = str(length)
    elif request.body is not None and not isinstance(request.body, (str, bytes)):
        request.headers["Transfer-Encoding"] = "chunked"
    elif request.body is None and request.method not in {"GET", "HEAD"}:
        request.headers.setdefault("Content-Length", "0")


def _authorized(request: PreparedRequest, auth: Any) -> PreparedRequest:
    """Add the login: a pair, or a callable that changes the request, or what stands in the URL."""
    auth = _url_login(request.url) if auth is None else auth
    if isinstance(auth, tuple) and len(auth) == 2:
        login = b":".join(part if isinstance(part, bytes) else str(part).encode("latin-1") for part in auth)
        request.headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    elif isinstance(auth, aiohttp.DigestAuthMiddleware):
        request.middlewares = (auth,)
    elif auth:
        request = auth(request)
        _set_length(request)
    return request


def _redirected(request: PreparedRequest, status: int, location: str, jar: CookieJar) -> PreparedRequest:
    """The next request after a redirect, by requests' rules for the method, the body and the headers."""
    url = _redirect_url(request.url, location)
    if urlsplit(url).scheme not in {"http", "https"}:
        raise InvalidSchemaError(url)
    method, headers, body = request.method, request.headers.copy(), request.body
    if (status in (302, 303) and method != "HEAD") or (status == 301 and method == "POST"):
        method = "GET"
    dropped = ["Cookie", "Proxy-Authorization"]
    if status not in (307, 308):
        dropped += ["Content-Length", "Content-Type", "Transfer-Encoding"]
        body = None
    if not _is_same_origin(request.url, url):
        dropped.append("Authorization")
    for name in dropped:
        headers.popall(name, None)
    cookies = Cookies(request.cookies)
    cookies.update(jar)
    following = replace(request, method=method, url=url, headers=headers, body=body, cookies=cookies)
    _set_cookie_header(following)
    return following


def _is_same_origin(old: str, new: str) -> bool:
    """May a login go along from one address to the other? Also from http to https on the usual ports."""
    before, after = urlsplit(old), urlsplit(new)
    if before.hostname != after.hostname:
        return False
    usual = {"http": 80, "https": 443}
    ports = before.port or usual[before.scheme], after.port or usual[after.scheme]
    is_upgrade = (before.scheme, after.scheme) == ("http", "https") and ports == (80, 443)
    return is_upgrade or (before.scheme == after.scheme and ports[0] == ports[1])


def _wire_body(request: PreparedRequest) -> Any:
    """What aiohttp is given: bytes, or an asynchronous generator for what is large or must be read first."""
    body = request.body
    if isinstance(body, str):
        body = body.encode()
    if body is None or (isinstance(body, bytes) and 0 < len(body) < _LARGE):
        return body
    if request.is_sent and request.position is not None:
        if request.position < 0 or not hasattr(body, "seek"):
            raise aiohttp.ClientPayloadError("The body of the request cannot be sent again: it has no way back")
        body.seek(request.position)
    request.is_sent = True
    return _blocks(body)


def _timeout(timeout: Any) -> aiohttp.ClientTimeout:
    """requests' limit, a number or (connect, read): for connecting and for each wait, never for the whole. TIMEOUTS
    holds where there is none."""
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    for limit in (connect, read):
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit <= 0):
            raise ValueError(f"Invalid timeout {limit!r}: it must be a number above 0, or None")
    connect, read = (TIMEOUTS["http"] if limit is None else limit for limit in (connect, read))
    return aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read)
