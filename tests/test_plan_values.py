"""Sessions, methods and modules of requests that are held in variables, handed on, or one of several kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from asyncify.plan.step import Ending
from support import SHIPPED, check_migration, check_refusal
from support_server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def _same_traffic(server: Server) -> None:
    """The first half of what came in is the original's, the second the migrated code's."""
    seen = [(request.method, request.target, request.body) for request in server.take()]
    half = len(seen) // 2

    assert half
    assert seen[:half] == seen[half:]


def test_a_method_held_under_another_name(server: Server) -> None:
    check_migration(
        """
        import requests

        class Client:
            def __init__(self):
                self.session = requests.Session()
                self.send = self.session.post

            def create(self, url):
                return self.send(url, json={"a": 1}).text

        def run(url):
            return Client().create(url + "/echo")
        """,
        url=server.url,
    )
    _same_traffic(server)


def test_a_method_from_a_table(server: Server) -> None:
    check_migration(
        """
        import requests

        session = requests.Session()

        def call(verb, url):
            table = {"get": session.get, "put": session.put}
            return table[verb](url).status_code

        def run(url):
            return [call("get", url + "/echo"), call("put", url + "/status/404")]
        """,
        url=server.url,
    )
    _same_traffic(server)


def test_a_partial_of_a_method(server: Server) -> None:
    check_migration(
        """
        import functools
        import requests

        class Client:
            def __init__(self):
                self.session = requests.Session()
                self.get = functools.partial(self.session.get, params={"page": 1})

        def run(url):
            return Client().get(url + "/echo").text
        """,
        url=server.url,
    )
    _same_traffic(server)


def test_a_closing_method_handed_to_a_finalizer(server: Server) -> None:
    migration = check_refusal(
        """
        import weakref
        import requests

        class Client:
            def __init__(self):
                self.session = requests.Session()
                self.finish = weakref.finalize(self, self.session.close)

            def get(self, url):
                return self.session.get(url).text

        def run(url):
            client = Client()
            text = client.get(url + "/echo")
            client.finish()
            return text, client.finish.alive
        """,
        "callback-outside",
        url=server.url,
    )
    _same_traffic(server)

    endings = {outcome.what: outcome.ending for outcome in migration.plan.outcomes}
    assert endings["requests.Session.close"] is Ending.BRIDGED


def test_the_module_itself_as_a_session(server: Server) -> None:
    check_migration(
        """
        import requests

        class Client:
            def __init__(self, session=False):
                self.session = requests.Session() if session else requests.api

            def get(self, url):
                return self.session.request("GET", url).text

            def is_session(self):
                return isinstance(self.session, requests.Session)

        def run(url):
            clients = [Client(True), Client()]
            return [(client.get(url + "/echo"), client.is_session()) for client in clients]
        """,
        url=server.url,
    )
    _same_traffic(server)


def test_a_session_of_requests_or_of_the_project(server: Server) -> None:
    check_migration(
        """
        import requests

        class Logged:
            def __init__(self):
                self.inner = requests.Session()
                self.log = []

            def request(self, method, url):
                self.log.append(url)
                return self.inner.request(method, url)

        class Client:
            def __init__(self, session: "Logged | None" = None):
                self.session = session or requests.Session()

            def get(self, url):
                return self.session.request("GET", url).text

        def run(url):
            logged = Logged()
            return [Client(logged).get(url + "/echo"), Client().get(url + "/status/201")], len(logged.log)
        """,
        url=server.url,
    )
    _same_traffic(server)


def test_names_of_status_codes_are_their_numbers(server: Server) -> None:
    check_migration(
        """
        import requests
        from requests import codes
        from requests.status_codes import codes as known

        def run(url):
            response = requests.get(url + "/echo")
            is_fine = response.status_code in (requests.codes.ok, codes.no_content, known.CREATED)
            return is_fine, f"{codes.teapot}", [requests.codes.not_found]
        """,
        url=server.url,
    )
    _same_traffic(server)


def test_the_table_of_status_codes_is_that_of_requests() -> None:
    names = {name: code for name, code in vars(requests.codes).items() if name.isidentifier() and isinstance(code, int)}
    prefix = "requests.codes."
    declared = {path: value.becomes for path, value in SHIPPED.values.items() if path.startswith(prefix)}

    assert declared == {f"{prefix}{name}": str(code) for name, code in names.items()}


def test_what_unknown_code_makes_of_a_class_is_not_that_class(server: Server) -> None:
    migration = check_migration(
        """
        import requests

        def run(url):
            make = eval("lambda kind: kind()")
            session = make(requests.Session)
            return type(session).__name__, requests.get(url + "/echo").text
        """,
        url=server.url,
    )
    assert b"session = make(_aio.Session)" in migration.changes[-1].after
    _same_traffic(server)
