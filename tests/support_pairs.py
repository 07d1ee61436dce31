"""Runs one piece of code twice, with requests and with the assembled support module, against the same servers.

The code is written in asynchronous form. `X` is the library, and what differs in name beside it stands in NAMES.
For requests the words `async` and `await` are taken out.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import io
import json
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPDigestAuth
from urllib3.util.retry import Retry

from asyncify.support.assemble import assemble, public_names
from support_server import Received, Server

PACK = Path(__file__).parent.parent / "rules" / "requests.toml"
UNEQUAL_BY_NATURE = frozenset({"user-agent", "accept-encoding"})
BOUNDARY = re.compile(rb"[0-9a-f]{32}")


@dataclass(frozen=True)
class Pair:
    """What came of both runs: what the servers received, and the value of `out` or the error."""

    sent: tuple[list[Any], list[Any]]
    outs: tuple[Any, Any]
    errors: tuple[BaseException | None, BaseException | None]


def load_support(folder: Path) -> ModuleType:
    """The whole support module, written to a file and imported from there."""
    path = folder / "_aio.py"
    path.write_text(assemble(public_names()), "utf-8")
    spec = importlib.util.spec_from_file_location("_aio", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["_aio"] = module
    spec.loader.exec_module(module)
    return module


def run_pair(code: str, aio: ModuleType, servers: tuple[Server, Server]) -> Pair:
    """Run the code with both libraries. What it leaves in `out` or, without that, in `r` is compared."""
    old = _run(_synchronous(code), _requests_names(), servers)
    new = _run(code, _support_names(aio), servers)
    return Pair(*zip(old, new, strict=True))


def facts(value: Any) -> Any:
    """All that can be read from a response; other values as they are."""
    if not hasattr(value, "status_code"):
        return value
    return {
        "status": (value.status_code, value.reason, value.ok, bool(value)),
        "url": value.url,
        "headers": {key.lower(): text for key, text in value.headers.items() if key != "Date"},
        "content": value.content,
        "text": value.text,
        "encoding": (value.encoding, (value.apparent_encoding or "").lower()),
        "cookies": value.cookies.get_dict(),
        "history": [(each.status_code, each.url, each.text, len(each.history)) for each in value.history],
        "redirect": (value.is_redirect, value.is_permanent_redirect),
        "links": value.links,
        "request": (value.request.method, value.request.url, _body(value.request.body)),
        "request headers": _headers(value.request.headers.items()),
        "pieces": (list(value.iter_content(7)), list(value.iter_lines()), list(value)),
        "lines": _lines(value),
        "elapsed": value.elapsed.total_seconds() >= 0,
        "repr": repr(value),
    }


def _lines(response: Any) -> list[Any] | str:
    try:
        return list(response.iter_lines(decode_unicode=True))
    except LookupError as error:
        return str(error)


def exception_table() -> dict[str, tuple[str, ...]]:
    """What the rule pack writes for each class of requests in an `except` clause."""
    declared = tomllib.loads(PACK.read_text("utf-8"))["exceptions"]
    return {path.removeprefix("requests."): tuple(entry["catches"]) for path, entry in declared.items()}


def reach(error: BaseException, aio: ModuleType | None = None) -> frozenset[str]:
    """The names of requests' classes whose `except` clause catches the error: before the migration, or after it if
    the support module is given."""
    names = {"aiohttp": aiohttp, "asyncio": asyncio, "json": json, "_aio": aio}
    found = set()
    for name, catches in exception_table().items():
        after = tuple(eval(text.replace("{aio}", "_aio"), names) for text in catches) if aio else ()
        if isinstance(error, after or getattr(requests.exceptions, name)):
            found.add(name)
    return frozenset(found)


def _synchronous(code: str) -> str:
    return re.sub(r"\b(async|await) ", "", code)


def _requests_names() -> dict[str, Any]:
    return {
        "X": requests,
        "Adapter": HTTPAdapter,
        "Retry": Retry,
        "AuthBase": AuthBase,
        "Digest": HTTPDigestAuth,
        "lines": lambda response, *args, **kwargs: response.iter_lines(*args, **kwargs),
        "pieces": lambda response, *args, **kwargs: response.iter_content(*args, **kwargs),
        "text_of": lambda response: response.text,
        "json_of": lambda response, **kwargs: response.json(**kwargs),
        "check": lambda response: response.raise_for_status(),
        "status_of": lambda response: response.status_code,
    }


def _support_names(aio: ModuleType) -> dict[str, Any]:
    return {
        "X": aio,
        "Adapter": aio.Adapter,
        "Retry": aio.Retry,
        "AuthBase": aio.AuthBase,
        "Digest": aiohttp.DigestAuthMiddleware,
        "lines": aio.iter_lines,
        "pieces": aio.iter_content,
        "text_of": aio.text_of,
        "json_of": aio.json_of,
        "check": aio.check,
        "status_of": lambda response: response.status,
    }


def _run(
    code: str, names: dict[str, Any], servers: tuple[Server, Server]
) -> tuple[list[Any], Any, BaseException | None]:
    base, other = servers
    names |= {"base": base.url, "other": other.url, "url": f"{base.url}/echo", "io": io}
    keyword = "async def" if "await " in code or "async " in code else "def"
    exec(
        f"{keyword} main():\n    out = r = None\n{textwrap.indent(code, '    ')}\n    return r if out is None else out",
        names,
    )
    out, error = _outcome(names["main"])
    return [_seen(received) for server in servers for received in server.take()], facts(out), error


def _outcome(main: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    try:
        return (asyncio.run(main()) if inspect.iscoroutinefunction(main) else main()), None
    except Exception as error:
        return None, error


def _seen(received: Received) -> Any:
    return received.method, received.target, _headers(received.headers), _body(received.body)


def _headers(items: Any) -> list[tuple[str, str]]:
    return sorted(_known_headers(items))


def _known_headers(items: Any) -> Iterator[tuple[str, str]]:
    for name, value in items:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if name.lower() not in UNEQUAL_BY_NATURE:
            yield name.lower(), BOUNDARY.sub(b"BOUNDARY", text.encode("latin-1", "replace")).decode("latin-1")


def _body(body: Any) -> Any:
    return (
        BOUNDARY.sub(b"BOUNDARY", bytes(body))
        if isinstance(body, (bytes, bytearray))
        else body
        if isinstance(body, str)
        else None
    )
