"""How a statement is written without its cursor: in the stead of which expression, and over how many lines."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from asyncify.plan.direct.cursors import CursorUse, Ran
from asyncify.plan.direct.found import Found
from asyncify.plan.edits import Layout, Remove, Respell, RunDirectly
from asyncify.plan.scene import Scene
from asyncify.plan.step import Substitute
from asyncify.plan.tree import FunctionNode

WIDTHS = (88, 100, 120)  # a file's lines are as long as the narrowest that holds them all
COUNTED = "{aio}.rowcount({it})"
NAMES = {
    "rows": ("rows", "records", "found"),
    "row": ("row", "record", "found"),
    "count": ("status", "done"),
    "value": ("value", "found"),
}


def write_statement(found: Found, cursor: CursorUse, ran: Ran, lost: int) -> None:
    """The statement runs where its result is taken, or where it ran before if that would not fit on its line."""
    place = found.scene.tree.place
    keyword = f"record_class={cursor.record}" if cursor.record and ran.form in {"rows", "row"} else ""
    text = _Call(found.scene, ran, f"{ast.unparse(cursor.owner)}.{ran.method}", keyword, lost)
    name = _name_between(text, cursor.function)
    taken = None if name else ran.read
    is_named = ran.query is not ran.literal
    if is_named and ran.statement.edits:
        found.step(ran.literal, Respell(ran.pieces))
    action = RunDirectly(
        method=ran.method,
        receiver=place(cursor.owner),
        query=place(ran.query),
        pieces=() if is_named else ran.pieces,
        values=tuple(map(place, ran.values)),
        call=place(ran.node),
        keyword=keyword,
        wrap=COUNTED if ran.form == "count" and not name else "{it}",
        name=name,
        layout=text.layout(taken or ran.node, name),
    )
    found.step(taken or ran.node, action)
    if taken is not None:
        found.step(ran.stands, Remove())
    elif ran.read is not None:
        found.step(ran.read, Substitute(COUNTED.replace("{it}", name) if ran.form == "count" else name))
    found.settle(ran.node)


@dataclass(frozen=True, slots=True)
class _Call:
    """The call that a statement becomes, as text: how long it will be."""

    scene: Scene
    ran: Ran
    callee: str
    keyword: str
    lost: int  # levels of indentation

    @property
    def is_spread(self) -> bool:
        """Does the old call stand over several lines?"""
        return self.ran.node.end_lineno != self.ran.node.lineno

    def layout(self, node: ast.expr, name: str) -> Layout:
        """How it is laid out in the stead of `node`, or as a statement of its own that gives its result this name.

        If it would be longer than the lines of its file are, its arguments stand on a line of their own, or a line
        each. Calls that stood over several lines do so again.
        """
        if self.is_spread:
            return Layout.SAME
        lines = self.scene.tree.text.split("\n")
        longest = next((width for width in WIDTHS if max(map(len, lines)) <= width), WIDTHS[-1])
        keyword = [self.keyword.replace("{aio}", "_aio")] if self.keyword else []
        query = [ast.unparse(self.ran.query)] if isinstance(self.ran.query, ast.Name) else self.ran.pieces
        arguments = ", ".join([*query, *map(ast.unparse, self.ran.values), *keyword])
        call = f"{f'{name} = ' if name else ''}await {self.callee}({arguments})"
        if self.ran.form == "count" and not name:
            call = COUNTED.replace("{aio}", "_aio").replace("{it}", call)
        line = lines[node.lineno - 1]
        indent = len(line) - len(line.lstrip()) - 4 * self.lost
        kept = len(line.strip()) - ((node.end_col_offset or 0) - node.col_offset)
        if indent + kept + len(call) <= longest:
            return Layout.SAME
        return Layout.HANGING if indent + 4 + len(arguments) <= longest else Layout.ROWS


def _name_between(text: _Call, function: FunctionNode) -> str:
    """The name that takes the result, where a call in the midst of an expression would be too much; else ""."""
    ran = text.ran
    if ran.read is None:
        return ""
    is_whole = isinstance(text.scene.tree.parent(ran.read), ast.Assign | ast.Return | ast.Expr | ast.AnnAssign)
    if is_whole and ran.form != "count":
        return ""
    fits = not text.is_spread and text.layout(ran.read, "") is Layout.SAME
    if fits and (is_whole or ran.form != "count"):
        return ""
    taken = {name for node in ast.walk(function) for name in _names_of(node)}
    return next((name for name in NAMES[ran.form] if name not in taken), "")


def _names_of(node: ast.AST) -> tuple[str | None, ...]:
    """The names that a node uses or binds."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.ExceptHandler(name=name):
            return (name,)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.alias(name=name, asname=asname):
            return (asname or name.partition(".")[0],)
    return ()
