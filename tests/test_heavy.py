"""Routes that compute more than they wait are told of; computing goes to a thread where its function is awaited."""

from __future__ import annotations

import textwrap

import pytest

from asyncify.plan.heavy import RULE
from asyncify.rule_examples import migrate_text, result_text
from support import SHIPPED

HEAD = """
import hashlib
import time

import requests
from fastapi import FastAPI

app = FastAPI()


def digest(text):
    return hashlib.scrypt(text.encode(), salt=b"s", n=2**14, r=8, p=1).hex()


def ask(url):
    return requests.get(url, timeout=5).text


"""

HEAVY = {
    "it computes and waits for nothing": '@app.post("/a")\ndef route(text: str):\n    return digest(text)\n',
    "it computes itself": (
        '@app.get("/a")\nasync def route(text: str):\n'
        '    return hashlib.scrypt(text.encode(), salt=b"s", n=2**14, r=8, p=1).hex()\n'
    ),
    "it computes twice and waits once": (
        '@app.post("/a")\ndef route(text: str):\n    text = ask(text)\n    return digest(text), hashlib.pbkdf2_hmac('
        '"sha256", text.encode(), b"s", 100000)\n'
    ),
}
LIGHT = {
    "it waits as often": '@app.post("/a")\ndef route(text: str):\n    return digest(ask(text))\n',
    "it waits": '@app.post("/a")\ndef route(text: str):\n    return ask(text)\n',
    "it is no route": "def route(text: str):\n    return digest(text)\n",
}


def _told(text: str) -> list[str]:
    return [w.text for w in migrate_text(HEAD + text, SHIPPED).plan.warnings if w.rule == RULE]


@pytest.mark.parametrize("text", HEAVY.values(), ids=HEAVY)
def test_a_route_that_computes_is_told_of_with_a_better_way(text: str) -> None:
    (found,) = _told(text)

    assert found.startswith("The route computes more than it waits: `hashlib.")
    assert "return its id" in found


@pytest.mark.parametrize("text", LIGHT.values(), ids=LIGHT)
def test_other_routes_are_not(text: str) -> None:
    assert _told(text) == []


@pytest.mark.parametrize(
    ("call", "becomes"),
    [
        ("gzip.compress(data)", "await asyncio.to_thread(gzip.compress, data)"),
        ("cv2.imread(data)", "await asyncio.to_thread(cv2.imread, data)"),
        ("weasyprint.HTML(string=data).write_pdf()", "await asyncio.to_thread(weasyprint.HTML(string=data).write_pdf)"),
        ("PIL.Image.open(data).resize((9, 9))", "await asyncio.to_thread(PIL.Image.open(data).resize, (9, 9))"),
        (
            "pandas.read_csv(data).to_json()",
            "to_thread((await asyncio.to_thread(pandas.read_csv, data)).to_json)",
        ),
        ("fitz.open(data)[0].get_text()", "await asyncio.to_thread(fitz.open(data)[0].get_text)"),
        ("zipfile.ZipFile(data).extractall()", "await asyncio.to_thread(zipfile.ZipFile(data).extractall)"),
        (
            "pdfplumber.open(data).pages[0].extract_text()",
            "to_thread(pdfplumber.open(data).pages[0].extract_text)",
        ),
    ],
)
def test_what_computes_for_long_runs_in_a_thread(call: str, becomes: str) -> None:
    before = textwrap.dedent(
        f"""
        import {call.partition(".")[0]}{".Image" if call.startswith("PIL") else ""}
        import time


        def run(data):
            time.sleep(1)
            return {call}
        """
    )
    migration = migrate_text(before, SHIPPED)

    assert migration.faults == ()
    assert becomes in result_text(migration, before)
