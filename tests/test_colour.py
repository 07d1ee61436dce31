"""Colouring on small projects: what turns async, what stays and why."""

from __future__ import annotations

import pytest

from asyncify.api import functions_of_tests
from asyncify.catalogue import Catalogue, build_catalogue
from asyncify.colour import colour
from asyncify.colour.colouring import Colour, Colouring
from asyncify.index import ParseFault, Summary, summarise
from asyncify.infer import infer
from asyncify.infer.facts import Index
from asyncify.project import Source
from asyncify.reason import Reason
from asyncify.rule import Accepts, Form, Pack, PackType, Rule, Signature, Slot, SlotKind, Wait
from support import migrated

URL = Slot("url", SlotKind.POSITIONAL_OR_KEYWORD)
FN = Slot("fn", SlotKind.POSITIONAL_OR_KEYWORD)


def rule(id_: str, path: str, *, waits: bool = True, returns: str | None = None, slots: tuple[Slot, ...] = (URL,),
         becomes: str | None = "await {aio}.{name}({*})") -> Rule:  # fmt: skip
    return Rule(id_, "net", (Signature(path, slots),), "why", Wait.NETWORK if waits else None, returns, becomes)


def catalogue() -> Catalogue:
    """A library `net` with a function, a session and a response, and a framework `web` that takes coroutines."""
    return build_catalogue(
        [
            Pack(
                "net", "net.toml", "", ("net", "web"), None, (), (), {"net.api.get": "net.get"},
                (PackType("net.Session", "net", enters="self"), PackType("net.Response", "net", yields=None)),
                (
                    rule("get", "net.get", returns="net.Response"),
                    rule("session-get", "net.Session.get", returns="net.Response"),
                    rule("session-post", "net.Session.post", returns="net.Response"),
                    rule("session", "net.Session", waits=False, returns="net.Session", slots=()),
                    rule("peek", "net.peek", becomes=None),
                    rule("sleep", "time.sleep"),
                ),
                (),
                (Accepts("web.route", None, frozenset({Form.COROUTINE_FUNCTION})),),
            )
        ]
    )  # fmt: skip


def index_of(files: dict[str, str]) -> Index:
    summaries: list[Summary] = []
    for path, text in sorted(files.items()):
        summary = summarise(Source(path, text.encode(), "utf-8", text))
        assert not isinstance(summary, ParseFault), summary
        summaries.append(summary)
    return infer(summaries, catalogue())


def colours(files: dict[str, str] | str, **options: object) -> Colouring:
    files = {"app.py": files} if isinstance(files, str) else files
    return colour(index_of(files), catalogue(), **options)  # type: ignore[arg-type]


def names(colouring: Colouring, wanted: Colour = Colour.ASYNC) -> set[str]:
    return {v.function.partition("::")[2] for v in colouring.verdicts.values() if v.colour is wanted}


STAYS_SYNC = {
    "a get on a dict": """
import net
def f(d: dict):
    return d.get("a")
def g():
    d = {}
    return d.get("a")
""",
    "an execute on a class of the project": """
import net
class Job:
    def get(self, url):
        return url
def f():
    return Job().get("u")
""",
    "a get of another module": """
import other
def f():
    return other.get("u")
""",
    "a shadowed module": """
def f(net):
    return net.get("u")
""",
    "a local of the same name": """
import net
def f():
    net = {}
    return net.get("u")
""",
    "a method that only has the name of a waiting one": """
import net
def f(session):
    return session.get("u")
""",
    "a function that is only named": """
import net
def f():
    return net.get
""",
    "a lambda that nobody calls": """
import net
def f():
    return lambda u: net.get(u)
""",
    "a nested function that nobody calls": """
import net
def f():
    def inner():
        return net.get("u")
    return 1
""",
    "a generator that is made but not run": """
import net
def pages():
    yield net.get("u")
def f():
    return pages()
""",
    "a variable that held a session before": """
import net
def f(thing):
    s = net.Session()
    s = {}
    return s.get("u")
""",
}


