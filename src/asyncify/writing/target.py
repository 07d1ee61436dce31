"""Which file a change is really about, and whether it may be written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from asyncify.change import Change
from asyncify.errors import ApplyError
from asyncify.writing.writer import Owner, owner_of

NEVER_WRITTEN = frozenset({".git", ".asyncify"})
ANY_MAY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Target:
    """One file to be written. `file` is its real path (links followed), `owner` is None if it is not there yet."""

    path: str
    file: Path
    before: bytes | None
    after: bytes | None
    owner: Owner | None


def find_targets(root: Path, changes: Iterable[Change]) -> tuple[Target, ...]:
    """The files to write, in order; a file that has its new content already is left out.

    Raises ApplyError, naming every file that stands in the way: a path or link that leads out of `root`, a file
    that changed since it was read, a new file whose place is taken, a file or folder that cannot be written.
    """
    targets: dict[Path, Target] = {}
    faults: list[str] = []
    for change in sorted(changes):
        if not change.is_needed:
            continue
        try:
            target = _target(root, change)
            if target and targets.setdefault(target.file, target).after != target.after:
                raise ApplyError(f"{target.path}: is named twice, through a link, with different content")
        except ApplyError as error:
            faults.append(str(error))
    if faults:
        raise ApplyError("nothing was written:\n" + "\n".join(f"  {fault}" for fault in faults))
    return tuple(targets.values())


def locate(root: Path, path: str) -> Path:
    """The real file of a path below `root` (which is real itself). Raises ApplyError where it leads out of it."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts:
        raise ApplyError(f"{path}: is not a path below {root}")
    try:
        file = (root / path).resolve()
    except (OSError, RuntimeError) as error:  # a loop of links
        raise ApplyError(f"{path}: cannot be resolved ({error})") from error
    if not file.is_relative_to(root) or file == root:
        raise ApplyError(f"{path}: a link leads out of {root}; run asyncify on the folder that it leads to")
    if not NEVER_WRITTEN.isdisjoint(file.relative_to(root).parts):
        raise ApplyError(f"{path}: asyncify does not write there")
    return file


def read_if_there(file: Path) -> bytes | None:
    """The bytes of a file, or None."""
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def expect_unchanged(target: Target) -> None:
    """Raises ApplyError if the file is not as it was when asyncify read it."""
    try:
        now = read_if_there(target.file)
    except OSError as error:
        raise ApplyError(f"{target.path}: cannot be read ({error.strerror})") from error
    if now == target.before:
        return
    if target.before is None:
        raise ApplyError(f"{target.path}: is there already, with other content; move it away or choose another name")
    what = "was removed" if now is None else "changed"
    raise ApplyError(f"{target.path}: {what} since asyncify read it; run asyncify again")


def _target(root: Path, change: Change) -> Target | None:
    file = locate(root, change.path)
    path = file.relative_to(root).as_posix()
    status = _status(file, path)
    target = Target(path, file, change.before, change.after, owner_of(status) if status else None)
    if change.before is None and status and read_if_there(file) == change.after:
        return None
    if change.before is None and (root / change.path).is_symlink():
        raise ApplyError(f"{path}: is there already, as a link; move it away or choose another name")
    expect_unchanged(target)
    _expect_writable(target)
    return target


def _status(file: Path, path: str) -> os.stat_result | None:
    try:
        status = file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ApplyError(f"{path}: cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode):
        raise ApplyError(f"{path}: is not a regular file")
    return status


def _expect_writable(target: Target) -> None:
    # The bits are looked at too: root could write a read-only file, but its owner did not want that.
    if target.owner and not (target.owner.mode & ANY_MAY_WRITE and os.access(target.file, os.W_OK)):
        raise ApplyError(f"{target.path}: is read-only; make it writable (chmod u+w) or exclude it")
    folder = target.file.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise ApplyError(f"{target.path}: {folder} is not a folder")
    if not (folder.stat().st_mode & ANY_MAY_WRITE and os.access(folder, os.W_OK)):
        raise ApplyError(f"{target.path}: its folder {folder} is read-only; make it writable (chmod u+w)")
