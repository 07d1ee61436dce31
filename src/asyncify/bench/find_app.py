"""Finds an ASGI app and its plain GET routes, or a program, by reading: for a project that does not say what to run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from asyncify.bench.find_main import find_main, module_of, required
from asyncify.bench.scenario import HttpCase, Request, Scenario
from asyncify.errors import ConfigError
from asyncify.project import Source, load_project

APP_CLASSES = frozenset({"FastAPI", "Starlette", "Litestar", "Quart"})
TEST_FOLDERS = frozenset({"test", "tests"})
PROGRAM_LEVELS = {1: 4, 10: 20}  # callers -> runs of a program, each in a process of its own
HINT = "write a bench.toml with a [[case]]; docs/benchmarks.md shows one"


def find_default(root: Path) -> Scenario:
    """The app's GET routes without parameters, one request each; without an app, the project's program.

    Raises ConfigError where there is neither.
    """
    sources = [one for one in load_project(root).sources if not TEST_FOLDERS & set(PurePosixPath(one.path).parts)]
    app = next(filter(None, map(_app_of, sources)), None)
    if app is not None:
        return Scenario(cases=(app,))
    program = find_main(root, sources)
    if program is not None:
        return Scenario(cases=(program,), levels=PROGRAM_LEVELS)
    raise ConfigError(f"bench.toml: not there, and no ASGI app or main found to run in its place; {HINT}")


def _app_of(source: Source) -> HttpCase | None:
    try:
        tree = ast.parse(source.text)
    except SyntaxError:
        return None
    name = next(_apps(tree), None)
    if name is None:
        return None
    routes = tuple(Request(path=path) for path in _plain_routes(tree, name))
    if not routes:
        raise ConfigError(f"{source.path}: app {name!r} has no GET route without parameters; {HINT}")
    return HttpCase(name=name, app=f"{module_of(PurePosixPath(source.path))}:{name}", requests=routes)


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
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or required(function.args):
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


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
