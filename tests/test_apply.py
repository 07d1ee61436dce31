"""apply writes all files or none, and changes nothing about them but the bytes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from asyncify.change import Change
from asyncify.errors import ApplyError
from asyncify.writing import apply_changes, pending
from asyncify.writing.target import locate
from trees import snapshot, write_files

A = Change("a.py", b"old a", b"new a")
B = Change("pkg/b.py", b"old b", b"new b")
FILES = {"a.py": b"old a", "pkg/b.py": b"old b", "pkg/c.py": b"c"}

POSIX = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_files(tmp_path / "project", FILES)


def contents(root: Path) -> dict[str, bytes]:
    """The files of the project, without asyncify's own."""
    return {
        path: data
        for path, (kind, _, data) in snapshot(root).items()
        if kind == "file" and not path.startswith(".asyncify")
    }


def refusal(root: Path, *changes: Change) -> str:
    """The message of a refused apply that left everything as it was."""
    before = snapshot(root)
    with pytest.raises(ApplyError) as caught:
        apply_changes(root, changes)
    assert snapshot(root) == before
    return str(caught.value)


def test_files_are_changed_added_and_removed_and_all_else_stays(root: Path) -> None:
    changes = [B, A, Change("new/deep/_aio.py", None, b"support"), Change("pkg/c.py", b"c", None)]

    applied = apply_changes(root, changes)

    assert contents(root) == {"a.py": b"new a", "pkg/b.py": b"new b", "new/deep/_aio.py": b"support"}
    assert applied.paths == ("a.py", "new/deep/_aio.py", "pkg/b.py", "pkg/c.py")


def test_nothing_to_do_leaves_no_trace(root: Path) -> None:
    before = snapshot(root)

    apply_changes(root, [Change("a.py", b"old a", b"old a"), Change("pkg/c.py", None, b"c")])

    assert snapshot(root) == before


def test_no_temporary_file_is_left(root: Path) -> None:
    apply_changes(root, [A, B])

    assert sorted(contents(root)) == ["a.py", "pkg/b.py", "pkg/c.py"]
    assert pending(root) is None


@POSIX
@pytest.mark.parametrize("mode", [0o755, 0o600, 0o664, 0o2755])
def test_modes_are_kept(root: Path, mode: int) -> None:
    (root / "a.py").chmod(mode)

    apply_changes(root, [A])

    assert (root / "a.py").stat().st_mode & 0o7777 == mode


@POSIX
def test_a_new_file_has_the_mode_that_the_umask_gives(root: Path) -> None:
    old = os.umask(0o027)
    try:
        apply_changes(root, [Change("_aio.py", None, b"x")])
    finally:
        os.umask(old)

    assert (root / "_aio.py").stat().st_mode & 0o7777 == 0o640


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root may give files away")
def test_the_owner_is_kept(root: Path) -> None:
    os.chown(root / "a.py", 1234, 2345)

    apply_changes(root, [A])

    status = (root / "a.py").stat()
    assert (status.st_uid, status.st_gid) == (1234, 2345)


def test_a_file_that_changed_since_it_was_read_stops_everything(root: Path) -> None:
    (root / "pkg/b.py").write_bytes(b"edited meanwhile")

    assert "pkg/b.py: changed since asyncify read it" in refusal(root, A, B)


@pytest.mark.parametrize("moment", [1, 2], ids=["before the first file is written", "between the two files"])
def test_a_file_that_changes_during_the_apply_stops_everything(root: Path, moment: int) -> None:
    staged = root / "pkg/.asyncify-0001-0001.tmp"
    seen: list[int] = []

    def edit(step: int) -> None:
        if staged.exists() and staged.read_bytes() == b"new b":
            seen.append(step)
            if len(seen) == moment:
                (root / "pkg/b.py").write_bytes(b"edited meanwhile")

    with pytest.raises(ApplyError, match=r"pkg/b\.py: changed since"):
        apply_changes(root, [A, B], before_write=edit)

    assert len(seen) == moment
    assert contents(root) == {"a.py": b"old a", "pkg/b.py": b"edited meanwhile", "pkg/c.py": b"c"}
    assert not (root / ".asyncify").exists()


def test_a_file_that_was_removed_since_stops_everything(root: Path) -> None:
    (root / "pkg/b.py").unlink()

    assert "pkg/b.py: was removed since" in refusal(root, A, B)


def test_a_new_file_does_not_overwrite_another(root: Path) -> None:
    assert "pkg/c.py: is there already" in refusal(root, A, Change("pkg/c.py", None, b"other"))


