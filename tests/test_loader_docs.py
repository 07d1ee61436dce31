"""docs/rules.md: its blocks are one valid pack, and it leaves no key out."""

from __future__ import annotations

import re
from pathlib import Path

from asyncify.catalogue import build_catalogue
from asyncify.loader import load_pack
from asyncify.loading.declarations import ACCEPTS_KEYS, EXCEPTION_KEYS, TYPE_KEYS
from asyncify.loading.packs import PACK_KEYS, SECTIONS
from asyncify.loading.references import check_references
from asyncify.loading.rules import EXAMPLE_KEYS, KEYS
from asyncify.rule import Form, Safety, Wait
from asyncify.rule_examples import check_examples

PAGE = Path(__file__).parent.parent / "docs" / "rules.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def test_the_blocks_of_the_page_are_one_valid_pack() -> None:
    pack = load_pack("\n".join(BLOCKS), "acme.toml")
    catalogue = build_catalogue([pack])
    check_references(catalogue, [pack])

    assert catalogue.canonical("acme.client.Client.get") == "acme.Client.get"
    assert [example.because for example in catalogue.rules["acme-client-ask"].examples] == [None, "inside-lambda"]


def test_the_examples_of_the_page_come_out_as_it_says() -> None:
    results = list(check_examples(build_catalogue([load_pack("\n".join(BLOCKS), "acme.toml")])))

    assert [result.trouble for result in results] == [None] * 7


def test_every_key_and_word_is_explained() -> None:
    keys = SECTIONS | PACK_KEYS | KEYS | EXAMPLE_KEYS | TYPE_KEYS | EXCEPTION_KEYS | ACCEPTS_KEYS
    words = {*Wait, *Safety, *Form}

    assert sorted(key for key in keys | words if not re.search(rf"(?<![\w-]){key}(?![\w-])", TEXT)) == []