@pytest.mark.parametrize("source", STAYS_SYNC.values(), ids=STAYS_SYNC.keys())
def test_stays_sync(source: str) -> None:
    found = colours(source)

    assert found.colour_of("app.py::f") is Colour.SYNC
    assert found.colour_of("app.py::g") is Colour.SYNC


TURNS_ASYNC = {
    "an import under another name": "import net as n\ndef f():\n    return n.get('u')\n",
    "an imported function": "from net import get as fetch\ndef f():\n    return fetch('u')\n",
    "another spelling": "import net.api\ndef f():\n    return net.api.get('u')\n",
    "a caller of a caller": "import net\ndef a():\n    net.get('u')\ndef b():\n    a()\ndef f():\n    b()\n",
    "a session in a local": "import net\ndef f():\n    s = net.Session()\n    return s.get('u')\n",
    "a session in a with": "import net\ndef f():\n    with net.Session() as s:\n        return s.get('u')\n",
    "a session on self": """
import net
class C:
    def __init__(self, session=None):
        self.session = session or net.Session()
    def work(self):
        return self.session.get("u")
def f():
    return C().work()
""",
    "a session handed to a constructor": """
import net
class C:
    def __init__(self, session):
        self.session = session
    def work(self):
        return self.session.get("u")
def make():
    return C(net.Session())
def f():
    return make().work()
""",
    "an annotated parameter": "import net\ndef f(s: 'net.Session | None'):\n    s.get('u')\n",
    "a returned type": "import net\ndef make() -> net.Session: ...\ndef f():\n    make().get('u')\n",
    "a base class": """
import net
class A:
    def fetch(self):
        return net.get("u")
class B(A):
    pass
def f():
    return B().fetch()
""",
    "super": """
import net
class A:
    def fetch(self):
        return net.get("u")
class B(A):
    def fetch(self):
        return super().fetch()
def f(b: B):
    return b.fetch()
""",
    "a mixin that uses what its sibling has": """
import net
class Fetching:
    def fetch(self):
        return net.get("u")
class Working:
    def work(self):
        return self.fetch()
class Client(Working, Fetching):
    pass
def f():
    Client().work()
""",
    "a table of functions": """
import net
def a(): return net.get("u")
TOOLS = {"a": a}
def f(name):
    return TOOLS[name]()
""",
    "a registry that a decorator fills": """
import net
HANDLERS = {}
def register(name):
    def keep(fn):
        HANDLERS[name] = fn
        return fn
    return keep
@register("a")
def a(): return net.get("u")
def f(name):
    return HANDLERS[name]()
""",
    "a partial": """
import functools, net
def a(u, v): return net.get(u)
def f():
    go = functools.partial(a, 1)
    return go(2)
""",
    "a callback that is called": "import net\ndef call(fn):\n    return fn('u')\ndef f():\n    return call(net.get)\n",
    "a lambda that is called": """
import net
def call(fn):
    return fn('u')
def f():
    return call(lambda u: net.get(u))
""",
    "a generator in a for": """
import net
def pages():
    yield net.get("u")
def f():
    for page in pages():
        print(page)
""",
    "a list of a generator": "import net\ndef g():\n    yield net.get('u')\ndef f():\n    return list(g())\n",
    "a context manager of the project": """
import contextlib, net
@contextlib.contextmanager
def opened():
    net.get("u")
    yield
def f():
    with opened():
        pass
""",
    "an object that is entered": """
import net
class C:
    def __enter__(self):
        net.get("u")
        return self
    def __exit__(self, *rest): ...
def f():
    with C():
        pass
""",
    "a tuple that is unpacked": """
import net
def make(): return 1, net.Session()
def f():
    n, s = make()
    s.get("u")
""",
    "a singleton of the module": "import net\nS = net.Session()\ndef f():\n    S.get('u')\n",
    "a computed method of a session": "import net\ndef f(m):\n    return getattr(net.Session(), m)('u')\n",
    "an argument that is unpacked": """
import net
def g(a, s): return s.get("u")
def f(**kw):
    args = {"s": net.Session()}
    return g(1, **args)
""",
    "a name that is used again": """
import net
def f(x):
    r = {}
    r.get(1)
    r = net.Session()
    return r.get("u")
""",
    "a dataclass field": """
import dataclasses, net
@dataclasses.dataclass
class C:
    session: net.Session
    def work(self):
        return self.session.get("u")
def f(c: C):
    c.work()
""",
    "an import that may fail": """
try:
    import net
except ImportError:
    net = None
def f():
    return net.get("u")
""",
    "a walrus": "import net\ndef f():\n    if s := net.Session():\n        s.get('u')\n",
}


