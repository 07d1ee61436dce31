"""Finds the program of a project by reading: its console script, its `__main__.py`, or a module with a `main`."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from asyncify.bench.scenario import CommandCase
from asyncify.project import Source

SCRIPT = "import sys; from {module} import {name}; sys.exit({called}())"
# Nothing of the project calls this one, so it may have become a coroutine function.
FUNCTION = (
    "import asyncio, inspect, sys; from {module} import main; code = main(); "
    "sys.exit(asyncio.run(code) if inspect.iscoroutine(code) else code)"
)


def find_main(root: Path, sources: Sequence[Source]) -> CommandCase | None:
    """The program, run without arguments; None where none is found."""
    command = next(_commands(root, sources), None)
    return CommandCase(name="main", command=("python", *command)) if command else None


def module_of(path: PurePosixPath) -> str:
    """The name under which the file is imported."""
    parts = path.with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def required(arguments: ast.arguments) -> bool:
    """Does a function with these need an argument?"""
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional > 0 or any(default is None for default in arguments.kw_defaults)


def _commands(root: Path, sources: Sequence[Source]) -> Iterator[tuple[str, ...]]:
    """The most certain first."""
    for target in _scripts(root):
        module, _, name = target.partition(":")
        yield "-c", SCRIPT.format(module=module, name=name.partition(".")[0], called=name)
    texts = {PurePosixPath(source.path): source.text for source in sources}
    for path in sorted(texts):
        if path.name == "__main__.py" and len(path.parts) > 1:
            yield "-m", module_of(path.parent)
    trees = {path: _parsed(texts[path]) for path in sorted(texts)}
    yield from (("-m", module_of(path)) for path, tree in trees.items() if _has_main(tree) and _is_run(tree))
    yield from (("-c", FUNCTION.format(module=module_of(path))) for path, tree in trees.items() if _has_main(tree))


def _scripts(root: Path) -> list[str]:
    """The targets of `[project.scripts]`, in their order."""
    try:
        read: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return []
    scripts = read.get("project", {}).get("scripts", {})
    return [target for target in scripts.values() if isinstance(target, str) and ":" in target]


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])


def _is_run(tree: ast.Module) -> bool:
    """Does the module do something of its own when it is run as a program?"""
    return any(isinstance(node, ast.If) and "__main__" in ast.unparse(node.test) for node in tree.body)


def _has_main(tree: ast.Module) -> bool:
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return any(node.name == "main" and not required(node.args) for node in functions)
