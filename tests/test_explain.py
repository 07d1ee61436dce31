"""`asyncify explain` and the functions of `plan --format json`: chains, what holds back, what may wait."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from asyncify.api import Analysis, analyse
from asyncify.config import load_config
from asyncify.report.data import plan_as_json
from asyncify.report.explanation import explain_function, near_functions

CODE = """
import socket
import requests


class Base:
    def load(self):
        return self.receive()

    def receive(self):
        raise NotImplementedError


class Http(Base):
    def receive(self):
        return requests.get("u")


def key(item):
    return requests.get(item).text


def ordered(items):
    items.sort(key=key)
    return sorted(items, key=key)


def takes_key(item):
    return key(item)


def connect():
    return socket.create_connection(("h", 1))


def greet():
    connect().recv(3)


def guess(thing):
    return thing.receive()


def plain():
    return 1
"""


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("project")
    (folder / "app.py").write_text(CODE, "utf-8")
    return analyse(load_config(folder, cache=False))


def explained(analysis: Analysis, qualname: str) -> str:
    console = Console(width=1000, color_system=None)
    with console.capture() as captured:
        console.print(
            explain_function(f"app.py::{qualname}", analysis.plan.verdicts, analysis.waiting(), analysis.index)
        )
    return captured.get()


EXPLAINED = {
    "Base.load": ["Base.load  app.py:7  [async]", "Http.receive  called at app.py:8:16", "called at app.py:16:16"],
    "Base.receive": ["Http.receive  has the same colour, at app.py:15:5", "requests.get  called at app.py:16:16"],
    "key": ["[stuck]", "callback-outside: "],
    "takes_key": ["takes_key  app.py:28  [waits]", "key  called at app.py:29:12", "callback-outside: "],
    "connect": ["[waits]", "socket.create_connection  called at app.py:33:12", "no-rewrite: "],
    "greet": ["[waits]", "socket.socket.recv  called at app.py:37:5"],
    "guess": ["[sync]", "perhaps Http.receive  called at app.py:41:12", "perhaps: "],
    "plain": ["plain  app.py:44  [sync]", "nothing that it calls is known to wait"],
}  # fmt: skip


@pytest.mark.parametrize(("qualname", "parts"), EXPLAINED.items(), ids=list(EXPLAINED))
def test_a_function_is_explained(analysis: Analysis, qualname: str, parts: list[str]) -> None:
    text = explained(analysis, qualname)

    assert [part for part in parts if part not in text] == [], text


def test_the_plan_lists_what_waits_though_nothing_can_be_awaited_yet(analysis: Analysis) -> None:
    functions = json.loads(plan_as_json(analysis.plan, analysis.index, analysis.waiting()))["functions"]

    assert {function["qualname"]: function["colour"] for function in functions} == {
        "Base.load": "async", "Base.receive": "async", "Http.receive": "async", "key": "stuck",
        "takes_key": "waits", "connect": "waits", "greet": "waits",
    }  # fmt: skip
    assert all(function["because"] for function in functions)
    assert functions == sorted(functions, key=lambda function: function["line"])


NEAR = {
    ("app.py", "takes_kye"): "app.py:takes_key",
    ("app.py", "load"): "app.py:Base.load",
    ("src/app.py", "greet"): "app.py:greet",
    ("elsewhere.py", "Api.load"): "app.py:Base.load",
}


@pytest.mark.parametrize(("meant", "found"), NEAR.items(), ids=[":".join(meant) for meant in NEAR])
def test_a_function_that_is_not_there_has_neighbours(analysis: Analysis, meant: tuple[str, str], found: str) -> None:
    assert near_functions(*meant, analysis.index)[:1] == [found]


def test_nothing_is_near_a_name_like_no_other(analysis: Analysis) -> None:
    assert near_functions(str(Path("app.py")), "zzzzzz", analysis.index) == []
