"""What the code reads of a statement's result, where that is the first thing which the next statement evaluates."""

from __future__ import annotations

import ast

from asyncify.plan.direct.sql import Statement
from asyncify.plan.scene import Scene


def read_of(
    scene: Scene, use: ast.Name, statement: ast.stmt, found: Statement, record: str
) -> tuple[ast.expr | None, str]:  # fmt: skip
    """The expression that takes the result, if it is the first that the next statement evaluates, and its form."""
    block = scene.tree.block(statement)
    at = block.index(statement)
    following = block[at + 1] if at + 1 < len(block) else None
    first = _first_evaluated(following) if following is not None else None
    if first is None:
        return None, ""
    name = _innermost(first)
    if not isinstance(name, ast.Name) or name.id != use.id:
        return None, ""
    return _taken(scene, name, found, record)


def _taken(scene: Scene, name: ast.Name, found: Statement, record: str) -> tuple[ast.expr | None, str]:
    parent = scene.tree.parent(name)
    if isinstance(parent, ast.For | ast.comprehension) and parent.iter is name:
        return (None, "") if _is_named_again(scene, parent, name) else (name, "rows")
    if isinstance(parent, ast.Call) and parent.args == [name] and isinstance(parent.func, ast.Name):
        return (name, "rows") if parent.func.id == "list" and not parent.keywords else (None, "")
    if not isinstance(parent, ast.Attribute):
        return None, ""
    if parent.attr == "rowcount" and isinstance(parent.ctx, ast.Load):
        return parent, "count"
    called = scene.tree.parent(parent)
    if not isinstance(called, ast.Call) or called.func is not parent or called.args or called.keywords:
        return None, ""
    if parent.attr == "fetchall":
        return called, "rows"
    if parent.attr != "fetchone":
        return None, ""
    item = scene.tree.parent(called)
    is_first = isinstance(item, ast.Subscript) and item.value is called and _is_zero(item.slice)
    if is_first and found.has_one_row and record == "" and isinstance(item, ast.Subscript):
        return item, "value"
    return called, "row"


def _is_named_again(scene: Scene, loop: ast.For | ast.comprehension, name: ast.Name) -> bool:
    """Does what is done with a row use the cursor, which the loop reads on meanwhile?"""
    whole = loop if isinstance(loop, ast.For) else scene.tree.parent(loop)
    return any(isinstance(n, ast.Name) and n.id == name.id and n is not name for n in ast.walk(whole or loop))


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0 and not isinstance(node.value, bool)


def _first_evaluated(statement: ast.stmt) -> ast.expr | None:
    """The expression of a statement that is evaluated before all others, once."""
    match statement:
        case ast.Assign(value=value) | ast.Return(value=value) | ast.Expr(value=value):
            return value
        case ast.AnnAssign(target=ast.Name(), value=value) | ast.AugAssign(target=ast.Name(), value=value):
            return value
        case ast.If(test=test):
            return test
        case ast.For(iter=iterated):
            return iterated
    return None


def _innermost(node: ast.expr) -> ast.expr:
    """The first expression that is evaluated; names and constants before others do not count."""
    while True:
        inner = _first_of(node)
        if inner is None:
            return node
        node = inner


def _first_of(node: ast.expr) -> ast.expr | None:
    match node:
        case ast.Subscript(value=inner) | ast.Attribute(value=inner) | ast.UnaryOp(operand=inner):
            return inner
        case ast.Compare(left=inner) | ast.BinOp(left=inner) | ast.IfExp(test=inner) | ast.NamedExpr(value=inner):
            return inner
        case ast.BoolOp(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
            return _first_that_counts(values)
        case ast.ListComp(generators=[first, *_]) | ast.SetComp(generators=[first, *_]):
            return first.iter
        case ast.DictComp(generators=[first, *_]) | ast.GeneratorExp(generators=[first, *_]):
            return first.iter
        case ast.Call(func=ast.Name(), args=arguments, keywords=keywords):
            return _first_that_counts([*arguments, *(keyword.value for keyword in keywords)])
        case ast.Call(func=ast.Attribute(value=ast.Name()), args=[_, *_] as arguments, keywords=keywords):
            return _first_that_counts([*arguments, *(keyword.value for keyword in keywords)])
        case ast.Call(func=ast.Attribute(value=inner)):
            return inner
    return None


def _first_that_counts(values: list[ast.expr]) -> ast.expr | None:
    """Constants have no turn; any other is the first, and only a name that is followed by nothing is one itself."""
    return next((value for value in values if not isinstance(value, ast.Constant)), None)
