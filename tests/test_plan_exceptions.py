"""Exceptions of requests that the project raises, derives from, catches and annotates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import check_migration
from support_server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


RAISED = """
import requests as rq
import requests
from requests.exceptions import {name}

def fail(kind, url):
    r = rq.get(url + "/status/404")
    if kind == 0:
        raise rq.{name}("no", response=r)
    if kind == 1:
        raise requests.exceptions.{name}("no")
    error = {name}("no", response=r)
    raise error

def run(url):
    seen = []
    for kind in range(3):
        try:
            fail(kind, url)
        except {name} as error:
            response = error.response
            seen.append((str(error), response is not None and response.status_code))
        try:
            fail(kind, url)
        except rq.RequestException as error:
            seen.append(str(error))
    return seen
"""


@pytest.mark.parametrize("name", ["HTTPError", "RequestException", "ConnectionError", "TooManyRedirects"])
def test_an_exception_that_the_project_raises(server: Server, name: str) -> None:
    check_migration(RAISED.format(name=name), url=server.url)


def test_a_class_of_the_project_derives_from_an_exception(server: Server) -> None:
    check_migration(
        """
        import requests

        class ApiError(requests.RequestException):
            def __init__(self, message, response=None):
                super().__init__(message, response=response)

        class Gone(requests.HTTPError):
            pass

        def fetch(url):
            r = requests.get(url)
            if r.status_code == 410:
                raise Gone("gone", response=r)
            if r.status_code == requests.codes.not_found:
                raise ApiError("missing", response=r)
            r.raise_for_status()
            return r

        def run(url):
            seen = []
            for status in (404, 410, 500, 200):
                try:
                    seen.append(fetch(f"{url}/status/{status}").text)
                except Gone as error:
                    seen.append(("gone", str(error), error.response.status_code))
                except requests.HTTPError as error:
                    seen.append(("http", error.response.status_code))
                except requests.RequestException as error:
                    seen.append(("request", str(error), error.response.status_code))
            return seen
        """,
        url=server.url,
    )


def test_an_annotated_exception(server: Server) -> None:
    check_migration(
        """
        import requests

        def describe(error: requests.RequestException) -> str:
            return type(error).__name__ if error.response is None else str(error.response.status_code)

        def run(url):
            try:
                r = requests.get(url + "/status/503")
                r.raise_for_status()
            except requests.HTTPError as error:
                return describe(error)
        """,
        url=server.url,
    )
