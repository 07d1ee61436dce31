"""The idiomatic style: the new library's own calls, with a warning for each value that is not known to be plain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from asyncify.api import Migration
from asyncify.plan.concurrency.setting import Which
from asyncify.rule import Style
from asyncify.rule_examples import migrate_text, result_text
from support import SHIPPED, run_text
from support_server import Server

ANYWHERE = "Direct calls of aiohttp share a session"
KNOWN = """
import requests

SERVER = "BASE"
JSON = {"name": "Ann", "tags": ["a", "b"], "age": 7}


def load(session_token):
    r = requests.get(f"{SERVER}/echo", params={"page": 2, "q": "abc"}, headers={"X-Own": "1"})
    r.raise_for_status()
    return r.status_code, r.ok, r.content


def add():
    return requests.post(SERVER + "/echo", json={"name": "Ann"}).content


def run():
    return load("t"), add()
"""
UNKNOWN = """
import requests


def load(url, query, head):
    with requests.get(url, params=query, headers=head) as r:
        return r.text, r.headers["Content-Type"]


def change(url, text):
    return requests.put(url, data=text).json()


def run(base):
    return load(base + "/json", {"a": "1"}, {"X-Own": "1"}), change(base + "/json", {"a": "b"})
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def idiomatic(text: str) -> tuple[Migration, str]:
    migration = migrate_text(text, SHIPPED, Which.OFF, Style.IDIOMATIC)
    assert migration.faults == ()
    return migration, result_text(migration, text)


def told(migration: Migration) -> list[tuple[int, str]]:
    return sorted(
        (w.place.line, w.text)
        for w in migration.plan.warnings
        if w.rule == "requests-verb" and "User-Agent" not in w.text
    )


def traffic(server: Server) -> list[tuple[object, ...]]:
    library = {"user-agent", "accept-encoding", "connection"}
    return [
        (
            each.method,
            each.target,
            sorted((k.lower(), v) for k, v in each.headers if k.lower() not in library),
            each.body,
        )
        for each in server.take()
    ]


@pytest.mark.parametrize("text", [KNOWN, UNKNOWN])
def test_direct_calls_send_and_give_the_same(server: Server, text: str) -> None:
    text = text.lstrip("\n").replace("BASE", server.url)
    given = {"base": server.url} if "def run(base)" in text else {}
    migration, after = idiomatic(text)
    assert migration.plan.support is not None
    server.take()

    old = run_text(text, **given)
    sent = traffic(server)
    new = run_text(after, migration.plan.support.names, **given)

    assert "_aio.session()." in after
    assert (old.value, old.error, sent) == (new.value, new.error, traffic(server))


def test_plain_values_are_no_reason_for_a_warning(server: Server) -> None:
    migration, _ = idiomatic(
        KNOWN.lstrip("\n").replace("{base}", "https://example.com").replace("{{", "{").replace("}}", "}")
    )

    assert [(line, text[: len(ANYWHERE)]) for line, text in told(migration)] == [
        (8, ANYWHERE),
        (8, "The error has the text of aiohttp and no `response`."[: len(ANYWHERE)]),
        (8, "Without a time-out requests waits for ever"[: len(ANYWHERE)]),
        (14, "aiohttp quotes an address in its own way"[: len(ANYWHERE)]),
    ]


def test_each_place_says_what_its_values_might_change() -> None:
    migration, after = idiomatic(UNKNOWN.lstrip("\n"))

    words = [(line, text.split()[0]) for line, text in told(migration)]
    assert words == [
        (5, "A"),  # headers that come several times
        (5, "A"),  # text without a charset
        (5, "Direct"),
        (5, "Unlike"),  # headers
        (5, "Unlike"),  # parameters
        (5, "Without"),  # a time-out
        (5, "aiohttp"),  # the address
        (10, "After"),  # a redirected PUT
        (10, "An"),  # an empty body as JSON
        (10, "aiohttp"),  # the address
        (10, "aiohttp"),  # the form
    ]
    assert "async with _aio.session().put(url, data=text) as response:" in after


@pytest.mark.parametrize(
    "call",
    [
        "get(url, auth=('u', 'p'))",
        "get(url, verify=False)",
        "get(url, **more)",
        "post(url, more)",
        "get(url, cookies=more)",
    ],
)
def test_what_has_no_direct_form_keeps_its_helper(call: str) -> None:
    _, after = idiomatic(f"import requests\n\n\ndef load(url, more):\n    return requests.{call}.text\n")

    assert f"async with _aio.{call} as response:" in after
    assert "await _aio.text_of(response)" in after


def test_handlers_that_read_the_response_of_an_error_keep_the_helper_that_gives_it_one() -> None:
    _, after = idiomatic(
        "import requests\n\n\ndef load(url):\n    try:\n        r = requests.get(url)\n        r.raise_for_status()\n"
        "        return r.text\n    except requests.HTTPError as e:\n        return e.response.text\n\n\n"
        "def other(url):\n    return requests.get(url).text\n"
    )

    assert "async with _aio.get(url) as r:" in after
    assert "async with _aio.session().get(url) as response:" in after


def test_the_support_module_of_direct_calls_is_short() -> None:
    from asyncify.support.assemble import assemble

    migration, after = idiomatic(
        "import requests\n\n\ndef load(url):\n    return requests.get(url, timeout=5).json()\n"
    )
    assert migration.plan.support is not None
    assert "timeout=_aio.timeout(5)" in after

    text = assemble(frozenset(migration.plan.support.names))

    assert len(text.splitlines()) < 60
