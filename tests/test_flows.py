"""Objects are followed through variables, containers, attributes, calls and classes: the ways are in flows.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from test_colour import colours, names

WAYS = tomllib.loads(Path(__file__).with_name("flows.toml").read_text("utf-8"))["way"]
HEAD = """
import net


class T:
    def run(self):
        return net.get("u")

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        pass


"""


@pytest.mark.parametrize("code", [way["code"] for way in WAYS], ids=[way["name"] for way in WAYS])
def test_an_object_is_followed(code: str) -> None:
    assert names(colours(HEAD + code)) & {"f", "A.f", "B.f", "S.f"}


def test_nothing_waits_where_the_object_does_not() -> None:
    plain = HEAD.replace('net.get("u")', "None")
    own = [way for way in WAYS if "net" not in way["code"]]

    assert len(own) > 40
    assert [way["name"] for way in own if names(colours(plain + way["code"]))] == []
