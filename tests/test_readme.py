"""README.md says what is so: its generated parts and its commands are held against the code."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import typer.main

from asyncify.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_the_generated_parts_are_as_the_code_makes_them() -> None:
    """`python docs/generate.py` writes them anew."""
    generate = runpy.run_path(str(ROOT / "docs" / "generate.py"))

    assert generate["generated"](README) == README


def test_no_part_is_missing() -> None:
    """A block that swallowed what follows it would pass the test above."""
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)

    assert re.findall(r"<!-- generated: (\w+) -->", README) == ["diff", "rules", "detected", "reasons"]
    assert headings == [
        "Try it",
        "Use it",
        "What the diff looks like",
        "What a report looks like",
        "What runs side by side",
        "What it converts",
        "What it refuses",
        "Before and after",
        "How well it does",
        "More",
    ]


def test_every_command_is_named() -> None:
    named = set(re.findall(r"asyncify (\w+)", README))

    assert set(typer.main.get_command(app).commands) <= named  # type: ignore[attr-defined]


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"(?:\]\(|src=\"|srcset=\")(?!http)([^)#\"]+)", README)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
