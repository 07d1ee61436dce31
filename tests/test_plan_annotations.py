"""Annotations that name classes of requests: plain, in quotes, inside others, and for type checkers only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import check_migration
from support_server import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_quoted_annotations(server: Server) -> None:
    check_migration(
        """
        from typing import Dict, Literal, Optional

        import requests
        from requests import Response

        class Client:
            def __init__(self, session: "Optional[requests.Session]" = None, mode: Literal["a", "b"] = "a"):
                self.session: "requests.Session" = session or requests.Session()
                self.seen: Dict[str, "Response"] = {}

            def get(self, url: str) -> "Response":
                self.seen[url] = self.session.get(url)
                return self.seen[url]

        def run(url):
            return Client().get(url + "/echo").text
        """,
        """
        from typing import Dict, Literal, Optional

        import _aio

        class Client:
            def __init__(self, session: "Optional[_aio.Session]" = None, mode: Literal["a", "b"] = "a"):
                self.session: "_aio.Session" = session or _aio.Session()
                self.seen: Dict[str, "_aio.Response"] = {}

            async def get(self, url: str) -> "_aio.Response":
                self.seen[url] = await self.session.get(url)
                return self.seen[url]

        async def run(url):
            return (await Client().get(url + "/echo")).text
        """,
        url=server.url,
    )


def test_a_session_that_only_a_quoted_annotation_names(server: Server) -> None:
    check_migration(
        """
        from __future__ import annotations
        import requests
        from requests.exceptions import HTTPError

        def fetch(session: "requests.Session", url: str) -> "str | HTTPError":
            try:
                r = session.get(url)
                r.raise_for_status()
                return r.text
            except HTTPError as error:
                return error

        def run(url):
            with requests.Session() as session:
                error = fetch(session, url + "/status/404")
                return fetch(session, url + "/echo"), isinstance(error, HTTPError)
        """,
        url=server.url,
    )
