"""One call, sent by requests and by the support module: the server receives the same, the caller gets the same."""

from __future__ import annotations

from types import ModuleType

import pytest

from support_cases import CALLS, JSON
from support_pairs import reach, run_pair
from support_server import Server

pytest_plugins = ["support_fixtures"]


@pytest.mark.parametrize("code", CALLS)
def test_a_call_sends_the_same_and_answers_the_same(code: str, aio: ModuleType, servers: tuple[Server, Server]) -> None:
    pair = run_pair(code, aio, servers)

    assert pair.errors == (None, None)
    assert pair.sent[0] == pair.sent[1]
    assert pair.outs[0] == pair.outs[1]


@pytest.mark.parametrize("code", JSON)
def test_json_is_decoded_or_refused_alike(code: str, aio: ModuleType, servers: tuple[Server, Server]) -> None:
    pair = run_pair(code, aio, servers)

    assert pair.outs[0] == pair.outs[1]
    assert [error is None for error in pair.errors] in ([True, True], [False, False])
    if pair.errors[0] and pair.errors[1]:
        assert "JSONDecodeError" in reach(pair.errors[1], aio)
        assert str(pair.errors[0]) == str(pair.errors[1])
