"""Imports after a rewrite: what the new code names is added in its place, what nothing uses any more goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import cast

import libcst as cst

from asyncify.plan.step import ImportNeed, SupportModule
from asyncify.rewrite.bound import missing_modules
from asyncify.rewrite.unused import drop_unused

FUTURE, STDLIB, THIRD_PARTY, FIRST_PARTY, RELATIVE = range(5)


@dataclass(frozen=True, slots=True)
class _Import:
    """An import statement in the form in which imports are sorted."""

    section: int
    is_from: bool
    module: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    key: _Import
    name: str  # what `from module import name` binds; "" for a plain import

    def statement(self) -> cst.SimpleStatementLine:
        text = f"from {self.key.module} import {self.name}" if self.key.is_from else f"import {self.key.module}"
        return cast(cst.SimpleStatementLine, cst.parse_statement(text))


def mend_imports(tree: cst.Module, path: str, need: ImportNeed, support: SupportModule | None) -> cst.Module:
    """Add and drop imports at the top of a module. Import order and grouping are kept as they are."""
    root = _root_package(path, support)
    for module in missing_modules(tree.code, need.modules):
        tree = _with_import(tree, _Wanted(_Import(_section(module, root), False, module), ""), root)
    for module, name in need.names:
        tree = _with_import(tree, _Wanted(_Import(_section(module, root), True, module), name), root)
    if need.support and support is not None:
        tree = _with_import(tree, _support_import(tree, path, support, root), root)
    return drop_unused(tree, frozenset(need.freed)) if need.freed else tree


def _root_package(path: str, support: SupportModule | None) -> str:
    if support is not None and "." in support.module:
        return support.module.partition(".")[0]
    parts = PurePosixPath(path).parts
    return parts[0] if len(parts) > 1 else ""


def _support_import(tree: cst.Module, path: str, support: SupportModule, root: str) -> _Wanted:
    package, _, name = support.module.rpartition(".")
    if not package:
        return _Wanted(_Import(FIRST_PARTY, False, name), "")
    inside = PurePosixPath(path).parent
    home = PurePosixPath(support.path).parent
    is_inside = inside == home or home in inside.parents
    if is_inside and not _imports_absolutely(tree, root):
        dots = "." * (1 + len(inside.relative_to(home).parts))
        return _Wanted(_Import(RELATIVE, True, dots), name)
    return _Wanted(_Import(FIRST_PARTY, True, package), name)


def _imports_absolutely(tree: cst.Module, root: str) -> bool:
    keys = [key for _, key in _header(tree, root)]
    return any(key.section == FIRST_PARTY for key in keys) and not any(key.section == RELATIVE for key in keys)


def _section(module: str, root: str) -> int:
    if module.startswith("."):
        return RELATIVE
    top = module.partition(".")[0]
    if top == "__future__":
        return FUTURE
    if top in sys.stdlib_module_names:
        return STDLIB
    return FIRST_PARTY if top == root else THIRD_PARTY


def _header(tree: cst.Module, root: str) -> list[tuple[int, _Import]]:
    """Position and sort key of the imports at the top of the module, before its first other statement."""
    found = []
    for at, statement in enumerate(tree.body):
        key = _key(statement, root)
        if key is not None:
            found.append((at, key))
        elif not (at == 0 and _is_docstring(statement)) and not _may_stand_among_imports(statement):
            break
    return found


def _may_stand_among_imports(statement: cst.CSTNode) -> bool:
    """Conditional imports, and names like `__all__`, which PEP 8 wants before the imports."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return isinstance(statement, cst.If | cst.Try)
    return all(isinstance(node, cst.Assign) and _is_special_name(node.targets[0].target) for node in statement.body)


def _is_special_name(target: cst.BaseExpression) -> bool:
    return isinstance(target, cst.Name) and target.value.startswith("__") and target.value.endswith("__")


