"""Walks definitions: functions and classes, their decorators, parameters and bodies."""

from __future__ import annotations

import ast
from collections import deque

from asyncify.index.recorder import dotted, span_of
from asyncify.index.scope import Scope, assigned_names, replaced_imports
from asyncify.index.statements import Statements
from asyncify.index.summary import (
    NOTHING,
    POSITIONS,
    VAR_KEYWORD,
    VAR_POSITIONAL,
    ClassFact,
    FunctionFact,
    Summary,
    packed,
)

PLAIN = POSITIONS.index("plain")
DEFAULT = POSITIONS.index("default")
DECORATOR = POSITIONS.index("decorator")
CLASS_BODY = POSITIONS.index("class-body")
MODULE_BODY = POSITIONS.index("module-body")
Definition = ast.FunctionDef | ast.AsyncFunctionDef


# index, then the fields of ClassFact up to `decorators`, its attributes left out until all methods are walked
_PendingClass = tuple[int, str, str, int, tuple[str, ...], tuple[str, ...], dict[str, int], tuple[str, ...], int, int,
                      tuple[str, ...]]  # fmt: skip


class _Pending:
    """A function whose body is walked later, when all names round it are known."""

    __slots__ = ("decorators", "index", "is_generator", "node", "params", "qualname", "returns", "scope", "value",
                 "yields")  # fmt: skip

    def __init__(self, node: Definition, index: int, scope: Scope, qualname: str) -> None:
        self.node = node
        self.index = index
        self.scope = scope
        self.qualname = qualname
        self.params: tuple[tuple[str, int, int], ...] = ()
        self.returns = NOTHING
        self.yields = NOTHING
        self.is_generator = False
        self.value = NOTHING
        self.decorators: tuple[str, ...] = ()


