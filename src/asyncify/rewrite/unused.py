"""Drops imports of the libraries that a rewrite has left behind, where nothing in the module uses them any more."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Sequence
from typing import cast

import libcst as cst

WORD = re.compile(r"[^\W\d]\w*")
Body = Sequence[cst.BaseStatement]


def drop_unused(tree: cst.Module, freed: frozenset[str]) -> cst.Module:
    """The module without those imports that bind a name of `freed` which nothing uses any more."""
    unused = freed - used_names(tree.code)
    return tree.visit(_Dropper(unused)) if unused else tree


def used_names(code: str) -> set[str]:
    """Every identifier outside import statements, and every word of a string that may be code or an export.

    Asks `ast`, which is many times faster than a walk over LibCST nodes. Text that does not parse uses everything
    that it mentions; the check stage will say what is wrong with it.
    """
    try:
        module = ast.parse(code)
    except SyntaxError:
        return set(WORD.findall(code))
    nodes = list(ast.walk(module))
    names = _looked_up(code) | {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Del)}
    constants = [node for node in nodes if isinstance(node, ast.Constant)]
    names.update(word for constant in constants for word in _words(constant) if word == constant.value)
    for node in nodes:
        annotation = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if isinstance(annotation, ast.expr):
            names.update(part.id for part in ast.walk(annotation) if isinstance(part, ast.Name))
            parts = (part for part in ast.walk(annotation) if isinstance(part, ast.Constant))
            names.update(word for part in parts for word in _names_in(part))
    return names


def _looked_up(code: str) -> set[str]:
    """The names that are read anywhere, but for what a function binds itself: its parameters and variables."""
    found: set[str] = set()
    todo = [symtable.symtable(code, "module", "exec")]
    while todo:
        table = todo.pop()
        todo += table.get_children()
        is_open = not isinstance(table, symtable.Function)
        found |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (is_open or symbol.is_global() or symbol.is_free() or symbol.is_imported())
        }
    return found


def _names_in(constant: ast.Constant) -> list[str]:
    """The names that a quoted annotation looks up: of `"_aio.Session"` that is `_aio` alone."""
    try:
        parsed = ast.parse(str(constant.value), mode="eval")
    except SyntaxError:
        return _words(constant)
    return [node.id for node in ast.walk(parsed) if isinstance(node, ast.Name)]


def _words(constant: ast.Constant) -> list[str]:
    return WORD.findall(constant.value) if isinstance(constant.value, str) else []


class _Dropper(cst.CSTTransformer):
    def __init__(self, unused: frozenset[str]) -> None:
        super().__init__()
        self._unused = unused

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        return False  # an import is looked at from its block

    def visit_Try(self, node: cst.Try) -> bool:
        return False  # `try: import x except ImportError` is a question, not an import

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        return updated_node.with_changes(body=self._kept(updated_node.body, may_be_empty=True))

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.BaseSuite:
        return updated_node.with_changes(body=self._kept(updated_node.body, may_be_empty=False))

    def _kept(self, body: Body, *, may_be_empty: bool) -> list[cst.BaseStatement]:
        kept: list[cst.BaseStatement] = []
        orphaned: Sequence[cst.EmptyLine] | None = None
        for statement in body:
            changed = self._without_unused(statement)
            if changed is None:
                lines = cast(cst.SimpleStatementLine, statement).leading_lines
                orphaned = lines if orphaned is None else orphaned
                continue
            if orphaned is not None and hasattr(changed, "leading_lines"):
                changed = _with_lines_of(changed, orphaned, is_first=not kept)
            orphaned = None
            kept.append(changed)
        return kept if kept or may_be_empty else list(body)

    def _without_unused(self, statement: cst.BaseStatement) -> cst.BaseStatement | None:
        if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
            return statement
        node = statement.body[0]
        if not isinstance(node, cst.Import | cst.ImportFrom) or isinstance(node.names, cst.ImportStar):
            return statement
        names = [alias for alias in node.names if not self._is_unused(alias)]
        if len(names) == len(node.names):
            return statement
        if not names:
            return None
        names[-1] = names[-1].with_changes(comma=_last_comma(node))
        return statement.with_changes(body=[node.with_changes(names=names)])

    def _is_unused(self, alias: cst.ImportAlias) -> bool:
        return (alias.evaluated_alias or _path(alias.name).partition(".")[0]) in self._unused


def _last_comma(node: cst.Import | cst.ImportFrom) -> cst.Comma | cst.MaybeSentinel:
    if isinstance(node, cst.ImportFrom) and node.lpar is not None:
        return cast(Sequence[cst.ImportAlias], node.names)[-1].comma
    return cst.MaybeSentinel.DEFAULT


def _path(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_path(node.value)}.{node.attr.value}"
    return cast(cst.Name, node).value


def _with_lines_of(
    statement: cst.BaseStatement, orphaned: Sequence[cst.EmptyLine], *, is_first: bool
) -> cst.BaseStatement:
    """The statement keeps the distance that the import before it had: at the top of a block exactly, else at least."""
    own = cast(Sequence[cst.EmptyLine], getattr(statement, "leading_lines", ()))
    blanks = [line for line in orphaned if line.comment is None]
    if is_first and isinstance(statement, cst.SimpleStatementLine):
        return statement.with_changes(leading_lines=[*blanks, *(line for line in own if line.comment is not None)])
    if len(own) >= len(blanks):
        return statement
    return statement.with_changes(leading_lines=[*blanks[: len(blanks) - len(own)], *own])
