"""Where the transactions of a connection begin and end, as far as the text of one function shows it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from asyncify.colour.colouring import Colour
from asyncify.infer.facts import Call
from asyncify.plan.direct.cursors import CONNECTION, CursorUse, Ran
from asyncify.plan.scene import Scene, pack_paths, turning
from asyncify.plan.tree import FunctionNode

CONNECT = "psycopg2.connect"
POOL = "psycopg2.pool."
GETCONN = "getconn"  # of any of the classes below POOL
PUTCONN = "putconn"
CLOSING = "contextlib.closing"
OF_CONNECTION = frozenset({"cursor", "commit", "rollback", "close"})

Entered = Callable[[Scene, ast.expr], bool]  # does it matter that this expression is entered?


@dataclass(frozen=True, slots=True)
class Guard:
    """A `with` block at whose end a connection commits. `is_made`: the block makes the connection itself."""

    block: ast.With
    item: ast.withitem
    is_made: bool


def guard_of(scene: Scene, cursor: CursorUse, ends: Entered) -> Guard | None:
    """The innermost block of the cursor's connection round the cursor. `ends` knows the calls that commit for one."""
    for ancestor in scene.tree.ancestors(cursor.node):
        if ancestor is cursor.function:
            return None
        if not isinstance(ancestor, ast.With):
            continue
        for item in ancestor.items:
            if item.context_expr is not cursor.node and (found := _guards(scene, ancestor, item, cursor.owner, ends)):
                return found
    return None


def _guards(scene: Scene, block: ast.With, item: ast.withitem, owner: ast.expr, ends: Entered) -> Guard | None:
    entered = item.context_expr
    if _is_assigned(block, owner, item):
        return None
    if is_call_of(scene, entered, CONNECT) or ends(scene, entered):
        return Guard(block, item, True) if _same(item.optional_vars, owner) else None
    if CONNECTION not in scene.types_at(entered):
        return None
    return Guard(block, item, False) if _same(entered, owner) or _same(item.optional_vars, owner) else None


def _is_assigned(block: ast.With, owner: ast.expr, item: ast.withitem) -> bool:
    """Does the connection's name, or an attribute in it, get another value inside the block?"""
    parts = {_dump(node) for node in ast.walk(owner) if isinstance(node, ast.Name | ast.Attribute)}
    own = set(ast.walk(item.optional_vars)) if item.optional_vars is not None else set()
    return any(
        isinstance(node, ast.Name | ast.Attribute)
        and not isinstance(node.ctx, ast.Load)
        and node not in own
        and _dump(node) in parts
        for node in ast.walk(block)
    )


def _same(node: ast.expr | None, other: ast.expr) -> bool:
    return node is not None and _dump(node) == _dump(other)


def _dump(node: ast.expr) -> str:
    return ast.unparse(node)


def is_call_of(scene: Scene, node: ast.expr, path: str) -> bool:
    """Is it a call of this callable, or of this method of a pool?"""
    call = scene.calls.get(scene.tree.place(node).span) if isinstance(node, ast.Call) else None
    return call is not None and (pack_paths(call) == [path] or is_of_pool(call, path))


def is_of_pool(call: Call, name: str) -> bool:
    """Is it a call of this method of a connection pool?"""
    paths = pack_paths(call)
    return bool(paths) and all(path.startswith(POOL) and path.endswith(f".{name}") for path in paths)


# ---------------------------------------------------------------- connections of one function


def is_owned(scene: Scene, function: FunctionNode, owner: ast.expr, lends: Entered) -> bool:
    """Is the connection made, or taken from a pool, by this function, and seen by nobody else? `lends` knows the calls
    that lend a new one for a block."""
    if not isinstance(owner, ast.Name):
        return False
    names = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == owner.id]
    bound = [n for n in names if isinstance(n.ctx, ast.Store)]
    arguments = {n.arg for n in ast.walk(function.args) if isinstance(n, ast.arg)}
    if len(bound) != 1 or owner.id in arguments or any(scene.tree.scope(n) is not function for n in names):
        return False
    if any(isinstance(n, ast.Global | ast.Nonlocal) for n in ast.walk(function)):
        return False
    return (is_new(scene, bound[0]) or _is_lent(scene, bound[0], lends)) and all(
        _stays(scene, n) for n in names if n is not bound[0]
    )


def _is_lent(scene: Scene, name: ast.Name, lends: Entered) -> bool:
    parent = scene.tree.parent(name)
    return isinstance(parent, ast.withitem) and lends(scene, parent.context_expr)


def is_new(scene: Scene, name: ast.Name) -> bool:
    """Is this name bound to a connection that is made, or taken from a pool, on the spot?"""
    parent = scene.tree.parent(name)
    if isinstance(parent, ast.Assign):
        taken = is_call_of(scene, parent.value, GETCONN) and isinstance(parent.value, ast.Call)
        return is_call_of(scene, parent.value, CONNECT) or (taken and not _has_arguments(parent.value))
    if not isinstance(parent, ast.withitem):
        return False
    entered = parent.context_expr
    if isinstance(entered, ast.Call) and scene.tree.imported(entered.func) == CLOSING and len(entered.args) == 1:
        return is_call_of(scene, entered.args[0], CONNECT)
    return is_call_of(scene, entered, CONNECT)


