"""What would differ without an error if calls of requests were translated word by word: each against a real server.

For each form the translation by hand does differ, so that none of these tests is empty; what asyncify writes does not.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from http_parity import Servers, _run, judge
from parity import Form

from asyncify.support.timeouts import TIMEOUTS
from support import imported, migrated

PLAIN = """
import os

import aiohttp


async def run(base, other):
    url = base + "/echo"
    async with aiohttp.ClientSession() as session:
BODY
"""
SYNC = """
import os

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry


def run(base, other):
    url = base + "/echo"
BODY
"""
# name -> what is written for requests, and the same word by word for aiohttp
SILENT = {
    "a redirected PUT": (
        "r = requests.put(base + '/redir/302?to=/echo', data=b'x')\nreturn r.status_code",
        "async with session.put(base + '/redir/302?to=/echo', data=b'x') as r:\n    return r.status",
    ),
    "a redirected PATCH": (
        "r = requests.patch(base + '/redir/302?to=/echo', data=b'x')\nreturn r.status_code",
        "async with session.patch(base + '/redir/302?to=/echo', data=b'x') as r:\n    return r.status",
    ),
    "a redirected DELETE": (
        "r = requests.delete(base + '/redir/302?to=/echo')\nreturn r.status_code",
        "async with session.delete(base + '/redir/302?to=/echo') as r:\n    return r.status",
    ),
    "the truth of a response": (
        "r = requests.get(base + '/status/404')\nreturn 'found' if r else 'missing'",
        "async with session.get(base + '/status/404') as r:\n    return 'found' if r else 'missing'",
    ),
    "an empty body as JSON": (
        "try:\n    return requests.get(base + '/json-empty').json()\nexcept ValueError:\n    return 'no JSON'",
        "try:\n    async with session.get(base + '/json-empty') as r:\n        return await r.json()\n"
        "except ValueError:\n    return 'no JSON'",
    ),
    "None in a form": (
        "return requests.post(url, data={'a': None, 'b': '1'}).status_code",
        "async with session.post(url, data={'a': 'None', 'b': '1'}) as r:\n    return r.status",
    ),
    "parameters that are quoted already": (
        "return requests.get(url, params='q=a%2Fb').status_code",
        "async with session.get(url, params='q=a%2Fb') as r:\n    return r.status",
    ),
    "an address that is quoted already": (
        "return requests.get(url + '?q=a%2Fb').status_code",
        "async with session.get(url + '?q=a%2Fb') as r:\n    return r.status",
    ),
    "the type of a bare POST": (
        "return requests.post(url).status_code",
        "async with session.post(url) as r:\n    return r.status",
    ),
    "the type of a text": (
        "return requests.post(url, data='text').status_code",
        "async with session.post(url, data='text') as r:\n    return r.status",
    ),
    "the order of handlers": (
        "try:\n    return requests.get(base + '/slow?d=3', timeout=0.2).text\n"
        "except requests.ConnectionError:\n    return 'no connection'\nexcept requests.Timeout:\n    return 'too slow'",
        "limit = aiohttp.ClientTimeout(sock_connect=0.2, sock_read=0.2)\ntry:\n"
        "    async with session.get(base + '/slow?d=3', timeout=limit) as r:\n        return await r.text()\n"
        "except aiohttp.ClientConnectionError:\n    return 'no connection'\n"
        "except TimeoutError:\n    return 'too slow'",
    ),
    "cookies between calls": (
        "requests.get(base + '/setcookie?c=sid=abc')\nreturn requests.get(url).status_code",
        "async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:\n"
        "    async with session.get(base + '/setcookie?c=sid=abc'):\n        pass\n"
        "    async with session.get(url) as r:\n        return r.status",
    ),
    "a proxy from the environment": (
        "os.environ['http_proxy'] = other\ntry:\n    return requests.get('http://example.test/x').text\nfinally:\n"
        "    del os.environ['http_proxy']",
        "os.environ['http_proxy'] = other\ntry:\n    async with session.get('http://example.test/x') as r:\n"
        "        return await r.text()\nexcept aiohttp.ClientError:\n    return 'no proxy'\nfinally:\n"
        "    del os.environ['http_proxy']",
    ),
    "an adapter that retries": (
        "with requests.Session() as s:\n"
        "    s.mount('http://', HTTPAdapter(max_retries=Retry(total=3, status_forcelist=[503])))\n"
        "    return s.get(base + '/flaky?id=silent-IN&fail=2').status_code",
        "async with session.get(base + '/flaky?id=silent-IN&fail=2') as r:\n    return r.status",
    ),
    "text without a charset": (
        "return requests.get(base + '/text-none-latin1').text",
        "async with session.get(base + '/text-none-latin1') as r:\n    return await r.text(errors='replace')",
    ),
}


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


def filled(frame: str, body: str, depth: int, name: str) -> str:
    lines = [f"{' ' * depth}{line}" for line in body.replace("IN", name).splitlines()]
    return frame.lstrip("\n").replace("BODY", "\n".join(lines))


@pytest.mark.parametrize("name", SILENT)
def test_a_silent_difference_is_none(name: str, servers: Servers) -> None:
    sync = filled(SYNC, SILENT[name][0], 4, "new")

    verdict = judge(Form("silent", name, sync), servers)

    assert verdict.word == "equal", f"{verdict.trouble}\n{verdict.after}"


@pytest.mark.parametrize("name", SILENT)
def test_word_by_word_it_would_differ(name: str, servers: Servers) -> None:
    sync, plain = SILENT[name]

    old = _run(compile(filled(SYNC, sync, 4, "old"), name, "exec"), None, servers)
    new = _run(compile(filled(PLAIN, plain, 8, "word"), name, "exec"), None, servers)

    assert old.error is None, old.error
    assert bodies(old.traces) != bodies(new.traces) or old.outcome != new.outcome


def bodies(traces: tuple[object, ...]) -> list[object]:
    """What was sent, without the headers in which the libraries differ always."""
    always = {"accept-encoding", "connection", "user-agent", "accept", "host"}
    found: list[object] = []
    for _, method, target, *more in traces:  # type: ignore[misc]
        headers = [header for header in more[0] if header[0] not in always] if more else []
        found.append((method, target.replace("old", "").replace("word", ""), headers, more[1:]))
    return found


def test_no_call_ends_while_its_answer_keeps_coming() -> None:
    """aiohttp gives up 300 seconds after the call, requests never; what is limited here is each single wait."""
    migration, text = migrated("import requests\n\n\ndef load(url):\n    return requests.get(url).text\n")
    assert migration.plan.support is not None

    with imported(text, migration.plan.support.names):
        limit = sys.modules["_aio"]._timeout(None)

    assert (limit.total, limit.connect) == (None, None)
    assert limit.sock_read == TIMEOUTS["http"]
    assert any("300 seconds without an answer" in warned.text for warned in migration.plan.warnings)
