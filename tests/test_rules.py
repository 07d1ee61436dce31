"""The examples in the rule packs, run by the code behind `asyncify rules test`."""

from __future__ import annotations

import pytest

from asyncify.loader import load_catalogue
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
