"""The examples in the rule packs, run by the code behind `asyncify rules test`."""

from __future__ import annotations

import asyncio
import builtins
import json

import aiohttp
import pytest

from asyncify.loader import load_catalogue
from asyncify.rule import ExceptionRule
from asyncify.rule_examples import ExampleResult, check_examples

CATALOGUE = load_catalogue()
RESULTS = list(check_examples(CATALOGUE))


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{result.rule}: {result.example}")
def test_an_example_becomes_what_it_says(result: ExampleResult) -> None:
    assert result.trouble is None


def test_every_rule_that_rewrites_has_both_kinds_of_example() -> None:
    rewriting = [rule for rule in CATALOGUE.rules.values() if rule.becomes or rule.opens]
    lacking = [
        rule.id
        for rule in rewriting
        if not any(example.after for example in rule.examples) or not any(example.because for example in rule.examples)
    ]

    assert rewriting
    assert lacking == []


@pytest.mark.parametrize("rule", CATALOGUE.exceptions.values(), ids=lambda rule: rule.path)
def test_what_is_raised_is_what_is_caught(rule: ExceptionRule) -> None:
    """A class that the project raises itself must reach the handlers that named it."""
    named = {"aiohttp": aiohttp, "asyncio": asyncio, "json": json, **vars(builtins)}
    texts = (rule.raises, *rule.catches, *rule.catches_after)
    if any("{aio}" in text for text in texts):
        pytest.skip("a class of the support module, whose own tests hold it")
    raised, *caught = (eval(text, dict(named)) for text in (rule.raises, *rule.catches))

    assert issubclass(raised, tuple(caught))
    assert not rule.catches_after or issubclass(raised, tuple(eval(t, dict(named)) for t in rule.catches_after))
