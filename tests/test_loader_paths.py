"""What packs say of the libraries at hand: paths exist, aliases lead to the same thing, classes are entered or not."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from asyncify.catalogue import Catalogue
from asyncify.loader import load_catalogue
from asyncify.rule import Pack

CATALOGUE = load_catalogue()
AT_HAND = [
    "concurrent",
    "fastapi",
    "ftplib",
    "http_client",
    "httpx",
    "imaplib",
    "multiprocessing",
    "poplib",
    "queue",
    "smtplib",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "urllib3",
    "urllib_request",
    "xmlrpc",
]
# Stand for something without an importable name, or were removed from newer versions of Python.
STAND_INS = (
    "httpx.OpenResponse",
    "httpx.Pieces",
    "subprocess.Popen.stdout",
    "socket.SocketIO.read1",
    "ssl.wrap_socket",
)
# A function and the class that it makes are one thing to a user.
SAME_TO_A_USER = frozenset(
    {
        "fastapi.params.Depends",
        "fastapi.params.Security",
        "fastapi.requests",
        "fastapi.testclient",
        "fastapi.websockets",
        "httpx._api",
        "httpx2",
        "multiprocessing.dummy.Pool",
        "multiprocessing.process.BaseProcess",
    }
)
MISSING = object()

PYTHON_2 = frozenset({"urllib2"})  # modules that code imports where the new name is not there


def resolve(path: str) -> object:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = getattr(found, part, MISSING)
        return found
    return MISSING


def paths_of(pack: Pack) -> Iterator[str]:
    for rule in pack.rules:
        yield from (signature.path.removesuffix(".*") for signature in rule.calls)
    for kind in pack.types:
        yield kind.id
        yield from (f"{kind.id}.{member}" for member in kind.not_waiting)


def pack_of(catalogue: Catalogue, name: str) -> Pack:
    return next(pack for pack in catalogue.packs if pack.id == name)


@pytest.mark.parametrize("name", AT_HAND)
def test_the_paths_that_a_pack_speaks_of_exist(name: str) -> None:
    paths = [path for path in paths_of(pack_of(CATALOGUE, name)) if not path.startswith(STAND_INS)]

    assert [path for path in paths if resolve(path) is MISSING] == []


@pytest.mark.parametrize("name", AT_HAND)
def test_an_alias_leads_to_the_same_thing(name: str) -> None:
    aliases = {a: p for a, p in pack_of(CATALOGUE, name).aliases.items() if a not in SAME_TO_A_USER}

    here = {alias: path for alias, path in aliases.items() if alias not in PYTHON_2}
    assert {a: p for a, p in here.items() if resolve(a) is not resolve(p) or resolve(p) is MISSING} == {}


@pytest.mark.parametrize("name", AT_HAND)
def test_types_are_entered_and_inherit_as_the_classes_do(name: str) -> None:
    for kind in pack_of(CATALOGUE, name).types:
        found = resolve(kind.id)
        if not isinstance(found, type):
            continue

        assert hasattr(found, "__enter__") == any(each.enters for each in CATALOGUE.lineage(kind.id)), kind.id
        base = resolve(kind.base) if kind.base else object
        assert not isinstance(base, type) or issubclass(found, base), kind.id
