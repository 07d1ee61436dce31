"""The clients: what they send, what they make of errors, and when they try again."""

import time

import pytest

from deskmate.errors import (
    BadResponse,
    NotAuthorized,
    RequestRejected,
    ServiceTimeout,
    ServiceUnavailable,
)
from deskmate.models import Usage, User
from deskmate.services import get_services


def test_every_request_carries_the_api_key(services, monkeypatch):
    monkeypatch.setenv("DESKMATE_API_KEY", "secret")
    handbook = get_services().handbook
    passages = handbook.search("travel")

    assert [passage.score for passage in passages] == [0.9, 0.8, 0.7]
    assert {r.headers["authorization"] for r in services.requests} == {"Bearer secret"}
    assert {r.headers["user-agent"] for r in services.requests} == {"deskmate/1.4.0"}


def test_a_passing_failure_is_repeated(services):
    services.fail("/billing/usage", status=503, times=2)
    billing = get_services().billing
    price = billing.record("r1", User("ada", "pro"), Usage(10, 5))

    assert price == 30
    assert services.count("/billing/usage") == 3


def test_the_wait_between_attempts_doubles(services, monkeypatch):
    monkeypatch.setenv("DESKMATE_BACKOFF", "0.02")
    services.fail("/billing/usage", status=503, times=2)
    billing = get_services().billing
    started = time.perf_counter()
    billing.record("r1", User("ada", "pro"), Usage())

    assert time.perf_counter() - started >= 0.02 + 0.04


@pytest.mark.parametrize("status", [429, 500, 502, 504])
def test_statuses_that_pass_are_repeated(services, status):
    services.fail("/auth/introspect", status=status)
    user = get_services().auth.introspect("user-ada")

    assert user == User("ada", "pro")
    assert services.count("/auth/introspect") == 2


def test_the_last_failure_comes_out_when_retries_are_used_up(services, monkeypatch):
    monkeypatch.setenv("DESKMATE_RETRIES", "1")
    services.fail("/v1/embeddings", status=503, times=5)
    model = get_services().model
    with pytest.raises(ServiceUnavailable, match="llm: answered 503"):
        model.embed("hello")

    assert services.count("/v1/embeddings") == 2


def test_a_rejected_request_is_not_repeated(services):
    services.fail("/vectors/query", status=404)
    handbook = get_services().handbook
    with pytest.raises(RequestRejected) as caught:
        handbook.search("hello")

    assert caught.value.code == 404
    assert services.count("/vectors/query") == 1


def test_a_token_that_is_not_active_is_not_repeated(services):
    auth = get_services().auth
    with pytest.raises(NotAuthorized):
        auth.introspect("expired")

    assert services.count("/auth/introspect") == 1


def test_an_answer_that_is_not_json(services):
    services.garble("/auth/introspect", b"{oops")
    auth = get_services().auth
    with pytest.raises(BadResponse, match="auth: did not answer with JSON"):
        auth.introspect("user-ada")


def test_a_completion_without_choices(services):
    services.garble("/v1/chat/completions", b'{"choices": []}')
    model = get_services().model
    with pytest.raises(BadResponse, match="llm: completion is malformed"):
        model.complete([{"role": "user", "content": "hi"}], [])


def test_a_service_that_is_too_slow(services, monkeypatch):
    monkeypatch.setenv("DESKMATE_TIMEOUT", "0.05")
    services.slow("/v1/moderations", delay=0.12, times=3)
    model = get_services().model
    with pytest.raises(ServiceTimeout, match="llm: no answer within 0.05 s"):
        model.moderate("hello")

    assert services.count("/v1/moderations") == 3


def test_a_service_that_is_not_there(unused_port, monkeypatch):
    monkeypatch.setenv("DESKMATE_BILLING_URL", f"http://127.0.0.1:{unused_port}")
    billing = get_services().billing
    with pytest.raises(ServiceUnavailable, match="billing: cannot be reached"):
        billing.record("r1", User("ada", "pro"), Usage())


def test_clients_can_be_closed(services):
    clients = get_services()
    clients.auth.introspect("user-ada")
    clients.close()

    assert services.count("/auth/introspect") == 1
