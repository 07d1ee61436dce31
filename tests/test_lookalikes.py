"""What only has the name of a call that waits stays sync: nothing is coloured through the equality of names."""

from __future__ import annotations

import pytest

from asyncify.colour import colour
from asyncify.index import Summary, summarise
from asyncify.infer import infer
from asyncify.infer.facts import Index
from asyncify.project import Source
from support import SHIPPED
from test_colour import names

Files = dict[str, str]


def index_of(files: Files | str) -> Index:
    files = {"app.py": files} if isinstance(files, str) else files
    read = [summarise(Source(path, text.encode(), "utf-8", text)) for path, text in sorted(files.items())]
    return infer([summary for summary in read if isinstance(summary, Summary)], SHIPPED)


# Objects of other kinds whose methods have the names of methods that wait.
METHODS = {
    "a dict": "def f(d: dict):\n    return d.get('a')\n",
    "a dict made here": "def f():\n    d = {'a': 1}\n    return d.get('a'), d.pop('a'), d.update(b=1)\n",
    "a dict of the module": "CACHE = {}\ndef f():\n    return CACHE.get('a')\n",
    "a dict in an attribute": (
        "import requests\nclass A:\n    def __init__(self):\n        self.session = {}\n"
        "    def f(self):\n        return self.session.get('a')\n"
    ),
    "a class derived from dict": (
        "class Session(dict):\n    pass\ndef f():\n    session = Session()\n    return session.get('a')\n"
    ),
    "the environment": "import os\ndef f():\n    return os.environ.get('HOME')\n",
    "a context variable": (
        "from contextvars import ContextVar\nsession = ContextVar('session')\ndef f():\n    return session.get()\n"
    ),
    "the session of flask": "from flask import session\ndef f():\n    return session.get('user')\n",
    "the query of a request": "def f(request):\n    return request.GET.get('page'), request.headers.get('Host')\n",
    "an execute of the project": (
        "import sqlite3\nclass Command:\n    def execute(self, sql):\n        return sql\n"
        "def f():\n    return Command().execute('select 1')\n"
    ),
    "a cursor of the project": (
        "import sqlite3\nclass Cursor:\n    def execute(self, sql):\n        self.sql = sql\n"
        "    def fetchall(self):\n        return [self.sql]\n"
        "def f():\n    cur = Cursor()\n    cur.execute('select 1')\n    return cur.fetchall()\n"
    ),
    "a connect of signals": "def f(button, handler):\n    button.clicked.connect(handler)\n",
    "a join of paths and strings": (
        "import os\nimport threading\ndef f(parts):\n"
        "    return os.path.join(*parts), ', '.join(parts), b''.join(parts)\n"
    ),
    "a wait of the project": (
        "import threading\nclass Event:\n    def wait(self, timeout=None):\n        return timeout\n"
        "def f():\n    return Event().wait(1)\n"
    ),
    "an acquire of the project": (
        "class Lock:\n    def acquire(self):\n        return True\n    def __enter__(self):\n        return self\n"
        "    def __exit__(self, *e):\n        pass\ndef f():\n    with Lock() as lock:\n        return lock.acquire()\n"
    ),
    "a recv and send of the project": (
        "import socket\nclass Socket:\n    def recv(self, n):\n        return b'x' * n\n    def send(self, data):\n"
        "        return len(data)\ndef f():\n    s = Socket()\n    s.send(b'a')\n    return s.recv(1)\n"
    ),
    "send of a generator": "def g():\n    got = yield 1\ndef f():\n    it = g()\n    next(it)\n    it.send(2)\n",
    "the json of an object of the project": (
        "class Response:\n    def json(self):\n        return {}\n    def read(self):\n        return b''\n"
        "def f():\n    return Response().json(), Response().read()\n"
    ),
    "a field called get": (
        "from dataclasses import dataclass\n@dataclass\nclass Verbs:\n    get: object\n    post: object\n"
        "def f(v: Verbs):\n    return v.get('u'), v.post('u')\n"
    ),
    "a class made by namedtuple": (
        "from collections import namedtuple\nSession = namedtuple('Session', 'get post')\n"
        "def f():\n    s = Session(str, str)\n    return s.get('u')\n"
    ),
    "a redis that is a dict": "redis = {}\ndef f():\n    return redis.get('a')\n",
    "a queue of the project": (
        "class Queue:\n    def get(self):\n        return 1\n    def put(self, x):\n        pass\n"
        "def f():\n    q = Queue()\n    q.put(1)\n    return q.get()\n"
    ),
    "something unknown": "import requests\ndef f(session):\n    return session.get('u').json()\n",
}

