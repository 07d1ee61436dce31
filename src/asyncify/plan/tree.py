"""One file's `ast` with parents and places: what planning asks of the text round a call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from asyncify.place import Place, place_of

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
ScopeNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.Module


class Tree:
    """Answers, for one file, what stands at a place and what stands round it."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.module = ast.parse(text)
        self._parents: dict[ast.AST, ast.AST] = {}
        self._expressions: dict[tuple[int, int, int, int], ast.expr] = {}
        self._statements: dict[tuple[int, int, int, int], ast.stmt] = {}
        self._imports: dict[str, str] = {}
        self._torn: set[str] = set()
        self._functions: dict[tuple[int, int], FunctionNode] = {}
        for parent in ast.walk(self.module):
            for child in ast.iter_child_nodes(parent):
                self._parents[child] = parent
            if isinstance(parent, ast.expr):
                self._expressions.setdefault(self.place(parent).span, parent)
            elif isinstance(parent, ast.stmt):
                bound = _bound(parent)
                self._torn |= {name for name, path in bound.items() if self._imports.get(name, path) != path}
                self._imports.update(bound)
                self._statements.setdefault(self.place(parent).span, parent)
                if isinstance(parent, FunctionNode):
                    self._functions[parent.lineno, parent.col_offset] = parent

    def place(self, node: ast.AST) -> Place:
        return place_of(self.path, node)

    def expression(self, place: Place) -> ast.expr | None:
        """The outermost expression with exactly this place."""
        return self._expressions.get(place.span)

    def function(self, place: Place) -> FunctionNode | None:
        """The function whose `def` or `async` stands where `place` starts."""
        return self._functions.get((place.line, place.column))

    def statement_at(self, place: Place) -> ast.stmt | None:
        """The statement with exactly this place."""
        return self._statements.get(place.span)

    def names_at(self, place: Place) -> list[str]:
        """The names in the expression, statement or `except` clause with this place."""
        handlers = (node for node in ast.walk(self.module) if isinstance(node, ast.ExceptHandler))
        node: ast.AST | None = self._statements.get(place.span) or self._expressions.get(place.span)
        node = node or next((handler for handler in handlers if self.place(handler) == place), None)
        return [n.id for n in ast.walk(node) if isinstance(n, ast.Name)] if node is not None else []

    def imported(self, node: ast.expr) -> str:
        """The dotted path for which a name or attribute stands by the file's own imports; "" if they do not say."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        root = self._imports.get(node.id) if isinstance(node, ast.Name) else None
        return ".".join([root, *reversed(parts)]) if root else ""

    def is_torn(self, node: ast.expr) -> bool:
        """Do two imports of the file give the name at the root of this expression different meanings?"""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self._torn

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes round `node`, from the inside out."""
        parent = self._parents.get(node)
        while parent is not None:
            yield parent
            parent = self._parents.get(parent)

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds `node`."""
        while not isinstance(node, ast.stmt):
            node = self._parents[node]
        return node

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements in which `statement` stands."""
        for _, value in ast.iter_fields(self._parents[statement]):
            if isinstance(value, list) and statement in value:
                return value
        raise LookupError(f"{self.place(statement)}: a statement outside any block")

    def scope(self, node: ast.AST) -> ScopeNode:
        """The function, lambda, class or module in which `node` stands (its own, if it defines none)."""
        for ancestor in self.ancestors(node):
            if isinstance(ancestor, ScopeNode):
                return ancestor
        return self.module


def _bound(statement: ast.stmt) -> dict[str, str]:
    """The names that an import statement binds, each with what it stands for."""
    if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
        return {alias.asname or alias.name: f"{statement.module}.{alias.name}" for alias in statement.names}
    if isinstance(statement, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
            for alias in statement.names
        }
    return {}
