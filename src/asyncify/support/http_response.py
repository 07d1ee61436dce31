"""A response that has been read: requests' Response, as a plain object."""

from __future__ import annotations

import codecs
import datetime
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import aiohttp
from multidict import CIMultiDict

from asyncify.support.http_cookies import Cookies, _store_cookies
from asyncify.support.http_decode import _declared_encoding, _decoded, _decoded_json, _guessed_encoding
from asyncify.support.http_errors import HTTPError
from asyncify.support.http_urls import _encoded_url
from asyncify.support.streaming import _lines, _slices, _whole

_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass
class PreparedRequest:
    """What is sent: the method, the URL, the headers without those of the connection, and the body."""

    method: str
    url: str
    headers: CIMultiDict[str]
    body: Any = None
    cookies: CookieJar = field(default_factory=Cookies, repr=False)
    position: int | None = None  # where the file stood that is the body
    is_sent: bool = False
    hooks: list[Callable[..., Any]] = field(default_factory=list, repr=False)
    middlewares: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def path_url(self) -> str:
        """The path with the query, as it is sent."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def register_hook(self, event: str, hook: Any) -> None:
        """Have the response given to this function, or to each of these."""
        if event == "response":
            self.hooks += [hook] if callable(hook) else hook

    def prepare_headers(self, headers: Any) -> None:
        """Take these headers instead, as logins of other libraries do."""
        given = [(_native(name), _native(value)) for name, value in (headers or {}).items() if value is not None]
        self.headers = CIMultiDict(given)

    def prepare_url(self, url: Any, params: Any) -> None:
        """Send it to this address, with parameters added to those that it has."""
        self.url = _encoded_url(url, params)

    def copy(self) -> PreparedRequest:
        return replace(self, headers=self.headers.copy(), hooks=self.hooks[:])


def _native(text: Any) -> str:
    return text.decode("latin-1") if isinstance(text, bytes) else str(text)


class RawBody(io.BytesIO):
    """A body that has come, with what is asked of urllib3's responses. It is decoded already."""

    decode_content = False

    def __init__(self, content: bytes, status: int, headers: CIMultiDict[str]) -> None:
        super().__init__(content)
        self.data, self.status, self.headers = content, status, headers

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """Raises RuntimeError where the bytes as they were sent, compressed, are asked for."""
        is_decoded = self.decode_content if decode_content is None else decode_content
        if not is_decoded and self.headers.get("Content-Encoding", "identity") != "identity":
            raise RuntimeError("The body is decoded already; set decode_content = True")
        return super().read(amt)

    def stream(self, amt: int = 65536, decode_content: bool | None = None) -> Iterator[bytes]:
        while piece := self.read(amt, decode_content):
            yield piece

    def release_conn(self) -> None:
        """Nothing to do: the connection was given back when the body had come."""


