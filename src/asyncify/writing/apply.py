"""Write all changes to the user's tree, or none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from asyncify.change import Change
from asyncify.errors import ApplyError
from asyncify.writing import journal as journals
from asyncify.writing.git import refuse_uncommitted
from asyncify.writing.journal import Manifest
from asyncify.writing.target import Target, expect_unchanged, find_targets
from asyncify.writing.undo import Edited, put_back
from asyncify.writing.writer import Hook, Writer


@dataclass(frozen=True, slots=True)
class Applied:
    """The files that were written, added or removed."""

    paths: tuple[str, ...]


def apply_changes(
    root: Path, changes: Iterable[Change], *, allow_dirty: bool = False, before_write: Hook | None = None
) -> Applied:
    """Write every change below `root`, or raise ApplyError and leave the tree as it was.

    Refused are: a tree in which an apply or undo was interrupted, files with changes that git does not hold yet
    (unless `allow_dirty`), files that changed since they were read, new files whose place is taken, links that
    lead out of `root`, read-only files. What is replaced is kept, see `undo`. `before_write` is told the number
    of each step before it happens.
    """
    root = root.resolve()
    if unfinished := journals.pending(root):
        raise ApplyError(unfinished)
    targets = find_targets(root, changes)
    if not targets:
        return Applied(())
    if not allow_dirty:
        refuse_uncommitted(root, [target.file for target in targets])
    writer = Writer(before_write)
    try:
        journal = journals.begin(root, writer)
    except OSError as error:
        with contextlib.suppress(OSError):
            journals.tidy(root / journals.FOLDER, Writer())
        raise ApplyError(f"{root / journals.FOLDER}: cannot be written ({error}); nothing was changed") from error
    try:
        _write_all(root, journal, targets, writer)
    except (OSError, ApplyError, KeyboardInterrupt) as error:
        _roll_back(root, journal, error)
        if isinstance(error, OSError):
            raise ApplyError(f"writing failed ({error}); everything was put back") from error
        raise
    return Applied(tuple(target.path for target in targets))


def _write_all(root: Path, journal: Path, targets: tuple[Target, ...], writer: Writer) -> None:
    manifest = journals.save(root, journal, targets, writer)
    _stage(root, manifest, targets, writer)
    for target in targets:
        expect_unchanged(target)
    for entry, target in zip(manifest.entries, targets, strict=True):
        expect_unchanged(target)
        if target.after is None:
            writer.remove(target.file)
        else:
            writer.replace(target.file.with_name(entry.temporary), target.file)
    writer.create(journal / journals.DONE, b"")


def _stage(root: Path, manifest: Manifest, targets: tuple[Target, ...], writer: Writer) -> None:
    """Write all new content beside its place first: a full disk shows here, before anything is replaced."""
    for folder in manifest.folders:
        writer.make_folder(root / folder)
    for entry, target in zip(manifest.entries, targets, strict=True):
        if target.after is not None:
            writer.create(target.file.with_name(entry.temporary), target.after, target.owner)


def _roll_back(root: Path, journal: Path, cause: BaseException) -> None:
    writer = Writer()
    try:
        put_back(root, journal, writer, Edited.LEAVE)
        journals.discard(journal, writer)
    except (OSError, ApplyError) as error:
        raise ApplyError(f"writing failed ({cause}) and so did putting back ({error}); run `asyncify undo`") from cause