# Names of modules and functions that wait, taken by something else.
SHADOWED = {
    "a parameter": "import requests\ndef f(requests):\n    return requests.get('u')\n",
    "a keyword parameter": "import requests\ndef f(*, requests=None):\n    return requests.get('u')\n",
    "many parameters": "import requests\ndef f(**requests):\n    return requests.get('u')\n",
    "a local": "import requests\ndef f():\n    requests = {}\n    return requests.get('u')\n",
    "a loop variable": "import requests\ndef f(xs):\n    for requests in xs:\n        requests.get('u')\n",
    "the target of with": "import requests\ndef f(x):\n    with x as requests:\n        return requests.get('u')\n",
    "a comprehension's variable": "import requests\ndef f(xs):\n    return [requests.get('u') for requests in xs]\n",
    "the parameter of a lambda": (
        "import requests\ndef f(xs):\n    return sorted(xs, key=lambda requests: requests.get('u'))\n"
    ),
    "an assignment in an expression": (
        "import requests\ndef f(x):\n    if (requests := x):\n        return requests.get('u')\n"
    ),
    "a pattern": (
        "import requests\ndef f(x):\n    match x:\n        case {'r': requests}:\n"
        "            return requests.get('u')\n"
    ),
    "a parameter of the function round it": (
        "import requests\ndef f(requests):\n    def inner():\n        return requests.get('u')\n    return inner()\n"
    ),
    "a later assignment in the module": "import requests\nrequests = {}\ndef f():\n    return requests.get('u')\n",
    "a nested function": (
        "from time import sleep\ndef f():\n    def sleep(n):\n        return n\n    return sleep(1)\n"
    ),
    "a function of the module": "from time import sleep\ndef sleep(n):\n    return n\ndef f():\n    return sleep(1)\n",
    "a class of the module": (
        "class time:\n    @staticmethod\n    def sleep(n):\n        return n\ndef f():\n    return time.sleep(1)\n"
    ),
    "a class derived from the one that waits": (
        "import requests\nclass Session(requests.Session):\n    def get(self, url):\n"
        "        return CACHE[url]\nCACHE = {}\n"
        "def f():\n    return Session().get('u')\n"
    ),
    "an import within another function": (
        "def g():\n    import requests\n    return requests\ndef f(requests):\n    return requests.get('u')\n"
    ),
    "a variable that held a session before": (
        "import requests\ndef f():\n    s = requests.Session()\n    s.headers['a'] = 'b'\n    s = {}\n"
        "    return s.get('u')\n"
    ),
    "only one branch is a dict": (
        "import requests\ndef f(x: requests.Session | dict):\n    if isinstance(x, dict):\n        return x.get('a')\n"
        "    return x\n"
    ),
    "an annotation with the name of a class of the project": (
        "class Session:\n    def get(self, url):\n        return url\ndef f(s: 'Session'):\n    return s.get('u')\n"
    ),
    "a Mock": ("from unittest.mock import Mock\nrequests = Mock()\ndef f():\n    return requests.get('u')\n"),
    "another import under the name": "import other as requests\ndef f():\n    return requests.get('u')\n",
    "the name of another module": (
        "from other import sleep, get, run\ndef f():\n    return sleep(1), get('u'), run('ls')\n"
    ),
    "an attribute of another module": (
        "import other\ndef f():\n    return other.requests.get('u'), other.time.sleep(1)\n"
    ),
    "a module of the project": {
        "requests.py": "def get(url):\n    return url\n",
        "app.py": "import requests\ndef f():\n    return requests.get('u')\n",
    },
    "a module beside it": {
        "pkg/__init__.py": "",
        "pkg/time.py": "def sleep(n):\n    return n\n",
        "pkg/app.py": "from .time import sleep\nfrom . import time\ndef f():\n    return sleep(1), time.sleep(1)\n",
    },
    "a name that a package hands out": {
        "pkg/__init__.py": "from .own import requests\n",
        "pkg/own.py": "requests = {}\n",
        "pkg/app.py": "from pkg import requests\ndef f():\n    return requests.get('u')\n",
    },
    "a star that brings another": {
        "own.py": "def sleep(n):\n    return n\n",
        "app.py": "from time import *\nfrom own import *\ndef f():\n    return sleep(1)\n",
    },
}

