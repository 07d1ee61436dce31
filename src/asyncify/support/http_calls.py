"""requests' functions. Each call stands alone, with no cookies from the one before; the connections are kept."""

from __future__ import annotations

from typing import Any

from asyncify.support.http_session import Call, Session


def request(method: str, url: Any, **settings: Any) -> Call:
    """Send a request of this method. The arguments are those of requests.request."""
    return Session().request(method, url, **settings)


def get(url: Any, params: Any = None, **settings: Any) -> Call:
    """`await` it for the response, or read it piece by piece in `async with`."""
    return Session().get(url, params, **settings)


def options(url: Any, **settings: Any) -> Call:
    return Session().options(url, **settings)


def head(url: Any, **settings: Any) -> Call:
    """Redirects are not followed unless asked for."""
    return Session().head(url, **settings)


def post(url: Any, data: Any = None, json: Any = None, **settings: Any) -> Call:
    return Session().post(url, data, json, **settings)


def put(url: Any, data: Any = None, **settings: Any) -> Call:
    return Session().put(url, data, **settings)


def patch(url: Any, data: Any = None, **settings: Any) -> Call:
    return Session().patch(url, data, **settings)


def delete(url: Any, **settings: Any) -> Call:
    return Session().delete(url, **settings)
