"""The language table: each construct, what becomes of it, and both sides run and compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support import check_construct, load_constructs, migrated, run_text

TABLES = sorted((Path(__file__).parent / "language").glob("*.toml"))
CONSTRUCTS = [
    pytest.param(construct, id=f"{table.stem}: {construct['name']}")
    for table in TABLES
    for construct in load_constructs(table)
]


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_construct(construct: dict[str, Any]) -> None:
    """`run()` of both sides gives the same value, error and output; `because` means that nothing changes, or with
    `partly` that only what stands round it does."""
    check_construct(construct)


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_line_ends_are_kept(newline: str) -> None:
    """Every line of the result ends as the lines of the input did, added imports included."""
    before = "import time\n\n\ndef run():\n    time.sleep(1)\n    return 1\n".replace("\n", newline)

    _, text = migrated(before)

    assert "await asyncio.sleep(1)" in text
    assert text.count("\n") == text.count(newline)
    assert run_text(text).value == 1