# Parts of libraries that wait which do not wait themselves.
BESIDE = {
    "requests": (
        "import requests\ndef f():\n    return requests.codes.ok, requests.Request('GET', 'u'), requests.Session()\n"
    ),
    "time": "import time\ndef f():\n    return time.time(), time.monotonic(), time.strftime('%H')\n",
    "socket": (
        "import socket\ndef f():\n    return socket.gethostname(), socket.inet_aton('1.1.1.1'), socket.socket()\n"
    ),
    "subprocess": "import subprocess\ndef f():\n    return subprocess.PIPE, subprocess.list2cmdline(['a'])\n",
    "a function that is only named": "import requests\ndef f():\n    return {'get': requests.get}\n",
    "a lambda that nobody calls": "import time\ndef f():\n    return lambda: time.sleep(1)\n",
    "a class that nobody makes": (
        "import time\ndef f():\n    class A:\n        def wait(self):\n            time.sleep(1)\n    return A\n"
    ),
    "a generator that nobody runs": "import time\ndef g():\n    yield time.sleep(1)\ndef f():\n    return g()\n",
    "an annotation": (
        "import requests\ndef f(s: requests.Session, r: 'requests.Response') -> requests.Response:\n    return r\n"
    ),
    "a name in a string": "import requests\ndef f():\n    return 'requests.get(url)', getattr(object(), 'get', None)\n",
    "an exception": (
        "import requests\ndef f(x):\n    try:\n        return x()\n    except requests.ConnectionError as e:\n"
        "        return e.response\n"
    ),
}

# The same shapes with the real thing: the cases above could fail.
REAL = {
    "an import in the function": "def f():\n    import requests\n    return requests.get('u')\n",
    "a class attribute does not shadow a global in methods": (
        "import requests\nclass A:\n    requests = {}\n    def f(self):\n        return requests.get('u')\n"
    ),
    "a loop variable of another function": (
        "import requests\ndef g(xs):\n    for requests in xs:\n        pass\ndef f():\n    return requests.get('u')\n"
    ),
    "a comprehension's variable ends with it": (
        "import requests\ndef f(xs):\n    n = [requests for requests in xs]\n    return requests.get('u')\n"
    ),
    "a variable that is a session now": (
        "import requests\ndef f():\n    s = {}\n    s = requests.Session()\n    return s.get('u')\n"
    ),
    "the branch of isinstance": (
        "import requests\ndef f(s: requests.Session | dict):\n    if isinstance(s, dict):\n        return None\n"
        "    return s.get('u')\n"
    ),
    "a method that the derived class does not override": (
        "import requests\nclass Session(requests.Session):\n    def get(self, url):\n        return url\n"
        "def f():\n    return Session().post('u')\n"
    ),
    "another name": "from requests import get as fetch\ndef f():\n    return fetch('u')\n",
    "a global statement": (
        "import requests\ns = None\ndef g():\n    global s\n    s = requests.Session()\ndef f():\n"
        "    return s.get('u')\n"
    ),
}
LOOKALIKES = {
    f"{kind}: {name}": case
    for kind, cases in (("method", METHODS), ("shadowed", SHADOWED), ("beside", BESIDE))
    for name, case in cases.items()
}


@pytest.mark.parametrize("barriers", [True, False], ids=["plan", "audit"])
@pytest.mark.parametrize("files", LOOKALIKES.values(), ids=list(LOOKALIKES))
def test_a_lookalike_stays_sync(files: Files | str, barriers: bool) -> None:
    coloured = names(colour(index_of(files), SHIPPED, barriers=barriers))

    assert not coloured & {"f", "A.f"}, coloured


@pytest.mark.parametrize("files", REAL.values(), ids=list(REAL))
def test_the_real_thing_turns_async(files: str) -> None:
    assert names(colour(index_of(files), SHIPPED)) & {"f", "A.f"}
