"""Killed at any step, apply and undo leave a tree that undo makes whole."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncify.change import Change
from asyncify.errors import ApplyError
from asyncify.writing import apply_changes, pending, undo
from trees import Entry, snapshot, write_files

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")

FILES = {
    "a.py": b"old a\r\n",
    "pkg/b.py": b"old b",
    "pkg/run.py": b"#!/usr/bin/env python\n",
    "gone.py": b"x\n",
    "pkg/same.py": b"",
}
CHANGES = (
    Change("a.py", b"old a\r\n", b"new a\r\n"),
    Change("pkg/b.py", b"old b", b"new b"),
    Change("pkg/run.py", b"#!/usr/bin/env python\n", b""),
    Change("gone.py", b"x\n", None),
    Change("pkg/new/deep/_aio.py", None, b"support\n"),
)
LATER = (Change("a.py", b"new a\r\n", b"newer a\r\n"), Change("pkg/new/deep/_aio.py", b"support\n", b"more support\n"))
HALF_WAY = 38  # the step at which apply_first has replaced some files and not yet the others

Tree = dict[str, Entry]
Act = Callable[[Path, Callable[[int], None]], object]


def make_project(root: Path) -> Path:
    write_files(root, FILES)
    (root / "pkg/run.py").chmod(0o755)
    (root / "pkg/b.py").chmod(0o600)
    return root


def apply_first(root: Path, hook: Callable[[int], None] | None = None) -> object:
    return apply_changes(root, CHANGES, before_write=hook)


def apply_later(root: Path, hook: Callable[[int], None] | None = None) -> object:
    return apply_changes(root, LATER, before_write=hook)


def undo_once(root: Path, hook: Callable[[int], None] | None = None) -> object:
    return undo(root, before_write=hook)


def kill_at(fatal: int) -> Callable[[int], None]:
    def hook(step: int) -> None:
        if step == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def die_in(act: Act, root: Path, fatal: int) -> bool:
    """Run `act` in a process of its own that is killed before the step `fatal`; False if it got to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child does nothing but file work
        child = os.fork()
    if child == 0:
        try:
            act(root, kill_at(fatal))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def undo_what_there_is(root: Path) -> None:
    """As the user is told to: where nothing is pending, undo may find nothing to do."""
    told = pending(root)
    try:
        undo(root)
    except ApplyError as error:
        assert "nothing to undo" in str(error)
        assert told is None
    assert pending(root) is None


def seen(tree: Tree) -> Tree:
    """The tree without what asyncify keeps for itself."""
    return {path: entry for path, entry in tree.items() if path.partition("/")[0] != ".asyncify"}


def applied_tree(tmp_path: Path) -> Tree:
    root = make_project(tmp_path / "applied")
    apply_first(root)
    return seen(snapshot(root))


def test_undo_restores_the_tree_after_apply_was_killed_at_any_step(tmp_path: Path) -> None:
    original = snapshot(make_project(tmp_path / "original"))
    after = applied_tree(tmp_path)
    for fatal in range(1, 1000):
        root = make_project(tmp_path / str(fatal))
        was_killed = die_in(apply_first, root, fatal)
        if was_killed and pending(root):
            with pytest.raises(ApplyError, match="asyncify undo"):
                apply_first(root)

        undo_what_there_is(root)

        assert snapshot(root) == original, fatal
        apply_first(root)
        assert seen(snapshot(root)) == after, fatal
        if not was_killed:
            break

    assert fatal > 40


def test_undo_killed_at_any_step_can_be_done_again(tmp_path: Path) -> None:
    original = snapshot(make_project(tmp_path / "original"))
    after = applied_tree(tmp_path)
    for fatal in range(1, 1000):
        root = make_project(tmp_path / str(fatal))
        apply_first(root)
        was_killed = die_in(undo_once, root, fatal)
        assert pending(root) is None or seen(snapshot(root)) == after or "undo was interrupted" in str(pending(root))

        undo_what_there_is(root)

        assert snapshot(root) == original, fatal
        if not was_killed:
            break

    assert fatal > 20


def test_a_second_apply_killed_at_any_step_is_undone_alone(tmp_path: Path) -> None:
    original = snapshot(make_project(tmp_path / "original"))
    after = applied_tree(tmp_path)
    apply_later(tmp_path / "applied")
    latest = seen(snapshot(tmp_path / "applied"))
    for fatal in range(1, 1000):
        root = make_project(tmp_path / str(fatal))
        apply_first(root)
        was_killed = die_in(apply_later, root, fatal)
        is_complete = seen(snapshot(root)) == latest and not pending(root)
        if pending(root) or is_complete:
            undo(root)

        assert seen(snapshot(root)) == after, fatal
        undo(root)
        assert snapshot(root) == original, fatal
        if not was_killed:
            break

    assert fatal > 20


def test_what_was_killed_while_it_put_things_back_is_finished_by_undo(tmp_path: Path) -> None:
    """Killed in apply, and killed again at any step of the undo that follows."""
    original = snapshot(make_project(tmp_path / "original"))
    for fatal in range(1, 1000):
        root = make_project(tmp_path / str(fatal))
        assert die_in(apply_first, root, HALF_WAY)
        was_killed = die_in(undo_once, root, fatal)

        undo_what_there_is(root)

        assert snapshot(root) == original, fatal
        if not was_killed:
            break

    assert fatal > 20


def test_an_interrupted_apply_is_told_with_what_to_do(tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    assert die_in(apply_first, root, HALF_WAY)

    assert (root / "a.py").read_bytes() == b"new a\r\n"
    assert (root / "pkg/run.py").read_bytes() == FILES["pkg/run.py"]
    assert "an apply was interrupted; run `asyncify undo`" in str(pending(root))
