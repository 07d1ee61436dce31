"""Exceptions of requests as classes of aiohttp: made from what requests' own take, caught by the same handlers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL


class RequestError(aiohttp.ClientError, OSError):
    """A failed request, with the request and the response where they are known."""

    def __init__(self, *args: Any, request: Any = None, response: Any = None) -> None:
        OSError.__init__(self, *args)
        self.request = response.request if response is not None and request is None else request
        self.response = response

    def __str__(self) -> str:
        return OSError.__str__(self)


class HTTPError(aiohttp.ClientResponseError, OSError):
    """An answer that is an error. Its text is that of requests; `status`, `headers` and `response` say the rest."""

    def __init__(self, *args: Any, request: Any = None, response: Any = None) -> None:
        request = response.request if response is not None and request is None else request
        url = URL(getattr(request, "url", ""), encoded=True)
        sent: CIMultiDict[str] = CIMultiDict(getattr(request, "headers", ()))
        info = aiohttp.RequestInfo(url, getattr(request, "method", ""), CIMultiDictProxy(sent), url)
        status, received = getattr(response, "status_code", 0), getattr(response, "headers", None)
        super().__init__(info, (), status=status, message=" ".join(map(str, args)), headers=received)
        self.args = args
        self.request, self.response = request, response

    def __str__(self) -> str:
        return self.message

    __repr__ = OSError.__repr__


class TooManyRedirectsError(HTTPError, aiohttp.TooManyRedirects):
    """A chain of redirects without an end."""


class RequestConnectionError(RequestError, aiohttp.ClientOSError):
    """The connection could not be made, or was lost."""


class SSLError(RequestError, aiohttp.ClientSSLError):
    """The server's certificate is not trusted, or TLS failed otherwise."""


class ProxyError(RequestError, aiohttp.ClientProxyConnectionError):
    """The proxy could not be reached, or refused."""


class RequestTimeoutError(RequestError, asyncio.TimeoutError):
    """No answer in time."""


class ConnectTimeoutError(RequestError, aiohttp.ConnectionTimeoutError):
    """No connection in time."""


class ReadTimeoutError(RequestError, aiohttp.SocketTimeoutError):
    """A connection, but no answer in time."""


class InvalidURLError(RequestError, aiohttp.InvalidURL):
    """No address of HTTP."""


class InvalidSchemaError(RequestError, aiohttp.NonHttpUrlClientError, ValueError):
    """An address of something other than HTTP."""


class InvalidRequestError(RequestError, ValueError):
    """What was to be sent must not stand in a header."""


class InvalidJSONError(RequestError):
    """What was to be sent is no JSON."""


class PayloadError(RequestError, aiohttp.ClientPayloadError):
    """The body of the answer is cut or cannot be decoded."""


class JSONDecodeError(json.JSONDecodeError, aiohttp.ClientError, OSError):
    """A body that is no JSON: a ValueError, and a failed request as well."""

    request = response = None


class RetryError(RequestError):
    """The server kept answering with a status for which a request is sent again."""


def response_of(error: BaseException) -> Any:
    """The response that came with an error, or None."""
    return getattr(error, "response", None)


def request_of(error: BaseException) -> Any:
    """The request that an error came from, or None."""
    return getattr(error, "request", None)
