"""URLs exactly as requests sends them; aiohttp alone would decode some escapes and encode others twice."""

from __future__ import annotations

import ipaddress
import re
import string
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

import aiohttp
from yarl import URL

from asyncify.support.http_errors import InvalidSchemaError

_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_IN_USER = _UNRESERVED | frozenset("!$&'()*+,;=:")
_IN_PATH = _IN_USER | frozenset("@/")
_IN_QUERY = _IN_PATH | frozenset("?")
_URL = re.compile(
    r"(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?://([^\\/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?",
    re.DOTALL,
)
_HOST = re.compile(r"(\[[0-9a-zA-Z:.%_~-]+\]|(?:[^\[\]%:/?#\x00-\x20\x7f]|%[0-9a-fA-F]{2})+)(?::0*([0-9]{0,5}))?")
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")


def _encoded_url(url: Any, params: Any = None) -> str:
    """The URL with its parameters, quoted as requests quotes it.

    Raises aiohttp.InvalidURL where there is no scheme, no host or a bad port, and InvalidSchemaError for a scheme
    other than http and https.
    """
    text = (url.decode() if isinstance(url, bytes) else str(url)).lstrip()
    if ":" in text and not text.lower().startswith("http"):
        raise InvalidSchemaError(text)
    parts = _URL.fullmatch(text)
    if parts is None or parts[1] is None:
        raise aiohttp.InvalidURL(text, "no scheme supplied")
    if parts[1].lower() not in {"http", "https"}:
        raise InvalidSchemaError(text)
    path = _quoted(_without_dots(parts[3] or "/"), _IN_PATH)
    query = "&".join(filter(None, (_quoted(parts[4] or "", _IN_QUERY), _query(params))))
    whole = f"{parts[1].lower()}://{_authority(text, parts[2] or '')}{'' if path.startswith('/') else '/'}{path}"
    whole += f"?{query}" if query else ""
    whole += f"#{_quoted(parts[5], _IN_QUERY)}" if parts[5] else ""
    return _requoted(whole)


def _pairs(data: Any) -> list[tuple[Any, Any]]:
    """A mapping or a list of pairs, flattened: a list gives one pair for each item, None gives none."""
    pairs: list[tuple[Any, Any]] = []
    for key, values in data.items() if isinstance(data, Mapping) else data:
        many = hasattr(values, "__iter__") and not isinstance(values, (str, bytes))
        pairs += [(key, value) for value in (values if many else [values]) if value is not None]
    return pairs


def _query(params: Any) -> str:
    if not params:
        return ""
    if isinstance(params, bytes):
        return params.decode()
    if isinstance(params, str):
        return params
    return urlencode(_pairs(params), doseq=True)


def _authority(url: str, text: str) -> str:
    user, at, address = text.rpartition("@")
    parts = _HOST.fullmatch(address)
    if parts is None or parts[1].startswith(("*", ".")) or int(parts[2] or 0) > 65535:
        raise aiohttp.InvalidURL(url, "bad host or port")
    host = _ESCAPE.sub(lambda escape: escape[0].upper(), _ESCAPE.sub(_unescaped, parts[1]).lower())
    try:
        if host.startswith("["):
            ipaddress.IPv6Address(host[1:-1])
        elif not host.isascii():
            if re.search(r"[^\w.-]|_", host):
                raise ValueError(host)
            host = ".".join(URL.build(scheme="http", host=label).raw_host or "" for label in host.split("."))
    except ValueError as error:
        raise aiohttp.InvalidURL(url, "bad host") from error
    port = f":{int(parts[2])}" if int(parts[2] or 0) else ""
    return f"{_quoted(user, _IN_USER)}{at if user else ''}{host}{port}"


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if path.startswith("/") and (not kept or kept[0]):
        kept.insert(0, "")
    if path.endswith(("/.", "/..")):
        kept.append("")
    return "/".join(kept)


def _quoted(part: str, allowed: frozenset[str]) -> str:
    """Quote what may not stand in this part. One lone % makes every % of the part a plain character."""
    if allowed.issuperset(part):
        return part
    part, escapes = _ESCAPE.subn(lambda escape: escape[0].upper(), part)
    keep = allowed | {"%"} if escapes == part.count("%") else allowed
    data = part.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if chr(byte) in keep else f"%{byte:02X}" for byte in data)


def _requoted(url: str) -> str:
    """Take back escapes that are not needed; a malformed escape makes every % a plain character."""
    try:
        return quote(re.sub(r"%[^\W_]{2}", _unescaped, url), safe="!#$%&'()*+,/:;=?@[]~")
    except ValueError:
        return quote(url, safe="!#$&'()*+,/:;=?@[]~")


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape[0][1:], 16))
    return character if character in _UNRESERVED else escape[0]


def _redirect_url(old: str, location: str) -> str:
    """Where a Location header leads from `old`; a fragment is carried on."""
    if location.startswith("//"):
        location = f"{urlsplit(old).scheme}:{location}"
    parts = urlsplit(location)
    if not parts.fragment:
        parts = parts._replace(fragment=urlsplit(old).fragment)
    location = _requoted(parts.geturl())
    return location if parts.netloc else urljoin(old, location)


def _url_login(url: str) -> tuple[str, str] | None:
    """The user and password that stand in a URL."""
    parts = urlsplit(url)
    if parts.username is None or parts.password is None:
        return None
    login = unquote(parts.username), unquote(parts.password)
    return login if any(login) else None


def _wire_url(url: str) -> URL:
    """The URL for aiohttp: quoted to the last character, and without a login, which is sent as a header."""
    parts = urlsplit(url)
    wired = parts._replace(
        netloc=parts.netloc.rpartition("@")[2],
        path=_quoted(parts.path, _IN_PATH),
        query=_quoted(parts.query, _IN_QUERY),
    )
    return URL(wired.geturl(), encoded=True)
