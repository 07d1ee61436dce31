"""A stand-in for a language model with OpenAI's interface: the same request always gets the same answer.

A message asks for tools with directives, `[tool:get_weather {"city": "Oslo"}]`, one call after the other, or all at
once if it contains `[parallel]`. Without a directive left to follow, the model repeats the message and the results.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

DIRECTIVE = re.compile(r"\[tool:(\w+) (\{.*?\})\]")
PARALLEL = "[parallel]"
PIECE = re.compile(r"\S+\s*")
EMBEDDING_SIZE = 8


@dataclass(frozen=True, slots=True)
class Turn:
    """What the model is asked: the last user message, its directives, and the results of tools since then."""

    text: str
    directives: tuple[tuple[str, str], ...]
    results: tuple[str, ...]
    is_parallel: bool
    prompt_words: int


def complete(request: dict[str, Any]) -> dict[str, Any]:
    """The body of an answer of /chat/completions that is not streamed."""
    turn = _turn(request)
    pending = turn.directives[len(turn.results) :] if request.get("tools") else ()
    if pending:
        calls = _tool_calls(pending if turn.is_parallel else pending[:1], len(turn.results))
        message: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": calls}
        reason, usage = "tool_calls", _usage(turn, "")
    else:
        message = {"role": "assistant", "content": _answer(turn)}
        reason, usage = "stop", _usage(turn, _answer(turn))
    choice = {"index": 0, "finish_reason": reason, "message": message}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": request.get("model"),
        "choices": [choice],
        "usage": usage,
    }


def stream(request: dict[str, Any]) -> list[bytes]:
    """The pieces of a streamed answer, each a whole server-sent event."""
    turn = _turn(request)
    answer = _answer(turn)
    deltas: list[dict[str, Any]] = [_chunk({"content": piece}, None) for piece in PIECE.findall(answer)]
    last = _chunk({}, "stop") | {"usage": _usage(turn, answer)}
    return [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in [*deltas, last]] + [b"data: [DONE]\n\n"]


def embed(request: dict[str, Any]) -> dict[str, Any]:
    """The body of an answer of /embeddings: numbers from a hash of the text."""
    given = request.get("input", "")
    texts = given if isinstance(given, list) else [given]
    data = [{"object": "embedding", "index": i, "embedding": _vector(str(text))} for i, text in enumerate(texts)]
    return {"object": "list", "model": request.get("model"), "data": data}


def _turn(request: dict[str, Any]) -> Turn:
    messages = request.get("messages") or []
    asked = max((i for i, message in enumerate(messages) if message.get("role") == "user"), default=-1)
    question = _content(messages[asked]) if asked >= 0 else ""
    text = DIRECTIVE.sub("", question).replace(PARALLEL, "")
    return Turn(
        text=" ".join(text.split()),
        directives=tuple((found[1], found[2]) for found in DIRECTIVE.finditer(question)),
        results=tuple(_content(message) for message in messages[asked + 1 :] if message.get("role") == "tool"),
        is_parallel=PARALLEL in question,
        prompt_words=sum(len(_content(message).split()) for message in messages),
    )


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _tool_calls(directives: tuple[tuple[str, str], ...], first: int) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{first + i + 1}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for i, (name, arguments) in enumerate(directives)
    ]


def _answer(turn: Turn) -> str:
    return "answer: " + turn.text + "".join(f"\n- {result}" for result in turn.results)


def _usage(turn: Turn, answer: str) -> dict[str, int]:
    words = len(answer.split())
    return {"prompt_tokens": turn.prompt_words, "completion_tokens": words, "total_tokens": turn.prompt_words + words}


def _chunk(delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }


def _vector(text: str) -> list[float]:
    return [round(byte / 255, 4) for byte in hashlib.sha256(text.encode()).digest()[:EMBEDDING_SIZE]]
