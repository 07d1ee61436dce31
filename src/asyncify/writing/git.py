"""Which of the files that will be written have changes that git does not hold yet."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from asyncify.errors import ApplyError

# A repository of strangers may name a program to run in its own configuration.
COMMAND = ("git", "-c", "core.fsmonitor=false")
REDIRECTS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE")
STATUS = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=all", "--", ".")


def refuse_uncommitted(root: Path, files: Iterable[Path]) -> None:
    """Raises ApplyError naming the files with uncommitted changes; untracked files count, ignored ones do not.

    A tree without a repository, or a machine without git, has nothing to say and is fine.
    """
    by_repository: dict[Path, list[Path]] = {}
    for file in files:
        repository = next((folder for folder in file.parents if (folder / ".git").exists()), None)
        if repository:
            by_repository.setdefault(repository, []).append(file)
    dirty: list[str] = []
    for repository, members in sorted(by_repository.items()):
        folder = root if root.is_relative_to(repository) else repository
        changed = frozenset(_uncommitted(repository, folder))
        dirty += [file.relative_to(root).as_posix() for file in members if file in changed]
    if dirty:
        names = "\n".join(f"  {name}" for name in sorted(dirty))
        raise ApplyError(f"uncommitted changes in files to be written; commit them or use --allow-dirty:\n{names}")


def _uncommitted(repository: Path, folder: Path) -> Iterator[Path]:
    """Files below `folder` that git status lists."""
    environment = {name: value for name, value in os.environ.items() if name not in REDIRECTS}
    environment["GIT_OPTIONAL_LOCKS"] = "0"  # status shall not rewrite the index
    try:
        done = subprocess.run([*COMMAND, "-C", folder, *STATUS], capture_output=True, env=environment, check=False)
    except FileNotFoundError:
        return
    if done.returncode != 0:
        message = os.fsdecode(done.stderr).strip()
        raise ApplyError(f"{repository}: git cannot tell what is committed ({message}); mend it or use --allow-dirty")
    fields = iter(os.fsdecode(done.stdout).split("\0"))
    for field in fields:
        if not field:
            continue
        yield repository / field[3:]
        if not {"R", "C"}.isdisjoint(field[:2]):  # the name that it had before follows
            yield repository / next(fields)
