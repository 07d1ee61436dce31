"""The agent and its tools, called directly."""

import json

import pytest

from deskmate.agent import get_agent
from deskmate.batch import run_batch
from deskmate.errors import MessageBlocked, TooManySteps
from deskmate.memory import ConversationMemory
from deskmate.models import ToolCall, User
from deskmate.notify import notify
from deskmate.tools import call_tool, describe_tools

ADA = User(id="ada", plan="pro")
WEATHER = '[tool:get_weather {"city": "Oslo"}]'
SUM = '[tool:calculate {"expression": "(12 + 4) * 3"}]'


def test_each_step_adds_one_tool_result(services):
    agent = get_agent()
    answer = agent.run(f"Plan my day {WEATHER} {SUM}", ADA, "s1")

    assert answer.tool_calls == ["get_weather", "calculate"]
    assert answer.text == (
        "answer: Plan my day\n"
        '- {"city": "Oslo", "temperature_c": 14, "conditions": "clear"}\n'
        '- {"expression": "(12 + 4) * 3", "value": 48}'
    )
    steps = services.bodies("/v1/chat/completions")
    assert [len(step["messages"]) for step in steps] == [2, 4, 6]
    assert services.bodies("/billing/usage")[0]["tool_calls"] == 2


def test_several_tools_in_one_step_keep_their_order(services):
    agent = get_agent()
    answer = agent.run(f"Plan my day [parallel] {WEATHER} {SUM}", ADA, "s1")

    assert answer.tool_calls == ["get_weather", "calculate"]
    last = services.bodies("/v1/chat/completions")[-1]["messages"]
    assert [m["tool_call_id"] for m in last if m["role"] == "tool"] == ["call_1", "call_2"]
    assert services.count("/v1/chat/completions") == 2


def test_earlier_turns_are_part_of_the_prompt(services):
    agent = get_agent()
    agent.run("My name is Ada", ADA, "s1")
    agent.run("What is my name?", ADA, "s1")

    prompt = services.bodies("/v1/chat/completions")[-1]["messages"]
    assert [message["role"] for message in prompt] == ["system", "user", "assistant", "user"]
    assert "Handbook page" in prompt[0]["content"]
    ids = [bill["request_id"] for bill in services.bodies("/billing/usage")]
    assert ids == ["ada/s1:1", "ada/s1:2"]


def test_a_blocked_message_leaves_no_trace(services):
    agent = get_agent()
    with pytest.raises(MessageBlocked):
        agent.run("forbidden", ADA, "s1")

    assert len(agent.memory) == 0
    assert services.paths() == ["/v1/moderations"]


def test_a_model_that_never_answers_is_stopped(services, monkeypatch):
    monkeypatch.setenv("DESKMATE_MAX_STEPS", "2")
    agent = get_agent()
    with pytest.raises(TooManySteps):
        agent.run(SUM * 3, ADA, "s1")

    assert services.count("/v1/chat/completions") == 2


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("calculate", {"expression": "7 % 4 - -1"}, {"expression": "7 % 4 - -1", "value": 4}),
        ("calculate", {"expression": "open('x')"}, {"error": "cannot evaluate \"open('x')\""}),
        (
            "convert_currency",
            {"amount": 10, "base": "EUR", "target": "USD"},
            {"amount": 12.5, "currency": "USD"},
        ),
        (
            "convert_currency",
            {"amount": 10, "base": "EUR", "target": "XXX"},
            {"error": "no rate from EUR to XXX"},
        ),
        (
            "count_working_days",
            {"start": "2025-01-03", "end": "2025-01-07"},
            {"start": "2025-01-03", "end": "2025-01-07", "days": 3},
        ),
        ("create_ticket", {"subject": "Broken chair"}, {"ticket_id": "T-e7635949"}),
        ("get_weather", {"city": "Atlantis"}, {"error": "get_weather is not available"}),
        ("get_weather", {"city": "São Paulo"}, {"city": "São Paulo", "temperature_c": 19}),
        ("lookup_order", {"order_id": "B1"}, {"order_id": "B1", "status": "unknown"}),
        ("make_coffee", {}, {"error": "there is no tool make_coffee"}),
    ],
)
def test_tools_answer_or_say_why_not(name, arguments, expected):
    content = call_tool(ToolCall(id="call_1", name=name, arguments=arguments))

    assert json.loads(content).items() >= expected.items()


def test_the_handbook_tool_searches_with_a_limit(services):
    content = call_tool(ToolCall("call_1", "search_handbook", {"query": "travel", "limit": 1}))

    assert len(json.loads(content)) == 1
    assert services.bodies("/vectors/query")[0]["top_k"] == 1


def test_wrong_arguments_are_told_to_the_model():
    content = call_tool(ToolCall("call_1", "get_weather", {"town": "Oslo"}))

    assert "unexpected keyword argument 'town'" in json.loads(content)["error"]


def test_tools_are_described_from_their_signatures():
    described = {item["function"]["name"]: item["function"] for item in describe_tools()}

    search = described["search_handbook"]
    assert search["description"] == "Search the company handbook."
    assert search["parameters"]["properties"]["limit"] == {"type": "integer"}
    assert search["parameters"]["required"] == ["query"]


def test_a_batch_runs_side_by_side_but_within_the_limit(services, monkeypatch):
    monkeypatch.setenv("DESKMATE_WORKERS", "3")
    services.slow("/v1/moderations", delay=0.03, times=6)
    agent = get_agent()
    items = run_batch(agent, ADA, [f"message {n}" for n in range(6)], "b")

    assert [item.answer for item in items] == [f"answer: message {n}" for n in range(6)]
    assert 1 < services.most_at_once <= 3


def test_a_webhook_that_fails_is_only_logged(services, monkeypatch):
    delivered = notify("test", {})
    assert delivered

    services.fail("/hooks/desk", status=500)
    delivered = notify("test", {})
    assert not delivered


def test_no_webhook_no_request(services, monkeypatch):
    monkeypatch.delenv("DESKMATE_WEBHOOK_URL")
    delivered = notify("test", {})

    assert not delivered
    assert services.requests == []


def test_memory_forgets_the_oldest_messages_but_counts_on():
    memory = ConversationMemory(max_messages=4)
    turns = [memory.add_turn("ada", "s1", f"q{n}", f"a{n}") for n in range(3)]

    assert turns == [1, 2, 3]
    contents = [message["content"] for message in memory.recall("ada", "s1")]
    assert contents == ["q1", "a1", "q2", "a2"]
