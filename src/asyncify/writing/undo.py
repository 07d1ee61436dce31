"""Give back what was there before the last apply, also after one that was cut short."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from asyncify.errors import ApplyError
from asyncify.writing import journal as journals
from asyncify.writing.journal import Entry, Manifest, digest
from asyncify.writing.target import locate, read_if_there
from asyncify.writing.writer import Hook, Writer, owner_of


@dataclass(frozen=True, slots=True)
class Restored:
    """The files that were put back or taken away, and how many older applies can still be undone."""

    paths: tuple[str, ...]
    left: int


class Edited(Enum):
    """What to do with a file that is neither as it was nor as asyncify wrote it."""

    REFUSE = "refuse"
    OVERWRITE = "overwrite"
    LEAVE = "leave"


def undo(root: Path, *, force: bool = False, before_write: Hook | None = None) -> Restored:
    """Restore the bytes and modes of every file of the newest apply; it may be repeated for older ones.

    Raises ApplyError if there is nothing to undo, or, naming them and touching nothing, if files were changed
    since (`force` overwrites those). If it is cut short itself, calling it again finishes the work.
    """
    root = root.resolve()
    writer = Writer(before_write)
    journal = journals.newest(root)
    try:
        if journal is None:
            journals.tidy(root / journals.FOLDER, writer)
            raise ApplyError(f"{root}: nothing to undo")
        paths = put_back(root, journal, writer, Edited.OVERWRITE if force else Edited.REFUSE)
        journals.discard(journal, writer)
    except OSError as error:
        raise ApplyError(f"undo failed ({error}); solve that and run `asyncify undo` again") from error
    return Restored(paths, journals.count(root))


def put_back(root: Path, journal: Path, writer: Writer, edited: Edited) -> tuple[str, ...]:
    """Restore all files of a journal and name them. The journal stays, so that this can be done over again."""
    manifest = journals.read_manifest(journal)
    if manifest is None:
        return ()
    todo = _to_restore(root, manifest, edited)
    data = {entry.path: journals.saved_bytes(journal, entry) for entry in todo if entry.before is not None}
    if not (journal / journals.UNDOING).exists():
        writer.create(journal / journals.UNDOING, b"")
    _remove_temporaries(root, manifest, writer)
    for entry in todo:
        _restore(root, entry, data.get(entry.path), writer)
    for folder in reversed(manifest.folders):
        if (root / folder).is_dir():
            writer.remove_folder(locate(root, folder))
    return tuple(entry.path for entry in todo)


def _to_restore(root: Path, manifest: Manifest, edited: Edited) -> tuple[Entry, ...]:
    todo: list[Entry] = []
    changed: list[str] = []
    for entry in manifest.entries:
        file = locate(root, entry.path)
        now = None if (content := read_if_there(file)) is None else digest(content)
        if now == entry.before and (entry.owner is None or owner_of(file.stat()).mode == entry.owner.mode):
            continue
        is_ours = now in (entry.before, entry.after)
        if not is_ours:
            changed.append(entry.path)
        if is_ours or edited is Edited.OVERWRITE:
            todo.append(entry)
    if changed and edited is Edited.REFUSE:
        names = "\n".join(f"  {name}" for name in changed)
        raise ApplyError(f"changed since asyncify wrote them; move them away, or overwrite them with --force:\n{names}")
    return tuple(todo)


def _restore(root: Path, entry: Entry, data: bytes | None, writer: Writer) -> None:
    file = locate(root, entry.path)
    if data is None:
        writer.remove(file)
        return
    for folder in reversed([folder for folder in file.parents if not folder.exists()]):
        writer.make_folder(folder)
    temporary = file.with_name(entry.temporary)
    writer.create(temporary, data, entry.owner)
    writer.replace(temporary, file)


def _remove_temporaries(root: Path, manifest: Manifest, writer: Writer) -> None:
    for entry in manifest.entries:
        temporary = locate(root, entry.path).with_name(entry.temporary)
        if temporary.is_file():
            writer.remove(temporary)
