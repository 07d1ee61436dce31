"""Trees of files for tests: write them, and take the whole of one to compare it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

Entry = tuple[str, int, bytes]
MODES = 0o7777


def write_files(root: Path, files: Mapping[str, bytes]) -> Path:
    """Make the files, with their folders, below `root`."""
    root.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def snapshot(root: Path) -> dict[str, Entry]:
    """Everything below `root` except what git keeps: kind, mode, and bytes or the target of a link."""
    found: dict[str, Entry] = {}
    for folder, folders, files in os.walk(root):
        if ".git" in folders:
            folders.remove(".git")
        for name in [*folders, *files]:
            file = Path(folder, name)
            found[file.relative_to(root).as_posix()] = _entry(file)
    return found


def _entry(file: Path) -> Entry:
    if file.is_symlink():
        return "link", 0, os.fsencode(file.readlink())
    mode = file.stat().st_mode & MODES
    return ("folder", mode, b"") if file.is_dir() else ("file", mode, file.read_bytes())
