"""Handlers for builtin classes of which the exceptions of requests were."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import check_migration
from support_server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_a_handler_for_oserror_catches_what_it_caught(server: Server) -> None:
    migration = check_migration(
        """
        import requests

        def load(url):
            response = requests.get(url)
            response.raise_for_status()
            return response.json()

        def run(url):
            seen = []
            for path in ("/status/404", "/drop", "/json-invalid", "/cut", "/json"):
                try:
                    seen.append(load(url + path))
                except (KeyError, IOError):
                    seen.append("failed")
            return seen
        """,
        url=server.url,
    )

    assert "except (KeyError, IOError, aiohttp.ClientError):" in migration.rewrites[0].text


def test_a_handler_for_oserror_behind_one_for_all_requests_or_round_files_stays(server: Server) -> None:
    migration = check_migration(
        """
        import requests

        def load(path):
            try:
                return open(path).read()
            except OSError:
                return "nothing"

        def run(url):
            try:
                return requests.get(url, data=load("/no/such/file")).text
            except requests.RequestException:
                return "requests"
            except OSError:
                return "another"
        """,
        url=server.url + "/echo",
    )

    assert migration.rewrites[0].text.count("    except OSError:") == 2


@pytest.mark.parametrize("name", ["SSLError", "ProxyError", "Timeout", "ReadTimeout", "ConnectTimeout", "InvalidURL"])
def test_an_error_raised_by_hand_takes_what_that_of_requests_took(server: Server, name: str) -> None:
    check_migration(
        f"""
        import requests

        def run(url):
            response = requests.get(url)
            try:
                raise requests.exceptions.{name}("no", response=response)
            except requests.exceptions.{name} as error:
                seen = [str(error), error.args, error.response.status_code, error.request.method]
            try:
                raise requests.exceptions.{name}
            except requests.RequestException as error:
                return seen, str(error), error.response
        """,
        url=server.url + "/echo",
    )
