"""urllib.request.urlopen before and after, against a real server: what it received, and what the caller got."""

from __future__ import annotations

import asyncio
import inspect
import os
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from support import imported, migrated
from support_server import CERTIFICATE, Server

HEAD = """
import io
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from urllib.request import Request, urlopen


def run(base, certificate):
    url = base + "/echo"
"""
FORMS = {
    "read": "return urlopen(url).read()",
    "status and headers": "r = urlopen(base + '/json'); return r.status, r.code, r.getcode(), r.reason, r.msg, "
    "r.headers['Content-Type'], r.getheader('content-type'), r.headers.get_content_charset(), r.geturl() == r.url, "
    "type(r.info()).__name__",
    "repeated headers": "r = urlopen(base + '/duphdr'); return r.headers.get_all('Warning'), r.getheader('Warning')",
    "with and json": "with urlopen(base + '/json') as r:\n        return json.load(r)",
    "lines": "with urlopen(base + '/lines') as r:\n        return [line for line in r]",
    "pieces": "r = urlopen(base + '/binary'); return r.read(3), r.read(5), r.readline(), len(r.read()), r.read()",
    "wrapped": "return io.TextIOWrapper(urlopen(base + '/text-utf8'), 'utf-8').read()",
    "compressed": "return urlopen(Request(base + '/gzip', headers={'Accept-Encoding': 'gzip'})).read()[:2]",
    "a request": "return urlopen(Request(url, headers={'X-Own': '1', 'user-agent': 'mine', 'Accept': 'a/b'})).status",
    "a form": "return urlopen(url, urllib.parse.urlencode({'a': 'b c', 'd': 'é'}).encode()).read()",
    "json": "return urlopen(Request(url, json.dumps({'a': 1}).encode(), {'Content-Type': 'application/json'})).status",
    "put": "return urlopen(Request(url, data=b'x', method='PUT')).status",
    "delete": "return urlopen(Request(url, method='DELETE')).status",
    "head": "return urlopen(Request(url, method='HEAD')).read()",
    "a post without a body": "return urlopen(Request(url, data=b'')).status",
    "an iterable": "return urlopen(Request(url, data=iter([b'ab', b'c']), headers={'Content-Length': '3'})).read()",
    "a text as body": "return urlopen(url, 'text')",
    "quoted": "return urlopen(base + '/echo/a%2Fb%20c?q=%2f+x&y=a/b:c').read()",
    "a fragment": "return urlopen(url + '?a=1#part').url.rpartition('/')[2]",
    "a blank": "return urlopen(base + '/a b')",
    "letters": "return urlopen(base + '/é')",
    "not found": "return urlopen(base + '/status/404')",
    "an error that is read": "try:\n        urlopen(base + '/status/500')\n    except urllib.error.HTTPError as e:\n"
    "        return e.code, e.reason, e.read(), e.headers['Content-Length'], str(e), e.url == base + '/status/500'",
    "redirected": "r = urlopen(base + '/redir/302?to=/json'); return r.url.replace(base, ''), r.read()",
    "redirected permanently": "return urlopen(base + '/redir/308?to=/json').read()",
    "a redirected post": "return urlopen(Request(base + '/redir/303?to=/echo', b'a=1', {'X-Own': '1'})).read()",
    "a post that may not be redirected": "return urlopen(base + '/redir/307?to=/echo', b'a=1')",
    "redirected in a circle": "u = base + '/redir/302?to='\n    return urlopen(u + urllib.parse.quote('/loop'))",
    "redirected to a file": "return urlopen(base + '/redir/302?to=file:///etc/hostname')",
    "a lost connection": "return urlopen(base + '/drop')",
    "a cut body": "return urlopen(base + '/cut').read()",
    "no server": "return urlopen('http://127.0.0.1:9/')",
    "no scheme": "return urlopen('example.com/x')",
    "no host": "return urlopen('http:///x')",
    "another scheme": "return urlopen('data:text/plain,abc').read()",
    "too slow": "return urlopen(base + '/slow?d=2', timeout=0.2)",
    "caught as URLError": "try:\n        urlopen('http://127.0.0.1:9/')\n    except urllib.error.URLError as e:\n"
    "        return type(e.reason).__name__",
    "an own opener": "urllib.request.install_opener(urllib.request.build_opener())\n    try:\n"
    "        return urlopen(url).read()\n    finally:\n        urllib.request.install_opener(None)",
    "a file of certificates": "return urlopen(url, cafile=None, capath=None, cadefault=False).read()",
    "several": "return [urllib.request.urlopen(base + path).status for path in ('/json', '/echo')]",
}

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    taken = {name: os.environ.pop(name) for name in list(os.environ) if name.lower().endswith("_proxy")}
    with Server() as running:
        yield running
    os.environ.update(taken)


def outcome(text: str, helpers: tuple[str, ...], server: Server) -> Any:
    server.take()
    with imported(text, helpers) as module:
        try:
            result = module.run(base=server.url, certificate=str(CERTIFICATE))
            value = repr(asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result)
        except Exception as error:
            value = f"{[kind.__name__ for kind in type(error).__mro__]} {_reason(error)}"
    received = [(r.method, r.target, sorted((k.lower(), v) for k, v in r.headers), r.body) for r in server.take()]
    return value, received


async def _awaited(result: Any) -> Any:
    return await result


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return type(reason).__name__ if isinstance(reason, Exception) else str(reason)


@pytest.mark.parametrize("name", FORMS)
def test_the_same_is_sent_and_comes_back(name: str, server: Server) -> None:
    text = HEAD.lstrip("\n") + "    " + FORMS[name] + "\n"
    migration, after = migrated(text)
    assert migration.plan.support is not None
    assert "await _aio.urlopen(" in after

    assert outcome(text, (), server) == outcome(after, migration.plan.support.names, server)


def test_a_context_is_used(server: Server) -> None:
    text = HEAD.lstrip("\n") + (
        "    seen = []\n"
        "    for context in (None, ssl.create_default_context(cafile=certificate)):\n        try:\n"
        "            seen.append(urlopen(base + '/json', context=context).status)\n"
        "        except urllib.error.URLError as error:\n            seen.append(type(error.reason).__name__)\n"
        "    return seen\n"
    )
    migration, after = migrated(text)
    assert migration.plan.support is not None

    with Server(tls=True) as tls:
        outcomes = outcome(text, (), tls), outcome(after, migration.plan.support.names, tls)

    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == repr([ssl.SSLCertVerificationError.__name__, 200])
