"""A stand-in for all services behind Deskmate, as docs/services.md describes them.

Threaded, on a free loopback port, and deterministic. It records every request, and can be told to
fail, to be slow or to answer with rubbish.
"""

import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

DIRECTIVE = re.compile(r"\[tool:(\w+) (\{.*?\})\]")
USD_VALUES = {"EUR": 1.25, "USD": 1.0, "GBP": 1.5, "JPY": 0.01}
ORDER_STATES = ("packed", "shipped", "delivered")
OPEN_PATHS = ("/health", "/hooks/")


class NotFound(Exception):
    """Answered with 404."""


@dataclass(frozen=True)
class Recorded:
    """A request as it came in."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Trouble:
    """What a path does instead of answering, for the next `times` requests."""

    times: int
    status: int = 200
    delay: float = 0.0
    raw: bytes | None = None


@dataclass
class FakeServices:
    """Start with `with FakeServices() as services:`."""

    requests: list[Recorded] = field(default_factory=list)
    _troubles: dict[str, list[Trouble]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: int = 0
    most_at_once: int = 0

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), make_handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def reset(self) -> None:
        with self._lock:
            self.requests.clear()
            self._troubles.clear()
            self.most_at_once = 0

    def fail(self, path: str, status: int = 503, times: int = 1) -> None:
        """Answer the next `times` requests for this path with an error status."""
        self._add(path, Trouble(times, status=status))

    def slow(self, path: str, delay: float, times: int = 1) -> None:
        """Wait before the next `times` answers."""
        self._add(path, Trouble(times, delay=delay))

    def garble(self, path: str, raw: bytes = b"<html>", times: int = 1) -> None:
        """Send these bytes with status 200 for the next `times` requests."""
        self._add(path, Trouble(times, raw=raw))

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def count(self, path: str) -> int:
        return self.paths().count(path)

    def bodies(self, path: str) -> list[Any]:
        return [request.body for request in self.requests if request.path == path]

    def _add(self, path: str, trouble: Trouble) -> None:
        with self._lock:
            self._troubles.setdefault(path, []).append(trouble)

    def enter(self, request: Recorded) -> Trouble | None:
        with self._lock:
            self.requests.append(request)
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
            pending = self._troubles.get(request.path)
            if not pending:
                return None
            pending[0].times -= 1
            return pending.pop(0) if pending[0].times <= 0 else pending[0]

    def leave(self) -> None:
        with self._lock:
            self._running -= 1


def make_handler(services: FakeServices) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.serve()

        def do_POST(self) -> None:
            self.serve()

        def serve(self) -> None:
            parts = urlsplit(self.path)
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Recorded(
                method=self.command,
                path=parts.path,
                query={name: values[0] for name, values in parse_qs(parts.query).items()},
                headers={name.lower(): value for name, value in self.headers.items()},
                body=json.loads(content) if content else None,
            )
            trouble = services.enter(request)
            if trouble:
                time.sleep(trouble.delay)
            # before the answer: after it, the client's next request may already be here
            services.leave()
            try:
                self.answer(request, trouble)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def answer(self, request: Recorded, trouble: Trouble | None) -> None:
            if trouble:
                if trouble.raw is not None:
                    return self.send(200, trouble.raw)
                if trouble.status != 200:
                    return self.send_json(trouble.status, {"error": "out of order"})
            is_open = request.path.startswith(OPEN_PATHS)
            if not is_open and not request.headers.get("authorization"):
                return self.send_json(401, {"error": "invalid api key"})
            if request.path == "/v1/chat/completions" and request.body.get("stream"):
                return self.send_stream(request.body)
            try:
                status, body = route(request)
            except NotFound as error:
                return self.send_json(404, {"error": str(error)})
            if status == 204:
                return self.send(204, b"")
            return self.send_json(status, body)

        def send_json(self, status: int, body: Any) -> None:
            self.send(status, json.dumps(body).encode())

        def send(self, status: int, content: bytes) -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def send_stream(self, body: dict[str, Any]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for data in stream_events(body):
                self.wfile.write(f"data: {data}\n\n".encode())
                self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def route(request: Recorded) -> tuple[int, Any]:
    """Status and JSON body for a request."""
    body = request.body or {}
    match (request.method, request.path.strip("/").split("/")):
        case ("GET", ["health"]):
            return 200, {"status": "ok"}
        case ("POST", ["hooks", _]):
            return 204, None
        case ("POST", ["auth", "introspect"]):
            return 200, introspect(body["token"])
        case ("POST", ["v1", "moderations"]):
            return 200, moderate(body["input"])
        case ("POST", ["v1", "embeddings"]):
            return 200, {"data": [{"index": 0, "embedding": embed(body["input"])}]}
        case ("POST", ["vectors", "query"]):
            return 200, {"matches": search(body["vector"], body["top_k"])}
        case ("POST", ["v1", "chat", "completions"]):
            return 200, complete(body)
        case ("POST", ["billing", "usage"]):
            return bill(body)
        case ("GET", ["tools", "weather"]):
            return 200, weather(request.query["city"])
        case ("GET", ["tools", "rates"]):
            return 200, rate(request.query["base"], request.query["target"])
        case ("GET", ["tools", "orders", order_id]):
            return 200, order(order_id)
        case ("POST", ["tools", "tickets"]):
            digest = hashlib.sha256(body["subject"].encode()).hexdigest()
            return 201, {"ticket_id": f"T-{digest[:8]}"}
    raise NotFound("not found")


def introspect(token: str) -> dict[str, Any]:
    if not token.startswith("user-"):
        return {"active": False}
    return {"active": True, "user_id": token.removeprefix("user-"), "plan": "pro"}


def moderate(text: str) -> dict[str, Any]:
    flagged = "forbidden" in text.lower()
    return {"results": [{"flagged": flagged, "categories": {"policy": flagged}}]}


def embed(text: str) -> list[float]:
    return [round(byte / 255, 4) for byte in hashlib.sha256(text.encode()).digest()[:8]]


def search(vector: list[float], top_k: int) -> list[dict[str, Any]]:
    start = round(sum(vector) * 10000) % 5
    numbers = [(start + i) % 5 for i in range(min(top_k, 5))]
    return [
        {"id": f"doc-{n}", "score": round(0.9 - 0.1 * i, 2), "text": f"Handbook page {n}."}
        for i, n in enumerate(numbers)
    ]


def bill(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if body["user_id"] == "broke":
        return 402, {"error": "payment required"}
    used = body["prompt_tokens"] + 4 * body["completion_tokens"]
    return 201, {"request_id": body["request_id"], "credits": used}


def weather(city: str) -> dict[str, Any]:
    if city == "Atlantis":
        raise NotFound("unknown city")
    conditions = "rain" if len(city) % 2 else "clear"
    return {"city": city, "temperature_c": 10 + len(city), "conditions": conditions}


def rate(base: str, target: str) -> dict[str, Any]:
    if base not in USD_VALUES or target not in USD_VALUES:
        raise NotFound("unknown currency")
    value = round(USD_VALUES[base] / USD_VALUES[target], 6)
    return {"base": base, "target": target, "rate": value}


def order(order_id: str) -> dict[str, Any]:
    if not re.fullmatch(r"A\d+", order_id):
        raise NotFound("order not found")
    number = int(order_id[1:])
    return {
        "order_id": order_id,
        "status": ORDER_STATES[number % 3],
        "total_cents": 1000 + number,
    }


def read_conversation(
    messages: list[dict[str, Any]],
) -> tuple[str, list[tuple[str, str]], list[str]]:
    """The last question, the tools it asks for and the results there are."""
    last = max(i for i, message in enumerate(messages) if message["role"] == "user")
    question = messages[last]["content"]
    results = [m["content"] for m in messages[last + 1 :] if m["role"] == "tool"]
    return question, DIRECTIVE.findall(question), results


def answer_text(messages: list[dict[str, Any]]) -> str:
    question, _, results = read_conversation(messages)
    text = " ".join(DIRECTIVE.sub("", question).replace("[parallel]", "").split())
    return "\n- ".join([f"answer: {text}", *results])


def count_tokens(messages: list[dict[str, Any]], answer: str) -> dict[str, int]:
    prompt = sum(len((message["content"] or "").split()) for message in messages)
    completion = len(answer.split())
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def complete(body: dict[str, Any]) -> dict[str, Any]:
    messages = body["messages"]
    question, directives, results = read_conversation(messages)
    wanted = list(enumerate(directives, start=1))[len(results) :] if body.get("tools") else []
    if wanted:
        answer, reason = None, "tool_calls"
        message: dict[str, Any] = {"role": "assistant", "content": None}
        message["tool_calls"] = [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
            for number, (name, arguments) in (wanted if "[parallel]" in question else wanted[:1])
        ]
    else:
        answer, reason = answer_text(messages), "stop"
        message = {"role": "assistant", "content": answer}
    return {
        "id": "chatcmpl-1",
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": reason, "message": message}],
        "usage": count_tokens(messages, answer or ""),
    }


def stream_events(body: dict[str, Any]) -> list[str]:
    answer = answer_text(body["messages"])
    deltas: list[dict[str, str]] = [{"content": piece} for piece in re.findall(r"\S+\s*", answer)]
    chunks = [chunk(delta, None) for delta in deltas]
    last = chunk({}, "stop") | {"usage": count_tokens(body["messages"], answer)}
    return [json.dumps(event) for event in [*chunks, last]] + ["[DONE]"]


def chunk(delta: dict[str, str], reason: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-1", "choices": [choice]}
