"""Some forms of each section of `benchmarks/http_parity.py`: none may be wrong, and the count must hold."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from http_parity import Servers, judge, load_forms
from parity import Form

FORMS = load_forms()
TOGETHER = 40  # every so many-th of the forms that are one call in a shape; those written by hand count alike


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as servers:
        yield servers


def test_there_are_enough_forms_of_every_section() -> None:
    assert len(FORMS) >= 400
    assert len({form.section for form in FORMS}) == 13


def test_what_is_different_is_called_wrong(servers: Servers) -> None:
    text = "import requests\n\n\ndef run(base):\n    return type(requests.get(base + '/echo')).__module__\n"

    assert judge(Form("", "the module of a class", text), servers).word == "wrong"


@pytest.mark.parametrize(
    "form", FORMS[::TOGETHER] + [form for form in FORMS if form.differs], ids=lambda form: form.name
)
def test_a_form_does_the_same_or_is_reported(form: Form, servers: Servers) -> None:
    verdict = judge(form, servers)

    assert verdict.word == ("reported" if form.differs else "equal"), f"{verdict.trouble}\n{verdict.after}"
