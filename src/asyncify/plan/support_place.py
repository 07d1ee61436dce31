"""Where the support module goes: into the package that uses it most, or beside a flat script."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from asyncify.plan.step import SupportModule
from asyncify.project import is_test

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
    nobody = () if package else ("__init__.py",)  # of a root that has no name by which code could import it
    paths = frozenset(texts) - frozenset(nobody)
    files = sorted(users)
    homes = Counter(package_root(path, paths) for path in files if not is_test(path)) or Counter(
        package_root(path, paths) for path in files
    )
    home = max(homes, key=lambda root: (homes[root], root != PurePosixPath("."), str(root)))
    is_package = (home / "__init__.py").as_posix() in paths
    name = next(free for free in _names(name) if _is_free(home, free, texts))
    path = (home / f"{name}.py").as_posix()
    kept = _used_before(texts, path, name) if path in texts else set()
    outer = package if home == PurePosixPath(".") else home.name if is_package else ""
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


def package_root(path: str, paths: frozenset[str]) -> PurePosixPath:
    """The topmost folder of the package in which a file stands; its own folder if that is no package."""
    folder = PurePosixPath(path).parent
    if (folder / "__init__.py").as_posix() not in paths:
        return folder
    while folder.parent != folder and (folder.parent / "__init__.py").as_posix() in paths:
        folder = folder.parent
    return folder
