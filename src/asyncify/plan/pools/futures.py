"""What a function does with the futures of its pool: whether all of it can be done with tasks as well."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from asyncify.plan.pools.shape import Pool, Text, method_of, names_in
from asyncify.plan.taking import takes_all
from asyncify.plan.tree import ScopeNode, Tree

ROUNDS = 8  # a future goes from name to name; further than this nobody sends it
KEEPS = frozenset(
    {"dict", "enumerate", "frozenset", "iter", "list", "next", "reversed", "set", "sorted", "tuple", "zip"}
)  # fmt: skip
GIVES_NONE = frozenset({"bool", "id", "isinstance", "len", "print", "repr"})  # of what they are given
OF_MODULE = frozenset({"concurrent.futures.as_completed", "concurrent.futures.wait"})
STORES = frozenset({"append", "add", "extend", "insert", "update", "setdefault", "appendleft"})
TASKS_HAVE = frozenset({"result", "exception", "add_done_callback", "done", "cancelled"})
CONTAINERS = frozenset(
    {"append", "add", "extend", "insert", "update", "setdefault", "appendleft", "items", "values", "keys", "pop", "get",
     "remove", "discard", "popleft", "clear", "copy", "index", "count"}
)  # fmt: skip
DISPLAYS = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Starred, ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.BinOp)
KEPT_IN = (*DISPLAYS, ast.Subscript, ast.Await, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
WAITS = frozenset({"result", "exception"})


@dataclass(frozen=True, slots=True)
class _Held:
    """Names that may hold a future or something with futures in it; those of dicts of which futures are the keys."""

    marks: frozenset[ast.AST]
    names: frozenset[str] = frozenset()
    keyed: frozenset[str] = frozenset()


def stay_inside(text: Text, pool: Pool) -> bool:
    """Does nobody but the pool's function see its futures, and does it use them for nothing that tasks cannot do?"""
    return all(_stay_in(text, function, _submits(text, pool, function)) for function in pool.functions)


def _submits(text: Text, pool: Pool, function: ScopeNode) -> frozenset[ast.AST]:
    nodes = [text.tree.expression(call.place) for call in pool.work if method_of(call) == "submit"]
    return frozenset(node for node in nodes if node is not None and text.tree.scope(node) is function)


def _stay_in(text: Text, function: ScopeNode, submits: frozenset[ast.AST]) -> bool:
    tree = text.tree
    held = _follow(function, submits)
    if not all(isinstance(node, ast.expr) and _is_kept(text, held, node) for node in submits):
        return False
    for name in (n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id in held.names):
        scope = tree.scope(name)
        if scope is not function:
            if name.id not in _own_names(scope):
                return False
        elif isinstance(name.ctx, ast.Load) and not _is_kept(text, held, name):
            return False
    return True


def waiting_calls(text: Text, pool: Pool) -> list[ast.Call]:
    """The calls in the pool's function by which it waits for one of its futures."""
    return [found for function in pool.functions for found in _waits_in(text, pool, function)]


def _waits_in(text: Text, pool: Pool, function: ScopeNode) -> list[ast.Call]:
    held = _follow(function, _submits(text, pool, function))
    return [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in WAITS
        and _carries(node.func.value, held)
        and text.tree.scope(node) is function
    ]


