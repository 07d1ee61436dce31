"""Answers passed on to the browser while the model is still writing them."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import requests

from deskmate.agent import Agent
from deskmate.client import rejection
from deskmate.errors import (
    BadResponse,
    DeskmateError,
    ServiceTimeout,
    ServiceUnavailable,
)
from deskmate.models import Answer, Message, User
from deskmate.settings import get_settings

DATA = b"data: "
END = b"[DONE]"

logger = logging.getLogger(__name__)


def stream_completion(messages: list[Message]) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed completion, as the model sends them.

    Not over the shared session: a slow reader would keep one of its connections busy.
    """
    settings = get_settings()
    try:
        with requests.post(
            f"{settings.llm_url}/v1/chat/completions",
            json={"model": settings.model, "messages": messages, "stream": True},
            headers={"Authorization": f"Bearer {settings.api_key}"},
            timeout=settings.timeout,
            stream=True,
        ) as response:
            response.raise_for_status()
            for line in response.iter_lines():
                if not line.startswith(DATA):
                    continue
                data = line.removeprefix(DATA)
                if data == END:
                    break
                yield json.loads(data)
    except requests.Timeout as error:
        raise ServiceTimeout("llm", "stopped sending") from error
    except requests.HTTPError as error:
        raise rejection("llm", error.response.status_code) from error
    except requests.RequestException as error:
        raise ServiceUnavailable("llm", "connection lost") from error
    except ValueError as error:
        raise BadResponse("llm", "sent a broken event") from error


def stream_answer(agent: Agent, message: str, user: User, answer: Answer) -> Iterator[str]:
    """Server-sent events for one message: deltas, then `done` or `error`."""
    try:
        messages, answer.sources = agent.prepare(message, user, answer.session_id)
        for chunk in stream_completion(messages):
            answer.usage.add(chunk.get("usage") or {})
            for choice in chunk["choices"]:
                delta = choice["delta"].get("content")
                if delta:
                    answer.text += delta
                    yield sse({"delta": delta})
        answer.credits = agent.finish(message, user, answer)
    except DeskmateError as error:
        logger.warning("stream of %s broke: %s", answer.session_id, error)
        yield sse({"detail": str(error)}, event="error")
        return
    usage = {
        "prompt_tokens": answer.usage.prompt_tokens,
        "completion_tokens": answer.usage.completion_tokens,
    }
    done = {"session_id": answer.session_id, "usage": usage, "credits": answer.credits}
    yield sse(done, event="done")


def sse(data: dict[str, Any], event: str = "") -> str:
    prefix = f"event: {event}\n" if event else ""
    return f"{prefix}data: {json.dumps(data)}\n\n"
