"""When a response is read: where the original read it, so that the same handlers see what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import check_migration
from support_server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_a_body_is_not_read_inside_a_try_that_the_call_stands_outside_of(server: Server) -> None:
    check_migration(
        """
        import requests

        def fetch(url):
            r = requests.get(url)
            try:
                return r.json()
            except requests.RequestException:
                return "not json"

        def run(url):
            seen = []
            for path in ("/json", "/echo", "/cut"):
                try:
                    seen.append(fetch(url + path))
                except requests.RequestException:
                    seen.append("not read")
            return seen
        """,
        url=server.url,
    )


def test_a_body_is_read_inside_the_try_of_its_call(server: Server) -> None:
    migration = check_migration(
        """
        import requests

        def fetch(url):
            try:
                r = requests.get(url)
                return r.json()
            except requests.RequestException:
                return "failed"

        def run(url):
            return [fetch(url + path) for path in ("/json", "/echo", "/cut")]
        """,
        url=server.url,
    )

    assert "async with _aio.get(url) as r:" in migration.rewrites[0].text


def test_a_retrying_decorator_round_a_request(server: Server) -> None:
    server.take()
    check_migration(
        """
        import functools
        import time

        import requests

        def retried(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                for number in range(3):
                    try:
                        return function(*args, **kwargs)
                    except requests.HTTPError as error:
                        last = error
                        time.sleep(0.1)
                raise last
            return wrapper

        @retried
        def fetch(url):
            r = requests.get(url + "/status/503")
            r.raise_for_status()
            return r.text

        def run(url):
            try:
                return fetch(url)
            except requests.HTTPError as error:
                return error.response.status_code, fetch.__name__
        """,
        url=server.url,
    )

    assert [request.target for request in server.take()] == ["/status/503"] * 6


def test_a_streamed_response_whose_name_was_bound_before_is_read_piece_by_piece(server: Server) -> None:
    """Read whole, a stream without end would never come back."""
    migration = check_migration(
        """
        import requests


        def run(url):
            r = None
            with requests.get(url, stream=True) as r:
                return [piece for piece in r.iter_content(4)]
        """,
        url=server.url + "/drip?n=3&d=0",
    )

    assert not any("read whole first" in warned.text for warned in migration.plan.warnings)
    assert "async with _aio.get(url) as r:" in migration.rewrites[0].text


def test_a_streamed_response_that_is_used_behind_its_block_is_read_and_warned_of(server: Server) -> None:
    migration = check_migration(
        """
        import requests


        def run(url):
            with requests.get(url, stream=True) as r:
                size = len(r.content)
            return size, r.status_code
        """,
        url=server.url + "/echo",
    )

    texts = [warned.text for warned in migration.plan.warnings]

    assert len([text for text in texts if "its body is read whole first" in text]) == 1


def test_a_stream_that_may_pass_through_keyword_arguments_is_warned_of(server: Server) -> None:
    migration = check_migration(
        """
        import requests


        def fetch(url, **settings):
            return requests.get(url, **settings)


        def run(url):
            return [line for line in fetch(url, stream=True).iter_lines()]
        """,
        url=server.url + "/lines",
    )

    assert len([w for w in migration.plan.warnings if "its body is read whole first" in w.text]) == 1


def test_the_remark_on_the_user_agent_is_made_once_and_not_where_the_file_sets_it(server: Server) -> None:
    code = """
        import requests

        HEADERS = {{{name}: "mine"}}


        def first(url):
            return requests.get(url, headers=HEADERS).text


        def run(url):
            return first(url), requests.get(url).text
        """
    counts = [
        [w.place.line for w in warnings if "User-Agent" in w.text]
        for name in ('"X-Name"', '"User-Agent"')
        for warnings in [check_migration(code.format(name=name), url=server.url).plan.warnings]
    ]

    assert counts == [[7], []]
