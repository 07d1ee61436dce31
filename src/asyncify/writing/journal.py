"""What was there before an apply, kept below `.asyncify/` in the root until it is undone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from asyncify.errors import ApplyError
from asyncify.writing.target import Target
from asyncify.writing.writer import Owner, Writer

FOLDER = ".asyncify"
NUMBER = re.compile(r"\d{4,}")
TEMPORARY = re.compile(r"\.asyncify-\d{4,}-\d{4,}\.tmp")
GONE = ".gone"  # suffix of a journal that is being deleted
MANIFEST = "manifest.json"
DONE = "done"  # marker: the apply is complete
UNDOING = "undoing"  # marker: an undo has begun
VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an apply. `before` and `after` are SHA-256 sums, None where there is no file."""

    path: str
    before: str | None
    after: str | None
    saved: str | None  # name of the copy in the journal
    temporary: str  # name of the temporary file beside the file
    owner: Owner | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is needed to restore the tree."""

    version: int
    entries: tuple[Entry, ...]
    folders: tuple[str, ...]  # made for new files, outermost first


def pending(root: Path) -> str | None:
    """What was interrupted in this tree and what to do about it, or None."""
    journal = newest(root.resolve())
    if journal is None:
        return None
    if (journal / UNDOING).exists():
        return f"{root}: an undo was interrupted; run `asyncify undo` again to finish it"
    if not (journal / DONE).exists():
        return f"{root}: an apply was interrupted; run `asyncify undo` to get back what was there"
    return None


def newest(root: Path) -> Path | None:
    """The journal of the last apply that was not undone."""
    found = _journals(root)
    return found[-1] if found else None


def count(root: Path) -> int:
    """How many applies can be undone."""
    return len(_journals(root))


def begin(root: Path, writer: Writer) -> Path:
    """A new, empty journal. Raises ApplyError if another asyncify is at work in this tree."""
    home = root / FOLDER
    if home.is_symlink() or (home.exists() and not home.is_dir()):
        raise ApplyError(f"{home}: is not a folder; move it away")
    tidy(home, writer)
    if not home.exists():
        writer.make_folder(home)
    if not (home / ".gitignore").exists():
        writer.create(home / ".gitignore", b"*\n")
    last = newest(root)
    journal = home / f"{int(last.name) + 1 if last else 1:04d}"
    try:
        writer.make_folder(journal)
    except FileExistsError as error:
        raise ApplyError(f"{root}: another asyncify is at work here; wait until it is done") from error
    return journal


def save(root: Path, journal: Path, targets: Iterable[Target], writer: Writer) -> Manifest:
    """Copy what will be replaced, then the manifest: when that stands, everything can be had back."""
    entries = tuple(_entry(journal, number, target, writer) for number, target in enumerate(targets))
    manifest = Manifest(VERSION, entries, _missing_folders(root, entries))
    data = json.dumps(msgspec.to_builtins(manifest), indent=1).encode("ascii")  # holds odd file names as escapes
    writer.create(journal / f"{MANIFEST}.tmp", data)
    writer.replace(journal / f"{MANIFEST}.tmp", journal / MANIFEST)
    return manifest


def read_manifest(journal: Path) -> Manifest | None:
    """The manifest, or None if the apply was interrupted before it wrote anything to the tree."""
    try:
        data = json.loads((journal / MANIFEST).read_bytes())
        manifest = msgspec.convert(data, Manifest)
    except FileNotFoundError:
        return None
    except (ValueError, msgspec.ValidationError) as error:
        raise ApplyError(f"{journal / MANIFEST}: damaged ({error}); the saved files are beside it") from error
    if manifest.version != VERSION:
        raise ApplyError(f"{journal / MANIFEST}: written by another version of asyncify; undo with that one")
    if not all(TEMPORARY.fullmatch(entry.temporary) for entry in manifest.entries):
        raise ApplyError(f"{journal / MANIFEST}: damaged (names of temporary files)")
    return manifest


def saved_bytes(journal: Path, entry: Entry) -> bytes:
    """What was there before. Raises ApplyError if the copy is damaged."""
    name = entry.saved or ""
    data = (journal / name).read_bytes() if NUMBER.fullmatch(name) and (journal / name).is_file() else b""
    if digest(data) != entry.before:
        raise ApplyError(f"{journal / name}: the saved copy of {entry.path} is missing or damaged")
    return data


def discard(journal: Path, writer: Writer) -> None:
    """Delete a journal, and `.asyncify` itself if nothing is left in it."""
    gone = journal.with_name(journal.name + GONE)
    if journal.exists():
        writer.replace(journal, gone)
    tidy(journal.parent, writer)


def tidy(home: Path, writer: Writer) -> None:
    """Finish deletions that were interrupted."""
    if home.is_symlink() or not home.is_dir():
        return
    for gone in sorted(home.glob(f"*{GONE}")):
        for file in sorted(gone.iterdir()):
            writer.remove(file)
        writer.remove_folder(gone)
    if [file.name for file in home.iterdir()] == [".gitignore"]:
        writer.remove(home / ".gitignore")
    if not any(home.iterdir()):
        writer.remove_folder(home)


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _journals(root: Path) -> list[Path]:
    home = root / FOLDER
    if home.is_symlink() or not home.is_dir():
        return []
    return sorted((f for f in home.iterdir() if NUMBER.fullmatch(f.name)), key=lambda folder: int(folder.name))


def _entry(journal: Path, number: int, target: Target, writer: Writer) -> Entry:
    name = f"{number:04d}"
    if target.before is not None:
        writer.create(journal / name, target.before)
    return Entry(
        path=target.path,
        before=None if target.before is None else digest(target.before),
        after=None if target.after is None else digest(target.after),
        saved=None if target.before is None else name,
        temporary=f".asyncify-{journal.name}-{name}.tmp",
        owner=target.owner,
    )


def _missing_folders(root: Path, entries: Iterable[Entry]) -> tuple[str, ...]:
    folders: set[Path] = set()
    for entry in entries:
        folder = (root / entry.path).parent
        while entry.after is not None and not folder.exists():
            folders.add(folder)
            folder = folder.parent
    return tuple(sorted(folder.relative_to(root).as_posix() for folder in folders))