def _has_arguments(node: ast.expr) -> bool:
    """A key may give a connection that is in use."""
    return isinstance(node, ast.Call) and bool(node.args or node.keywords)


def _stays(scene: Scene, name: ast.Name) -> bool:
    parent = scene.tree.parent(name)
    if isinstance(parent, ast.withitem):
        return parent.context_expr is name
    if isinstance(parent, ast.Attribute):
        outer = scene.tree.parent(parent)
        if isinstance(outer, ast.Assign) and parent.attr == "autocommit" and parent in outer.targets:
            return isinstance(outer.value, ast.Constant) and outer.value.value is True
        return parent.attr in OF_CONNECTION and isinstance(outer, ast.Call) and outer.func is parent
    outer = scene.tree.parent(parent) if isinstance(parent, ast.keyword) else parent
    return isinstance(outer, ast.Call) and is_call_of(scene, outer, PUTCONN)


# ---------------------------------------------------------------- what may go without a transaction


def is_alone(scene: Scene, guard: Guard, ran: list[Ran]) -> bool:
    """Is the block one statement that commits by itself just as well?"""
    if len(ran) != 1 or any(isinstance(a, ast.For | ast.While) for a in _between(scene, ran[0].stands, guard.block)):
        return False
    if ran[0].statement.only_reads:
        return True
    body = guard.block.body
    only = body[0]
    while len(body) == 1 and isinstance(only, ast.With):
        body, only = only.body, only.body[0]
    return body[-1] is last_of(scene, ran[0]) and ran[0].stands in body


def _between(scene: Scene, node: ast.AST, block: ast.With) -> Iterator[ast.AST]:
    """What stands round `node`, up to the block."""
    for ancestor in scene.tree.ancestors(node):
        if ancestor is block:
            return
        yield ancestor


def last_of(scene: Scene, ran: Ran) -> ast.stmt | None:
    """The statement with which all is done that may fail: the one that runs, or the one that takes its result."""
    if ran.read is None:
        return ran.stands
    taking = scene.tree.statement(ran.read)
    if not isinstance(taking, ast.Return | ast.Assign | ast.Expr) or taking.value is None:
        return None
    return taking if _cannot_fail(taking.value, ran.read) else None


def _cannot_fail(value: ast.expr, read: ast.expr) -> bool:
    while value is not read:
        match value:
            case ast.Subscript(value=inner, slice=ast.Constant()):
                value = inner
            case ast.Compare(left=inner, comparators=[ast.Constant()]):
                value = inner
            case ast.Call(func=ast.Name(id="bool"), args=[inner]):
                value = inner
            case _:
                return False
    return True


def is_quiet(scene: Scene, guard: Guard, cursors: list[CursorUse]) -> bool:
    """Does nothing happen in the block but the statements of these cursors: no other call of the database, of a
    function that may know the connection, no commit, no pause in which others run?"""
    if any(waits_for_more(scene, statement, cursors) for statement in guard.block.body):
        return False
    owners = {id(cursor.owner) for cursor in cursors}
    inside = [node for statement in guard.block.body for node in ast.walk(statement)]
    if any(isinstance(node, ast.Yield | ast.YieldFrom | ast.Await) for node in inside):
        return False
    entered = guard.item.context_expr
    return not any(
        isinstance(node, ast.Name | ast.Attribute) and _same(node, entered) and id(node) not in owners
        for node in inside
    )


def waits_for_more(scene: Scene, statement: ast.stmt, cursors: Iterable[CursorUse]) -> bool:
    """Does the statement hold a call that waits, other than those of the cursors?"""
    known = {scene.tree.place(cursor.node) for cursor in cursors}
    known |= {ran.call.place for cursor in cursors for ran in cursor.ran}
    known |= {scene.tree.place(call) for cursor in cursors for call in _closing_calls(cursor)}
    place = scene.tree.place(statement)
    others = [call for call in scene.facts.calls if place.contains(call.place) and call.place not in known]
    runs = [run for run in scene.facts.runs if place.contains(run.place)]
    if any(run.methods or any(scene.colouring.colour_of(id_) is Colour.ASYNC for id_ in run.functions) for run in runs):
        return True
    return any(turning(scene, call) or _waits(scene, call) for call in others)


def _closing_calls(cursor: CursorUse) -> Iterator[ast.expr]:
    for statement in cursor.closes:
        if isinstance(statement, ast.Expr):
            yield statement.value


def _waits(scene: Scene, call: Call) -> bool:
    paths = pack_paths(call)
    return any((rule := scene.catalogue.rule_for(path)) and rule.waits for path in paths)
