"""Names within one function: which it binds, what they hold, and which are read before a round has bound them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from asyncify.plan.concurrency import known

OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def walk_own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes below `node`, less those of the functions, lambdas and classes defined in it."""
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        child = waiting.pop()
        yield child
        if not isinstance(child, OWN_SCOPE):
            waiting.extend(ast.iter_child_nodes(child))


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> tuple[str, ...]:
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return tuple(each.arg for each in (*plain, arguments.vararg, arguments.kwarg) if each is not None)


def declared_outside(node: ast.AST) -> frozenset[str]:
    """Its `global` and `nonlocal` names."""
    return frozenset(n for each in walk_own(node) if isinstance(each, ast.Global | ast.Nonlocal) for n in each.names)


def stored(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Names that this code binds, in its own scope. What a comprehension binds is its own."""
    return frozenset(name for node in nodes for name in _stored(node))


def _stored(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.Lambda):
        return
    for child in ast.iter_child_nodes(node):
        if isinstance(node, COMPREHENSIONS) and isinstance(child, ast.comprehension):
            yield from (name for part in (child.iter, *child.ifs) for name in _stored(part))
        else:
            yield from _stored(child)


def loaded(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """Names that this code reads, those in nested functions and lambdas included."""
    return frozenset(
        n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
    )


def fresh_names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    """Local names that hold nothing but containers which the function makes itself."""
    bindings: dict[str, list[ast.expr | None]] = {}
    for each in walk_own(node):
        if isinstance(each, ast.Assign) and len(each.targets) == 1 and isinstance(each.targets[0], ast.Name):
            bindings.setdefault(each.targets[0].id, []).append(each.value)
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            bindings.setdefault(each.target.id, []).append(each.value)
    stores = [n.id for n in walk_own(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    shared = frozenset(parameters(node)) | declared_outside(node)
    return frozenset(
        name
        for name, values in bindings.items()
        if name not in shared
        and stores.count(name) - _augmented(node, name) == len(values)
        and all(map(is_fresh, values))
    )


def _augmented(node: ast.AST, name: str) -> int:
    return sum(
        isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name) and n.target.id == name for n in walk_own(node)
    )


def is_fresh(value: ast.expr | None) -> bool:
    """Is this a container, or something read from text, that nothing else refers to yet?"""
    if isinstance(value, DISPLAYS):
        return True
    if not isinstance(value, ast.Call):
        return False
    if isinstance(value.func, ast.Name):
        return value.func.id in known.FRESH_BUILTINS or value.func.id in {"defaultdict", "Counter", "deque", "deepcopy"}
    return isinstance(value.func, ast.Attribute) and ast.unparse(value.func) in known.FRESH_PATHS


def lasting_names(text: str) -> Iterator[str]:
    """Names of a module, and attributes, under which the text keeps a value that changes by being read."""
    if not known.MAY_BE_USED_UP.search(text):
        return
    module = ast.parse(text)
    for node in walk_own(module):
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_used_up(node.value):
            yield from (target.id for target in _targets(node) if isinstance(target, ast.Name))
    for node in ast.walk(module):
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_used_up(node.value):
            yield from (target.attr for target in _targets(node) if isinstance(target, ast.Attribute))


def is_used_up(value: ast.expr | None) -> bool:
    """Does this value change by being read: an iterator that gives each item once, a dict that makes what it lacks?"""
    if isinstance(value, ast.GeneratorExp):
        return True
    if not isinstance(value, ast.Call):
        return False
    return ast.unparse(value.func).rpartition(".")[2] in known.USED_UP


def is_number_or_text(scope: ast.AST, name: str) -> bool:
    """Is the name bound to a number or a text, as far as its bindings show, and to nothing that could be changed?"""
    values = [
        each.value
        for each in walk_own(scope)
        if isinstance(each, ast.Assign | ast.AnnAssign)
        and any(isinstance(t, ast.Name) and t.id == name for t in _targets(each))
    ]
    return bool(values) and all(isinstance(v, ast.Constant | ast.JoinedStr) or _is_counted(v) for v in values)


def _is_counted(value: ast.expr | None) -> bool:
    names = {"len", "int", "float", "str", "sum", "round", "abs"}
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in names


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


# ---------------------------------------------------------------- what is read before it is bound


@dataclass(frozen=True, slots=True)
class Flow:
    """After some statements: names surely bound by them, and where each name was read that was not yet."""

    bound: frozenset[str]
    early: tuple[ast.Name, ...]


def flow(statements: Iterable[ast.stmt], bound: frozenset[str]) -> Flow:
    """Follow the order of evaluation; `bound` are the names bound before the first statement."""
    early: list[ast.Name] = []
    for statement in statements:
        bound = _step(statement, bound, early)
    return Flow(bound, tuple(early))


def _step(node: ast.stmt, bound: frozenset[str], early: list[ast.Name]) -> frozenset[str]:
    if isinstance(node, ast.If):
        bound = _read(node.test, bound, early)
        return _both(flow(node.body, bound), flow(node.orelse, bound), early)
    if isinstance(node, ast.For | ast.AsyncFor):
        after = _read(node.iter, bound, early)
        inner = flow(node.body, after | stored([node.target]))
        early += inner.early
        early += flow(node.orelse, after).early
        return after
    if isinstance(node, ast.While):
        after = _read(node.test, bound, early)
        early += flow(node.body, after).early
        early += flow(node.orelse, after).early
        return after
    if isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            bound = _read(item.context_expr, bound, early)
            bound |= stored([item.optional_vars]) if item.optional_vars is not None else frozenset()
        inner = flow(node.body, bound)
        early += inner.early
        return inner.bound if all(_lets_errors_pass(item.context_expr) for item in node.items) else bound
    if isinstance(node, ast.Try):
        return _tried(node, bound, early)
    return _simple(node, bound, early)


def _lets_errors_pass(node: ast.expr) -> bool:
    """Is this surely no block that swallows an exception, after which its names would be those of an earlier round?"""
    name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    return name in known.BLOCKS_THAT_LET_PASS


def _tried(node: ast.Try, bound: frozenset[str], early: list[ast.Name]) -> frozenset[str]:
    body = flow([*node.body, *node.orelse], bound)
    early += body.early
    after = body.bound
    for handler in node.handlers:
        name = frozenset({handler.name}) if handler.name else frozenset[str]()
        inner = flow(handler.body, bound | name)
        early += inner.early
        if not _leaves(handler.body):
            after &= inner.bound - name
    last = flow(node.finalbody, bound)
    early += last.early
    return after | last.bound


def _both(first: Flow, second: Flow, early: list[ast.Name]) -> frozenset[str]:
    early += first.early
    early += second.early
    return first.bound & second.bound


def _leaves(statements: list[ast.stmt]) -> bool:
    return bool(statements) and isinstance(statements[-1], ast.Raise)


def _simple(node: ast.stmt, bound: frozenset[str], early: list[ast.Name]) -> frozenset[str]:
    if isinstance(node, ast.AugAssign):
        if isinstance(node.target, ast.Name) and node.target.id not in bound:
            early.append(node.target)
        bound = _read(node.target, bound, early)
        return _read(node.value, bound, early)
    if isinstance(node, ast.Assign | ast.AnnAssign):
        bound = _read(node.value, bound, early) if node.value is not None else bound
        for target in _targets(node):
            bound = _read(target, bound, early)
        if isinstance(node, ast.AnnAssign) and node.value is None:
            return bound
        return bound | stored(_targets(node))
    after = _read(node, bound, early)
    return after | stored([node])


def _read(node: ast.AST, bound: frozenset[str], early: list[ast.Name]) -> frozenset[str]:
    """Note what an expression reads too early; what it binds by `:=` may not be bound where it stands behind `and`."""
    own = frozenset(n for c in ast.walk(node) if isinstance(c, COMPREHENSIONS) for n in stored(_bound_in(c)))
    own |= frozenset(a for c in ast.walk(node) if isinstance(c, ast.Lambda) for a in parameters(c))
    for name in ast.walk(node):
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load) and name.id not in bound | own:
            early.append(name)
    return bound


def _bound_in(node: ast.AST) -> list[ast.AST]:
    return [generator.target for generator in node.generators] if isinstance(node, COMPREHENSIONS) else []
