"""Runs code written for requests as it is and as migrated, and compares what servers and callers get.

Each form is a small module with a `run`. `--show TEXT` prints the forms whose name has this text, with what becomes
of them; `--wrong` prints only what is wrong, in full.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import inspect
import re
import sys
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import aiohttp
import requests

HERE = Path(__file__).parent
DATA = HERE / "http_parity"
sys.path.insert(0, str(HERE.parent / "tests"))

from asyncify.loader import load_catalogue  # noqa: E402
from asyncify.plan.step import Ending  # noqa: E402
from asyncify.rule_examples import migrate_text, result_text  # noqa: E402
from asyncify.support.assemble import assemble  # noqa: E402
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
VARYING = re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT|[0-9a-f]{32}|0x[0-9a-f]+")
UNCERTAIN = "The receiver may also be"
# Classes of requests for which aiohttp has only one: a handler for one of them sees the others, too.
FAMILIES = (
    ("InvalidURL", "InvalidProxyURL", "MissingSchema"),
    ("InvalidHeader", "InvalidJSONError"),
    ("ChunkedEncodingError", "ContentDecodingError", "StreamConsumedError", "UnrewindableBodyError"),
)


@dataclass(frozen=True)
class Form:
    """One module to be run both ways. `differs`: words of the warning where a difference is known."""

    section: str
    name: str
    text: str
    differs: str = ""


@dataclass(frozen=True)
class Seen:
    """What one run showed: the requests that came in, and the value or the handlers that the error reaches."""

    sent: tuple[Any, ...]
    outcome: str
    error: BaseException | None = None


@dataclass(frozen=True)
class Verdict:
    """What came out (equal, reported or wrong), with what there is to read about it."""

    word: str
    trouble: str
    after: str


class Servers:
    """`with Servers() as servers:`; three real servers, one of them with TLS."""

    def __enter__(self) -> Servers:
        self.all = [Server().__enter__(), Server().__enter__(), Server(tls=True).__enter__()]
        base, other, tls = (server.url for server in self.all)
        self.given = {"base": base, "other": other, "tls": tls, "certificate": str(CERTIFICATE)}
        return self

    def __exit__(self, *exc_info: Any) -> None:
        for server in self.all:
            server.__exit__(None, None, None)

    def take(self) -> tuple[Any, ...]:
        """What came in since the last call, in an order that does not depend on threads."""
        return tuple(sorted((index, *_sent(each)) for index, server in enumerate(self.all) for each in server.take()))


def load_forms() -> list[Form]:
    """All forms, by section."""
    return [form for table in sorted(DATA.glob("[0-9]*.toml")) for form in _forms_of(table)]


def judge(form: Form, servers: Servers) -> Verdict:
    """Migrate one form and run both."""
    migration = migrate_text(form.text, _catalogue())
    after = result_text(migration, form.text)
    if migration.faults:
        return Verdict("wrong", f"fault: {migration.faults[0]}", "\n".join(each.text for each in migration.rewrites))
    support = migration.plan.support
    old = _run(compile(form.text, form.name, "exec"), None, servers)
    new = _run(compile(after, form.name, "exec"), support.names if support else None, servers)
    refused = [outcome for outcome in migration.plan.outcomes if outcome.ending is Ending.REFUSED]
    texts = [warning.text for warning in migration.plan.warnings] + [outcome.detail for outcome in refused]
    if trouble := _difference(old, new):
        is_told = bool(form.differs) and any(form.differs in text for text in texts)
        return Verdict("reported" if is_told else "wrong", trouble, after)
    if refused:
        return Verdict("reported", "; ".join(f"{each.what}: {each.reason} {each.detail}" for each in refused), after)
    if form.differs:
        return Verdict("wrong", f"said to differ ({form.differs}), but is equal", after)
    return Verdict("equal", "", after)


def main() -> int:
    """Print the count of each section; the exit code is 1 if a form is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", metavar="TEXT", default="", help="only forms whose name has this text, in full")
    parser.add_argument("--wrong", action="store_true", help="print what is wrong in full")
    arguments = parser.parse_args()
    forms = [form for form in load_forms() if arguments.show in f"{form.section} {form.name}"]
    total: Counter[str] = Counter()
    with Servers() as servers:
        for section in dict.fromkeys(form.section for form in forms):
            counts: Counter[str] = Counter()
            for form in forms:
                if form.section == section:
                    verdict = judge(form, servers)
                    counts[verdict.word] += 1
                    _print_form(form, verdict, arguments)
            print(f"{section}: {counts.total()} forms, {_words(counts)}", flush=True)
            total += counts
    print(f"\nhttp parity: {total.total()} forms, {_words(total)}")
    return 1 if total["wrong"] else 0


