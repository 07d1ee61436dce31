"""Code for the synchronous client of httpx does the same once it uses the asynchronous one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support import check_migration
from support_server import Server

pytest.importorskip("httpx")

CLIENT = """
import httpx


class Api:
    def __init__(self, base):
        self.base = base
        self.client = httpx.Client(base_url=base, headers={"X-Api": "1"}, timeout=None)

    def get(self, path, **params):
        response = self.client.get(path, params=params)
        response.raise_for_status()
        return response

    def lines(self, path):
        with self.client.stream("GET", path) as response:
            for line in response.iter_lines():
                if line:
                    yield line


def run(url):
    api = Api(url)
    seen = [api.get("/echo", a=1, b=["x", "y"]).text, list(api.lines("/lines"))]
    CASE
    return seen
"""
CASES = {
    "verbs": """
    seen.append(api.client.post("/echo", json={"a": None}).status_code)
    seen.append(api.client.put("/echo", data={"a": "1"}).text)
    seen.append(api.client.request("PURGE", "/echo").reason_phrase)
    seen.append(api.client.delete("/redir/302", follow_redirects=True).url.path)""",
    "functions of the module": """
    seen.append(httpx.get(url + "/json", params={"a": 1}, timeout=None).json())
    seen.append(httpx.post(url + "/echo", content=b"raw", cookies={"c": "1"}, timeout=None).text)
    seen.append(httpx.request("PURGE", url + "/echo", headers={"X-A": "1"}, timeout=None).status_code)""",
    "errors": """
    try:
        api.get("/status/404")
    except httpx.HTTPStatusError as error:
        seen += [error.response.status_code, error.response.text]
    try:
        httpx.get("http://127.0.0.1:1/", timeout=None)
    except httpx.RequestError as error:
        seen.append(type(error).__name__)""",
    "an open response": """
    with api.client.stream("GET", "/json") as response:
        seen += [response.status_code, response.read(), response.json()]
    with api.client.stream("GET", "/large/5000") as response:
        seen.append(sum(len(piece) for piece in response.iter_bytes(1000)))
    with api.client.stream("GET", "/drip?n=2&d=0") as response:
        seen.append("".join(response.iter_text()))""",
    "a client for a block": """
    with httpx.Client(timeout=None, auth=("u", "p")) as client:
        client.cookies.set("c", "1")
        request = client.build_request("POST", url + "/echo", json=[1])
        seen += [client.send(request).text, client.get(url + "/basic").text]""",
    "files": """
    seen.append(api.client.post("/echo", files={"f": ("n.txt", b"x")}).text)""",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.mark.parametrize("case", CASES)
def test_httpx(server: Server, case: str) -> None:
    server.take()
    check_migration(CLIENT.replace("    CASE", CASES[case].strip("\n")), url=server.url)
    sent = [_sent(each) for each in server.take()]

    assert sent[: len(sent) // 2] == sent[len(sent) // 2 :]


def _sent(received: Any) -> tuple[Any, ...]:
    names = {name.lower(): value for name, value in received.headers}
    boundary = names.get("content-type", "").partition("boundary=")[2]
    body = received.body.replace(boundary.encode(), b"#") if boundary else received.body
    names["content-type"] = names.get("content-type", "").replace(boundary, "#") if boundary else ""
    return received.method, received.target, names, body
