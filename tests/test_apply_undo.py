"""undo gives back bytes, modes, files that were removed, and takes away what was added."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from asyncify.change import Change
from asyncify.errors import ApplyError
from asyncify.writing import apply_changes, undo
from trees import snapshot, write_files

FILES = {"a.py": b"old a\r\n", "pkg/b.py": b"\xef\xbb\xbfold b", "pkg/c.py": b"c"}
A = Change("a.py", b"old a\r\n", b"new a\r\n")
B = Change("pkg/b.py", b"\xef\xbb\xbfold b", b"\xef\xbb\xbfnew b")
ADD = Change("new/deep/_aio.py", None, b"support")
REMOVE = Change("pkg/c.py", b"c", None)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write_files(tmp_path / "project", FILES)
    (root / "pkg/b.py").chmod(0o750)
    (root / "pkg/c.py").chmod(0o640)
    return root


def test_the_tree_is_restored_to_the_byte(root: Path) -> None:
    before = snapshot(root)
    apply_changes(root, [A, B, ADD, REMOVE])

    restored = undo(root)

    assert snapshot(root) == before
    assert restored.paths == ("a.py", "new/deep/_aio.py", "pkg/b.py", "pkg/c.py")
    assert restored.left == 0


def test_applies_are_undone_one_at_a_time_newest_first(root: Path) -> None:
    states = [snapshot(root)]
    for number in range(12):
        apply_changes(root, [Change("a.py", (root / "a.py").read_bytes(), b"%d" % number)])
        states.append({path: entry for path, entry in snapshot(root).items() if ".asyncify" not in path})
    states.pop()

    while states:
        restored = undo(root)
        assert {p: e for p, e in snapshot(root).items() if ".asyncify" not in p} == states.pop()
        assert restored.left == len(states)

    with pytest.raises(ApplyError, match="nothing to undo"):
        undo(root)


def test_a_file_edited_since_is_not_overwritten(root: Path) -> None:
    apply_changes(root, [A, B, ADD])
    (root / "pkg/b.py").write_bytes(b"worked on")
    (root / "new/deep/_aio.py").unlink()
    edited = snapshot(root)

    with pytest.raises(ApplyError, match=r"(?s)--force.*pkg/b\.py"):
        undo(root)

    assert snapshot(root) == edited


def test_force_overwrites_what_was_edited_since(root: Path) -> None:
    before = snapshot(root)
    apply_changes(root, [A, B, ADD])
    (root / "pkg/b.py").write_bytes(b"worked on")
    (root / "a.py").unlink()
    (root / "new/deep/_aio.py").write_bytes(b"worked on")

    undo(root, force=True)

    assert snapshot(root) == before


def test_a_new_file_that_is_gone_already_is_no_hindrance(root: Path) -> None:
    before = snapshot(root)
    apply_changes(root, [A, ADD])
    (root / "new/deep/_aio.py").unlink()

    undo(root)

    assert snapshot(root) == before


def test_a_folder_that_was_made_stays_if_something_else_is_in_it(root: Path) -> None:
    apply_changes(root, [ADD])
    (root / "new/mine.py").write_bytes(b"mine")

    undo(root)

    assert (root / "new/mine.py").read_bytes() == b"mine"
    assert not (root / "new/deep").exists()


def test_a_folder_that_was_removed_since_is_made_again(root: Path) -> None:
    before = snapshot(root)
    apply_changes(root, [REMOVE, Change("pkg/b.py", B.before, None)])
    (root / "pkg").rmdir()

    undo(root)

    assert snapshot(root) == before


def test_a_mode_changed_since_is_restored(root: Path) -> None:
    before = snapshot(root)
    apply_changes(root, [B])
    (root / "pkg/b.py").chmod(0o600)

    undo(root)

    assert snapshot(root) == before


def test_a_damaged_copy_is_not_restored(root: Path) -> None:
    apply_changes(root, [A, B])
    (root / ".asyncify/0001/0001").write_bytes(b"damaged")
    damaged = snapshot(root)

    with pytest.raises(ApplyError, match=r"saved copy of pkg/b\.py is missing or damaged"):
        undo(root)

    assert snapshot(root) == damaged


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"version": 1}', b'{"version": 9, "entries": [], "folders": []}'])
def test_a_damaged_manifest_is_an_error(root: Path, manifest: bytes) -> None:
    apply_changes(root, [A])
    (root / ".asyncify/0001/manifest.json").write_bytes(manifest)

    with pytest.raises(ApplyError, match=r"manifest\.json"):
        undo(root)


@pytest.mark.parametrize(("key", "value"), [("path", "../outside.py"), ("temporary", "../outside.py")])
def test_a_forged_manifest_reaches_nothing_outside(root: Path, key: str, value: str) -> None:
    outside = root.parent / "outside.py"
    outside.write_bytes(b"theirs")
    apply_changes(root, [A])
    file = root / ".asyncify/0001/manifest.json"
    manifest = json.loads(file.read_bytes())
    manifest["entries"][0][key] = value
    file.write_text(json.dumps(manifest), "utf-8")

    with pytest.raises(ApplyError):
        undo(root, force=True)

    assert outside.read_bytes() == b"theirs"


def test_names_that_are_not_text_come_back_too(root: Path) -> None:
    name = os.fsdecode(b"\xff\xe9.py")
    write_files(root, {name: b"old"})
    before = snapshot(root)
    apply_changes(root, [Change(name, b"old", b"new")])

    undo(root)

    assert snapshot(root) == before
