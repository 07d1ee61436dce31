"""Which modules does a text import wherever it names them, be it in a `try` or in a function?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def missing_modules(code: str, modules: Sequence[str]) -> list[str]:
    """Those of `modules` (dotted names) that some line of the code names without an import that reaches it.

    An import in a `try` counts, as what stands round it says what happens without the module; one below a
    condition does not, as it may not be run. Of text that does not parse all modules are missing.
    """
    try:
        tree = ast.parse(code) if modules else None
    except SyntaxError:
        tree = None
    if tree is None:
        return list(modules)
    return [module for module in modules if not _is_imported(tree.body, module) and _is_named(tree, module)]


def _is_named(node: ast.AST, module: str) -> bool:
    """Does anything below `node` name the module, functions that import it themselves left out?"""
    root = module.partition(".")[0]
    stack = list(ast.iter_child_nodes(node))
    while stack:
        inner = stack.pop()
        if isinstance(inner, ast.Name) and inner.id == root:
            return True
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and f"{root}." in inner.value:
            return True  # a quoted annotation
        if isinstance(inner, FUNCTIONS) and _is_imported(inner.body, module):
            continue
        stack += ast.iter_child_nodes(inner)
    return False


def _is_imported(body: Iterable[ast.stmt], module: str) -> bool:
    return any(
        alias.name == module and alias.asname is None
        for statement in _run(body)
        if isinstance(statement, ast.Import)
        for alias in statement.names
    )


def _run(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.Try):
            yield from _run((*statement.body, *statement.orelse))
        else:
            yield statement
