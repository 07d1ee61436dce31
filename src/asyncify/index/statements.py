"""Walks statements: assignments, branches, loops, with, try and imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from asyncify.index.branches import Branches, Env
from asyncify.index.call_expressions import VISIT
from asyncify.index.summary import NOTHING, POSITIONS

MAIN_BLOCK = POSITIONS.index("main-block")
MODULE_BODY = POSITIONS.index("module-body")


class Statements(Branches):
    """Walks bodies. In a function a name's cell changes with each assignment and is joined where branches meet."""

    def define_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        raise NotImplementedError

    def define_class(self, node: ast.ClassDef) -> None:
        raise NotImplementedError

    def return_cell(self) -> int:
        raise NotImplementedError

    def body(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            run = EXECUTE.get(type(statement))
            if run is not None:
                self.consumer = "other"
                run(self, statement)

    def _expr(self, node: ast.Expr) -> None:
        if type(node.value) is not ast.Constant:
            VISIT[type(node.value)](self, node.value)

    def _assign(self, node: ast.Assign) -> None:
        self.consumer = "assigned"
        first = node.targets[0]
        if (
            isinstance(first, ast.Tuple)
            and isinstance(node.value, ast.Tuple)
            and len(first.elts) == len(node.value.elts)
            and not any(isinstance(part, ast.Starred) for part in [*first.elts, *node.value.elts])
        ):
            for target, cell in zip(first.elts, [self.expression(value) for value in node.value.elts], strict=True):
                self.assign(target, cell)
            return
        cell = VISIT[type(node.value)](self, node.value)
        if isinstance(node.value, ast.Call) and isinstance(first, ast.Tuple | ast.List):
            self.flow("taken", cell, node.value)
        for target in node.targets:
            self.assign(target, cell)
        if self.scope is self.module and isinstance(first, ast.Name):
            self._module_constant(first.id, node.value)

    def _ann_assign(self, node: ast.AnnAssign) -> None:
        kind = self.annotation(node.annotation)
        value = NOTHING
        if node.value is not None:
            self.consumer = "assigned"
            value = self.expression(node.value)
        elif self.scope.kind == "function" and not kind:
            return
        self.assign(node.target, self.join([kind, value]))

    def _aug_assign(self, node: ast.AugAssign) -> None:
        value = self.expression(node.value)
        if isinstance(node.value, ast.Call):
            self.flow("taken", value, node.value)
        if isinstance(node.target, ast.Name):
            self.bind(node.target.id, self.join([self.lookup(node.target.id), value]))
        elif value:
            self.assign(node.target, value)
        else:
            self.expression(node.target)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript | ast.Attribute):
                self.expression(target)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.consumer = "returned"
            cell = self.expression(node.value)
            if cell:
                self.copy(cell, self.return_cell())
        self.scope.alive = False

    def _raise(self, node: ast.Raise) -> None:
        for child in (node.exc, node.cause):
            if child is not None:
                self.expression(child)
        self.scope.alive = False

    def _leave(self, node: ast.stmt) -> None:
        self.scope.alive = False

    def _assert(self, node: ast.Assert) -> None:
        self.expression(node.test)
        self._narrow(node.test)
        if node.msg is not None:
            self.expression(node.msg)

    def _global(self, node: ast.Global | ast.Nonlocal) -> None:
        kind = "global" if isinstance(node, ast.Global) else "nonlocal"
        for name in node.names:
            self.scope.outside[name] = kind

    def _if(self, node: ast.If) -> None:
        self.expression(node.test)
        if self.scope.kind != "function":
            position = self.position
            if self.scope is self.module and _is_main_test(node.test):
                self.position = MAIN_BLOCK
            self.body(node.body)
            self.position = position
            self.body(node.orelse)
            return
        before = self.scope.env
        self.scope.env = dict(before)
        self._narrow(node.test)
        body = self._branch(node.body, self.scope.env)
        orelse = self._branch(node.orelse, before) if node.orelse else before
        self._meet([body, orelse], before)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.consumer = "for"
        base = self.expression(node.iter)

        def enter() -> None:
            self.assign(node.target, self.flow("for", base, node.iter))

        self._loop(node.body, node.orelse, enter)

    def _while(self, node: ast.While) -> None:
        self._loop(node.body, node.orelse, lambda: self._test(node.test))

    def _test(self, test: ast.expr) -> None:
        self.expression(test)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.consumer = "with"
            base = self.expression(item.context_expr)
            value = self.flow("with", base, item.context_expr, node.end_lineno or 0)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value)
        self.body(node.body)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        if self.scope.kind != "function":
            self.body(node.body)
            for handler in node.handlers:
                self._handler(handler)
            self.body([*node.orelse, *node.finalbody])
            return
        before = dict(self.scope.env)
        body = self._branch(node.body, before)
        broken_off = self.scope.env
        if body is not None and node.orelse:
            body = self._branch(node.orelse, body)
        self._meet([before, broken_off], before)
        at_handler = self.scope.env
        ends: list[Env | None] = [body]
        for handler in node.handlers:
            self.scope.env = dict(at_handler)
            self.scope.alive = True
            self._handler(handler)
            ends.append(self.scope.env if self.scope.alive else None)
        self._meet(ends, at_handler)
        if node.finalbody:
            alive = self.scope.alive
            self.body(node.finalbody)
            self.scope.alive = alive and self.scope.alive

    def _handler(self, handler: ast.ExceptHandler) -> None:
        if handler.type is not None:
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            cell = self.join([self.instance(self.expression(kind)) for kind in kinds])
            if handler.name:
                self.bind(handler.name, cell)
        self.body(handler.body)


def _is_main_test(test: ast.expr) -> bool:
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = [test.left, *test.comparators]
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    values = [side.value for side in sides if isinstance(side, ast.Constant)]
    return names == ["__name__"] and values == ["__main__"]


EXECUTE: dict[type[ast.stmt], Callable[..., None]] = {
    ast.Expr: Statements._expr,
    ast.Assign: Statements._assign,
    ast.AnnAssign: Statements._ann_assign,
    ast.AugAssign: Statements._aug_assign,
    ast.Return: Statements._return,
    ast.Raise: Statements._raise,
    ast.Continue: Statements._leave,
    ast.Break: Statements._leave,
    ast.If: Statements._if,
    ast.For: Statements._for,
    ast.AsyncFor: Statements._for,
    ast.While: Statements._while,
    ast.With: Statements._with,
    ast.AsyncWith: Statements._with,
    ast.Try: Statements._try,
    ast.TryStar: Statements._try,
    ast.Match: Statements._match,
    ast.Import: Statements._import,
    ast.ImportFrom: Statements._import_from,
    ast.Global: Statements._global,
    ast.Nonlocal: Statements._global,
    ast.Assert: Statements._assert,
    ast.Delete: Statements._delete,
    ast.FunctionDef: lambda walk, node: walk.define_function(node),
    ast.AsyncFunctionDef: lambda walk, node: walk.define_function(node),
    ast.ClassDef: lambda walk, node: walk.define_class(node),
}
