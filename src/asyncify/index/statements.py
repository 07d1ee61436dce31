"""Walks statements: assignments, branches, loops, with, try and imports."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from asyncify.index.annotations import Annotations
from asyncify.index.recorder import dotted
from asyncify.index.scope import Scope, assigned_names
from asyncify.index.summary import NOTHING, POSITIONS, ImportFact

MAIN_BLOCK = POSITIONS.index("main-block")
MODULE_BODY = POSITIONS.index("module-body")
Env = dict[str, int]
CONTAINER_TYPES = frozenset({"dict", "list", "tuple", "set", "frozenset"})
BUILTIN_TYPES = CONTAINER_TYPES | {"str", "bytes", "bytearray", "int", "float", "bool", "complex"}


class Statements(Annotations):
    """Walks bodies. In a function a name's cell changes with each assignment and is joined where branches meet."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._execute: dict[type[ast.stmt], Callable[..., None]] = {
            ast.Expr: self._expr,
            ast.Assign: self._assign,
            ast.AnnAssign: self._ann_assign,
            ast.AugAssign: self._aug_assign,
            ast.Return: self._return,
            ast.Raise: self._raise,
            ast.Continue: self._leave,
            ast.Break: self._leave,
            ast.If: self._if,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.While: self._while,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Try: self._try,
            ast.TryStar: self._try,
            ast.Match: self._match,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
            ast.Global: self._global,
            ast.Nonlocal: self._global,
            ast.Assert: self._assert,
            ast.Delete: self._delete,
            ast.FunctionDef: self.define_function,
            ast.AsyncFunctionDef: self.define_function,
            ast.ClassDef: self.define_class,
        }

    def define_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        raise NotImplementedError

    def define_class(self, node: ast.ClassDef) -> None:
        raise NotImplementedError

    def return_cell(self) -> int:
        raise NotImplementedError

    def body(self, statements: Iterable[ast.stmt]) -> None:
        execute = self._execute
        for statement in statements:
            run = execute.get(type(statement))
            if run is not None:
                self.consumer = "other"
                run(statement)

    # Binding

    def bind(self, name: str, cell: int) -> None:
        scope = self.scope
        if name in scope.outside:
            self._bind_outside(scope, name, cell)
        elif scope.kind == "function":
            scope.env[name] = cell
            if cell:
                scope.versions.setdefault(name, []).append(cell)
        elif scope.kind == "class":
            self.copy(cell, self.body_cell(scope, name))
        else:
            self.copy(cell, self.module_cell(name))

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

    def _note_attribute(self, base: int, name: str) -> None:
        raise NotImplementedError

    # Simple statements

    def _expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.expression(node.value)

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
        cell = self.expression(node.value)
        for target in node.targets:
            self.assign(target, cell)
        if self.scope is self.module and isinstance(first, ast.Name):
            self._module_constant(first.id, node.value)

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

    # Branches: the environment is copied, and joined where they meet

    def _branch(self, statements: Iterable[ast.stmt], env: Env) -> Env | None:
        """Walk a body that starts with `env`; what holds at its end, None if it does not get there."""
        self.scope.env = dict(env)
        self.scope.alive = True
        self.body(statements)
        return self.scope.env if self.scope.alive else None

    def _meet(self, ends: Iterable[Env | None], fallback: Env) -> None:
        scope = self.scope
        reached = [end for end in ends if end is not None]
        scope.alive = bool(reached)
        if len(reached) <= 1:
            scope.env = reached[0] if reached else fallback
            return
        first, *others = reached
        merged = dict(first)
        for other in others:
            for name, cell in other.items():
                known = merged.get(name, 0)
                if known != cell:
                    merged[name] = self._joined(name, known, cell)
        scope.env = merged

    def _joined(self, name: str, left: int, right: int) -> int:
        return self.join([left, right])

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

    def _narrow(self, test: ast.expr) -> None:
        """`isinstance(x, C)` holds from here on: x may be a C; if C is a builtin type, it is nothing else."""
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            for value in test.values:
                self._narrow(value)
            return
        if not (isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance"):
            return
        if len(test.args) != 2 or not isinstance(test.args[0], ast.Name):
            return
        name, kinds = test.args[0].id, test.args[1]
        if self.scope.kind != "function" or name not in self.scope.env:
            return
        names = [dotted(kind) for kind in (kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])]
        if all(kind in BUILTIN_TYPES and kind not in self.names for kind in names):
            self._narrow_to_builtin(name, any(kind in CONTAINER_TYPES for kind in names))
            return
        quiet, self.quiet = self.quiet, True
        found = [self.annotation(kind) for kind in (kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])]
        self.quiet = quiet
        if any(found):
            self.scope.env[name] = self.join([self.scope.env[name], *found])

    def _narrow_to_builtin(self, name: str, may_be_container: bool) -> None:
        """No object of the project from here on: at most a list, dict or the like that holds some."""
        cell = self.scope.env[name]
        target = NOTHING
        if may_be_container and cell:
            target = self.cell()
            self.guards += (cell, target)
        self.scope.env[name] = target

    def _loop(self, statements: list[ast.stmt], orelse: list[ast.stmt], enter: Callable[[], None]) -> None:
        scope = self.scope
        if scope.kind != "function":
            enter()
            self.body(statements)
            self.body(orelse)
            return
        changing = {name for name in assigned_names(statements) if name in scope.env}
        for name in sorted(changing):
            phi = self.cell()
            self.copy(scope.env[name], phi)
            scope.env[name] = phi
            scope.versions.setdefault(name, []).append(phi)
        before = scope.env
        scope.env = dict(before)
        enter()
        end = self._branch(statements, scope.env) or scope.env
        for name in sorted(changing):
            self.copy(end.get(name, 0), before[name])
        self._meet([before, end], before)
        if orelse:
            end_of_else = self._branch(orelse, scope.env)
            self._meet([before, end_of_else], before)

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
            value = self.flow("with", base, item.context_expr)
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

    def _match(self, node: ast.Match) -> None:
        subject = self.expression(node.subject)
        before = self.scope.env
        ends: list[Env | None] = [before]
        for case in node.cases:
            self.scope.env = dict(before)
            self._pattern(case.pattern, subject)
            if case.guard is not None:
                self.expression(case.guard)
            if self.scope.kind == "function":
                ends.append(self._branch(case.body, self.scope.env))
            else:
                self.body(case.body)
        if self.scope.kind == "function":
            self._meet(ends, before)

    def _pattern(self, pattern: ast.pattern, subject: int) -> None:
        if isinstance(pattern, ast.MatchClass):
            subject = self.join([subject, self.annotation(pattern.cls)])
            for part in [*pattern.patterns, *pattern.kwd_patterns]:
                self._pattern(part, NOTHING)
        elif isinstance(pattern, ast.MatchAs):
            if isinstance(pattern.pattern, ast.MatchClass):
                subject = self.join([subject, self.annotation(pattern.pattern.cls)])
            elif pattern.pattern is not None:
                self._pattern(pattern.pattern, subject)
            if pattern.name:
                self.bind(pattern.name, subject)
        elif isinstance(pattern, ast.MatchOr):
            for part in pattern.patterns:
                self._pattern(part, subject)
        elif isinstance(pattern, ast.MatchSequence):
            for index, part in enumerate(pattern.patterns):
                self._pattern(part, self.item(subject, index))
        elif isinstance(pattern, ast.MatchMapping):
            for key, part in zip(pattern.keys, pattern.patterns, strict=True):
                self._pattern(part, self.item(subject, self.key(key)))

    # Imports

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            cell = self.cell()
            bound = alias.asname or alias.name.partition(".")[0]
            is_global = self.scope.kind == "module" or self.scope.outside.get(bound) == "global"
            module = alias.name if alias.asname else bound
            self.imports.append(ImportFact(cell, module, "", 0, bound, is_global))
            if module != alias.name:  # `import a.b` also loads a.b
                self.imports.append(ImportFact(self.cell(), alias.name, "", 0, "", False))
            self.bind(bound, cell)

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars.append((node.module or "", node.level))
                continue
            cell = self.cell()
            bound = alias.asname or alias.name
            is_global = self.scope.kind == "module" or self.scope.outside.get(bound) == "global"
            self.imports.append(ImportFact(cell, node.module or "", alias.name, node.level, bound, is_global))
            self.bind(bound, cell)


def _is_main_test(test: ast.expr) -> bool:
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = [test.left, *test.comparators]
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    values = [side.value for side in sides if isinstance(side, ast.Constant)]
    return names == ["__name__"] and values == ["__main__"]
