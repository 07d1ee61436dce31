"""Functions that are made, read and stepped in ways that no call shows; and locks that are held over a wait."""

from __future__ import annotations

import pytest

from asyncify.colour import colour
from asyncify.index import Summary, summarise
from asyncify.infer import infer
from asyncify.project import Source
from support import SHIPPED
from test_colour import colours, names


def wanted(source: str) -> set[str]:
    """What would like to be async in a file, with the packs that ship."""
    summary = summarise(Source("app.py", source.encode(), "utf-8", source))
    assert isinstance(summary, Summary)
    return names(colour(infer([summary], SHIPPED), SHIPPED, barriers=False))


METHOD_MAKER = """
import net
class Method:
    def __init__(self, path): self.path = path
    def __get__(self, api, kind=None):
        return api.caller(self)
class Api:
    status = Method("status")
    def caller(self, method):
        def call():
            return net.get(method.path)
        return call
    def plain(self):
        return 1
def f(api: Api):
    return api.status()
def g(api: Api):
    return api.plain()
"""
CURRIED = """
import net
from toolz import curry
@curry
def fetch(session, path, timeout):
    return session.get(path)
class Api:
    def __init__(self):
        self.fetch = fetch(net.Session())
    def f(self, path, timeout):
        return self.fetch(path, timeout)
    def g(self):
        return self.fetch
"""
OWN_PROPERTY = """
import net
class lazy:
    def __init__(self, function): self.function = function
    def __get__(self, thing, kind=None): return self.function(thing)
class Api:
    @lazy
    def session(self): return net.Session()
    @lazy
    def size(self): return {}
    def f(self): return self.session.get("u")
    def g(self): return self.size.get("u")
"""
OWN_BINDING = """
import functools, net
class either:
    def __init__(self, function): self.function = function
    def __get__(self, thing, kind=None): return functools.partial(self.function, thing or kind)
class Api:
    @either
    def fetch(self): return net.get("u")
def f(api: Api):
    return api.fetch()
"""
STEPPED = """
import net
def pages():
    while True:
        yield net.get("u")
class Pages:
    def __init__(self): self.pages = pages()
    def f(self): return self.pages.send(None)
class Letters:
    def __init__(self): self.pages = []
    def g(self): return self.pages.send(None)
"""


@pytest.mark.parametrize(
    ("source", "wanted", "others"),
    [
        (METHOD_MAKER, {"f", "Api.caller.<locals>.call"}, {"g", "Api.plain", "Api.caller"}),
        (CURRIED, {"fetch", "Api.f"}, {"Api.g"}),
        (OWN_PROPERTY, {"Api.f"}, {"Api.g", "Api.session", "Api.size"}),
        (OWN_BINDING, {"f", "Api.fetch"}, set()),
        (STEPPED, {"pages", "Pages.f"}, {"Letters.g"}),
    ],
    ids=["method-maker", "curried", "own-property", "own-binding", "stepped"],
)
def test_wants_to_be_async(source: str, wanted: set[str], others: set[str]) -> None:
    found = names(colours(source, barriers=False))

    assert wanted <= found
    assert not others & found


LOCKED = """
import threading, requests
class Held:
    def __init__(self):
        self._lock = threading.Lock()
        self._brief = threading.Lock()
    def fill(self):
        with self._lock:
            self.data = requests.get("u")
    def read(self):
        with self._lock:
            return self.data
    def count(self):
        with self._brief:
            return 1
    def fill_and_count(self):
        with self._brief:
            n = 1
        return requests.get("u")
class Other:
    def __init__(self): self._lock = threading.Lock()
    def read(self):
        with self._lock:
            return 1
def f(h: Held): return h.read()
def g(h: Held, o: Other): return h.count(), o.read()
"""


def test_a_lock_that_is_held_over_a_wait_takes_along_all_that_hold_it() -> None:
    found = wanted(LOCKED)

    assert {"Held.fill", "Held.read", "Held.fill_and_count", "f"} == found


def test_a_lock_says_nothing_of_what_turns_async_today() -> None:
    assert "Held.read" not in names(colours(LOCKED))


def test_a_lock_round_a_property_alone_is_not_held_over_a_wait() -> None:
    source = """
import threading, requests
class C:
    def __init__(self): self._lock = threading.Lock()
    @property
    def name(self): return requests.get("u")
    def save(self):
        with self._lock:
            return self.name
    def load(self):
        with self._lock:
            return 1
"""

    assert {"C.name", "C.save"} == wanted(source)


