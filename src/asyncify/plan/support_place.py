"""Where the support module goes: into the package that uses it most, or beside a flat script."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from asyncify.plan.step import SupportModule
from asyncify.project import is_test

RELATIVE_IMPORT = re.compile(r"^[ \t]*from[ \t]+\.", re.MULTILINE)
DOTTED_IMPORT = re.compile(r"^[ \t]*(?:from|import)\s+(\w+(?:\.\w+)+)", re.MULTILINE)
FROM_IMPORT = re.compile(r"^[ \t]*from\s+(\w[\w.]*)\s+import\s+([^#\n]+)", re.MULTILINE)
SOURCE_FOLDERS = (PurePosixPath("."), PurePosixPath("src"))  # from which modules are imported
MARK = '"""Helpers of this package\'s asynchronous code'  # how a module that asyncify wrote begins


def place_support(
    users: Iterable[str],
    texts: Mapping[str, str],
    name: str,
    helpers: tuple[str, ...],
    package: str = "",
    limits: tuple[tuple[str, int], ...] = (),
    timeouts: tuple[tuple[str, float | None], ...] = (),
) -> SupportModule:
    """The support module for the files `users`; `texts` are all Python files of the project, `package` the dotted name
    of the package whose folder the root is, if it is one.

    A module of the project's own is never overwritten: another name is taken. One that asyncify wrote before keeps
    the helpers that the project uses.
    """
    packages = find_packages(texts) - (
        frozenset() if package else {PurePosixPath(".")}
    )  # a root without a name is none
    files = sorted(users)
    homes = Counter(package_root(path, packages) for path in files if not is_test(path)) or Counter(
        package_root(path, packages) for path in files
    )
    home = max(homes, key=lambda root: (homes[root], root != PurePosixPath("."), str(root)))
    name = next(free for free in _names(name) if _is_free(home, free, texts))
    path = (home / f"{name}.py").as_posix()
    kept = _used_before(texts, path, name) if path in texts else set()
    outer = package if home == PurePosixPath(".") else home.name if home in packages else ""
    module = f"{outer}.{name}" if outer else name
    return SupportModule(path, module, tuple(sorted({*helpers, *kept})), limits, timeouts)


def is_support(text: str) -> bool:
    """Did asyncify write this module?"""
    return text.startswith(MARK)


def _names(name: str) -> Iterator[str]:
    yield name
    yield f"{name}_http"
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1


def _is_free(home: PurePosixPath, name: str, texts: Mapping[str, str]) -> bool:
    if (home / name / "__init__.py").as_posix() in texts:
        return False
    return texts.get((home / f"{name}.py").as_posix(), MARK).startswith(MARK)


def _used_before(texts: Mapping[str, str], path: str, name: str) -> set[str]:
    """The helpers of an earlier migration that the project's code names."""
    defined = {
        node.name
        for node in ast.parse(texts[path]).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    member = re.compile(rf"\b{re.escape(name)}\.(\w+)")
    return defined & {found for file, text in texts.items() if file != path for found in member.findall(text)}


def find_packages(texts: Mapping[str, str]) -> frozenset[PurePosixPath]:
    """The folders whose modules are imported as those of a package: with an `__init__.py`, or without one (PEP 420)
    where their modules import each other relatively or are imported by their full names."""
    found: set[PurePosixPath] = set()
    for path, text in texts.items():
        folder = PurePosixPath(path).parent
        if PurePosixPath(path).name == "__init__.py" or (folder.name and RELATIVE_IMPORT.search(text)):
            found.add(folder)
        for module in _imported(text):
            named = PurePosixPath(*module.split("."))
            for top in SOURCE_FOLDERS:
                if (top / named).with_suffix(".py").as_posix() in texts:
                    found.update(top / parent for parent in named.parents if parent.name)
    return frozenset(found)


def _imported(text: str) -> Iterator[str]:
    """Dotted names that may be modules; names in brackets over several lines are not looked at."""
    yield from DOTTED_IMPORT.findall(text)
    for module, names in FROM_IMPORT.findall(text):
        yield from (f"{module}.{name}" for name in re.findall(r"\w+", names))


def package_root(path: str, packages: frozenset[PurePosixPath]) -> PurePosixPath:
    """The topmost folder of the package in which a file stands; its own folder if that is no package."""
    folder = PurePosixPath(path).parent
    if folder not in packages:
        return folder
    while folder.parent != folder and folder.parent in packages:
        folder = folder.parent
    return folder
