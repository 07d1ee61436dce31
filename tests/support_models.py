"""Routes of a language model, as OpenAI and Anthropic have them, for the recording server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

WORDS = ("Hel", "lo")
USAGE = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}


class ModelRoutes:
    """Mixed into the request handler: answers what stands below `/v1/`, in pieces where the body asks for that."""

    headers: Any
    server: Any

    def _on_v1(self, rest: str) -> None:
        asked = json.loads(self.server.owner.received[-1].body or b"{}") if self._is_json() else {}
        if asked.get("model") == "limited":
            self._send(429, b'{"error": {"message": "slow down", "type": "rate"}}', self._kind("application/json"))
            return
        name = rest.strip("/").replace("/", "_")
        if asked.get("stream"):
            self._stream(getattr(self, f"_{name}_events")(asked))
            return
        answer = getattr(self, f"_{name}")(asked)
        if isinstance(answer, bytes):
            self._send(200, answer, self._kind("audio/mpeg"))
        else:
            self._send(200, json.dumps(answer).encode(), [*self._kind("application/json"), ("x-request-id", "r1")])

    def _is_json(self) -> bool:
        return "json" in (self.headers.get("Content-Type") or "")

    def _kind(self, kind: str) -> list[tuple[str, str]]:
        return [("Content-Type", kind)]

    def _stream(self, events: Iterator[tuple[str, Any]]) -> None:
        self._start_chunks("text/event-stream")
        for name, data in events:
            text = data if isinstance(data, str) else json.dumps(data)
            self._chunk((f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode())
        self._chunk(b"")

    def _send(self, status: int, body: bytes = b"", headers: Any = (), reason: str | None = None) -> None:
        raise NotImplementedError

    def _start_chunks(self, kind: str = "text/plain") -> None:
        raise NotImplementedError

    def _chunk(self, data: bytes) -> None:
        raise NotImplementedError

    # ------------------------------------------------------------------ OpenAI

    def _chat_completions(self, asked: dict[str, Any]) -> Any:
        message = {"role": "assistant", "content": "".join(WORDS), "echo": asked["messages"]}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {"id": "c", "object": "chat.completion", "model": "m", "created": 1, "choices": [choice], "usage": USAGE}

    def _chat_completions_events(self, asked: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        head = {"id": "c", "object": "chat.completion.chunk", "model": "m", "created": 1}
        for word in WORDS:
            yield "", head | {"choices": [{"index": 0, "delta": {"role": "assistant", "content": word}}]}
        yield "", head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        yield "", "[DONE]"

    def _completions(self, asked: dict[str, Any]) -> Any:
        return {"id": "c", "object": "text_completion", "model": "m", "created": 1, "choices": [{"text": "Hello"}]}

    def _embeddings(self, asked: dict[str, Any]) -> Any:
        rows = [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}]
        return {"object": "list", "model": "m", "data": rows, "usage": USAGE}

    def _models(self, asked: dict[str, Any]) -> Any:
        models = [{"id": name, "object": "model", "created": 1, "owned_by": "o"} for name in ("m1", "m2")]
        return {"object": "list", "data": models}

    def _files(self, asked: dict[str, Any]) -> Any:
        is_second = "after=f2" in self.server.owner.received[-1].target
        names = ("f3",) if is_second else ("f1", "f2")
        files = [
            {"id": name, "object": "file", "bytes": 1, "created_at": 1, "filename": name, "purpose": "p"}
            for name in names
        ]
        return {"object": "list", "data": files, "has_more": not is_second}

    def _audio_speech(self, asked: dict[str, Any]) -> Any:
        return b"\x00\x01" * 2000

    # ------------------------------------------------------------------ Anthropic

    def _messages(self, asked: dict[str, Any]) -> Any:
        content = [{"type": "text", "text": "".join(WORDS)}]
        return self._message(content, "end_turn")

    def _message(self, content: list[Any], reason: str | None) -> Any:
        usage = {"input_tokens": 1, "output_tokens": 2}
        head = {"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_sequence": None, "usage": usage}
        return head | {"content": content, "stop_reason": reason}

    def _messages_events(self, asked: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        yield self._event("message_start", message=self._message([], None))
        yield self._event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for word in WORDS:
            yield self._event("content_block_delta", index=0, delta={"type": "text_delta", "text": word})
        yield self._event("content_block_stop", index=0)
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        yield self._event("message_delta", delta=end, usage={"output_tokens": 2})
        yield self._event("message_stop")

    def _event(self, kind: str, **more: Any) -> tuple[str, Any]:
        return kind, {"type": kind, **more}

    def _messages_count_tokens(self, asked: dict[str, Any]) -> Any:
        return {"input_tokens": 7}
