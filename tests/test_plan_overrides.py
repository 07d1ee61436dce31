"""Methods that outside code calls: held where it does not await them, turned where a pack says that it does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from asyncify.rule_examples import migrate_text, result_text
from support import SHIPPED, check_migration, check_unchanged
from support_server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_a_method_that_the_base_awaits_in_either_form_turns_async() -> None:
    text = (
        "import time\n\nfrom starlette.endpoints import HTTPEndpoint\n\n\n"
        "class Page(HTTPEndpoint):\n    def get(self, request):\n        time.sleep(1)\n"
    )

    migration = migrate_text(text, SHIPPED)

    assert migration.faults == ()
    assert "async def get(self, request):\n        await asyncio.sleep(1)" in result_text(migration, text)


def test_a_method_that_the_base_calls_without_await_stays() -> None:
    check_unchanged(
        """
        import time
        from logging import Handler


        class Slow(Handler):
            def emit(self, record):
                time.sleep(1)
        """,
        because="base-outside",
    )


SESSION = """
    import requests


    class Api(requests.Session):
        def __init__(self, base):
            super().__init__()
            self.base = base
            self.headers["X-Token"] = "secret"
            self.seen = []

        def request(self, method, url, **kwargs):
            self.seen.append((method, url))
            kwargs.setdefault("allow_redirects", False)
            response = super().request(method, self.base + url, **kwargs)
            response.raise_for_status()
            return response
"""


def test_a_session_of_the_projects_own_that_overrides_request(server: Server) -> None:
    """The methods of the base run the override, before and after."""
    migration = check_migration(
        SESSION
        + """

    def run(base):
        with Api(base) as api:
            first = api.get("/echo", params={"a": 1})
            second = api.post("/echo", json={"x": 2})
            return first.status_code, second.text, api.seen, api.headers["X-Token"]
    """,
        base=server.url,
    )

    assert "class Api(_aio.Session):" in migration.rewrites[0].text
    seen = server.take()
    assert [request.target for request in seen] == ["/echo?a=1", "/echo"] * 2
    assert {dict(request.headers)["X-Token"] for request in seen} == {"secret"}


def test_an_override_that_raises(server: Server) -> None:
    check_migration(
        SESSION
        + """

    def run(base):
        try:
            Api(base).get("/status/404")
        except requests.HTTPError as error:
            return error.response.status_code
    """,
        base=server.url,
    )


def test_a_session_with_a_base_url(server: Server) -> None:
    check_migration(
        """
        import requests


        class Based(requests.Session):
            def get(self, path, **kwargs):
                return super().get(self.params["base"] + path, **kwargs)


        class Named(Based):
            name = "named"

            def names(self):
                return [self.get("/echo").status_code, self.name]


        def run(base):
            session = Named()
            session.params = {"base": base}
            with session:
                return session.names()
        """,
        base=server.url,
    )


def test_sessions_are_entered_asynchronously_wherever_they_are_entered(server: Server) -> None:
    migration = check_migration(
        """
        import requests


        class Service:
            def __init__(self):
                self.session = requests.Session()

            def load(self, url):
                with self.session as session:
                    return session.get(url).text


        def run(url):
            session = requests.Session()
            with session:
                first = session.get(url).text
            return first, Service().load(url)
        """,
        url=server.url + "/echo",
    )

    assert migration.rewrites[0].text.count("async with self.session as session:") == 1
    assert migration.rewrites[0].text.count("async with session:") == 1


@pytest.mark.parametrize("member", ["send", "rebuild_auth"])
def test_an_override_that_the_new_class_would_never_call(member: str) -> None:
    check_unchanged(
        f"""
        import requests


        class Api(requests.Session):
            def {member}(self, *args, **kwargs):
                return super().{member}(*args, **kwargs)


        def run(url):
            return Api().get(url).text
        """,
        because="member-unknown",
    )


def test_an_override_that_the_new_class_calls(server: Server) -> None:
    check_migration(
        """
        import requests


        class Api(requests.Session):
            def prepare_request(self, request):
                request.headers = {**(request.headers or {}), "X-Method": request.method}
                prepared = super().prepare_request(request)
                prepared.headers["X-Late"] = prepared.path_url
                return prepared


        def run(url):
            return Api().get(url + "/echo?a=1").text
        """,
        url=server.url,
    )


def test_an_override_that_does_not_wait_keeps_the_library() -> None:
    """The new base would await what it gives back."""
    check_unchanged(
        """
        import requests


        class Offline(requests.Session):
            def request(self, method, url, **kwargs):
                return requests.Response()


        def run(url):
            return Offline().get(url).text, requests.get(url).text
        """,
        because="member-unknown",
    )


def test_a_name_that_is_no_member_of_a_response_speaks_of_something_else(server: Server) -> None:
    """A helper gives the response or what is in it; `get` is of the latter."""
    check_migration(
        """
        import requests


        def ask(url, plain):
            response = requests.get(url)
            if plain:
                return response
            return {"status": response.status_code}


        def run(url):
            return ask(url, True).status_code, ask(url, False).get("status")
        """,
        url=server.url + "/echo",
    )


@pytest.mark.parametrize("member", ["raw.retries", "next", "connection"])
def test_a_member_of_a_response_without_a_counterpart(member: str) -> None:
    check_unchanged(
        f"""
        import requests


        class Api:
            def ask(self, url):
                return requests.get(url)

            def peek(self, url):
                return self.ask(url).{member}
        """,
        because="member-unknown",
    )


@pytest.mark.parametrize("kind", ["requests.Response", "requests.Session"])
def test_the_members_that_a_pack_speaks_of_are_those_of_the_class(kind: str) -> None:
    declared = SHIPPED.types[kind]
    made = getattr(requests, kind.rpartition(".")[2])()
    members = {name for name in dir(made) if not name.startswith("__")}
    known = declared.keeps | declared.lacks
    called = {path.rpartition(".")[2] for path in SHIPPED.by_call if path.rpartition(".")[0] == kind}

    assert members == (known | called) & members
    assert known <= members | {"connection"}  # set by the adapter
