"""A cookie jar with the interface of requests' own, for a session and for a response."""

from __future__ import annotations

import copy
import http.cookiejar
import threading
import urllib.request
from collections.abc import Iterable, Mapping
from email.message import Message
from http.cookies import Morsel
from typing import Any, cast
from urllib.parse import urlsplit


class Cookies(http.cookiejar.CookieJar):
    """Cookies by name, and by domain and path where a name is there twice. Iterating gives http.cookiejar.Cookie."""

    def __init__(self, cookies: Any = None) -> None:
        super().__init__()
        self.update(cookies or {})

    def set(self, name: str, value: Any, **attributes: Any) -> http.cookiejar.Cookie | None:
        """Set a cookie; without a domain it goes to every host. The value None removes it."""
        if value is None:
            self._remove(name, attributes.get("domain"), attributes.get("path"))
            return None
        if isinstance(value, Morsel):
            value, attributes = value.value, {key: value[key] for key in ("domain", "path", "secure") if value[key]}
        cookie = _cookie(name, value, **attributes)
        self.set_cookie(cookie)
        return cookie

    def set_cookie(self, cookie: http.cookiejar.Cookie) -> None:
        value = cookie.value
        if isinstance(value, str) and value.startswith('"') and value.endswith('"'):
            cookie.value = value.replace('\\"', "")
        super().set_cookie(cookie)

    def update(self, other: Any) -> None:
        """Take over the cookies of another jar, a mapping or pairs."""
        if isinstance(other, http.cookiejar.CookieJar):
            for cookie in other:
                self.set_cookie(copy.copy(cookie))
            return
        for name, value in other.items() if isinstance(other, Mapping) else other:
            self.set(name, value)

    def get(self, name: str, default: Any = None, domain: str | None = None, path: str | None = None) -> Any:
        """The value of the cookie; RuntimeError if several match."""
        found = self._values(name, domain, path)
        if len(found) > 1:
            raise RuntimeError(f"There are multiple cookies with name, {name!r}")
        return found[0] if found else default

    def get_dict(self, domain: str | None = None, path: str | None = None) -> dict[str, str | None]:
        """The cookies of this domain and path as a plain dict."""
        return {
            cookie.name: cookie.value
            for cookie in self
            if domain in (None, cookie.domain) and path in (None, cookie.path)
        }

    def keys(self) -> list[str]:
        return [cookie.name for cookie in self]

    def values(self) -> list[str | None]:
        return [cookie.value for cookie in self]

    def items(self) -> list[tuple[str, str | None]]:
        return [(cookie.name, cookie.value) for cookie in self]

    def pop(self, name: str, *default: Any) -> Any:
        if name not in self and default:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def setdefault(self, name: str, value: Any = None) -> Any:
        if name not in self:
            self.set(name, value)
        return self.get(name)

    def copy(self) -> Cookies:
        return Cookies(self)

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(f"name={name!r}, domain=None, path=None")
        return self.get(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self._remove(name, None, None)

    def __contains__(self, name: object) -> bool:
        return any(cookie.name == name for cookie in self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Cookies, Mapping)) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_cookies_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _cookies_lock=threading.RLock())

    def _values(self, name: str, domain: str | None, path: str | None) -> list[str | None]:
        found = [cookie for cookie in self if cookie.name == name]
        return [cookie.value for cookie in found if domain in (None, cookie.domain) and path in (None, cookie.path)]

    def _remove(self, name: str, domain: str | None, path: str | None) -> None:
        for cookie in list(self):
            if cookie.name == name and domain in (None, cookie.domain) and path in (None, cookie.path):
                self.clear(cookie.domain, cookie.path, cookie.name)


def _cookie(name: str, value: str, domain: str = "", path: str = "/", **more: Any) -> http.cookiejar.Cookie:
    known: dict[str, Any] = {
        "version": 0,
        "port": None,
        "secure": False,
        "expires": None,
        "discard": True,
        "comment": None,
        "comment_url": None,
        "rest": {"HttpOnly": None},
        "rfc2109": False,
    }
    if unknown := set(more) - set(known):
        raise TypeError(f"unexpected keyword arguments: {sorted(unknown)}")
    known.update(more)
    return http.cookiejar.Cookie(
        name=name,
        value=value,
        domain=domain,
        path=path,
        port_specified=bool(known["port"]),
        domain_specified=bool(domain),
        domain_initial_dot=domain.startswith("."),
        path_specified=bool(path),
        **known,
    )


def _cookie_header(jar: http.cookiejar.CookieJar, url: str, host: str | None) -> str | None:
    """What the jar sends to this address; `host` is a Host header that stands in for the URL's own."""
    if next(iter(jar), None) is None:
        return None
    request = _addressed(url, host)
    jar.add_cookie_header(request)
    return request.get_header("Cookie")


def _store_cookies(jar: http.cookiejar.CookieJar, url: str, host: str | None, lines: Iterable[str]) -> None:
    """Put the cookies of these Set-Cookie headers into the jar, if their domain and path allow it."""
    if received := list(lines):
        jar.extract_cookies(cast(Any, _Received(received)), _addressed(url, host))


def _addressed(url: str, host: str | None) -> urllib.request.Request:
    return urllib.request.Request(urlsplit(url)._replace(netloc=host).geturl() if host else url)


class _Received:
    def __init__(self, lines: Iterable[str]) -> None:
        self.message = Message()
        for line in lines:
            self.message["Set-Cookie"] = line

    def info(self) -> Message:
        return self.message
