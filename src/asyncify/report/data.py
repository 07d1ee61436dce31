"""A plan as JSON, for programs. The schema has a version; fields are only ever added to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from asyncify.colour.colouring import Colour, Link, Verdict
from asyncify.infer.facts import Index
from asyncify.place import Place
from asyncify.plan.step import Gathering, Outcome, Plan, Step
from asyncify.reason import EXPLANATIONS

SCHEMA = 1


def plan_as_json(plan: Plan, index: Index, waiting: Mapping[str, Verdict]) -> bytes:
    """`{schema, functions, calls, steps, side_by_side, warnings, support, requires, drops}`, sorted; places are
    `{path, line, column}`, columns counted from 1 in bytes.

    `functions` are those that reach a wait: what the plan says of them, and those that are only `waiting`.
    """
    verdicts = [verdict for verdict in plan.verdicts.values() if verdict.colour is not Colour.SYNC]
    verdicts += waiting.values()
    verdicts.sort(key=lambda verdict: index.functions[verdict.function].place)
    document = {
        "schema": SCHEMA,
        "functions": [_function(verdict, index) for verdict in verdicts],
        "calls": [_call(outcome) for outcome in plan.outcomes],
        "steps": [_step(step) for file in plan.files for step in file.steps],
        "side_by_side": [_gathering(gathering) for gathering in plan.gatherings],
        "warnings": [{**_place(w.place), "rule": w.rule, "text": w.text} for w in plan.warnings],
        "support": None if plan.support is None else {"path": plan.support.path, "names": plan.support.names},
        "requires": plan.requires,
        "drops": plan.drops,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _function(verdict: Verdict, index: Index) -> dict[str, Any]:
    function = index.functions[verdict.function]
    return {
        "path": function.place.path,
        "line": function.place.line,
        "qualname": function.qualname,
        "colour": verdict.colour,
        "because": [_link(link) for link in verdict.because],
        "reason": verdict.reason,
        "detail": verdict.detail,
        "held_by": None if verdict.held_by is None else _place(verdict.held_by),
    }


def _call(outcome: Outcome) -> dict[str, Any]:
    what, cure = EXPLANATIONS[outcome.reason] if outcome.reason else ("", "")
    return {
        **_place(outcome.place),
        "what": outcome.what,
        "ending": outcome.ending,
        "rule": outcome.rule,
        "reason": outcome.reason,
        "detail": outcome.detail or what,
        "advice": cure,
        "chain": [_link(link) for link in outcome.chain],
    }


def _step(step: Step) -> dict[str, Any]:
    action = type(step.action).__name__
    return {**_place(step.place), "action": action, "rule": step.rule, "safety": step.safety, "why": step.why}


def _gathering(gathering: Gathering) -> dict[str, Any]:
    return {
        **_place(gathering.place),
        "kind": gathering.kind,
        "gathered": gathering.gathered,
        "why": gathering.why,
        "because": None if gathering.because is None else _place(gathering.because),
    }


def _link(link: Link) -> dict[str, Any]:
    return {**_place(link.place), "what": link.what.partition("::")[2] or link.what}


def _place(place: Place) -> dict[str, Any]:
    return {"path": place.path, "line": place.line, "column": place.column + 1}
