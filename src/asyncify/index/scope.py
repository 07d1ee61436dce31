"""Scopes while a file is walked: which cell does a name stand for here?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

_BINDING_NOTHING = frozenset({ast.Expr, ast.Return, ast.Raise, ast.Pass, ast.Assert, ast.Break, ast.Continue})
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Scope:
    """A module, class or function while it is walked.

    In a function `env` maps a name to the cell it holds right now and `versions` to all that it held, which is what a
    nested function sees. In modules and classes a name has one cell for good.
    """

    __slots__ = ("alive", "any", "env", "function", "kind", "locals", "outside", "owner", "parent", "self_name",
                 "versions")  # fmt: skip

    def __init__(self, kind: str, parent: Scope | None, function: int, owner: int) -> None:
        self.kind = kind
        self.parent = parent
        self.function = function
        self.owner = owner  # index of the class whose method or body this is
        self.env: dict[str, int] = {}
        self.versions: dict[str, list[int]] = {}
        self.any: dict[str, int] = {}
        self.locals: frozenset[str] = frozenset()
        self.outside: dict[str, str] = {}  # name -> "global" or "nonlocal"
        self.self_name = ""
        self.alive = True


def assigned_names(body: Iterable[ast.stmt]) -> set[str]:
    """Names that the statements bind, nested functions and classes left out (their own names count)."""
    found: set[str] = set()
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        kind = type(node)
        if kind in _BINDING_NOTHING:
            continue
        if isinstance(node, ast.Assign):
            for target in node.targets:
                _targets(target, found)
        elif isinstance(node, ast.If | ast.While):
            stack += node.body
            stack += node.orelse
        elif isinstance(node, _NESTED):
            found.add(node.name)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            _targets(node.target, found)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update((alias.asname or alias.name.partition(".")[0]) for alias in node.names)
        else:
            _inside(node, found, stack)
    return found


def replaced_imports(body: Sequence[ast.stmt]) -> frozenset[tuple[int, str]]:
    """Line and name of imports of a module whose name a later statement beside them binds to something of its own."""
    imported: dict[str, int] = {}
    replaced: set[tuple[int, str]] = set()
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported.update(dict.fromkeys(assigned_names([node]), node.lineno))
        elif isinstance(node, (*_NESTED, ast.Assign)) and imported:
            again = assigned_names([node]) & imported.keys()
            if again and again.isdisjoint(n.id for n in ast.walk(node) if isinstance(n, ast.Name) and _is_read(n)):
                replaced.update((imported.pop(name), name) for name in again)
    return frozenset(replaced)


def _is_read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _inside(node: ast.AST, found: set[str], stack: list[ast.AST]) -> None:
    """Names that the head of a compound statement binds; its bodies go on the stack."""
    if isinstance(node, ast.For | ast.AsyncFor):
        _targets(node.target, found)
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if item.optional_vars is not None:
                _targets(item.optional_vars, found)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        found.add(node.name)
    elif isinstance(node, ast.Match):
        found.update(pattern.name for pattern in ast.walk(node) if isinstance(pattern, ast.MatchAs) and pattern.name)
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        stack += getattr(node, field, ())


def _targets(target: ast.expr, found: set[str]) -> None:
    if isinstance(target, ast.Name):
        found.add(target.id)
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            _targets(element, found)
    elif isinstance(target, ast.Starred):
        _targets(target.value, found)