@pytest.mark.parametrize("source", TURNS_ASYNC.values(), ids=TURNS_ASYNC.keys())
def test_turns_async(source: str) -> None:
    verdict = colours(source).verdicts.get("app.py::f")

    assert verdict is not None
    assert verdict.colour is Colour.ASYNC
    assert verdict.because[-1].what.startswith("net.")


def test_the_chain_is_the_shortest_and_names_its_places() -> None:
    found = colours("import net\ndef a():\n    net.get('u')\ndef f():\n    a()\n")

    chain = [(link.place.line, link.what) for link in found.verdicts["app.py::f"].because]
    assert chain == [(5, "app.py::a"), (3, "net.get")]


def test_what_a_test_hands_to_a_test_double_is_not_held() -> None:
    code = "import net\ndef load(): return net.get('u')\ndef show(): return load()\n"
    use = "from unittest.mock import Mock\nfrom app import load\ndef test_it():\n    Mock(side_effect=load)()\n"

    assert names(colours({"app.py": code, "tests/test_app.py": use})) >= {"load", "show"}
    assert names(colours({"app.py": code, "other.py": use})) == set()


def test_a_test_double_turns_with_what_it_stands_for() -> None:
    code = "import net\nclass Api:\n    def load(self): return net.get('u')\n"
    use = (
        "from unittest.mock import Mock\nfrom app import Api\nclass Fake(Api):\n    def load(self): return 1\n"
        "def test_it():\n    fake = Fake()\n    Mock(wraps=fake.load)()\n"
    )

    assert names(colours({"app.py": code, "tests/test_app.py": use})) >= {"Api.load", "Fake.load"}
    assert names(colours({"app.py": code, "other.py": use})) == set()


def test_across_files_with_relative_imports_and_re_exports() -> None:
    found = colours(
        {
            "pkg/__init__.py": "from .client import Client\n__all__ = ['Client']\n",
            "pkg/client.py": "from .http import fetch\nclass Client:\n    def work(self):\n        return fetch()\n",
            "pkg/http.py": "import net\ndef fetch():\n    return net.get('u')\n",
            "main.py": "from pkg import Client\ndef f():\n    return Client().work()\n",
            "star.py": "from pkg.http import *\ndef g():\n    return fetch()\n",
        }
    )

    assert {"fetch", "Client.work", "f", "g"} == names(found)


STUCK = {
    "constructor": (
        "class C(dict):\n    def __init__(self):\n        net.get('u')\n", "C.__init__", Reason.CONSTRUCTOR),
    "special method": ("class C:\n    def __len__(self):\n        return net.get('u')\n", "C.__len__", Reason.DUNDER),
    "property": (
        "class C:\n    def _p(self):\n        return net.get('u')\n    p = property(_p)\n", "C._p", Reason.PROPERTY),
    "cache": (
        "import cachetools\n@cachetools.cached({})\ndef f():\n    return net.get('u')\n", "f", Reason.CACHED),
    "sort key": (
        "def key(x):\n    return net.get(x)\ndef f(xs):\n    return sorted(xs, key=key)\n", "key",
        Reason.CALLBACK_OUTSIDE),
    "map": ("def f(x):\n    return net.get(x)\ndef g(xs):\n    return map(f, xs)\n", "f", Reason.CALLBACK_OUTSIDE),
    "thread": (
        "import threading\ndef f():\n    net.get('u')\ndef g():\n    threading.Thread(target=f).start()\n", "f",
        Reason.THREAD),
    "decorator": ("import other\n@other.wrap\ndef f():\n    net.get('u')\n", "f", Reason.DECORATOR_OUTSIDE),
    "base": (
        "import http.server\nclass H(http.server.BaseHTTPRequestHandler):\n    def log_message(self, *a):\n"
        "        net.get('u')\n", "H.log_message", Reason.BASE_OUTSIDE),
    "thread class": (
        "import threading\nclass T(threading.Thread):\n    def run(self):\n        net.get('u')\n",
        "T.run", Reason.THREAD),
    "generator consumer": (
        "import other\ndef f():\n    yield net.get('u')\ndef g():\n    other.take(f())\n", "f",
        Reason.GENERATOR_CONSUMER),
}  # fmt: skip


