"""The language table: each construct, what becomes of it, and both sides run and compared."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from support import check_migration, check_unchanged

TABLES = sorted((Path(__file__).parent / "language").glob("*.toml"))
CONSTRUCTS = [
    pytest.param(construct, id=f"{table.stem}: {construct['name']}")
    for table in TABLES
    for construct in tomllib.loads(table.read_text("utf-8"))["construct"]
]


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_construct(construct: dict[str, Any]) -> None:
    """`run()` of both sides gives the same value, error and output; `because` means that nothing changes."""
    if "because" in construct:
        check_unchanged(construct["before"], construct["because"])
    else:
        check_migration(construct["before"], construct.get("after"))
