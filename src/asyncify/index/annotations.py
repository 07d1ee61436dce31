"""Walks annotations: what cell holds a value of the annotated type?"""

from __future__ import annotations

import ast

from asyncify.index.expressions import Expressions
from asyncify.index.recorder import dotted
from asyncify.index.summary import NOTHING

TRANSPARENT = frozenset({"Optional", "Union", "ClassVar", "Final", "Required", "NotRequired", "Annotated", "ReadOnly"})
CLASS_ITSELF = frozenset({"Type", "type"})
LAST_ARGUMENT = frozenset({"Awaitable", "Coroutine"})
SEQUENCES = frozenset(
    {"List", "list", "Sequence", "MutableSequence", "Iterable", "Iterator", "Generator", "Collection", "Set", "set",
     "FrozenSet", "frozenset", "AbstractSet", "Deque", "deque", "AsyncIterator", "AsyncIterable", "AsyncGenerator",
     "ValuesView", "Reversible"}
)  # fmt: skip
MAPPINGS = frozenset(
    {"Dict", "dict", "Mapping", "MutableMapping", "DefaultDict", "defaultdict", "OrderedDict", "WeakValueDictionary"}
)
CONTEXTS = frozenset({"ContextManager", "AbstractContextManager"})
IGNORED = frozenset({"Callable", "Literal", "TypeVar"})


class Annotations(Expressions):
    """Turns annotations into cells that hold an instance of the type."""

    def annotation(self, node: ast.expr) -> int:
        if isinstance(node, ast.Constant):
            return self._quoted(node.value) if isinstance(node.value, str) else NOTHING
        if isinstance(node, ast.Name | ast.Attribute):
            return self.instance(self.expression(node))
        if isinstance(node, ast.BinOp):
            return self.join([self.annotation(node.left), self.annotation(node.right)])
        if isinstance(node, ast.Subscript):
            return self._generic(node)
        return NOTHING

    def _quoted(self, text: str) -> int:
        try:
            node = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return NOTHING
        quiet, self.quiet = self.quiet, True
        cell = self.annotation(node)
        self.quiet = quiet
        return cell

    def _generic(self, node: ast.Subscript) -> int:
        name = dotted(node.value).rpartition(".")[2]
        inner = node.slice
        arguments = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if name in IGNORED:
            return NOTHING
        if name == "Annotated":
            arguments = arguments[:1]
        if name in TRANSPARENT:
            return self.join([self.annotation(argument) for argument in arguments])
        if name in CLASS_ITSELF:
            return self.class_of(inner)
        if name in LAST_ARGUMENT:
            return self.annotation(arguments[-1]) if arguments else NOTHING
        if name in SEQUENCES:
            return self.container([(None, self.annotation(argument)) for argument in arguments[:1]])
        if name in MAPPINGS:
            return self.container([(None, self.annotation(argument)) for argument in arguments[1:2]])
        if name in {"Tuple", "tuple"}:
            if len(arguments) == 2 and isinstance(arguments[1], ast.Constant):
                return self.container([(None, self.annotation(arguments[0]))])
            return self.container([(index, self.annotation(argument)) for index, argument in enumerate(arguments)])
        for argument in arguments:
            self.annotation(argument)
        return self.instance(self.expression(node.value))

    def class_of(self, node: ast.expr) -> int:
        """The cell of the class itself that an annotation names, quoted or not."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value, mode="eval").body
            except (SyntaxError, ValueError):
                return NOTHING
            quiet, self.quiet = self.quiet, True
            cell = self.class_of(node)
            self.quiet = quiet
            return cell
        return self.expression(node) if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) else NOTHING
