"""Finds an ASGI app and its plain GET routes by reading, for a project that says nothing about benchmarks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from asyncify.bench.scenario import HttpCase, Request
from asyncify.errors import ConfigError
from asyncify.project import load_project

APP_CLASSES = frozenset({"FastAPI", "Starlette", "Litestar", "Quart"})
TEST_FOLDERS = frozenset({"test", "tests"})
HINT = "write a bench.toml with a [[case]]; docs/benchmarks.md shows one"


def find_default_case(root: Path) -> HttpCase:
    """The app's GET routes without parameters, one request each. Raises ConfigError where there are none."""
    for source in load_project(root).sources:
        if TEST_FOLDERS & set(PurePosixPath(source.path).parts):
            continue
        try:
            tree = ast.parse(source.text)
        except SyntaxError:
            continue
        name = next(_apps(tree), None)
        if name is None:
            continue
        routes = tuple(Request(path=path) for path in _plain_routes(tree, name))
        if not routes:
            raise ConfigError(f"{source.path}: app {name!r} has no GET route without parameters; {HINT}")
        return HttpCase(name=name, app=f"{_module(source.path)}:{name}", requests=routes)
    raise ConfigError(f"bench.toml: not there, and no ASGI app found to run in its place; {HINT}")


def _apps(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
        if isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        if not isinstance(value, ast.Call) or _last_name(value.func) not in APP_CLASSES:
            continue
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _plain_routes(tree: ast.Module, app: str) -> Iterator[str]:
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or _required(function.args):
            continue
        for decorator in function.decorator_list:
            path = _get_path(decorator, app)
            if path is not None and "{" not in path:
                yield path


def _get_path(decorator: ast.expr, app: str) -> str | None:
    if not isinstance(decorator, ast.Call) or not decorator.args:
        return None
    path = decorator.args[0]
    is_get = ast.unparse(decorator.func) == f"{app}.get"
    return path.value if is_get and isinstance(path, ast.Constant) and isinstance(path.value, str) else None


def _required(arguments: ast.arguments) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional > 0 or any(default is None for default in arguments.kw_defaults)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _module(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
