"""Functions of a library that are looked up at run time, or held in variables: the right one is called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import check_migration
from support_server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


FORMS = {
    "called at once": "return getattr(requests, method)(url, **more).text",
    "held open": "r = getattr(requests, method.lower())(url)\n    r.raise_for_status()\n    return r.text",
    "in a variable": "call = getattr(requests, method)\n    return call(url, **more).text",
    "one of two": "call = requests.post if method == 'post' else requests.get\n    r = call(url)\n    return r.text",
    "of a table": "return {'get': requests.get, 'post': requests.post}[method](url, **more).text",
    "a partial": "return functools.partial(requests.request, method)(url, **more).text",
    "of a session": "with requests.Session() as s:\n        return getattr(s, method)(url, **more).text",
}


@pytest.mark.parametrize("form", FORMS)
def test_the_verb_is_known_at_run_time_only(form: str, server: Server) -> None:
    code = f"""
import functools

import requests


def send(method, url, **more):
    {FORMS[form]}


def run(url):
    return send("post", url), send("get", url, headers={{"X-Own": "1"}})
"""
    server.take()

    migration = check_migration(code, url=f"{server.url}/echo")

    received = [(each.method, each.body) for each in server.take()]
    assert received == [("POST", b""), ("GET", b"")] * 2, migration.rewrites[0].text


def test_a_request_that_its_function_prepares_and_gives_away_is_of_the_new_kind(server: Server) -> None:
    check_migration(
        """
        import requests


        class Client:
            def __init__(self):
                self.session = requests.Session()

            def at_once(self, url):
                return requests.Request("POST", url, data={"a": "b"}).prepare()

            def by_name(self, url):
                request = requests.Request("GET", url)
                prepared = request.prepare()
                return prepared

            def send(self, prepared):
                return self.session.send(prepared).text


        def run(url):
            client = Client()
            return client.send(client.at_once(url)), client.send(client.by_name(url))
        """,
        url=f"{server.url}/echo",
    )
