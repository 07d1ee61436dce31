"""What the maintainers made async: read from labels that people checked, or from the async twin itself."""

from __future__ import annotations

import ast
import fnmatch
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from twins import Twin

AWAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


@dataclass(frozen=True, slots=True)
class Label:
    """A function of the sync side: is its twin async, and does that wait for anything?"""

    file: str
    qualname: str
    line: int
    is_async: bool
    is_needed: bool


@dataclass(frozen=True, slots=True)
class _Function:
    file: str
    qualname: str
    line: int
    is_async: bool
    awaits: bool


def read_labels(folder: Path) -> dict[str, list[Label]]:
    """`labels.jsonl` in `folder`, by twin."""
    found: dict[str, list[Label]] = {}
    for line in (folder / "labels.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        label = Label(row["file"], row["qualname"], row["line"], row["async"], row["needed"])
        found.setdefault(row["twin"], []).append(label)
    return found


def derive_labels(twin: Twin, source: Path, asynchronous: Path) -> list[Label]:
    """Pair the functions of both sides by file and name; those without a partner are left out."""
    theirs = list(_functions(asynchronous))
    if twin.async_files:
        theirs = [f for f in theirs if any(fnmatch.fnmatch(f.file, pattern) for pattern in twin.async_files)]
    exact: dict[tuple[str, str], list[_Function]] = {}
    named: dict[str, list[_Function]] = {}
    for function in theirs:
        name = _sync_name(twin, function.qualname)
        exact.setdefault((function.file, name), []).append(function)
        named.setdefault(name, []).append(function)
    labels: list[Label] = []
    for function in _functions(source):
        if not twin.has_twin(function.file) or (twin.is_one_package and function.is_async):
            continue
        path = function.file
        for pattern, replacement in twin.paths:
            path = re.sub(pattern, replacement, path)
        partners = exact.get((path, function.qualname), [])
        if twin.is_one_package and path == function.file:
            partners = [partner for partner in partners if partner.is_async] or partners
        if not partners and twin.anywhere:
            partners = named.get(function.qualname, [])
            partners = partners if len(partners) == 1 else []
        if partners:
            last = partners[-1]
            labels.append(Label(function.file, function.qualname, function.line, last.is_async, last.awaits))
    return labels


def _sync_name(twin: Twin, qualname: str) -> str:
    *owners, name = qualname.split(".")
    for pattern, replacement in twin.classes:
        owners = [re.sub(pattern, replacement, owner) for owner in owners]
    for pattern, replacement in twin.functions:
        name = re.sub(pattern, replacement, name)
    if name.startswith("__a") and name.endswith("__"):
        name = {
            "__aenter__": "__enter__",
            "__aexit__": "__exit__",
            "__aiter__": "__iter__",
            "__anext__": "__next__",
        }.get(name, name)
    return ".".join([*owners, name])


def _functions(folder: Path) -> Iterator[_Function]:
    for file in sorted(folder.rglob("*.py")):
        try:
            tree = ast.parse(file.read_text("utf-8"))
        except (SyntaxError, ValueError):
            continue
        yield from _below(tree, file.relative_to(folder).as_posix(), "")


def _below(node: ast.AST, file: str, prefix: str) -> Iterator[_Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            is_async = isinstance(child, ast.AsyncFunctionDef)
            yield _Function(file, prefix + child.name, child.lineno, is_async, is_async and _awaits(child))
            yield from _below(child, file, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _below(child, file, f"{prefix}{child.name}.")
        else:
            yield from _below(child, file, prefix)


def _awaits(node: ast.AST) -> bool:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, AWAITING) or (isinstance(child, ast.comprehension) and child.is_async):
            return True
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and _awaits(child):
            return True
    return False
