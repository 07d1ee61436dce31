"""The functions that the model may call.

A tool takes keyword arguments and returns something that `json.dumps` can write. A tool that fails
raises; `call_tool` turns that into an answer the model can read.
"""

import ast
import inspect
import json
import logging
import operator
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import requests

from deskmate.errors import DeskmateError, RequestRejected
from deskmate.models import ToolCall
from deskmate.services import get_services
from deskmate.settings import get_settings

OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
}

JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}

logger = logging.getLogger(__name__)


def calculate(expression: str) -> dict[str, Any]:
    """Evaluate an arithmetic expression such as (12 + 4) * 3."""

    def evaluate(node: ast.AST) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return node.value
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](evaluate(node.left), evaluate(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](evaluate(node.operand))
        raise ValueError(f"cannot evaluate {expression!r}")

    return {"expression": expression, "value": evaluate(ast.parse(expression, mode="eval").body)}


def count_working_days(start: str, end: str) -> dict[str, Any]:
    """Count the days from Monday to Friday between two ISO dates, both included."""
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return {"start": start, "end": end, "days": sum(day.weekday() < 5 for day in days)}


def get_weather(city: str) -> dict[str, Any]:
    """Look up the current weather in a city."""
    return get_services().desk.get("/tools/weather", params={"city": city})


def convert_currency(amount: float, base: str, target: str) -> dict[str, Any]:
    """Convert an amount from one currency to another at today's rate."""
    settings = get_settings()
    response = requests.get(
        f"{settings.tools_url}/tools/rates",
        params={"base": base, "target": target},
        headers={"Authorization": f"Bearer {settings.api_key}"},
        timeout=settings.timeout,
    )
    if response.status_code == 404:
        raise ValueError(f"no rate from {base} to {target}")
    response.raise_for_status()
    rate = response.json()["rate"]
    return {"amount": round(amount * rate, 2), "currency": target}


def lookup_order(order_id: str) -> dict[str, Any]:
    """Find the status and total of an order."""
    try:
        order = get_services().desk.get(f"/tools/orders/{order_id}")
    except RequestRejected as error:
        if error.code == 404:
            return {"order_id": order_id, "status": "unknown"}
        raise
    return {
        "order_id": order["order_id"],
        "status": order["status"],
        "total": f"{order['total_cents'] / 100:.2f}",
    }


def search_handbook(query: str, limit: int = 2) -> list[dict[str, Any]]:
    """Search the company handbook."""
    passages = get_services().handbook.search(query, top_k=limit)
    return [{"id": passage.id, "text": passage.text} for passage in passages]


def create_ticket(subject: str, body: str = "") -> dict[str, Any]:
    """Open a ticket with the service desk."""
    ticket = get_services().desk.post("/tools/tickets", {"subject": subject, "body": body})
    logger.info("opened ticket %s", ticket["ticket_id"])
    return ticket


TOOLS: dict[str, Callable[..., Any]] = {
    "calculate": calculate,
    "convert_currency": convert_currency,
    "count_working_days": count_working_days,
    "create_ticket": create_ticket,
    "get_weather": get_weather,
    "lookup_order": lookup_order,
    "search_handbook": search_handbook,
}


def call_tool(call: ToolCall) -> str:
    """Run a tool for the model; the result, or what went wrong, as JSON text."""
    if call.name not in TOOLS:
        return json.dumps({"error": f"there is no tool {call.name}"})
    try:
        result = TOOLS[call.name](**call.arguments)
    except (DeskmateError, requests.RequestException) as error:
        logger.warning("tool %s failed: %s", call.name, error)
        return json.dumps({"error": f"{call.name} is not available"})
    except (TypeError, ValueError, SyntaxError, ArithmeticError) as error:
        return json.dumps({"error": str(error)})
    return json.dumps(result)


def describe_tools() -> list[dict[str, Any]]:
    """The tools as the model's `tools` parameter wants them."""
    return [describe(name, function) for name, function in TOOLS.items()]


def describe(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": inspect.getdoc(function),
            "parameters": {
                "type": "object",
                "properties": {p.name: {"type": JSON_TYPES[p.annotation]} for p in parameters},
                "required": [p.name for p in parameters if p.default is p.empty],
            },
        },
    }