def test_all_refusals_are_named_at_once(root: Path) -> None:
    (root / "a.py").write_bytes(b"edited")
    (root / "pkg/b.py").write_bytes(b"edited")

    message = refusal(root, A, B)

    assert "a.py" in message
    assert "pkg/b.py" in message


@POSIX
def test_a_read_only_file_is_refused(root: Path) -> None:
    (root / "a.py").chmod(0o444)

    assert "a.py: is read-only" in refusal(root, A, B)


@POSIX
@pytest.mark.parametrize("change", [B, Change("pkg/new.py", None, b"x"), Change("pkg/sub/new.py", None, b"x")])
def test_a_read_only_folder_is_refused(root: Path, change: Change) -> None:
    (root / "pkg").chmod(0o555)

    assert "is read-only" in refusal(root, A, change)


@POSIX
def test_a_link_out_of_the_root_is_never_written(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_bytes(b"theirs")
    (root / "link.py").symlink_to(outside)

    assert "link.py: a link leads out" in refusal(root, A, Change("link.py", b"theirs", b"ours"))
    assert outside.read_bytes() == b"theirs"


@POSIX
@pytest.mark.parametrize("before", [b"theirs", None])
def test_a_folder_link_out_of_the_root_is_never_written(root: Path, tmp_path: Path, before: bytes | None) -> None:
    write_files(tmp_path / "outside", {"x.py": b"theirs"})
    (root / "linked").symlink_to(tmp_path / "outside")
    path = "linked/x.py" if before else "linked/new.py"

    assert "a link leads out" in refusal(root, A, Change(path, before, b"ours"))


@POSIX
def test_a_link_inside_the_root_stays_a_link(root: Path) -> None:
    (root / "link.py").symlink_to("a.py")

    apply_changes(root, [Change("link.py", b"old a", b"new a")])

    assert (root / "link.py").is_symlink()
    assert (root / "a.py").read_bytes() == b"new a"


@POSIX
def test_a_file_may_be_named_twice_only_with_the_same_content(root: Path) -> None:
    (root / "link.py").symlink_to("a.py")

    assert "named twice" in refusal(root, A, Change("link.py", b"old a", b"other"))
    apply_changes(root, [A, Change("link.py", b"old a", b"new a")])

    assert (root / "a.py").read_bytes() == b"new a"


@POSIX
def test_a_dangling_link_is_no_place_for_a_new_file(root: Path) -> None:
    (root / "link.py").symlink_to("nowhere.py")

    assert "as a link" in refusal(root, Change("link.py", None, b"x"))


@pytest.mark.parametrize("path", ["../x.py", "pkg/../../x.py", "/tmp/x.py", ".", "", ".git/x.py", "pkg/.asyncify/x"])
def test_a_path_out_of_the_root_or_into_its_keeping_is_refused(root: Path, path: str) -> None:
    with pytest.raises(ApplyError):
        locate(root.resolve(), path)


def test_a_folder_in_the_place_of_a_file_is_refused(root: Path) -> None:
    assert "not a regular file" in refusal(root, Change("pkg", None, b"x"))
    assert "is not a folder" in refusal(root, Change("a.py/x.py", None, b"x"))


def test_a_disk_that_fails_at_any_step_leaves_the_tree_as_it_was(tmp_path: Path) -> None:
    changes = [A, B, Change("new/_aio.py", None, b"x"), Change("pkg/c.py", b"c", None)]
    steps: list[int] = []
    apply_changes(write_files(tmp_path / "counted", FILES), changes, before_write=steps.append)

    for failing in steps:
        root = write_files(tmp_path / str(failing), FILES)
        before = snapshot(root)

        def fail(step: int, failing: int = failing) -> None:
            if step == failing:
                raise OSError(28, "No space left on device")

        with pytest.raises(ApplyError, match="No space left"):
            apply_changes(root, changes, before_write=fail)

        assert snapshot(root) == before
        assert pending(root) is None


def test_an_interrupt_puts_everything_back_and_goes_on_up(root: Path) -> None:
    before = snapshot(root)

    def interrupt(step: int) -> None:
        if (root / "a.py").read_bytes() == b"new a":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply_changes(root, [A, B], before_write=interrupt)

    assert snapshot(root) == before


def test_odd_names_are_written(root: Path) -> None:
    names = ["größe.py", "a b.py", "new\nline.py", "x" * 250 + ".py", os.fsdecode(b"\xff\xe9.py")]
    changes = [Change(name, None, b"x") for name in names]

    apply_changes(root, changes)

    assert set(names) < contents(root).keys()
