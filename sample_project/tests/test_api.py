"""The routes, through HTTP."""

import json

ORDER = '[tool:lookup_order {"order_id": "A17"}]'


def read_events(text):
    """(event, data) of each server-sent event."""
    events = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines())
        events.append((fields.get("event", "message"), json.loads(fields["data"])))
    return events


def test_chat_answers_and_calls_the_services_in_order(client, services):
    reply = client.post("/chat", json={"message": "Where is the printer?", "session_id": "s1"})

    assert reply.status_code == 200
    body = reply.json()
    assert body["answer"] == "answer: Where is the printer?"
    assert body["session_id"] == "s1"
    assert len(body["sources"]) == 3
    assert body["usage"]["completion_tokens"] == 5
    assert body["credits"] == body["usage"]["prompt_tokens"] + 4 * 5
    assert services.paths() == [
        "/auth/introspect",
        "/v1/moderations",
        "/v1/embeddings",
        "/vectors/query",
        "/v1/chat/completions",
        "/billing/usage",
    ]


def test_chat_runs_the_tools_the_model_asks_for(client, services):
    reply = client.post("/chat", json={"message": f"What about my order? {ORDER}"})

    body = reply.json()
    assert body["tool_calls"] == ["lookup_order"]
    assert body["answer"] == (
        "answer: What about my order?\n"
        '- {"order_id": "A17", "status": "delivered", "total": "10.17"}'
    )
    assert services.count("/v1/chat/completions") == 2


def test_chat_without_a_session_starts_a_new_one(client):
    first = client.post("/chat", json={"message": "Hello"}).json()
    second = client.post("/chat", json={"message": "Hello"}).json()

    assert first["session_id"] != second["session_id"]


def test_a_request_without_a_token_is_401(client, services):
    reply = client.post("/chat", json={"message": "Hi"}, headers={"Authorization": ""})

    assert reply.status_code == 401
    assert reply.json() == {"detail": "bearer token required"}
    assert services.requests == []


def test_a_token_that_is_not_active_is_401(client):
    reply = client.post(
        "/chat", json={"message": "Hi"}, headers={"Authorization": "Bearer expired"}
    )

    assert reply.status_code == 401
    assert reply.json() == {"detail": "token is not active"}


def test_a_blocked_message_is_400_and_never_reaches_the_model(client, services):
    reply = client.post("/chat", json={"message": "Something FORBIDDEN"})

    assert reply.status_code == 400
    assert reply.json() == {"detail": "message blocked: policy"}
    assert services.count("/v1/chat/completions") == 0


def test_a_user_without_credits_is_402(client):
    reply = client.post(
        "/chat", json={"message": "Hi"}, headers={"Authorization": "Bearer user-broke"}
    )

    assert reply.status_code == 402


def test_a_service_that_stays_down_is_503(client, services):
    services.fail("/vectors/query", status=503, times=3)

    reply = client.post("/chat", json={"message": "Hi"})

    assert reply.status_code == 503
    assert reply.json() == {"detail": "vector: answered 503"}
    assert services.count("/vectors/query") == 3


def test_a_service_that_answers_rubbish_is_502(client, services):
    services.garble("/v1/chat/completions", b"<html>hello</html>")

    reply = client.post("/chat", json={"message": "Hi"})

    assert reply.status_code == 502
    assert reply.json() == {"detail": "llm: did not answer with JSON"}


def test_stream_passes_the_words_on(client, services):
    reply = client.post("/chat/stream", json={"message": "Say hello", "session_id": "s1"})

    events = read_events(reply.text)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert [data["delta"] for event, data in events[:-1]] == ["answer: ", "Say ", "hello"]
    event, done = events[-1]
    assert event == "done"
    assert done["session_id"] == "s1"
    assert done["usage"]["completion_tokens"] == 3
    assert services.bodies("/billing/usage")[0]["completion_tokens"] == 3
    history = client.get("/sessions/s1").json()
    assert history["messages"][-1] == {"role": "assistant", "content": "answer: Say hello"}


def test_stream_reports_a_failure_as_an_event(client, services):
    services.fail("/v1/chat/completions", status=503)

    reply = client.post("/chat/stream", json={"message": "Say hello"})

    assert reply.status_code == 200
    assert read_events(reply.text) == [("error", {"detail": "llm: answered 503"})]
    assert services.count("/billing/usage") == 0


def test_stream_that_breaks_half_way_keeps_what_was_sent(client, services):
    first = b'data: {"choices": [{"delta": {"content": "so far"}}]}\n\n'
    services.garble("/v1/chat/completions", first + b"data: {oops\n\n")

    reply = client.post("/chat/stream", json={"message": "Say hello", "session_id": "s1"})

    assert read_events(reply.text) == [
        ("message", {"delta": "so far"}),
        ("error", {"detail": "llm: sent a broken event"}),
    ]
    assert client.get("/sessions/s1").status_code == 404


def test_batch_keeps_the_order_and_reports_each_failure(client, services):
    messages = ["one", "forbidden fruit", "three"]
    reply = client.post("/batch", json={"messages": messages, "session_prefix": "b"})

    body = reply.json()
    assert [item["answer"] for item in body["items"]] == ["answer: one", None, "answer: three"]
    assert body["items"][1]["error"] == "message blocked: policy"
    assert [item["session_id"] for item in body["items"]] == ["b-0", "b-1", "b-2"]
    assert body["credits"] == sum(item["credits"] for item in body["items"])
    assert services.count("/auth/introspect") == 1
    assert services.bodies("/hooks/desk") == [
        {"event": "batch.finished", "batch": "b", "items": 3, "failed": 1}
    ]


def test_history_holds_the_turns_until_it_is_forgotten(client):
    client.post("/chat", json={"message": "one", "session_id": "s1"})
    client.post("/chat", json={"message": "two", "session_id": "s1"})

    history = client.get("/sessions/s1")
    assert [message["content"] for message in history.json()["messages"]] == [
        "one",
        "answer: one",
        "two",
        "answer: two",
    ]
    assert client.delete("/sessions/s1").status_code == 204
    assert client.get("/sessions/s1").status_code == 404


def test_history_belongs_to_one_user(client):
    client.post("/chat", json={"message": "private", "session_id": "s1"})

    reply = client.get("/sessions/s1", headers={"Authorization": "Bearer user-bob"})

    assert reply.status_code == 404


def test_health_names_the_service_that_is_down(client, services, monkeypatch):
    assert client.get("/health").json()["status"] == "ok"
    services.fail("/health", status=500, times=5)

    reply = client.get("/health").json()

    assert reply["status"] == "degraded"
    assert reply["services"]["billing"] == "status 500"


def test_health_survives_a_service_that_is_not_there(client, unused_port, monkeypatch):
    monkeypatch.setenv("DESKMATE_VECTOR_URL", f"http://127.0.0.1:{unused_port}")

    reply = client.get("/health").json()

    assert reply["services"]["vector"] == "unreachable"
    assert reply["services"]["llm"] == "ok"
