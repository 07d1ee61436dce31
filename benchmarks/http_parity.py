"""Runs code written for requests as it is and as migrated, and compares what servers and callers get.

Each form is a small module with a `run`. `--show TEXT` prints the forms whose name has this text, with what becomes
of them; `--wrong` prints only what is wrong, in full.
"""

from __future__ import annotations

import ast
import asyncio
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any

import aiohttp
import requests

HERE = Path(__file__).parent
DATA = HERE / "http_parity"
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

import parity  # noqa: E402
from parity import Form, Library, Seen, Verdict  # noqa: E402

from support_server import CERTIFICATE, Received, Server  # noqa: E402

EACH_CALL_IN = 2  # shapes, taken in turn
POSITIONAL = {"get": ["params"], "post": ["data", "json"], "put": ["data"], "patch": ["data"]}
PREPARED = """
import io
import pickle

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth
from urllib3.util.retry import Retry


def run(base, other):
    url = base + "/echo"
    UNSET
BODY
    return RESULT
"""
OF_RESPONSE = "out if r is None or out is not None else (r.status_code, r.text, r.url)"
# What names the library itself, what the clock says, and what is drawn by lot.
LIBRARY = re.compile(r"python-requests/\S+|python-urllib3/\S+|Python/3\S* aiohttp/\S+|gzip, deflate(, br)?(, zstd)?")
VARYING = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|[0-9a-f]{32}|cnonce=[0-9a-f]+|0x[0-9a-f]+")
# Classes of requests for which aiohttp has only one: a handler for one of them sees the others, too.
FAMILIES = (
    ("InvalidURL", "InvalidProxyURL", "MissingSchema"),
    ("ChunkedEncodingError", "ContentDecodingError", "StreamConsumedError", "UnrewindableBodyError"),
)


ENVIRONMENT = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy")
BUILTIN = (OSError, ValueError, RuntimeError, LookupError)
LIBRARY_OF_FORMS = Library("requests", partial(getattr, requests.exceptions), {"aiohttp": aiohttp, "asyncio": asyncio})


class Servers:
    """`with Servers() as servers:`; three real servers, one of them with TLS."""

    def __enter__(self) -> Servers:
        self.taken = {name: os.environ.pop(name) for name in ENVIRONMENT if name in os.environ}
        self.all = [Server().__enter__(), Server().__enter__(), Server(tls=True).__enter__()]
        base, other, tls = (server.url for server in self.all)
        self.given = {"base": base, "other": other, "tls": tls, "certificate": str(CERTIFICATE)}
        return self

    def __exit__(self, *exc_info: Any) -> None:
        for server in self.all:
            server.__exit__(None, None, None)
        os.environ.update(self.taken)

    def take(self) -> tuple[Any, ...]:
        """What came in since the last call, in an order that does not depend on threads."""
        return tuple(sorted((index, *_sent(each)) for index, server in enumerate(self.all) for each in server.take()))


def load_forms() -> list[Form]:
    """All forms, by section."""
    return [form for table in sorted(DATA.glob("[0-9]*.toml")) for form in _forms_of(table)]


def judge(form: Form, servers: Servers) -> Verdict:
    """Migrate one form and run both."""
    return parity.judge(form, partial(_run, servers=servers))


def main() -> int:
    """Print the count of each section; the exit code is 1 if a form is wrong."""
    arguments = parity.parse_arguments(__doc__)
    with Servers() as servers:
        return parity.count_verdicts("http parity", load_forms(), lambda form: judge(form, servers), arguments)


# ---------------------------------------------------------------- forms


def _forms_of(table: Path) -> Iterator[Form]:
    document = tomllib.loads(table.read_text("utf-8"))
    section = document["section"]
    shapes = list(tomllib.loads((DATA / "shapes.toml").read_text("utf-8"))["shape"].items())
    turn = 0
    for call in document.get("calls", "").strip().splitlines():
        for _ in range(EACH_CALL_IN):
            name, shape = shapes[turn % len(shapes)]
            turn += 1
            yield Form(section, f"{name}: {call}", _shaped(shape, call))
    for row in document.get("form", ()):
        text = row.get("code") or _prepared(row["body"].strip("\n"))
        yield Form(section, row["name"], text.lstrip("\n"), row.get("differs", ""))


def _prepared(body: str) -> str:
    """A response that is opened in the body stays there."""
    is_opened = " as r:" in body
    text = PREPARED.replace("UNSET", "out = None" if is_opened else "out = r = None")
    return text.replace("BODY", _indented(body)).replace("RESULT", "out" if is_opened else OF_RESPONSE)


def _shaped(shape: str, call: str) -> str:
    verb = re.match(r"requests\.(\w+)", call)
    assert verb is not None
    text = re.sub(r"SESSION_CALL\[(.*?)\]", lambda found: call.replace("requests.", f"{found[1]}.", 1), shape)
    named = call.replace(f"requests.{verb[1]}", "call_it", 1)
    aliased = call.replace("requests.", "http.", 1)
    text = text.replace("NAMED", named).replace("NAME", verb[1]).replace("ALIASED", aliased)
    text = text.replace("SENT", _through_send(call)).replace("CALL", call).lstrip("\n")
    return f"import io\n{text}" if "io." in call else text


def _through_send(call: str) -> str:
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    verb, arguments = node.func.attr, [ast.unparse(argument) for argument in node.args]
    method = [] if verb == "request" else [repr(verb.upper())]
    url, more = arguments[: 2 - len(method)], arguments[2 - len(method) :]
    named = [f"{name}={value}" for name, value in zip(POSITIONAL.get(verb, ()), more, strict=False)]
    keywords = [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in node.keywords]
    return f"send({', '.join([*method, *url, *named, *keywords])})"


def _indented(body: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in body.splitlines())


# ---------------------------------------------------------------- running


def _run(code: CodeType, helpers: tuple[str, ...] | None, servers: Servers) -> Seen:
    servers.take()
    outcome, error = parity.run_form(code, helpers, servers.given, _described, partial(_error, helpers=helpers))
    return Seen(servers.take(), outcome, error)


def _described(value: Any) -> str:
    return VARYING.sub("#", repr(value))


def _error(error: BaseException, helpers: tuple[str, ...] | None) -> str:
    found = parity.reached_handlers(error, LIBRARY_OF_FORMS, helpers)
    found = {next((family[0] for family in FAMILIES if name in family), name) for name in found}
    oserror = (OSError,) if helpers is None else (OSError, aiohttp.ClientError)  # as such handlers are extended
    found |= {kind.__name__ for kind in BUILTIN if isinstance(error, oserror if kind is OSError else kind)}
    if isinstance(error, aiohttp.TooManyRedirects):
        found.discard("HTTPError")  # it is a ClientResponseError
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        found.discard("ValueError")  # as every ssl.CertificateError
    return f"raises {sorted(found)}"


def _sent(received: Received) -> tuple[Any, ...]:
    if received.method == "CONNECT":  # what is said to the proxy alone
        return received.method, received.target
    headers = sorted((name.lower(), _alike(value)) for name, value in received.headers)
    body = VARYING.sub("#", received.body.decode("latin-1"))
    return received.method, received.target, tuple(headers), body


def _alike(value: str) -> str:
    if value.startswith("Digest "):  # the order of its parts is free
        return " ".join(sorted(VARYING.sub("#", value.replace('"', "")).split(", ")))
    return "#" if LIBRARY.fullmatch(value) else VARYING.sub("#", value)


if __name__ == "__main__":
    sys.exit(main())
