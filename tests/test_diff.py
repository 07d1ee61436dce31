"""The diff is taken by the real `git apply` and the real `patch -p1`, byte for byte."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from asyncify.change import Change
from asyncify.diff import coloured, diff_prefix, unified_diff

LONG = b"".join(b"line %d\n" % number for number in range(300))

CASES = {
    "a plain edit": Change("a.py", b"one\ntwo\nthree\n", b"one\n2\nthree\n"),
    "several hunks": Change("a.py", LONG, LONG.replace(b"line 7\n", b"").replace(b"line 200\n", b"x\ny\n")),
    "crlf": Change("a.py", b"one\r\ntwo\r\n", b"one\r\nawait two\r\n"),
    "mixed line ends": Change("a.py", b"one\r\ntwo\nthree\rfour\r\n", b"one\r\n2\nthree\rfour\r\n"),
    "crlf to lf": Change("a.py", b"one\r\ntwo\r\n", b"one\ntwo\r\n"),
    "tabs and trailing blanks": Change("a.py", b"def f():\n\tone \n\t\n", b"async def f():\n\tone \n\t\n"),
    "bom": Change("a.py", b"\xef\xbb\xbfone\ntwo\n", b"\xef\xbb\xbf1\ntwo\n"),
    "latin-1": Change("a.py", b"# coding: latin-1\nx = '\xe9'\ny\n", b"# coding: latin-1\nx = '\xe9\xe8'\ny\n"),
    "no last newline": Change("a.py", b"one\ntwo", b"one\n2"),
    "last newline added": Change("a.py", b"one\ntwo", b"one\ntwo\n"),
    "last newline lost": Change("a.py", b"one\ntwo\n", b"one\ntwo"),
    "no last newline, edit above": Change("a.py", b"one\ntwo", b"1\ntwo"),
    "odd line ends": Change("a.py", b"a\x0cb\nc\x0bd\ne\x85f\n\xe2\x80\xa8", b"a\x0cb\nC\x0bd\nE\x85f\n\xe2\x80\xa8\n"),
    "like a header": Change("a.py", b"-- a\n++ b\n", b"-- a\n++ c\n@@ -1 +1 @@\n"),
    "new file": Change("_aio.py", None, b"import aiohttp\n"),
    "new file, no last newline": Change("_aio.py", None, b"import aiohttp"),
    "new empty file": Change("pkg/__init__.py", None, b""),
    "new empty file, odd name": Change("new folder/an empty.py", None, b""),
    "new file in new folders": Change("deep/er/_aio.py", None, b"x\n"),
    "from empty": Change("a.py", b"", b"x\n"),
    "to empty": Change("a.py", b"x\n", b""),
    "removed": Change("gone.py", b"x\ny\n", None),
    "nested": Change("src/pkg/mod.py", b"x\ny\n", b"x\nz\n"),
    "spaces in the path": Change("my folder/a b.py", b"x\ny\n", b"x\nz\n"),
    "new, spaces in the path": Change("my folder/a b.py", None, b"x\nz\n"),
    "not ascii": Change("größe/日本 x.py", b"x\ny\n", b"x\nz\n"),
    "quotes and backslash": Change('we"ird\\na\tme.py', b"x\ny\n", b"x\nz\n"),
}  # fmt: skip


def write_tree(root: Path, change: Change) -> None:
    root.mkdir(parents=True, exist_ok=True)
    if change.before is not None:
        (root / change.path).parent.mkdir(parents=True, exist_ok=True)
        (root / change.path).write_bytes(change.before)


def run(command: list[str], folder: Path, diff: bytes) -> None:
    done = subprocess.run(command, cwd=folder, input=diff, capture_output=True)
    assert done.returncode == 0, (done.stdout + done.stderr).decode() + diff.decode("utf-8", "replace")


def content(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


@pytest.mark.parametrize("prefix", ["", "sub folder/proj"])
@pytest.mark.parametrize("name", CASES)
def test_git_apply_gives_the_bytes_after(tmp_path: Path, name: str, prefix: str) -> None:
    change = CASES[name]
    write_tree(tmp_path / prefix, change)

    run(["git", "apply", "--whitespace=nowarn", "-"], tmp_path, unified_diff([change], prefix))

    assert change.after == content(tmp_path / prefix / change.path)


@pytest.mark.skipif(shutil.which("patch") is None, reason="no patch program here")
@pytest.mark.parametrize("prefix", ["", "sub folder/proj"])
@pytest.mark.parametrize("name", CASES)
def test_patch_gives_the_bytes_after(tmp_path: Path, name: str, prefix: str) -> None:
    change = CASES[name]
    write_tree(tmp_path / prefix, change)

    run(["patch", "-p1", "--no-backup-if-mismatch"], tmp_path, unified_diff([change], prefix))

    assert change.after == content(tmp_path / prefix / change.path)


def test_all_files_are_in_one_diff_sorted_and_unchanged_ones_are_left_out(tmp_path: Path) -> None:
    changes = [*(Change(f"{n}.py", b"x\n", b"y\n") for n in "cab"), Change("d.py", b"x\n", b"x\n")]
    for change in changes:
        write_tree(tmp_path, change)
    diff = unified_diff(changes)

    run(["git", "apply", "-"], tmp_path, diff)

    assert [line[-4:] for line in diff.split(b"\n") if line.startswith(b"diff")] == [b"a.py", b"b.py", b"c.py"]
    assert [content(tmp_path / f"{n}.py") for n in "abcd"] == [b"y\n"] * 3 + [b"x\n"]


def test_no_change_is_an_empty_diff() -> None:
    assert unified_diff([Change("a.py", b"x", b"x")], "sub") == b""


def test_the_diff_is_the_one_that_git_itself_would_show(tmp_path: Path) -> None:
    change = CASES["several hunks"]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a/a.py").write_bytes(change.before or b"")
    (tmp_path / "b/a.py").write_bytes(change.after or b"")
    command = ["git", "-c", "core.abbrev=7", "diff", "--no-index", "--no-prefix", "a/a.py", "b/a.py"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True).stdout
    hunks = [line.partition(b" @@")[0] for line in shown.splitlines() if not line.startswith(b"index")]

    assert hunks == [line.partition(b" @@")[0] for line in unified_diff([change]).splitlines()]


def test_the_prefix_is_the_root_as_seen_from_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "a" / "b c"
    root.mkdir(parents=True)

    assert diff_prefix(root, tmp_path) == "a/b c"
    assert diff_prefix(root, root) == ""
    assert diff_prefix(tmp_path, root) == ""


def test_colours_tell_added_from_removed_from_headers() -> None:
    diff = unified_diff([CASES["like a header"], CASES["new file, no last newline"]])
    text = coloured(diff)
    styles = {text.plain[span.start : span.end]: span.style for span in text.spans}

    assert diff.decode() == text.plain
    assert (styles["-++ b"], styles["+++ c"], styles["+@@ -1 +1 @@"]) == ("red", "green", "green")
    assert (styles["--- a/a.py"], styles["+++ b/_aio.py"], styles["@@ -0,0 +1 @@"]) == ("bold", "bold", "cyan")


def test_colours_spell_out_what_would_steer_the_terminal() -> None:
    text = coloured(unified_diff([Change("a.py", b"x\n", b"\x1b[31m\xe9\x85\r\n")]))

    assert "+\\x1b[31m\\xe9\\x85\\x0d" in text.plain
