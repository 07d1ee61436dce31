"""Temporary copies of a tree, so that nothing that is run can touch the tree itself."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOT_COPIED = (
    ".git", ".hg", ".svn", ".venv", "venv", ".tox", ".nox", "node_modules", "__pycache__", ".asyncify",
    ".mypy_cache", ".ruff_cache", ".pytest_cache",
)  # fmt: skip


@contextmanager
def copied(root: Path, scratch: Path) -> Iterator[Path]:
    """A copy of the tree, below `scratch` and with the name that it had; it is gone after the block."""
    with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as folder:
        target = Path(folder) / root.name
        shutil.copytree(root, target, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
        yield target