@pytest.mark.parametrize(("source", "name", "reason"), STUCK.values(), ids=STUCK.keys())
def test_has_to_stay_sync(source: str, name: str, reason: Reason) -> None:
    verdict = colours("import net\n" + source).verdicts[f"app.py::{name}"]

    assert (Colour.STUCK, reason) == (verdict.colour, verdict.reason)
    assert verdict.held_by is not None
    assert verdict.detail


def test_what_a_stuck_function_calls_still_turns_async_and_its_callers_do_not() -> None:
    found = colours(
        "import net\ndef a():\n    net.get('u')\n"
        "class C:\n    def __len__(self):\n        a()\ndef f():\n    len(C())\n"
    )

    assert {"a"} == names(found)
    assert {"C.__len__"} == names(found, Colour.STUCK)


def test_one_stuck_member_holds_its_override_family() -> None:
    found = colours(
        "import net, other\nclass A:\n    def m(self):\n        net.get('u')\nclass B(A):\n    @other.wrap\n"
        "    def m(self):\n        return 1\n"
    )

    assert names(found, Colour.STUCK) == {"A.m"}  # B.m waits for nothing


def test_overrides_share_a_colour() -> None:
    found = colours(
        "import net\nclass A:\n    def m(self):\n        raise NotImplementedError\nclass B(A):\n    def m(self):\n"
        "        net.get('u')\nclass C(A):\n    def m(self):\n        return 1\ndef f(a: A):\n    a.m()\n"
    )

    assert {"A.m", "B.m", "C.m", "f"} == names(found)


def test_a_decorator_that_the_framework_declares_takes_coroutines() -> None:
    found = colours("import net, web\n@web.route('/')\ndef f():\n    net.get('u')\n")

    assert {"f"} == names(found)


def test_a_wrapper_turns_async_with_what_it_wraps() -> None:
    found = colours(
        "import functools, net\ndef retry(fn):\n    @functools.wraps(fn)\n    def wrapper(*a, **k):\n"
        "        return fn(*a, **k)\n    return wrapper\n@retry\ndef fetch():\n    net.get('u')\n"
        "@retry\ndef pure():\n    return 1\ndef f():\n    fetch()\ndef g():\n    pure()\n"
    )

    assert {"retry.<locals>.wrapper", "fetch", "f"} == names(found)


def test_a_wrapper_that_waits_itself_makes_callers_wait() -> None:
    found = colours(
        "import time\ndef slow(fn):\n    def wrapper(*a):\n        time.sleep(1)\n        return fn(*a)\n"
        "    return wrapper\n@slow\ndef pure():\n    return 1\ndef f():\n    pure()\n"
    )

    assert {"slow.<locals>.wrapper", "f"} == names(found)


def test_an_entry_keeps_a_sync_shell() -> None:
    found = colours("import net\ndef main():\n    net.get('u')\n", entries=frozenset({"app.py::main"}))

    assert Colour.ENTRY is found.colour_of("app.py::main")


def test_detection_only_waits_colour_only_if_asked() -> None:
    source = "import net\ndef f():\n    net.peek('u')\n"

    assert Colour.ASYNC is colours(source).colour_of("app.py::f")
    assert Colour.SYNC is colours(source, colour_detected=False).colour_of("app.py::f")


