"""Walks calls: their callee, their arguments, and the few builtins that are looked through."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from asyncify.index.names import Names
from asyncify.index.recorder import dotted, span_of
from asyncify.index.scope import Scope
from asyncify.index.summary import COMPUTED, NOTHING

TAKE_ALL_METHODS = frozenset({"extend", "join", "update"})
# Builtins whose result cannot matter; their arguments are still looked at.
PLAIN_BUILTINS = frozenset(
    {"len", "str", "int", "float", "bool", "bytes", "repr", "abs", "ord", "chr", "hex", "hash", "id", "isinstance",
     "issubclass", "hasattr", "format", "round", "callable", "range", "sum", "divmod", "pow", "setattr", "delattr",
     "bytearray", "memoryview"}
)  # fmt: skip


NO_ARGUMENT = (0, NOTHING)


class _Visitors(dict[type[ast.expr], Callable[..., int]]):
    """Type of an expression -> the method that walks it.

    A table of the module and not of each walk: its own methods would make it a cycle, to be collected as garbage.
    Where time counts it is asked directly, without the call of `expression` between.
    """

    def __missing__(self, kind: type[ast.expr]) -> Callable[..., int]:
        return CallExpressions.children


VISIT = _Visitors()


class CallExpressions(Names):
    """Notes calls with the cells of what goes in and out."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.consumer = "other"  # what takes the value of the expression that is walked next

    def expression(self, node: ast.expr) -> int:
        raise NotImplementedError

    def children(self, node: ast.expr) -> int:
        """Walk an expression whose own value cannot be of interest."""
        self.consumer = "other"
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child)
        return NOTHING

    def annotation(self, node: ast.expr) -> int:
        raise NotImplementedError

    def class_of(self, node: ast.expr) -> int:
        raise NotImplementedError

    def _call(self, node: ast.Call) -> int:
        consumer, self.consumer = self.consumer, "other"
        func = node.func
        name = func.id if type(func) is ast.Name else ""
        if name and name not in self.names:
            special = self._special_call(name, node)
            if special is not None:
                return special
        callee = self._callee(func)
        first = len(self.argument_places)
        arguments = self._arguments(node)
        if type(func) is ast.Attribute and func.attr in TAKE_ALL_METHODS:
            self._take_all(node, arguments)
        elif type(func) is ast.Attribute and func.attr == "__setattr__" and len(node.args) == 3:
            self._store_computed(arguments[1], node.args[1], arguments[5])
        if not callee or (name in PLAIN_BUILTINS and name in self.unbound):
            return NOTHING
        result = self.cell()
        texts = self.texts
        scope = self.scope.function + 1
        text = texts.setdefault(consumer, len(texts))
        start, count = len(self.arguments) // 2, len(arguments) // 2
        self.calls.extend((callee, result, scope, self.position, text, first // 4, start, count))
        self.arguments.extend(arguments)
        whole = node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0
        self.sites.extend((*whole, func.lineno, func.col_offset, func.end_lineno or 0, func.end_col_offset or 0))
        self.occurrences.extend((result, scope, *whole))
        return result

    def _take_all(self, node: ast.Call, arguments: Sequence[int]) -> None:
        """`", ".join(items)` takes every item at once, whatever the object is of which it is a method."""
        for argument, cell in zip(node.args, arguments[1::2], strict=False):
            self.flow("taken", cell, argument)

    def _callee(self, func: ast.expr) -> int:
        if type(func) is ast.Attribute:
            return self.load(VISIT[type(func.value)](self, func.value), func.attr)
        return self.lookup(func.id) if type(func) is ast.Name else self.expression(func)

    def _arguments(self, node: ast.Call) -> list[int]:
        """Text and cell of each argument, one after the other."""
        arguments: list[int] = []
        for index, argument in enumerate(node.args):
            kind = type(argument)
            if kind is ast.Constant:
                arguments += NO_ARGUMENT
                continue
            if kind is ast.Call:
                self.consumer = f"argument:{dotted(node.func)}:{index}"
            if kind is ast.Starred:
                cell = self.expression(argument.value)  # type: ignore[attr-defined]
                arguments += (self.text("*"), cell)
            else:
                cell = VISIT[kind](self, argument)
                arguments += (0, cell)
            if cell:
                self.argument_places.extend(span_of(argument))
        for keyword in node.keywords:
            arguments += self._keyword(node, keyword)
        return arguments

    def _keyword(self, node: ast.Call, keyword: ast.keyword) -> tuple[int, ...]:
        value = keyword.value
        key = self.text(keyword.arg or "**")
        if type(value) is ast.Constant:
            if keyword.arg == "bound" and isinstance(value.value, str):  # of a TypeVar
                cell = self.class_of(value)
                if cell:
                    self.argument_places.extend(span_of(value))
                return key, NOTHING, key, cell
            return () if value.value is None else (key, NOTHING)
        if type(value) is ast.Call:
            self.consumer = f"argument:{dotted(node.func)}:{keyword.arg or '**'}"
        cell = VISIT[type(value)](self, value)
        if not cell:
            return ()
        self.argument_places.extend(span_of(value))
        return key, cell

    def _special_call(self, name: str, node: ast.Call) -> int | None:
        arguments = node.args
        if name == "super":
            scope: Scope | None = self.scope
            while scope is not None and (scope.kind != "function" or scope.owner < 0):
                scope = scope.parent
            if scope is None:
                return None
            result = self.cell()
            self.supers.append((scope.owner, result))
            return result
        if name == "getattr" and len(arguments) >= 2:
            return self._getattr(arguments)
        if name == "setattr" and len(arguments) == 3:
            return self._setattr(arguments)
        if name == "cast" and len(arguments) == 2:
            return self.join([self.annotation(arguments[0]), self.expression(arguments[1])])
        return None

    def _setattr(self, arguments: Sequence[ast.expr]) -> int:
        base, value = self.expression(arguments[0]), self.expression(arguments[2])
        attribute = arguments[1]
        self.expression(attribute)
        self._store_computed(base, attribute, value)
        return NOTHING

    def _store_computed(self, base: int, attribute: ast.expr, value: int) -> None:
        if base and value:
            self.stores.append((base, _constant_text(attribute) or COMPUTED, value))

    def _getattr(self, arguments: Sequence[ast.expr]) -> int:
        base = self.expression(arguments[0])
        attribute = arguments[1]
        others = [self.expression(default) for default in arguments[2:]]
        if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
            return self.join([self.load(base, attribute.value), *others])
        self.expression(attribute)
        if not base:
            return self.join(others)
        result = self.cell()
        prefix, suffix = _pattern(attribute)
        self.dynamic.append((base, prefix, suffix, result))
        return self.join([result, *others])


def _pattern(node: ast.expr) -> tuple[str, str]:
    """The constant head and tail of a computed attribute name."""
    if isinstance(node, ast.JoinedStr) and node.values:
        return _constant_text(node.values[0]), _constant_text(node.values[-1]) if len(node.values) > 1 else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _constant_text(node.left), _constant_text(node.right)
    return "", ""


def _constant_text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
