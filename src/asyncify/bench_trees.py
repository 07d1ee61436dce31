"""The two trees that are compared: the project as it is, and as it becomes or once was."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from asyncify.api import Migration
from asyncify.errors import ConfigError
from asyncify.project import NEVER_READ

KEPT = NEVER_READ - {"build", "dist"}  # folders that a project's code may be in


@contextmanager
def migrated_copy(migration: Migration) -> Iterator[Path]:
    """The project as `migration` leaves it, in a temporary folder. The tree itself is not touched.

    Raises ConfigError where nothing changes, so that there is nothing to compare.
    """
    root = migration.analysis.project.root
    if not migration.changes:
        raise ConfigError(f"{root}: there is nothing to migrate, so there is nothing to compare")
    with TemporaryDirectory(prefix="asyncify-bench-") as folder:
        after = Path(folder) / root.name
        shutil.copytree(root, after, ignore=shutil.ignore_patterns(*KEPT), symlinks=True)
        for change in migration.changes:
            if change.after is not None:
                (after / change.path).parent.mkdir(parents=True, exist_ok=True)
                (after / change.path).write_bytes(change.after)
        yield after


@contextmanager
def earlier_tree(root: Path, before: str) -> Iterator[Path]:
    """The tree that `before` names: a folder, or a revision of the git repository that `root` is in."""
    if Path(before).is_dir():
        yield Path(before).resolve()
        return
    try:
        archive = subprocess.run(
            ["git", "archive", "--format=tar", before],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"").decode("utf-8", "replace").strip() or str(error)
        raise ConfigError(f"--before {before}: neither a folder nor a revision that git knows: {said}") from None
    with TemporaryDirectory(prefix="asyncify-verify-") as folder:
        tree = Path(folder) / root.name
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(tree, filter="data")
        yield tree
