"""Proxies, logins and certificates that requests takes from the environment, with both libraries."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
import requests

from support_pairs import Pair, run_pair
from support_server import CERTIFICATE, Server

pytest_plugins = ["support_fixtures"]

VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC")
GET = "r = await X.get(url)"
OUTSIDE = 'r = await X.get("http://example.test/x")'


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="module")
def secure() -> Iterator[Server]:
    with Server(tls=True) as server:
        yield server


def _same(pair: Pair) -> None:
    assert pair.errors == (None, None)
    assert pair.sent[0] == pair.sent[1]
    assert pair.outs[0] == pair.outs[1]


@pytest.mark.parametrize(
    ("code", "variables"),
    [
        (OUTSIDE, {"HTTP_PROXY": "{other}"}),
        (OUTSIDE, {"http_proxy": "{other}"}),
        (OUTSIDE, {"ALL_PROXY": "{other}"}),
        (GET, {"HTTP_PROXY": "{other}"}),
        (GET, {"HTTPS_PROXY": "{other}"}),
        (GET, {"HTTP_PROXY": "{other}", "NO_PROXY": "127.0.0.1"}),
        (GET, {"HTTP_PROXY": "{other}", "NO_PROXY": "10.0.0.0/8, 127.0.0.0/8"}),
        (GET, {"HTTP_PROXY": "{other}", "NO_PROXY": "10.0.0.0/8"}),
        (GET, {"HTTP_PROXY": "{other}", "NO_PROXY": "*"}),
        (OUTSIDE, {"HTTP_PROXY": "{other}", "no_proxy": "other.test,est"}),
        ('r = await X.get("http://example.test/x", proxies={"http": other})', {"HTTP_PROXY": "http://127.0.0.1:1"}),
        ('r = await X.get(url, proxies={"no_proxy": "127.0.0.1"})', {"HTTP_PROXY": "{other}"}),
        ("s = X.Session(); s.trust_env = False; r = await s.get(url)", {"HTTP_PROXY": "http://127.0.0.1:1"}),
        (
            's = X.Session(); s.proxies = {"http": "http://127.0.0.1:1"}; r = await s.get(url)',
            {"HTTP_PROXY": "{other}"},
        ),
        (
            'r = await X.get(base + "/redir/302?to=http://example.test/x")',
            {"HTTP_PROXY": "{other}", "NO_PROXY": "127.0.0.1"},
        ),
    ],
)
def test_proxies(
    code: str,
    variables: dict[str, str],
    aio: ModuleType,
    servers: tuple[Server, Server],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(other=servers[1].url))

    _same(run_pair(code, aio, servers))


@pytest.mark.parametrize(
    "code",
    [
        GET,
        'r = await X.get(url, headers={"Authorization": "Bearer t"})',
        'r = await X.get(url, auth=("u", "p"))',
        's = X.Session(); s.auth = ("u", "p"); r = await s.get(url)',
        "s = X.Session(); s.trust_env = False; r = await s.get(url)",
        'r = await X.get(base.replace("://", "://u:p@") + "/echo")',
        'r = await X.get(base + "/redir/302?to=" + other.replace("127.0.0.1", "localhost") + "/echo", auth=("u", "p"))',
    ],
)
def test_netrc(
    code: str, aio: ModuleType, servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login nu password np\nmachine localhost login lu password lp\n")
    monkeypatch.setenv("NETRC", str(file))

    _same(run_pair(code, aio, servers))


@pytest.mark.parametrize(
    "arguments", ["verify=ca", "verify=ca, cert=ca", "verify=ca, cert=(ca, ca)", "verify=ca, stream=True"]
)
def test_a_certificate_that_is_trusted(
    arguments: str, aio: ModuleType, servers: tuple[Server, Server], secure: Server
) -> None:
    code = f"ca = {str(CERTIFICATE)!r}\nr = await X.get({secure.url + '/echo'!r}, {arguments})"

    _same(run_pair(code, aio, servers))


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_bundle_named_by_the_environment(
    name: str, aio: ModuleType, servers: tuple[Server, Server], secure: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(CERTIFICATE))

    _same(run_pair(f"r = await X.get({secure.url + '/echo'!r})", aio, servers))
    _same(run_pair(f"s = X.Session(); r = await s.get({secure.url + '/echo'!r})", aio, servers))


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
@pytest.mark.parametrize(
    "code", ["r = await X.get(tls, verify=False)", "s = X.Session(); s.verify = False; r = await s.get(tls)"]
)
def test_no_verification(code: str, aio: ModuleType, servers: tuple[Server, Server], secure: Server) -> None:
    _same(run_pair(f"tls = {secure.url + '/echo'!r}\n{code}", aio, servers))


def test_a_certificate_that_is_not_trusted(aio: ModuleType, servers: tuple[Server, Server], secure: Server) -> None:
    pair = run_pair(f"await X.get({secure.url + '/echo'!r})", aio, servers)

    assert isinstance(pair.errors[0], requests.exceptions.SSLError)
    assert isinstance(pair.errors[1], aiohttp.ClientConnectorCertificateError)
    assert isinstance(pair.errors[1], ssl.CertificateError)


def test_a_bundle_that_is_not_there(aio: ModuleType, servers: tuple[Server, Server], secure: Server) -> None:
    pair = run_pair(f"await X.get({secure.url + '/echo'!r}, verify='/no/such/file.pem')", aio, servers)

    assert [type(error) for error in pair.errors] == [OSError, OSError]
    assert str(pair.errors[0]) == str(pair.errors[1])