class Definitions(Statements):
    """The complete walk of one file."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._queue: deque[_Pending] = deque()
        self._current: _Pending | None = None
        self._prefix = ""
        self._attributes: dict[int, dict[str, None]] = {}
        self._pending_classes: list[_PendingClass] = []

    def walk(self, tree: ast.Module) -> Summary:
        self.position = MODULE_BODY
        self.replaced = replaced_imports(tree.body)
        self.body(tree.body)
        while self._queue:
            self._walk_function(self._queue.popleft())
        return self._summary()

    # Functions

    def define_function(self, node: Definition) -> None:
        outer = self.scope
        index = len(self.functions)
        self.functions.append(None)
        owner = outer.owner if outer.kind == "class" else -1
        scope = Scope("function", outer, index, owner)
        pending = _Pending(node, index, scope, f"{self._prefix}{node.name}")
        position = self.position
        self.position = DECORATOR
        decorators = [self.expression(decorator) for decorator in node.decorator_list]
        self.position = DEFAULT
        pending.params = tuple(self.parameters(node.args, self._parameter))
        self._defaults(node.args, pending.params)
        pending.returns = self.cell()
        if node.returns is not None:
            self._returns(node, pending)
        self.position = position
        pending.value = self.cell()
        pending.decorators = tuple(_decorator_text(decorator) for decorator in node.decorator_list)
        result = self._decorated(pending.value, node.decorator_list, decorators, index)
        self.bind(node.name, result)
        scope.versions = {name: [cell] for name, _, cell in pending.params}
        scope.env = {name: cell for name, _, cell in pending.params}
        if owner >= 0 and pending.params and "staticmethod" not in pending.decorators:
            scope.self_name = pending.params[0][0]
        self._queue.append(pending)

    def _parameter(self, argument: ast.arg, kind: int) -> int:
        cell = self.cell()
        if argument.annotation is not None:
            value = self.annotation(argument.annotation)
            if kind in {VAR_POSITIONAL, VAR_KEYWORD}:
                value = self.container([(None, value)])
            self.copy(value, cell)
        return cell

    def _returns(self, node: Definition, pending: _Pending) -> None:
        assert node.returns is not None
        value = self.annotation(node.returns)
        if not value:
            return
        name = dotted(node.returns).rpartition(".")[2]
        if name in {"Iterator", "Iterable", "Generator", "AsyncIterator", "AsyncGenerator", "AsyncIterable"}:
            pending.yields = self.cell()  # used only if the function turns out to be a generator
            self.copy(self.item(value, None), pending.yields)
        self.copy(value, pending.returns)

    def _defaults(self, arguments: ast.arguments, params: tuple[tuple[str, int, int], ...]) -> None:
        cells = {name: cell for name, _, cell in params}
        positional = [*arguments.posonlyargs, *arguments.args]
        for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            self.copy(self.expression(default), cells[argument.arg])
        for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if keyword_default is not None:
                self.copy(self.expression(keyword_default), cells[argument.arg])

    def _decorated(self, value: int, nodes: list[ast.expr], cells: list[int], index: int) -> int:
        for node, cell in zip(reversed(nodes), reversed(cells), strict=True):
            target = self.cell()
            self.decorations.append((cell, value, target, index, span_of(node)))
            value = target
        return value

    def _walk_function(self, pending: _Pending) -> None:
        node, scope = pending.node, pending.scope
        self._current = pending
        self.scope, self.position = scope, PLAIN
        self._prefix = f"{pending.qualname}.<locals>."
        scope.locals = frozenset(assigned_names(node.body) | set(scope.env))
        self.body(node.body)
        scope.alive = False
        for name, cell in scope.any.items():
            for version in dict.fromkeys(scope.versions.get(name, ())):
                self.copy(version, cell)
        self.functions[pending.index] = FunctionFact(
            node.name, pending.qualname, span_of(node), isinstance(node, ast.AsyncFunctionDef),
            pending.is_generator, False, scope.owner, _enclosing(scope), pending.params, pending.returns,
            pending.yields if pending.is_generator else NOTHING, pending.value, pending.decorators, _has_body(node),
            _required(node.args),
        )  # fmt: skip

    def return_cell(self) -> int:
        return self._current.returns if self._current is not None else NOTHING

    def yield_cell(self) -> int:
        if self._current is None:
            return NOTHING
        self._current.is_generator = True
        if self._current.yields == NOTHING:
            self._current.yields = self.cell()
        return self._current.yields

    def qualname_prefix(self) -> str:
        return self._prefix

    def _note_attribute(self, base: int, name: str) -> None:
        scope: Scope | None = self.scope
        while scope is not None and not (scope.kind == "function" and scope.owner >= 0):
            scope = scope.parent
        if scope is not None and scope.self_name and base in scope.versions.get(scope.self_name, ()):
            self._attributes.setdefault(scope.owner, {})[name] = None

    # Classes

    def define_class(self, node: ast.ClassDef) -> None:
        outer, prefix, position = self.scope, self._prefix, self.position
        index = len(self.classes)
        self.classes.append(None)
        self._attributes.setdefault(index, {})
        decorators = [self.expression(decorator) for decorator in node.decorator_list]
        for base in node.bases:
            self.expression(base)
        for keyword in node.keywords:
            self.expression(keyword.value)
        scope = Scope("class", outer, outer.function, index)
        qualname = f"{prefix}{node.name}"
        self.scope, self.position, self._prefix = scope, CLASS_BODY, f"{qualname}."
        self.body(node.body)
        self.scope, self.position, self._prefix = outer, position, prefix
        value = self.cell()
        fields = tuple(
            statement.target.id
            for statement in node.body
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
        )
        self._pending_classes.append(
            (index, node.name, qualname, node.lineno, _bases(node), tuple(k.arg or "**" for k in node.keywords),
             dict(scope.any), fields, value, outer.function, tuple(_decorator_text(d) for d in node.decorator_list))
        )  # fmt: skip
        self.bind(node.name, self._decorated(value, node.decorator_list, decorators, -1))

    def _summary(self) -> Summary:
        for (
            index,
            name,
            qualname,
            line,
            bases,
            keywords,
            body,
            fields,
            value,
            parent,
            decorators,
        ) in self._pending_classes:
            self.classes[index] = ClassFact(
                name, qualname, line, bases, keywords, body, fields, tuple(self._attributes[index]), value, parent,
                decorators,
            )  # fmt: skip
        return Summary(
            path=self.path,
            cells=self.count,
            functions=tuple(fact for fact in self.functions if fact is not None),
            classes=tuple(fact for fact in self.classes if fact is not None),
            names=self.names,
            unbound=self.unbound,
            imports=tuple(self.imports),
            stars=tuple(self.stars),
            exports=self.exports,
            aliases=self.aliases,
            texts=tuple(self.texts),
            copies=packed(self.copies),
            loads=packed(self.loads),
            stores=tuple(self.stores),
            dynamic=tuple(self.dynamic),
            items=tuple(self.items),
            puts=tuple(self.puts),
            containers=tuple(self.containers),
            instances=tuple(self.instances),
            guards=tuple(self.guards),
            supers=tuple(self.supers),
            decorations=tuple(self.decorations),
            flows=tuple(self.flows),
            calls=packed(self.calls),
            arguments=packed(self.arguments),
            sites=packed(self.sites),
            argument_places=packed(self.argument_places),
            occurrences=packed(self.occurrences),
        )


def _enclosing(scope: Scope) -> int:
    outer = scope.parent
    return outer.function if outer is not None else -1


def _decorator_text(node: ast.expr) -> str:
    return dotted(node.func if isinstance(node, ast.Call) else node) or "?"


def _bases(node: ast.ClassDef) -> tuple[str, ...]:
    """Dotted names of the bases; `with_metaclass(Meta, Base)` counts as Base."""
    found: list[str] = []
    for base in node.bases:
        if isinstance(base, ast.Call):
            found += [dotted(argument) or "?" for argument in base.args[1:]] or ["?"]
        else:
            found.append(dotted(base) or "?")
    return tuple(found)


def _required(arguments: ast.arguments) -> int:
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional + sum(default is None for default in arguments.kw_defaults)


def _has_body(node: Definition) -> bool:
    """Does the function do anything but say that somebody else does?"""
    for statement in node.body:
        if isinstance(statement, ast.Pass):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if isinstance(statement, ast.Raise) and statement.exc is not None:
            raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
            if dotted(raised) == "NotImplementedError":
                continue
        return True
    return False
