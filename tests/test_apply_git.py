"""apply refuses to write over work that git does not hold yet, asked of the real git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from asyncify.change import Change
from asyncify.errors import ApplyError
from asyncify.writing import apply_changes, undo
from trees import snapshot, write_files

A = Change("a.py", b"old a", b"new a")
FILES = {"a.py": b"old a", "pkg/b b.py": b"old b", "größe.py": b"x", ".gitignore": b"ignored.py\n"}


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, "-C", folder, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def commit_all(folder: Path) -> Path:
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "state")
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return commit_all(write_files(tmp_path / "repository", FILES))


def refused(root: Path, *changes: Change) -> str:
    before = snapshot(root)
    with pytest.raises(ApplyError, match="--allow-dirty") as caught:
        apply_changes(root, changes)
    assert snapshot(root) == before
    return str(caught.value)


def test_a_clean_tree_is_written_and_the_journal_does_not_show(repository: Path) -> None:
    apply_changes(repository, [A, Change("_aio.py", None, b"x")])

    assert git(repository, "status", "--porcelain") == " M a.py\n?? _aio.py\n"


def test_undo_gives_a_clean_tree_again(repository: Path) -> None:
    apply_changes(repository, [A, Change("_aio.py", None, b"x")])

    undo(repository)

    assert git(repository, "status", "--porcelain", "--ignored") == ""


@pytest.mark.parametrize("is_staged", [False, True])
def test_an_uncommitted_change_is_refused_and_named(repository: Path, is_staged: bool) -> None:
    write_files(repository, {"a.py": b"edited", "pkg/b b.py": b"edited", "größe.py": b"edited"})
    if is_staged:
        git(repository, "add", "-A")

    message = refused(
        repository,
        Change("a.py", b"edited", b"new"),
        Change("pkg/b b.py", b"edited", b"new"),
        Change("größe.py", b"edited", b"new"),
    )

    assert message.splitlines()[1:] == ["  a.py", "  größe.py", "  pkg/b b.py"]


def test_allow_dirty_writes_all_the_same(repository: Path) -> None:
    write_files(repository, {"a.py": b"edited"})

    apply_changes(repository, [Change("a.py", b"edited", b"new")], allow_dirty=True)

    assert (repository / "a.py").read_bytes() == b"new"


def test_changes_in_other_files_do_not_matter(repository: Path) -> None:
    write_files(repository, {"pkg/b b.py": b"edited", "untracked.py": b"x"})

    apply_changes(repository, [A])

    assert (repository / "a.py").read_bytes() == b"new a"


def test_an_untracked_file_counts_as_uncommitted(repository: Path) -> None:
    write_files(repository, {"deep/er/new.py": b"x"})

    assert "deep/er/new.py" in refused(repository, A, Change("deep/er/new.py", b"x", b"y"))


def test_an_ignored_file_does_not_count(repository: Path) -> None:
    write_files(repository, {"ignored.py": b"x"})

    apply_changes(repository, [Change("ignored.py", b"x", b"y")])

    assert (repository / "ignored.py").read_bytes() == b"y"


def test_a_renamed_file_counts_under_both_names(repository: Path) -> None:
    git(repository, "mv", "a.py", "c.py")

    assert "c.py" in refused(repository, Change("c.py", b"old a", b"new"))
    assert "a.py" in refused(repository, Change("a.py", None, b"new"))


def test_the_root_may_be_a_folder_of_the_repository(repository: Path) -> None:
    write_files(repository, {"pkg/b b.py": b"edited", "a.py": b"edited"})

    message = refused(repository / "pkg", Change("b b.py", b"edited", b"new"))

    assert message.splitlines()[1:] == ["  b b.py"]


def test_a_repository_inside_the_root_is_asked_too(repository: Path) -> None:
    commit_all(write_files(repository / "vendored", {"x.py": b"x", "y.py": b"y"}))
    apply_changes(repository, [Change("vendored/x.py", b"x", b"new x")])

    assert "vendored/x.py" in refused(repository, Change("vendored/x.py", b"new x", b"newer"), A)


def test_a_linked_worktree_is_asked_too(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "other"))
    write_files(tmp_path / "other", {"a.py": b"edited"})

    assert "a.py" in refused(tmp_path / "other", Change("a.py", b"edited", b"new"))


def test_variables_of_a_surrounding_git_do_not_mislead(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    write_files(repository, {"a.py": b"edited"})

    assert "a.py" in refused(repository, Change("a.py", b"edited", b"new"))


def test_a_program_named_in_the_repository_is_not_run(repository: Path, tmp_path: Path) -> None:
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\ntouch {tmp_path}/was_run\n", "utf-8")
    spy.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(spy))

    apply_changes(repository, [A])

    assert not (tmp_path / "was_run").exists()


def test_a_repository_that_git_cannot_read_is_refused(repository: Path) -> None:
    (repository / ".git/HEAD").unlink()

    assert "git cannot tell" in refused(repository, A)


def test_without_git_the_tree_is_written(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(repository, {"a.py": b"edited"})
    monkeypatch.setenv("PATH", "")

    apply_changes(repository, [Change("a.py", b"edited", b"new")])

    assert (repository / "a.py").read_bytes() == b"new"
