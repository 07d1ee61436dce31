"""The arguments of a call against a rule: what fills which hole, and what has no counterpart."""

from __future__ import annotations

import ast

from asyncify.rule import Rule, Signature
from asyncify.template import bind

MISFIT = "The arguments cannot be told apart, or do not fit the signature that the rule gives."


def find_trouble(rule: Rule, path: str, node: ast.Call) -> str | None:
    """Why the rule cannot take these arguments, in words; None where it can."""
    for keyword in node.keywords:
        if keyword.arg is not None and keyword.arg in rule.refuses:
            return f"`{keyword.arg}`: {rule.refuses[keyword.arg]}"
    return MISFIT if slot_values(rule, path, node) is None else None


def slot_values(rule: Rule, path: str, node: ast.Call) -> dict[str, ast.expr] | None:
    """The argument for each slot that the rule's template names; None if one of them cannot be found."""
    signature = signature_of(rule, path)
    wanted = [slot.name for slot in signature.slots if f"{{{slot.name}}}" in (rule.becomes or "")]
    if not wanted:
        return {}
    if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
        return None
    bound = bind(signature, len(node.args), tuple(k.arg or "" for k in node.keywords), False, False)
    if bound is None or any(name not in bound for name in wanted):
        return None
    return {name: _argument(node, bound[name]) for name in wanted}


def is_streamed(rule: Rule, node: ast.Call) -> bool:
    """Does the call name the keyword that asks for a value to be read piece by piece?"""
    return any(keyword.arg == rule.streams for keyword in node.keywords if keyword.arg is not None)


def signature_of(rule: Rule, path: str) -> Signature:
    """The signature of a rule that speaks for `path`."""
    name = path.rpartition(".")[2]
    return next((signature for signature in rule.calls if signature.name == name), rule.calls[0])


def _argument(node: ast.Call, where: int | str) -> ast.expr:
    if isinstance(where, int):
        return node.args[where]
    return next(keyword.value for keyword in node.keywords if keyword.arg == where)
