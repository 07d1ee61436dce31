"""Code for the client of OpenAI and for that of Anthropic does the same once it has become asynchronous."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from support import check_migration, check_unchanged
from support_server import Server

pytest.importorskip("openai")
pytest.importorskip("anthropic")
UNEQUAL = re.compile(r"(?i)^(x-stainless-.*|user-agent|idempotency-key|connection|accept-encoding|host)$")

OPENAI = """
import openai
from openai import OpenAI, RateLimitError

MESSAGES = [{"role": "user", "content": "Hi"}]


class Agent:
    def __init__(self, url):
        self.client = OpenAI(base_url=url + "/v1", api_key="k", max_retries=0, timeout=None)

    def ask(self, model="m"):
        answer = self.client.chat.completions.create(model=model, messages=MESSAGES)
        return answer.choices[0].message.content

    def stream(self):
        for chunk in self.client.chat.completions.create(model="m", messages=MESSAGES, stream=True):
            if chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content


def run(url):
    agent = Agent(url)
    seen = [agent.ask(), list(agent.stream())]
    CASE
    return seen
"""
CASES = {
    "a stream in a variable": """
    stream = agent.client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    seen.append("".join(chunk.choices[0].delta.content or "" for chunk in stream))""",
    "a stream as a context": """
    with agent.client.chat.completions.create(model="m", messages=MESSAGES, stream=True) as stream:
        for chunk in stream:
            seen.append(chunk.choices[0].finish_reason)""",
    "a stream manager": """
    with agent.client.chat.completions.stream(model="m", messages=MESSAGES) as stream:
        seen += [event.type for event in stream]
        seen.append(stream.get_final_completion().choices[0].message.content)""",
    "the raw answer": """
    raw = agent.client.chat.completions.with_raw_response.create(model="m", messages=MESSAGES)
    seen += [raw.headers["x-request-id"], raw.parse().usage.total_tokens]""",
    "a streamed body": """
    with agent.client.audio.speech.with_streaming_response.create(model="m", voice="v", input="x") as response:
        seen += [response.status_code, sum(len(piece) for piece in response.iter_bytes(500))]""",
    "lists and their pages": """
    seen.append([model.id for model in agent.client.models.list()])
    seen.append([file.id for file in agent.client.files.list()])
    first = agent.client.files.list()
    seen += [[file.id for file in first.data], [file.id for file in first.get_next_page().data]]""",
    "other settings": """
    with agent.client.with_options(max_retries=1) as client:
        seen.append(client.embeddings.create(model="m", input="x").data[0].embedding)""",
    "its errors": """
    try:
        agent.ask("limited")
    except RateLimitError as error:
        seen += [error.status_code, "slow down" in str(error)]
    except openai.APIError:
        seen.append("another")""",
    "a client in a function": """
    def load(client: OpenAI):
        return client.audio.speech.create(model="m", voice="v", input="x").content
    client = openai.OpenAI(base_url=url + "/v1", api_key="k", timeout=None)
    seen.append(len(load(client)))
    client.close()""",
    "keyword arguments passed through": """
    def create(**options):
        return agent.client.chat.completions.create(model="m", messages=MESSAGES, **options)
    seen.append(create(temperature=0).usage.total_tokens)
    seen.append([chunk.id for chunk in create(stream=True)])""",
}

ANTHROPIC = """
import anthropic
from anthropic import Anthropic

MESSAGES = [{"role": "user", "content": "Hi"}]


class Agent:
    def __init__(self, client: Anthropic):
        self.client = client

    def ask(self, model="c"):
        answer = self.client.messages.create(model=model, max_tokens=9, messages=MESSAGES)
        return answer.content[0].text


def run(url):
    agent = Agent(anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=None))
    seen = [agent.ask()]
    CASE
    return seen
"""
ANTHROPIC_CASES = {
    "text as it comes": """
    with agent.client.messages.stream(model="c", max_tokens=9, messages=MESSAGES) as stream:
        for text in stream.text_stream:
            seen.append(text)
        seen += [stream.get_final_message().stop_reason, stream.get_final_text()]""",
    "events": """
    with agent.client.messages.stream(model="c", max_tokens=9, messages=MESSAGES) as stream:
        for event in stream:
            seen.append(event.type)""",
    "a plain stream": """
    for event in agent.client.messages.create(model="c", max_tokens=9, messages=MESSAGES, stream=True):
        seen.append(event.type)""",
    "a count": """
    seen.append(agent.client.messages.count_tokens(model="c", messages=MESSAGES).input_tokens)""",
    "its errors": """
    try:
        agent.ask("limited")
    except anthropic.RateLimitError as error:
        seen.append(error.status_code)""",
    "other settings": """
    with agent.client.with_options(max_retries=1) as client:
        seen.append(client.messages.create(model="c", max_tokens=9, messages=MESSAGES).usage.output_tokens)""",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.mark.parametrize("case", CASES)
def test_openai(server: Server, case: str) -> None:
    _check(server, OPENAI.replace("    CASE", CASES[case].strip("\n")))


@pytest.mark.parametrize("case", ANTHROPIC_CASES)
def test_anthropic(server: Server, case: str) -> None:
    _check(server, ANTHROPIC.replace("    CASE", ANTHROPIC_CASES[case].strip("\n")))


def test_a_method_that_must_stay_keeps_the_client() -> None:
    check_unchanged(
        """
        from openai import OpenAI


        def run(client: OpenAI, thread, assistant, handler):
            with client.beta.threads.runs.stream(thread, assistant_id=assistant, event_handler=handler) as stream:
                stream.until_done()
            return client.models.list()
        """,
        because="arguments",
    )


def _check(server: Server, code: str) -> None:
    server.take()
    check_migration(code, url=server.url)
    sent = [_sent(each) for each in server.take()]

    assert sent[: len(sent) // 2] == sent[len(sent) // 2 :]


def _sent(received: Any) -> tuple[Any, ...]:
    headers = sorted((name, value) for name, value in received.headers if not UNEQUAL.match(name))
    return received.method, received.target, headers, received.body
