"""Sessions, streams and failures: the same with requests and with the support module."""

from __future__ import annotations

from types import ModuleType

import aiohttp
import pytest

from support_pairs import reach, run_pair
from support_server import Server
from support_session_cases import FAILURES, SESSIONS, STREAMS

pytest_plugins = ["support_fixtures"]

# Classes of requests for which aiohttp has only one: a handler for one of them sees the others, too.
FAMILIES = (
    ("InvalidURL", "InvalidProxyURL", "MissingSchema"),
    ("InvalidHeader", "InvalidJSONError"),
    ("ChunkedEncodingError", "ContentDecodingError", "StreamConsumedError", "UnrewindableBodyError"),
)


@pytest.mark.parametrize("case", [*SESSIONS, *STREAMS])
def test_a_session_and_a_stream_do_the_same(case: str, aio: ModuleType, servers: tuple[Server, Server]) -> None:
    pair = run_pair({**SESSIONS, **STREAMS}[case].strip(), aio, servers)

    assert pair.errors == (None, None)
    assert pair.sent[0] == pair.sent[1]
    assert pair.outs[0] == pair.outs[1]


@pytest.mark.parametrize("case", FAILURES)
def test_a_failure_reaches_the_same_handlers(case: str, aio: ModuleType, servers: tuple[Server, Server]) -> None:
    pair = run_pair(FAILURES[case].strip(), aio, servers)

    old, new = pair.errors
    assert old is not None and new is not None
    assert pair.sent[0] == pair.sent[1]
    assert _joined(reach(old)) == _joined(reach(new, aio)) - _wider(new), repr(new)


def _joined(names: frozenset[str]) -> frozenset[str]:
    return frozenset(next((family[0] for family in FAMILIES if name in family), name) for name in names)


def _wider(error: BaseException) -> frozenset[str]:
    """The handlers that see an error beside those of requests: aiohttp.TooManyRedirects is a ClientResponseError."""
    return frozenset({"HTTPError"}) if isinstance(error, aiohttp.TooManyRedirects) else frozenset()
