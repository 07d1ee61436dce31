"""Each change to the disk, one durable step at a time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Hook = Callable[[int], None]
NEW_FILE_MODE = 0o666  # less the umask
HIDDEN_MODE = 0o600  # until the content is complete


@dataclass(frozen=True, slots=True)
class Owner:
    """What a file has beside its content."""

    mode: int
    user: int
    group: int


def owner_of(status: os.stat_result) -> Owner:
    """Mode and owner as `os.stat` tells them."""
    return Owner(status.st_mode & 0o7777, status.st_uid, status.st_gid)


class Writer:
    """The only place where something on the disk is changed.

    Before each step `before_write` is told its number, counted from 1: a test kills the process there. A step is
    on the disk when its method returns.
    """

    def __init__(self, before_write: Hook | None = None) -> None:
        self._before_write = before_write
        self._steps = 0

    def create(self, file: Path, data: bytes, owner: Owner | None = None) -> None:
        """Write a file that must not be there yet; without `owner` it is an ordinary new file."""
        self._announce()
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(file, flags, HIDDEN_MODE if owner else NEW_FILE_MODE), "wb") as out:
            self._announce()
            out.write(data)
            out.flush()
            if owner:
                _give(file, owner)
            self._announce()
            os.fsync(out.fileno())
        _sync_folder(file.parent)

    def replace(self, temporary: Path, file: Path) -> None:
        """Put the complete `temporary` in the place of `file`, in one go."""
        self._announce()
        temporary.replace(file)
        _sync_folder(file.parent)

    def remove(self, file: Path) -> None:
        """Remove a file, if it is there."""
        self._announce()
        file.unlink(missing_ok=True)
        _sync_folder(file.parent)

    def make_folder(self, folder: Path) -> None:
        """Make one folder, which must not be there yet."""
        self._announce()
        folder.mkdir()
        _sync_folder(folder.parent)

    def remove_folder(self, folder: Path) -> None:
        """Remove a folder, if it is there and empty."""
        self._announce()
        with contextlib.suppress(OSError):
            folder.rmdir()
            _sync_folder(folder.parent)

    def _announce(self) -> None:
        self._steps += 1
        if self._before_write:
            self._before_write(self._steps)


def _give(file: Path, owner: Owner) -> None:
    status = file.stat()
    if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (owner.user, owner.group):
        with contextlib.suppress(OSError):  # only root may give files away; the content matters more
            os.chown(file, owner.user, owner.group)
    file.chmod(owner.mode)  # after chown, which clears some bits


def _sync_folder(folder: Path) -> None:
    """A rename is safe from a power cut only when its folder is on the disk too."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
