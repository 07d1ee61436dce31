"""URLs, byte for byte as requests and urllib3 send them, on many generated ones; no server is asked."""

from __future__ import annotations

import random

import aiohttp
import pytest
import requests
from urllib3.util.url import _encode_target

from asyncify.support.http_urls import _encoded_url, _redirect_url, _wire_url

PIECES = [
    *"abZ09-._~!$&'()*+,;=:@/?#[]{}|\\^`\"<> %\t\n",
    *("%2F", "%2f", "%41", "%zz", "%", "%%", "%E9", "%C3%A9", "é", "€", "..", ".", "//", "/../", "/./", "=", "&"),
]
VALUES = ["", "x y", "é€", "a/b?c#d", None, True, 0, 2.5, b"\xff/", [1, None, "é"], (), {"k": 1}, "100%", "%2F"]
HOSTS = ["h", "EXAMPLE.org:80", "u:p@h:8080", "127.0.0.1:0080", "[::1]:1", "us%40er:p%2Fw@h", "h:"]
INTERNATIONAL = "bücher.example"


def _address(dice: random.Random) -> tuple[str, object]:
    tail = "".join(dice.choice(PIECES) for _ in range(dice.randrange(9)))
    start = dice.choice([*(host + dice.choice(["", "/", "/a/", "?"]) for host in HOSTS), f"{INTERNATIONAL}/"])
    url = f"{dice.choice(['http', 'HTTPS'])}://{start}{tail}"
    params: object = {f"k{n}{dice.choice(PIECES)}": dice.choice(VALUES) for n in range(dice.randrange(3))}
    return url, dice.choice([params, params, None, "raw=%41&x=é", b"b=1%", [("l", ["1", None]), ("l", "2")]])


def _of_requests(url: str, params: object) -> tuple[str, str] | None:
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(url, params)
    except requests.RequestException:
        return None
    assert prepared.url is not None
    return prepared.url, _encode_target(prepared.path_url)


def _of_support(url: str, params: object) -> tuple[str, str] | None:
    try:
        encoded = _encoded_url(url, params)
    except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
        return None
    return encoded, _wire_url(encoded).raw_path_qs


@pytest.mark.parametrize("seed", range(8))
def test_generated_urls_and_parameters(seed: int) -> None:
    dice = random.Random(seed)
    cases = [_address(dice) for _ in range(500)]
    differing = [(case, _of_requests(*case), _of_support(*case)) for case in cases]

    assert [each for each in differing if each[1] != each[2]] == []


@pytest.mark.parametrize(
    "location",
    [
        "/x",
        "x",
        "?q=1",
        "//h2/x",
        "http://h2:81/a b",
        "#f",
        "/x#g",
        "../y/./z",
        "/é",
        "/%41%zz",
        "https://h/",
        "http:/x",
    ],
)
@pytest.mark.parametrize("old", ["http://h/a/b?c=1#frag", "https://u:p@h:444/", "http://h"])
def test_redirect_targets(old: str, location: str) -> None:
    session = requests.Session()
    response = requests.Response()
    response.status_code, response.url = 302, old
    response.headers["Location"] = location.encode().decode("latin-1")
    response._content = b""
    request = requests.Request("GET", old).prepare()
    response.request, response.raw = request, type("Raw", (), {"close": lambda self: None})()
    following = next(session.resolve_redirects(response, request, yield_requests=True))

    assert _redirect_url(old, location) == following.url
