"""State that is read before an await and written after it is found; what nobody else sees, or a lock guards, is not."""

from __future__ import annotations

import textwrap

import pytest

from asyncify.plan.races import CHECK, COUNT, LOCAL
from support import migrated

HEAD = """
import threading
import time

CACHE = {}
TOTAL = 0
TOKEN = None
LOCAL = threading.local()


def fetch(x):
    time.sleep(1)
    return x


"""

RACES = {
    "a token that is made once": (
        CHECK,
        """
        class Client:
            def __init__(self):
                self.token = None

            def get(self):
                if self.token is None:
                    self.token = fetch("t")
                return self.token
        """,
    ),
    "an early return for what is there": (
        CHECK,
        """
        class Client:
            def get(self):
                if self.session:
                    return self.session
                made = fetch("s")
                self.session = made
                return made
        """,
    ),
    "a cache by key": (
        CHECK,
        """
        def get(key):
            if key not in CACHE:
                CACHE[key] = fetch(key)
            return CACHE[key]
        """,
    ),
    "a cache that is asked first": (
        CHECK,
        """
        def get(key):
            value = CACHE.get(key)
            if value is None:
                value = fetch(key)
                CACHE[key] = value
            return value
        """,
    ),
    "a cache that is asked by a walrus": (
        CHECK,
        """
        def get(key):
            if (value := CACHE.get(key)) is not None:
                return value
            CACHE[key] = fetch(key)
            return CACHE[key]
        """,
    ),
    "a list that must not hold it twice": (
        CHECK,
        """
        class Seen:
            def add(self, x):
                if x not in self.items:
                    fetch(x)
                    self.items.append(x)
        """,
    ),
    "a global that is made once": (
        CHECK,
        """
        def token():
            global TOKEN
            if not TOKEN:
                TOKEN = fetch("t")
            return TOKEN
        """,
    ),
    "a wait in a loop for room": (
        CHECK,
        """
        class Pool:
            def take(self):
                while not self.free:
                    time.sleep(1)
                return self.free.pop()
        """,
    ),
    "a sum across the await": (
        COUNT,
        """
        class Counter:
            def add(self, x):
                self.total += fetch(x)
        """,
    ),
    "a global sum across the await": (
        COUNT,
        """
        def add(x):
            global TOTAL
            TOTAL += fetch(x)
        """,
    ),
    "a sum that is spelled out": (
        COUNT,
        """
        class Counter:
            def add(self, x):
                self.total = self.total + fetch(x)
        """,
    ),
    "a value that is kept over the await": (
        COUNT,
        """
        class Account:
            def pay(self, x):
                balance = self.balance
                fetch(x)
                self.balance = balance - x
        """,
    ),
    "an entry that is counted up": (
        COUNT,
        """
        def count(key):
            before = CACHE.get(key, 0)
            fetch(key)
            CACHE[key] = before + 1
        """,
    ),
    "data of a thread": (
        LOCAL,
        """
        def get(x):
            LOCAL.user = x
            fetch(x)
            return LOCAL.user
        """,
    ),
    "code that is async already": (
        CHECK,
        """
        import asyncio

        class Client:
            async def get(self):
                if self.token is None:
                    await asyncio.sleep(1)
                    self.token = fetch(1)
                return self.token
        """,
    ),
}

NO_RACES = {
    "guarded by a lock that turns async": """
        class Client:
            def __init__(self):
                self.lock = threading.Lock()
                self.token = None

            def get(self):
                with self.lock:
                    if self.token is None:
                        self.token = fetch("t")
                    return self.token
        """,
    "guarded by a lock of tasks": """
        import asyncio

        class Client:
            async def get(self):
                async with self.lock:
                    if self.token is None:
                        self.token = fetch("t")
                    return self.token
        """,
    "checked again after the await": """
        class Client:
            def get(self):
                made = fetch("t")
                if self.token is None:
                    self.token = made
                return self.token
        """,
    "written before the await": """
        class Client:
            def get(self):
                if self.busy:
                    return None
                self.busy = True
                return fetch("t")
        """,
    "a name of its own": """
        def get(keys):
            found = {}
            for key in keys:
                if key not in found:
                    found[key] = fetch(key)
            return found
        """,
    "an object of its own": """
        def get(client):
            made = Client()
            if made.token is None:
                made.token = fetch("t")
            return made

        class Client:
            token = None
        """,
    "a constructor": """
        class Client:
            def __init__(self):
                self.token = None
                if self.token is None:
                    self.token = fetch("t")
        """,
    "other state": """
        class Client:
            def get(self):
                if self.wanted:
                    self.token = fetch("t")
                return self.token
        """,
    "counted up at once": """
        class Counter:
            def add(self, x):
                got = fetch(x)
                self.total += got
        """,
    "branches that exclude each other": """
        class Client:
            def get(self, x):
                if x:
                    while self.items:
                        fetch(x)
                        break
                else:
                    fetch(x)
                    self.items = []
        """,
    "nothing that waits": """
        class Client:
            def get(self):
                if self.token is None:
                    self.token = 1
                return self.token

        def run():
            fetch(Client().get())
        """,
    "a parameter of the same name": """
        def get(CACHE, key):
            if key not in CACHE:
                CACHE[key] = fetch(key)
        """,
    "data of a thread where nothing is awaited": """
        def get(x):
            LOCAL.user = x
            return LOCAL.user

        def run():
            return fetch(1)
        """,
}


def _warned(code: str) -> list[str]:
    migration, _ = migrated(HEAD + textwrap.dedent(code))
    return [warning.rule for warning in migration.plan.warnings if warning.rule in {CHECK, COUNT, LOCAL}]


@pytest.mark.parametrize(("rule", "code"), RACES.values(), ids=RACES)
def test_a_race_is_said_once(rule: str, code: str) -> None:
    assert _warned(code) == [rule]


@pytest.mark.parametrize("code", NO_RACES.values(), ids=NO_RACES)
def test_what_is_no_race_is_not_warned_of(code: str) -> None:
    assert _warned(code) == []


def test_the_warning_names_the_state_the_line_of_the_await_and_a_lock() -> None:
    migration, _ = migrated(HEAD + textwrap.dedent(RACES["a token that is made once"][1]))
    (warning,) = [warning for warning in migration.plan.warnings if warning.rule == CHECK]

    assert warning.text == (
        "`self.token` is looked at before the await in line 22 and written after it: another task may look meanwhile "
        "and do the same again. Hold an asyncio.Lock of the object round both."
    )


def test_a_name_that_is_bound_from_itself_has_an_end() -> None:
    code = """
        class Client:
            def get(self, url):
                url = self.base
                url = url.strip()
                while fetch(url):
                    url = url + self.base
                return url
        """

    _, text = migrated(HEAD.lstrip("\\n") + textwrap.dedent(code))

    assert "await fetch(url)" in text
