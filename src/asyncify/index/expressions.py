"""Walks expressions: what cell does this expression's value stand in?"""

from __future__ import annotations

import ast
from collections.abc import Callable

from asyncify.index.call_expressions import VISIT, CallExpressions
from asyncify.index.recorder import dotted, span_of
from asyncify.index.scope import Scope
from asyncify.index.summary import (
    KEYWORD_ONLY,
    NOTHING,
    POSITIONAL,
    POSITIONAL_ONLY,
    POSITIONS,
    VAR_KEYWORD,
    VAR_POSITIONAL,
    FunctionFact,
)

AWAITED = POSITIONS.index("awaited")
LAMBDA = POSITIONS.index("lambda")
GENERATOR = POSITIONS.index("generator")
ALIASES = frozenset({"Optional", "Union", "Type"})


class Expressions(CallExpressions):
    """Turns expressions into cells and notes calls, loads and occurrences on the way."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.quiet = False  # inside a quoted annotation, which has no places of its own

    def expression(self, node: ast.expr) -> int:
        """The cell of an expression's value; NOTHING if it cannot be of interest."""
        return VISIT[type(node)](self, node)

    def _name(self, node: ast.Name) -> int:
        self.consumer = "other"
        cell = self.scope.env.get(node.id)
        if cell is None:
            cell = self.lookup(node.id)
        if cell and not self.quiet:
            self.occurrences.extend(
                (
                    cell,
                    self.scope.function + 1,
                    node.lineno,
                    node.col_offset,
                    node.end_lineno or 0,
                    node.end_col_offset or 0,
                )
            )
        return cell

    def _constant(self, node: ast.Constant) -> int:
        return NOTHING

    def _attribute(self, node: ast.Attribute) -> int:
        self.consumer = "other"
        cell = self.load(VISIT[type(node.value)](self, node.value), node.attr)
        if node.attr in self.narrowed and (found := self.scope.env.get(dotted(node), NOTHING)):
            cell = self.join([cell, found])
        if cell and not self.quiet:
            self.occur(cell, node)
        return cell

    def _subscript(self, node: ast.Subscript) -> int:
        self.consumer = "other"
        if isinstance(node.value, ast.Name | ast.Attribute) and dotted(node.value).rpartition(".")[2] in ALIASES:
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            return self.join([self.class_of(argument) for argument in inner])
        base = self.expression(node.value)
        if isinstance(node.slice, ast.Slice):
            self.expression(node.slice)
            return base
        cell = self.item(base, self.key(node.slice))
        if cell and not self.quiet:
            self.occur(cell, node)
        return cell

    def key(self, node: ast.expr) -> str | int | None:
        """A constant key of a container, None if it is not constant."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str | int) else None
        self.expression(node)
        return None

    def _sequence(self, node: ast.Tuple | ast.List | ast.Set) -> int:
        self.consumer = "other"
        if not node.elts:
            return self.container((), keep=isinstance(node, ast.List))
        known = isinstance(node, ast.Tuple | ast.List) and len(node.elts) <= 16
        members: list[tuple[str | int | None, int]] = []
        for index, element in enumerate(node.elts):
            if isinstance(element, ast.Starred):
                known = False
                items = self.expression(element.value)
                self.flow("taken", items, element.value)
                members.append((None, self.item(items, None)))
                continue
            members.append((index if known else None, VISIT[type(element)](self, element)))
        return self.container(members)

    def _dict(self, node: ast.Dict) -> int:
        self.consumer = "other"
        members: list[tuple[str | int | None, int]] = []
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                members.append((None, self.item(self.expression(value), None)))
            else:
                members.append((self.key(key), VISIT[type(value)](self, value)))
        return self.container(members, keep=not node.keys)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> int:
        scope, position = self.scope, self.position
        saved = dict(scope.env)
        for number, generator in enumerate(node.generators):
            if type(generator.iter) is ast.Call:
                self.consumer = "comprehension"
            base = self.expression(generator.iter)
            if number == 0 and isinstance(node, ast.GeneratorExp):
                self.position = GENERATOR
            element = self.flow("comprehension", base, generator.iter)
            self.bind_local(generator.target, element)
            for condition in generator.ifs:
                self.expression(condition)
        if isinstance(node, ast.DictComp):
            self.expression(node.key)
            value = self.expression(node.value)
        else:
            value = self.expression(node.elt)
        self.position = position
        scope.env = saved
        return self.container([(None, value)])

    def bind_local(self, target: ast.expr, cell: int) -> None:
        """Bind a comprehension's variable, which shadows whatever the scope knows."""
        if isinstance(target, ast.Name):
            self.scope.env[target.id] = cell
        elif isinstance(target, ast.Tuple | ast.List):
            for index, element in enumerate(target.elts):
                self.bind_local(element, self.item(cell, index))
        elif isinstance(target, ast.Starred):
            self.bind_local(target.value, cell)

    def _compare(self, node: ast.Compare) -> int:
        self.consumer = "other"
        self.expression(node.left)
        for value in node.comparators:
            if type(value) is not ast.Constant:
                self.expression(value)
        return NOTHING

    def _unary(self, node: ast.UnaryOp) -> int:
        self.consumer = "other"
        self.expression(node.operand)
        return NOTHING

    def _text(self, node: ast.JoinedStr) -> int:
        self.consumer = "other"
        for value in node.values:
            if type(value) is not ast.Constant:
                self.expression(value)
        return NOTHING

    def _formatted(self, node: ast.FormattedValue) -> int:
        self.expression(node.value)
        if node.format_spec is not None:
            self.expression(node.format_spec)
        return NOTHING

    def _bool_op(self, node: ast.BoolOp) -> int:
        self.consumer = "other"
        return self.join([self.expression(value) for value in node.values])

    def _bin_op(self, node: ast.BinOp) -> int:
        self.consumer = "other"
        left, right = self.expression(node.left), self.expression(node.right)
        return self.join([left, right]) if isinstance(node.op, ast.Add | ast.BitOr | ast.Div | ast.Mult) else NOTHING

    def _if_exp(self, node: ast.IfExp) -> int:
        consumer = self.consumer
        self.expression(node.test)
        self.consumer = consumer
        body = self.expression(node.body)
        self.consumer = consumer
        return self.join([body, self.expression(node.orelse)])

    def _await(self, node: ast.Await) -> int:
        position, self.position = self.position, AWAITED
        self.consumer = "awaited"
        cell = self.expression(node.value) if type(node.value) is ast.Call else NOTHING
        self.position = position
        if type(node.value) is not ast.Call:
            cell = self.expression(node.value)
        self.consumer = "other"
        return cell

    def _yield(self, node: ast.Yield) -> int:
        self.consumer = "other"
        cell = self.expression(node.value) if node.value is not None else NOTHING
        self.copy(cell, self.yield_cell())
        return NOTHING

    def _yield_from(self, node: ast.YieldFrom) -> int:
        self.consumer = "yield-from"
        base = self.expression(node.value)
        self.consumer = "other"
        self.copy(self.flow("yield-from", base, node.value), self.yield_cell())
        return NOTHING

    def yield_cell(self) -> int:
        raise NotImplementedError

    def _starred(self, node: ast.Starred) -> int:
        return self.expression(node.value)

    def _named(self, node: ast.NamedExpr) -> int:
        cell = self.expression(node.value)
        self.bind(node.target.id, cell)
        return cell

    def parameters(self, arguments: ast.arguments, make: Callable[[ast.arg, int], int]) -> list[tuple[str, int, int]]:
        """(name, kind, cell) of each parameter; `make` makes the cell."""
        found: list[tuple[str, int, int]] = []
        for kind, group in (
            (POSITIONAL_ONLY, arguments.posonlyargs),
            (POSITIONAL, arguments.args),
            (VAR_POSITIONAL, [arguments.vararg] if arguments.vararg else []),
            (KEYWORD_ONLY, arguments.kwonlyargs),
            (VAR_KEYWORD, [arguments.kwarg] if arguments.kwarg else []),
        ):
            found += [(argument.arg, kind, make(argument, kind)) for argument in group]
        return found

    def _lambda(self, node: ast.Lambda) -> int:
        outer, position = self.scope, self.position
        index = len(self.functions)
        self.functions.append(None)
        params = self.parameters(node.args, lambda _, __: self.cell())
        for default in [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]:
            self.expression(default)
        scope = Scope("function", outer, index, -1)
        scope.env = dict(outer.env)
        scope.env.update((name, cell) for name, _, cell in params)
        scope.locals = frozenset(name for name, _, _ in params)
        scope.versions = {name: [cell] for name, _, cell in params}
        self.scope, self.position = scope, LAMBDA
        self.consumer = "returned"
        returns = self.expression(node.body)
        self.consumer = "other"
        self.scope, self.position = outer, position
        scope.alive = False
        value = self.cell()
        self.functions[index] = FunctionFact(
            "<lambda>", f"{self.qualname_prefix()}<lambda>", span_of(node), False, False, True, -1, outer.function,
            tuple(params), returns, NOTHING, value, (), True,
        )  # fmt: skip
        return value

    def qualname_prefix(self) -> str:
        raise NotImplementedError


VISIT.update(
    {
        ast.Name: Expressions._name,
        ast.Attribute: Expressions._attribute,
        ast.Call: CallExpressions._call,
        ast.Constant: Expressions._constant,
        ast.Subscript: Expressions._subscript,
        ast.Tuple: Expressions._sequence,
        ast.List: Expressions._sequence,
        ast.Set: Expressions._sequence,
        ast.Dict: Expressions._dict,
        ast.BoolOp: Expressions._bool_op,
        ast.BinOp: Expressions._bin_op,
        ast.IfExp: Expressions._if_exp,
        ast.Lambda: Expressions._lambda,
        ast.Await: Expressions._await,
        ast.Yield: Expressions._yield,
        ast.YieldFrom: Expressions._yield_from,
        ast.Starred: Expressions._starred,
        ast.NamedExpr: Expressions._named,
        ast.ListComp: Expressions._comprehension,
        ast.SetComp: Expressions._comprehension,
        ast.GeneratorExp: Expressions._comprehension,
        ast.DictComp: Expressions._comprehension,
        ast.Compare: Expressions._compare,
        ast.UnaryOp: Expressions._unary,
        ast.JoinedStr: Expressions._text,
        ast.FormattedValue: Expressions._formatted,
    }
)
