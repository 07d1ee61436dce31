"""Some forms of each family of `benchmarks/pg_parity.py`, and all that would differ in silence: none may be wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from parity import Form
from pg_parity import judge, load_forms, serve_forms, show_plain

from support_postgres import Databases

FORMS = load_forms()
SILENT = [form for form in FORMS if form.plain]
OTHERS = [form for form in FORMS if not form.plain]
TOGETHER = 50  # every so many-th of the others


@pytest.fixture(scope="module")
def forms_databases() -> Iterator[Databases]:
    with serve_forms() as databases:
        yield databases


def test_there_are_enough_forms_of_every_family() -> None:
    assert len(FORMS) >= 900
    assert len({form.section for form in FORMS}) == 13


def test_no_two_forms_of_a_family_have_one_name() -> None:
    assert len({(form.section, form.name) for form in FORMS}) == len(FORMS)


def test_what_is_different_is_called_wrong(forms_databases: Databases) -> None:
    text = "import sys\n\n\ndef run(dsn):\n    return sys.modules['form'].__dict__.get('seen', hash(dsn))\n"

    assert judge(Form("", "a value that no two runs share", text), forms_databases).word == "wrong"


@pytest.mark.parametrize("form", SILENT, ids=lambda form: form.name)
def test_the_word_by_word_translation_does_something_else_without_an_error(
    form: Form, forms_databases: Databases
) -> None:  # fmt: skip
    old, plain = show_plain(form, forms_databases)

    assert old.error is None
    assert plain.error is None
    assert (old.traces, old.outcome) != (plain.traces, plain.outcome)


@pytest.mark.parametrize("form", SILENT, ids=lambda form: form.name)
def test_what_would_differ_in_silence_is_equal_or_reported(form: Form, forms_databases: Databases) -> None:
    verdict = judge(form, forms_databases)

    assert verdict.word == ("reported" if form.differs else "equal"), f"{verdict.trouble}\n{verdict.after}"


@pytest.mark.parametrize("form", OTHERS[::TOGETHER], ids=lambda form: form.name)
def test_a_form_does_the_same_or_is_reported(form: Form, forms_databases: Databases) -> None:
    verdict = judge(form, forms_databases)

    assert verdict.word in ("equal", "reported"), f"{verdict.trouble}\n{verdict.after}"