def test_a_guess_by_name_is_marked_and_does_not_colour_by_itself() -> None:
    source = "import net\nclass C:\n    def fetch_pages(self):\n        net.get('u')\ndef f(c):\n    c.fetch_pages()\n"

    assert Colour.SYNC is colours(source).colour_of("app.py::f")
    assert Colour.ASYNC is colours(source, colour_perhaps=True).colour_of("app.py::f")
    [call] = [call for call in index_of({"app.py": source}).files["app.py"].calls if call.scope == "app.py::f"]
    assert (call.perhaps, call.certain) == (True, False)


def test_async_functions_are_named_as_such() -> None:
    found = colours("import net\nasync def f():\n    net.get('u')\ndef g():\n    return f()\n")

    assert {"f"} == names(found, Colour.ALREADY)
    assert Colour.SYNC is found.colour_of("app.py::g")


def test_a_function_handed_to_something_unknown_stays_sync() -> None:
    found = colours("import net\ndef job():\n    net.get('u')\ndef f(app):\n    app.every(5, job)\n")

    verdict = found.verdicts["app.py::job"]
    assert (verdict.colour, verdict.reason) == (Colour.STUCK, Reason.CALLBACK_OUTSIDE)


def test_what_may_wait_by_name_turns_where_all_callers_run_in_the_loop() -> None:
    """A bridge would hold the loop there; elsewhere it stays, for nobody could await it."""
    migration, text = migrated(
        """
        import requests


        class Auth:
            def fresh_token(self):
                return requests.post("http://localhost/token").text


        class Api:
            def __init__(self, auth):
                self.auth = auth

            def headers(self):
                return {"X-Token": self.auth.fresh_token()}

            def load(self, url):
                return requests.get(url, headers=self.headers()).text

            def token(self):
                return self.auth.fresh_token()
        """
    )

    assert 'return {"X-Token": await _aio.settle(self.auth.fresh_token())}' in text
    assert "    def token(self):\n        return _aio.settled(self.auth.fresh_token())" in text
    assert [str(outcome.reason) for outcome in migration.plan.outcomes if outcome.reason] == ["perhaps"] * 2


def test_what_a_class_stores_is_not_looked_up_in_its_base_from_outside() -> None:
    """Else every call through it would be taken for one that may reach other code."""
    _, text = migrated(
        """
        import requests
        from framework import Widget


        class Api:
            def load(self, url):
                return requests.get(url).text


        class Page(Widget):
            def __init__(self, api):
                self.api = api

            def _show(self, url):
                return self.api.load(url)


        def show(url):
            return Page(Api())._show(url)
        """
    )

    assert "return await self.api.load(url)" in text


def test_a_test_double_has_the_colour_of_what_it_stands_for() -> None:
    code = "import net\nclass Api:\n    def load(self): return net.get('u')\n    def run(self): return self.load()\n"
    use = "from app import Api\nclass Fake(Api):\n    def load(self): return 1\n\ndef test_it():\n    Fake().run()\n"
    sources = [Source(path, text.encode(), "utf-8", text) for path, text in (("app.py", code), ("test_app.py", use))]
    index = infer([s for s in map(summarise, sources) if isinstance(s, Summary)], catalogue())

    assert "test_app.py::Fake.load" not in set(functions_of_tests(index))
    assert "test_app.py::test_it" in set(functions_of_tests(index))


def test_a_sleep_beside_calls_that_have_to_block_turns_nothing_async() -> None:
    source = (
        "import time\n\nimport requests\n\n\nclass Client:\n"
        "    def __init__(self):\n        self.session = requests.Session()\n\n"
        "    def get(self, url):\n        self.session.get_adapter(url)\n"
        "        return self.session.get(url).json()\n\n"
        "    def wait(self, url):\n        while self.get(url):\n            time.sleep(1)\n"
    )

    migration, text = migrated(source)

    assert text == source
    assert {str(outcome.ending) for outcome in migration.plan.outcomes} == {"refused"}