def _own_names(scope: ast.AST) -> frozenset[str]:
    arguments = {n.arg for n in ast.walk(scope) if isinstance(n, ast.arg)}
    stores = {n.id for n in ast.walk(scope) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return frozenset(arguments | stores)


def _follow(function: ast.AST, marks: frozenset[ast.AST]) -> _Held:
    held = _Held(marks)
    for _ in range(ROUNDS):
        names = held.names | {name for node in ast.walk(function) for name in _bound_by(node, held)}
        keyed = held.keyed | {name for node in ast.walk(function) for name in _keyed_by(node, held)}
        if (names, keyed) == (held.names, held.keyed):
            break
        held = _Held(marks, names, keyed)
    return held


def _bound_by(node: ast.AST, held: _Held) -> Iterator[str]:
    """Names to which this node hands a future on."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr) and node.value is not None:
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            is_key = isinstance(target, ast.Subscript) and _carries(target.slice, held)
            if _carries(node.value, held) or is_key:
                root = target.value if isinstance(target, ast.Subscript) else target
                yield from (n.id for n in ast.walk(root) if isinstance(n, ast.Name))
    elif isinstance(node, ast.For | ast.comprehension) and _carries(node.iter, held):
        yield from (n.id for part in _items(node.iter, node.target, held) for n in names_in(part))
    elif isinstance(node, ast.Call) and _stores(node, held):
        yield from (n.id for n in names_in(node.func))


def _stores(node: ast.Call, held: _Held) -> bool:
    is_store = isinstance(node.func, ast.Attribute) and node.func.attr in STORES
    return is_store and any(_carries(argument, held) for argument in node.args)


def _keyed_by(node: ast.AST, held: _Held) -> Iterator[str]:
    """Names of dicts of which this node makes futures the keys."""
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Subscript) and _carries(target.slice, held):
            yield from (n.id for n in names_in(target.value))
        is_display = isinstance(node.value, ast.Dict) and any(
            k is not None and _carries(k, held) for k in node.value.keys
        )
        if is_display or (isinstance(node.value, ast.DictComp) and _carries(node.value.key, held)):
            yield from (n.id for n in names_in(target))


def _items(source: ast.expr, target: ast.expr, held: _Held) -> list[ast.expr]:
    """Those parts of a loop's target that get the futures of what it goes over."""
    if not isinstance(target, ast.Tuple) or not isinstance(source, ast.Call):
        return [target]
    if isinstance(source.func, ast.Attribute) and source.func.attr == "items" and len(target.elts) == 2:
        is_keyed = any(n.id in held.keyed for n in names_in(source.func.value))
        return [target.elts[0 if is_keyed else 1]]
    name = source.func.id if isinstance(source.func, ast.Name) else ""
    if name == "enumerate" and len(target.elts) == 2:
        return [target.elts[1]]
    if name == "zip" and len(target.elts) == len(source.args):
        return [part for part, given in zip(target.elts, source.args, strict=True) if _carries(given, held)]
    return [target]


def _carries(node: ast.AST | None, held: _Held) -> bool:
    """May the value of this expression be a future, or hold one?"""
    if node in held.marks:
        return True
    if isinstance(node, ast.Name):
        return node.id in held.names
    if isinstance(node, ast.Call):
        return _call_carries(node, held)
    if isinstance(node, ast.Subscript):
        is_keyed = isinstance(node.value, ast.Name) and node.value.id in held.keyed
        return not is_keyed and _carries(node.value, held)
    if isinstance(node, ast.DictComp):
        return _carries(node.key, held) or _carries(node.value, held)
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return _carries(node.elt, held)
    if isinstance(node, (*DISPLAYS, ast.Await)):
        return any(_carries(child, held) for child in ast.iter_child_nodes(node))
    return False


def _call_carries(node: ast.Call, held: _Held) -> bool:
    if isinstance(node.func, ast.Attribute):
        if node.func.attr in TASKS_HAVE:
            return False
        if node.func.attr == "values" and any(n.id in held.keyed for n in names_in(node.func.value)):
            return False
        if _carries(node.func.value, held):
            return True
    if isinstance(node.func, ast.Name) and node.func.id in GIVES_NONE:
        return False
    return any(_carries(argument, held) for argument in node.args)


def _is_kept(text: Text, held: _Held, node: ast.expr) -> bool:
    """Does the value that stands here go no further than its function?"""
    tree = text.tree
    parent = tree.parent(node)
    if isinstance(parent, ast.Attribute):
        outer = tree.parent(parent)
        if not isinstance(outer, ast.Call) or outer.func is not parent or not _may_wait(tree, parent, outer):
            return False
        if parent.attr in TASKS_HAVE:
            return True
        return parent.attr in CONTAINERS and (not _carries(outer, held) or _is_kept(text, held, outer))
    if isinstance(parent, ast.Call):
        return _is_kept_by_call(text, held, parent)
    if isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return _is_local_target(parent)
    if isinstance(parent, ast.expr):
        return not _carries(parent, held) or (isinstance(parent, KEPT_IN) and _is_kept(text, held, parent))
    return isinstance(parent, ast.comprehension | ast.For | ast.If | ast.While | ast.Assert | ast.Delete | ast.Expr)


def _is_local_target(node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return not any(isinstance(n, ast.Attribute) for target in targets for n in ast.walk(target))


def _is_kept_by_call(text: Text, held: _Held, call: ast.Call) -> bool:
    if isinstance(call.func, ast.Name) and call.func.id in KEEPS | GIVES_NONE:
        return call.func.id in GIVES_NONE or _is_kept(text, held, call)
    if isinstance(call.func, ast.Attribute) and call.func.attr in STORES and isinstance(call.func.value, ast.Name):
        return True
    found = text.calls.get(text.tree.place(call).span)
    return found is not None and any(target.id in OF_MODULE for target in found.targets)


def _may_wait(tree: Tree, attribute: ast.Attribute, call: ast.AST | None) -> bool:
    """May an await stand before `future.result()`, if it is that?"""
    if attribute.attr not in WAITS or call is None:
        return True
    inner: ast.AST = call
    for ancestor in tree.ancestors(call):
        if isinstance(ancestor, ast.Lambda | ast.ClassDef):
            return False
        if isinstance(ancestor, ast.GeneratorExp):
            consumer = tree.parent(ancestor)
            return isinstance(consumer, ast.Call) and takes_all(tree, consumer, ancestor)
        if isinstance(ancestor, ast.stmt):
            return True
        inner = ancestor
    return inner is not call
