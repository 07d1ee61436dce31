"""Binds names, attributes and elements to cells: by assignment and by import."""

from __future__ import annotations

import ast

from asyncify.index.annotations import Annotations
from asyncify.index.recorder import dotted
from asyncify.index.scope import Scope
from asyncify.index.summary import ImportFact


class Binding(Annotations):
    """In a function a name's cell changes with each assignment; in modules and classes it has one for good."""

    replaced: frozenset[tuple[int, str]]  # line and name of imports whose name is something else when functions run

    def _note_attribute(self, base: int, name: str) -> None:
        raise NotImplementedError

    def bind(self, name: str, cell: int) -> None:
        scope = self.scope
        if name in scope.outside:
            self._bind_outside(scope, name, cell)
        elif scope.kind == "function":
            scope.env[name] = cell
            self._forget_attributes(name)
            if cell:
                scope.versions.setdefault(name, []).append(cell)
        elif scope.kind == "class":
            self.copy(cell, self.body_cell(scope, name))
        else:
            self.copy(cell, self.module_cell(name))

    def _forget_attributes(self, text: str) -> None:
        """What `isinstance` said of attributes of what is bound anew holds no longer."""
        if self.narrowed:
            for key in [key for key in self.scope.env if key.startswith(f"{text}.")]:
                del self.scope.env[key]

    def module_cell(self, name: str) -> int:
        cell = self.names.get(name)
        if cell is None:
            cell = self.names[name] = self.unbound.pop(name, 0) or self.cell()
        return cell

    def body_cell(self, scope: Scope, name: str) -> int:
        cell = scope.any.get(name)
        if cell is None:
            cell = scope.any[name] = scope.env[name] = self.cell()
        return cell

    def _bind_outside(self, scope: Scope, name: str, cell: int) -> None:
        outer = self.nonlocal_scope(scope, name) if scope.outside[name] == "nonlocal" else None
        if outer is None:
            self.copy(cell, self.module_cell(name))
            return
        for version in outer.versions.get(name, ()):
            self.copy(cell, version)
        self.copy(cell, self._any(outer, name))

    def assign(self, target: ast.expr, cell: int) -> None:
        if isinstance(target, ast.Name):
            self.bind(target.id, cell)
        elif isinstance(target, ast.Attribute):
            base = self.expression(target.value)
            if target.attr in self.narrowed:
                self.scope.env.pop(dotted(target), None)
            if base:
                self._note_attribute(base, target.attr)
                if cell:
                    self.stores.append((base, target.attr, cell))
        elif isinstance(target, ast.Subscript):
            base = self.expression(target.value)
            if isinstance(target.slice, ast.Slice):
                self.expression(target.slice)
                self.put(base, None, self.item(cell, None))
            else:
                self.put(base, self.key(target.slice), cell)
        elif isinstance(target, ast.Tuple | ast.List):
            starred = False
            for index, element in enumerate(target.elts):
                starred = starred or isinstance(element, ast.Starred)
                self.assign(element, cell if isinstance(element, ast.Starred) else
                            self.item(cell, None if starred else index))  # fmt: skip
        elif isinstance(target, ast.Starred):
            self.assign(target.value, cell)

    def put(self, base: int, key: str | int | None, cell: int) -> None:
        if base and cell:
            self.puts.append((base, key, cell))

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            cell = self.cell()
            bound = alias.asname or alias.name.partition(".")[0]
            stays = (node.lineno, bound) not in self.replaced
            is_global = stays and (self.scope.kind == "module" or self.scope.outside.get(bound) == "global")
            module = alias.name if alias.asname else bound
            self.imports.append(ImportFact(cell, module, "", 0, bound, is_global))
            if module != alias.name:  # `import a.b` also loads a.b
                self.imports.append(ImportFact(self.cell(), alias.name, "", 0, "", False))
            if stays:
                self.bind(bound, cell)

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars.append((node.module or "", node.level))
                continue
            cell = self.cell()
            bound = alias.asname or alias.name
            stays = (node.lineno, bound) not in self.replaced
            is_global = stays and (self.scope.kind == "module" or self.scope.outside.get(bound) == "global")
            self.imports.append(ImportFact(cell, node.module or "", alias.name, node.level, bound, is_global))
            if stays:
                self.bind(bound, cell)

    def _module_constant(self, name: str, value: ast.expr) -> None:
        text = dotted(value)
        if text:
            self.aliases[name] = text
        if name == "__all__" and isinstance(value, ast.List | ast.Tuple):
            self.exports = tuple(
                element.value
                for element in value.elts
                if isinstance(element, ast.Constant) and isinstance(element.value, str)
            )