def _key(statement: cst.CSTNode, root: str) -> _Import | None:
    """Of a line with several imports the first one counts."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return None
    if not all(isinstance(node, cst.Import | cst.ImportFrom) for node in statement.body):
        return None
    node = statement.body[0]
    if isinstance(node, cst.Import):
        module = _dotted(node.names[0].name)
        return _Import(_section(module, root), False, module)
    if isinstance(node, cst.ImportFrom):
        module = "." * len(node.relative) + (_dotted(node.module) if node.module else "")
        return _Import(_section(module, root), True, module)
    return None


def _is_docstring(statement: cst.CSTNode) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine) or not isinstance(statement.body[0], cst.Expr):
        return False
    return isinstance(statement.body[0].value, cst.SimpleString | cst.ConcatenatedString)


def _dotted(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return cast(cst.Name, node).value


def _with_import(tree: cst.Module, wanted: _Wanted, root: str) -> cst.Module:
    header = _header(tree, root)
    for at, key in header:
        if key == wanted.key:
            return _merged(tree, at, wanted)
    body = list(tree.body)
    section = [(at, key) for at, key in header if key.section == wanted.key.section]
    if section:
        _insert_in_section(body, section, wanted)
    else:
        _insert_section(body, header, wanted)
    return tree.with_changes(body=body)


def _merged(tree: cst.Module, at: int, wanted: _Wanted) -> cst.Module:
    """The statement at `at` imports from the same module: it gains the name, if it does not bind it yet."""
    line = cast(cst.SimpleStatementLine, tree.body[at])
    node = line.body[0]
    if isinstance(node, cst.Import) and node.names[0].asname is None:
        return tree
    is_alone = len(line.body) == 1
    if not is_alone or not isinstance(node, cst.ImportFrom) or isinstance(node.names, cst.ImportStar):
        return tree.with_changes(body=[*tree.body[:at], wanted.statement(), *tree.body[at:]])
    names = list(node.names)
    if any(_dotted(alias.name) == wanted.name and alias.asname is None for alias in names):
        return tree
    position = next((i for i, alias in enumerate(names) if _dotted(alias.name) > wanted.name), len(names))
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if position == len(names):
        last = names[-1]
        names[-1] = last.with_changes(comma=comma)
        names.append(cst.ImportAlias(cst.Name(wanted.name), comma=last.comma))
    else:
        like = names[position].comma
        comma = like if isinstance(like, cst.Comma) else comma
        names.insert(position, cst.ImportAlias(cst.Name(wanted.name), comma=comma))
    changed = line.with_changes(body=[node.with_changes(names=names)])
    return tree.with_changes(body=[*tree.body[:at], changed, *tree.body[at + 1 :]])


def _insert_in_section(
    body: list[cst.BaseCompoundStatement | cst.SimpleStatementLine],
    section: Sequence[tuple[int, _Import]],
    wanted: _Wanted,
) -> None:
    statement = wanted.statement()
    for at, key in section:
        if (key.is_from, key.module) > (wanted.key.is_from, wanted.key.module):
            follower = body[at]
            blank, rest = _leading_blanks(follower)
            body[at : at + 1] = [statement.with_changes(leading_lines=blank), follower.with_changes(leading_lines=rest)]
            return
    body.insert(section[-1][0] + 1, statement)


def _insert_section(
    body: list[cst.BaseCompoundStatement | cst.SimpleStatementLine],
    header: Sequence[tuple[int, _Import]],
    wanted: _Wanted,
) -> None:
    statement = wanted.statement()
    before = [at for at, key in header if key.section < wanted.key.section]
    after = [at for at, key in header if key.section > wanted.key.section]
    if before:
        body.insert(before[-1] + 1, statement.with_changes(leading_lines=[_blank()]))
    elif after:
        follower = body[after[0]]
        blank, rest = _leading_blanks(follower)
        separated = follower.with_changes(leading_lines=[_blank(), *rest])
        body[after[0] : after[0] + 1] = [statement.with_changes(leading_lines=blank), separated]
    else:
        _insert_first(body, statement)


def _insert_first(
    body: list[cst.BaseCompoundStatement | cst.SimpleStatementLine], statement: cst.SimpleStatementLine
) -> None:
    at = 1 if body and _is_docstring(body[0]) else 0
    lines = [_blank()] if at else []
    body.insert(at, statement.with_changes(leading_lines=lines))
    if len(body) > at + 1:
        follower = body[at + 1]
        _, rest = _leading_blanks(follower)
        count = 2 if isinstance(follower, cst.FunctionDef | cst.ClassDef) else 1
        body[at + 1] = follower.with_changes(leading_lines=[*[_blank()] * count, *rest])


def _leading_blanks(statement: cst.CSTNode) -> tuple[list[cst.EmptyLine], list[cst.EmptyLine]]:
    lines = list(getattr(statement, "leading_lines", ()))
    count = next((i for i, line in enumerate(lines) if line.comment is not None), len(lines))
    return lines[:count], lines[count:]


def _blank() -> cst.EmptyLine:
    return cst.EmptyLine(indent=False)