def _print_form(form: Form, verdict: Verdict, arguments: argparse.Namespace) -> None:
    if arguments.show or (arguments.wrong and verdict.word == "wrong"):
        print(f"\n=== {verdict.word}: {form.section}: {form.name}\n{form.text}\n--- after\n{verdict.after}")
    if verdict.word == "wrong" or arguments.show:
        print(f"{verdict.word}: {form.section}: {form.name}: {verdict.trouble}")


def _words(counts: Counter[str]) -> str:
    return f"{counts['equal']} equal, {counts['reported']} reported, {counts['wrong']} wrong"


@cache
def _catalogue() -> Any:
    return load_catalogue()


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
    module = ModuleType("form")
    sys.modules["form"] = module
    if helpers:
        sys.modules["_aio"] = _support(helpers)
    error: BaseException | None = None
    value = None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            exec(code, module.__dict__)
            value = _finished(module.run, servers.given)
        except Exception as raised:
            error = raised
    lost = [str(warning.message) for warning in warned if issubclass(warning.category, RuntimeWarning)]
    handlers = sorted(_reach(error, sys.modules["_aio"] if helpers else None)) if error else []
    outcome = f"raises {handlers}" if error else VARYING.sub("#", repr(value))
    if lost:
        outcome += f" {lost}"
    return Seen(servers.take(), outcome, error)


@cache
def _support(helpers: tuple[str, ...]) -> ModuleType:
    module = ModuleType("_aio")
    sys.modules["_aio"] = module
    exec(compile(assemble(frozenset(helpers)), "_aio.py", "exec"), module.__dict__)
    return module


def _finished(run: Callable[..., Any], given: dict[str, str]) -> Any:
    result = run(**{name: given[name] for name in inspect.signature(run).parameters})
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Any) -> Any:
    return await result


def _sent(received: Received) -> tuple[Any, ...]:
    headers = sorted((name.lower(), _alike(value)) for name, value in received.headers)
    body = VARYING.sub("#", received.body.decode("latin-1"))
    return received.method, received.target, tuple(headers), body


def _alike(value: str) -> str:
    return "#" if LIBRARY.fullmatch(value) else VARYING.sub("#", value)


def _difference(old: Seen, new: Seen) -> str:
    if old.sent != new.sent:
        return f"sent {_only(old.sent, new.sent)} / {_only(new.sent, old.sent)}"
    if old.outcome != new.outcome:
        return f"got {old.outcome[:600]} {old.error!r} / {new.outcome[:600]} {new.error!r}"
    return ""


def _only(these: tuple[Any, ...], those: tuple[Any, ...]) -> str:
    return str([each for each in these if each not in those])[:600]


# ---------------------------------------------------------------- exceptions


def _reach(error: BaseException, aio: ModuleType | None) -> set[str]:
    """The handlers that see the error: classes of requests (before the migration, or as the table maps them if the
    support module is given), and ValueError or TypeError where there is none."""
    table = {name.removeprefix("requests."): rule for name, rule in _exceptions().items()}
    found = set()
    for name, rule in table.items():
        catches = _classes(rule.catches, aio) if aio else (getattr(requests.exceptions, name),)
        if isinstance(error, catches):
            found.add(next((family[0] for family in FAMILIES if name in family), name))
    if isinstance(error, aiohttp.TooManyRedirects):
        found.discard("HTTPError")  # it is a ClientResponseError
    return found or {_plain(error)}


def _plain(error: BaseException) -> str:
    return next((kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"), "")


def _classes(texts: tuple[str, ...], aio: ModuleType) -> tuple[type[BaseException], ...]:
    names = {"aiohttp": aiohttp, "asyncio": asyncio}
    found = []
    for text in texts:
        owner, _, name = text.rpartition(".")
        kind = getattr(aio if owner == "{aio}" else names[owner], name, None)
        found += [kind] if kind is not None else []
    return tuple(found)


@cache
def _exceptions() -> dict[str, Any]:
    return {rule.path: rule for pack in _catalogue().packs if pack.id == "requests" for rule in pack.exceptions}


if __name__ == "__main__":
    sys.exit(main())