class Response:
    """The answer to a request, read to its end. `bool(response)` asks whether it is no error."""

    def __init__(
        self, status: int, reason: str, headers: CIMultiDict[str], content: bytes, request: PreparedRequest
    ) -> None:
        self.status_code = status
        self.reason = reason
        self.headers = headers
        self.content = content
        self.request = request
        self.url = request.url
        self.encoding = _declared_encoding(headers)  # may be set before `text` is read
        self.elapsed = datetime.timedelta(0)  # from sending the request to the end of the headers
        self.history: list[Response] = []
        self.cookies = Cookies()
        self._raw: RawBody | None = None

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"

    def __bool__(self) -> bool:
        return self.ok

    def __iter__(self) -> Iterator[bytes]:
        return self.iter_content(128)

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *exc_info: object) -> None:
        return None

    @property
    def ok(self) -> bool:
        """False for the statuses 400 to 599."""
        return not 400 <= self.status_code < 600

    @property
    def text(self) -> str:
        """The body decoded; bytes that cannot be decoded are replaced."""
        return _decoded(self.content, self.encoding)

    @property
    def apparent_encoding(self) -> str | None:
        """The encoding that the body looks like."""
        return _guessed_encoding(self.content)

    @property
    def raw(self) -> RawBody:
        """The body as a file, the same at each look."""
        if self._raw is None:
            self._raw = RawBody(self.content, self.status_code, self.headers)
        return self._raw

    @property
    def is_redirect(self) -> bool:
        return "Location" in self.headers and self.status_code in _REDIRECTS

    @property
    def is_permanent_redirect(self) -> bool:
        return "Location" in self.headers and self.status_code in (301, 308)

    @property
    def links(self) -> dict[str, dict[str, str]]:
        """The Link header, by `rel` or by URL."""
        links: dict[str, dict[str, str]] = {}
        for text in re.split(", *<", self.headers.get("Link", "").strip(" '\"")):
            target, *parameters = text.split(";")
            link = {"url": target.strip("<> '\"")}
            for parameter in parameters:
                key, *value = (part.strip(" '\"") for part in parameter.split("="))
                if len(value) != 1:
                    break
                link[key] = value[0]
            if name := link.get("rel") or link["url"]:
                links[name] = link
        return links

    def json(self, **options: Any) -> Any:
        """The body as JSON, whatever its type; JSONDecodeError if it is none."""
        return _decoded_json(self.content, self.encoding, **options)

    def raise_for_status(self) -> None:
        """Raise HTTPError, an aiohttp.ClientResponseError with this response as `response`, for 400 to 599."""
        if not self.ok:
            whose = "Client" if self.status_code < 500 else "Server"
            raise HTTPError(f"{self.status_code} {whose} Error: {self.reason} for url: {self.url}", response=self)

    def iter_content(self, chunk_size: int | None = 1, decode_unicode: bool = False) -> Iterator[Any]:
        """The body in pieces of this size; decoded where asked for and where the encoding is known."""
        chunks = _slices(self.content, chunk_size)
        if not decode_unicode or self.encoding is None:
            return chunks
        return filter(None, codecs.iterdecode(chunks, self.encoding, errors="replace"))

    def iter_lines(self, chunk_size: int = 512, decode_unicode: bool = False, delimiter: Any = None) -> Iterator[Any]:
        """The lines of the body without their ends."""
        pending = None
        for chunk in self.iter_content(chunk_size, decode_unicode):
            lines, pending = _lines(pending, chunk, delimiter)
            yield from lines
        if pending is not None:
            yield pending

    def close(self) -> None:
        """Nothing to do: the connection was given back when the body had been read."""


@dataclass
class _Exchange:
    """What is known of a request beside aiohttp's own response."""

    request: PreparedRequest
    elapsed: datetime.timedelta
    history: list[Response]
    response: Response | None = None
    headers: CIMultiDict[str] | None = None


_exchanges: WeakKeyDictionary[aiohttp.ClientResponse, _Exchange] = WeakKeyDictionary()


async def _response_from(opened: aiohttp.ClientResponse) -> Response:
    """Read the open response to its end."""
    exchange = _exchanges[opened]
    if exchange.response is not None:
        return exchange.response
    content = await _whole(opened)
    response = Response(opened.status, opened.reason or "", headers_of(opened), content, exchange.request)
    response.elapsed, response.history = exchange.elapsed, exchange.history
    _take_cookies(response.cookies, exchange.request, opened)
    exchange.response = response
    return response


def _take_cookies(jar: CookieJar, request: PreparedRequest, opened: aiohttp.ClientResponse) -> None:
    lines = map(_latin1, opened.headers.getall("Set-Cookie", ()))
    _store_cookies(jar, request.url, request.headers.get("Host"), lines)


def _latin1(value: str) -> str:
    """A header's text as requests reads it; aiohttp reads UTF-8."""
    return value.encode("utf-8", "surrogateescape").decode("latin-1")


def headers_of(response: aiohttp.ClientResponse) -> CIMultiDict[str]:
    """The headers; one that was sent several times holds all its values, with commas between."""
    exchange = _exchanges[response]
    if exchange.headers is None:
        exchange.headers = CIMultiDict()
        for name in response.headers:
            if name not in exchange.headers:
                exchange.headers[name] = ", ".join(map(_latin1, response.headers.getall(name)))
    return exchange.headers


def ok_of(response: aiohttp.ClientResponse) -> bool:
    """False for the statuses 400 to 599."""
    return not 400 <= response.status < 600


async def check(response: aiohttp.ClientResponse) -> None:
    """Raise HTTPError for the statuses 400 to 599; the answer is read and is its `response`."""
    if 400 <= response.status < 600:
        (await _response_from(response)).raise_for_status()
