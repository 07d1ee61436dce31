"""Keeps summaries between runs: one file a project, keyed by content and by what made it."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

import msgspec
from platformdirs import user_cache_dir

from asyncify import __version__
from asyncify.index.summary import ParseFault, Summary

FORMAT = 13  # raised when summaries change their meaning within a version

Known = dict[str, tuple[str, bytes, Summary | ParseFault]]


class _Entry(msgspec.Struct, array_like=True, gc=False):
    digest: str
    meaning: bytes
    summary: Summary | None
    fault: ParseFault | None


class _Blob(msgspec.Struct, array_like=True, gc=False):
    made_by: str
    entries: tuple[_Entry, ...]


class Cache:
    """The summaries of one project as they were after the last run.

    A run that is killed leaves the old file whole; of two runs at once the later one stays. A file that is damaged
    or was made by another version counts as empty.
    """

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self.file = cache_file(root, "summaries", folder)

    def load(self) -> Known:
        """Path -> digest of the content, meaning, and what it was read as."""
        try:
            blob = msgspec.msgpack.decode(self.file.read_bytes(), type=_Blob)
        except (OSError, msgspec.MsgspecError):
            return {}
        if blob.made_by != made_by():
            return {}
        found = ((entry.digest, entry.meaning, entry.summary or entry.fault) for entry in blob.entries)
        return {result.path: (digest, meaning, result) for digest, meaning, result in found if result is not None}

    def save(self, known: Known) -> None:
        """Replace the file in one step; a cache that cannot be written is done without."""
        entries = tuple(
            _Entry(
                digest,
                meaning,
                result if isinstance(result, Summary) else None,
                result if isinstance(result, ParseFault) else None,
            )
            for digest, meaning, result in known.values()
        )
        write_whole(self.file, msgspec.msgpack.encode(_Blob(made_by(), entries)))


def cache_file(root: Path, what: str, folder: Path | None = None) -> Path:
    """Where something of the project in this folder is kept."""
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:32]
    return (folder or Path(user_cache_dir("asyncify"))) / f"{name}.{what}"


def write_whole(file: Path, data: bytes) -> None:
    """Replace a file in one step; one that cannot be written is done without."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=file.parent, prefix=file.stem, suffix=".part")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(part).replace(file)
    except OSError:
        Path(part).unlink(missing_ok=True)


def made_by() -> str:
    """What a summary depends on besides the file's content."""
    return f"asyncify {__version__}.{FORMAT} python {sys.version_info.major}.{sys.version_info.minor}"