SEQUENCE = """
import requests
class Pages:
    def __init__(self, url): self.url, self.items = url, None
    def load(self):
        if self.items is None: self.items = requests.get(self.url).json()
        return self.items
    def __len__(self): return len(self.load())
    def __getitem__(self, index): return self.load()[index]
class Lines:
    def __init__(self, items): self.items = items
    def __len__(self): return len(self.items)
    def __getitem__(self, index): return self.items[index]
def pages(url): return Pages(url)
def lines(items): return Lines(items)
"""


def test_what_no_len_can_await_is_wanted_where_the_object_is_made() -> None:
    assert {"Pages.load", "pages"} == wanted(SEQUENCE)


@pytest.mark.parametrize(
    "source",
    [
        "import dns.resolver\ndef f(name): return dns.resolver.resolve(name, 'A')\n",
        "from dns import resolver\ndef f(name): return resolver.Resolver().resolve(name)\n",
        "import niquests\ndef f(url):\n    with niquests.Session() as s:\n        return s.get(url)\n",
        "from requests_oauthlib import OAuth2Session\ndef f(url): return OAuth2Session('id').get(url)\n",
        "import cloudscraper\ndef f(url): return cloudscraper.create_scraper().get(url)\n",
        "from curl_cffi import requests\ndef f(url): return requests.get(url)\n",
        "import pyodbc\ndef f(): return pyodbc.connect('x').cursor().execute('select 1')\n",
        "import pika\ndef f(p):\n    pika.BlockingConnection(p).channel().basic_publish('', 'q', b'')\n",
        "import zmq\ndef f(): return zmq.Context.instance().socket(zmq.REQ).recv()\n",
        "import telnetlib\ndef f(host): return telnetlib.Telnet(host).read_all()\n",
        "import http.server\ndef f(h): http.server.HTTPServer(('', 0), h).serve_forever()\n",
        "from pymodbus.client import ModbusTcpClient\ndef f(): return ModbusTcpClient('h').read_coils(1)\n",
        "import requests\nclass C:\n    s = None\n    def __init__(self): self.__class__.s = requests.Session()\n"
        "def f(): return C().s.get('u')\n",
    ],
)
def test_waits_of_libraries_that_are_only_detected(source: str) -> None:
    assert "f" in wanted(source)


@pytest.mark.parametrize(
    "source",
    [
        "class resolver:\n    def resolve(name): return name\ndef f(name): return resolver.resolve(name)\n",
        "import zmq\ndef f(): return zmq.Context.instance().socket(zmq.REQ).setsockopt(1, 2)\n",
        "import collections\nPair = collections.namedtuple('Pair', 'get put')\ndef f(): return Pair(len, len).get(1)\n",
    ],
)
def test_namesakes_of_these_stay_sync(source: str) -> None:
    assert "f" not in wanted(source)


RECORD = """
import collections, requests
Job = collections.namedtuple("Job", "session url")
def f(url):
    job = Job(requests.Session(), url)
    return job.session.get(job.url)
"""
MADE_CLASS = """
import requests
class Base:
    def name(self): return "x"
def call(self): return requests.get("u")
def make(): return type("Client", (Base,), {"anything": call})
def f(): return make()().anything()
def g(): return make()().name()
"""


def test_records_and_classes_made_at_run_time_are_followed() -> None:
    assert "f" in wanted(RECORD)
    assert {"call", "f"} == wanted(MADE_CLASS)


RUN_BY_BUILTINS = {
    "iter(load, None)": "def f():\n    return list(iter(load, None))\n",
    "map(load, ids)": "def f(ids):\n    return list(map(load, ids))\n",
    "a method": (
        "class A:\n    def one(self):\n        return load()\n"
        "    def f(self):\n        return list(iter(self.one, None))\n"
    ),
}


@pytest.mark.parametrize("source", RUN_BY_BUILTINS.values(), ids=list(RUN_BY_BUILTINS))
def test_what_a_builtin_runs_is_wanted_where_the_builtin_is_called(source: str) -> None:
    code = f"import requests\ndef load(*ids):\n    return requests.get('u')\n{source}"

    assert {"f", "A.f"} & wanted(code)


AZURE = """
from azure.core import PipelineClient
from azure.core.pipeline.policies import HTTPPolicy
class Policy(HTTPPolicy):
    def send(self, request):
        return self.next.send(request)
class Queues:
    def __init__(self, url):
        self._client: PipelineClient = PipelineClient(base_url=url)
    def delete(self, request):
        return self._client._pipeline.run(request)
    def name(self):
        return self._client.format_url("x")
"""


def test_clients_on_azure_core_wait_where_their_pipeline_runs() -> None:
    assert wanted(AZURE) == {"Policy.send", "Queues.delete"}


def test_what_only_computes_is_not_wanted() -> None:
    assert wanted("import zlib\ndef f(data):\n    return zlib.compress(data)\n") == set()
