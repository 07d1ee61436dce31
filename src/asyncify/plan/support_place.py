"""Where the support module goes: into the package that uses it most, or beside a flat script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from asyncify.plan.step import SupportModule

TEST_FOLDERS = frozenset({"test", "tests", "testing"})


def place_support(users: Iterable[str], paths: frozenset[str], name: str, helpers: tuple[str, ...]) -> SupportModule:
    """The support module for the files `users`; `paths` are all Python files of the project."""
    files = sorted(users)
    homes = Counter(package_root(path, paths) for path in files if not is_test(path)) or Counter(
        package_root(path, paths) for path in files
    )
    home = max(homes, key=lambda root: (homes[root], root != PurePosixPath("."), str(root)))
    is_package = (home / "__init__.py").as_posix() in paths
    module = f"{home.name}.{name}" if is_package else name
    return SupportModule((home / f"{name}.py").as_posix(), module, helpers)


def package_root(path: str, paths: frozenset[str]) -> PurePosixPath:
    """The topmost folder of the package in which a file stands; its own folder if that is no package."""
    folder = PurePosixPath(path).parent
    if (folder / "__init__.py").as_posix() not in paths:
        return folder
    while folder.parent != folder and (folder.parent / "__init__.py").as_posix() in paths:
        folder = folder.parent
    return folder


def is_test(path: str) -> bool:
    """Is this a file of tests, by the conventions that pytest and unittest follow?"""
    pure = PurePosixPath(path)
    if TEST_FOLDERS & set(pure.parts[:-1]):
        return True
    return pure.name.startswith("test_") or pure.stem.endswith("_test") or pure.name == "conftest.py"
