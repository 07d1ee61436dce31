"""Code that is async already and starts as many calls at once as there are items: said, and bounded where that is
wanted."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from asyncify.infer.facts import TargetKind
from asyncify.plan.concurrency.names import walk_own
from asyncify.plan.concurrency.writing import limit_of
from asyncify.plan.scene import Scene
from asyncify.plan.step import Hole, Step, Substitute, Warned
from asyncify.plan.tree import FunctionNode

RULE = "unbounded-gather"
WHY = "However many items there are, no more calls than the limit run at a time."
STARTS = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.as_completed"})
TASKS = frozenset({"asyncio.create_task", "asyncio.ensure_future"})
SEMAPHORES = frozenset({"asyncio.Semaphore", "asyncio.BoundedSemaphore"})
COLLECTIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)
TEXT = (
    "As many calls run at once as `{items}` has items: nothing limits them. Enter an asyncio.Semaphore in what is "
    'called; with concurrency = "all" a plain gather of calls gets a limit.'
)


@dataclass(frozen=True, slots=True)
class _Started:
    """A call for each item: `each` is the call, `items` what it goes over; `whole` waits for all of them."""

    whole: ast.Call
    each: ast.expr
    items: ast.expr


def find_unbounded(scene: Scene, function: FunctionNode, *, bound: bool) -> Iterator[Step | Warned]:
    """A warning for every such place in a function; with `bound` those of the plain form get a limit instead."""
    for node in walk_own(function):
        started = _started(scene, function, node) if isinstance(node, ast.Call) else None
        if started is None or _is_short(started.items) or _has_limit(scene, function, started.each):
            continue
        step = _limited(scene, started) if bound else None
        yield step or Warned(scene.tree.place(node), RULE, TEXT.format(items=ast.unparse(started.items)))


def _started(scene: Scene, function: FunctionNode, node: ast.Call) -> _Started | None:
    path = scene.tree.imported(node.func)
    if path in STARTS and node.args:
        first = node.args[0]
        if path == "asyncio.gather":
            if len(node.args) != 1 or not isinstance(first, ast.Starred):
                return None
            first = first.value
        made = _made(function, first)
        return _Started(node, _awaited(scene, made[0]), made[1]) if made is not None else None
    if isinstance(node.func, ast.Attribute) and node.func.attr == "create_task" and path not in TASKS:
        return _in_group(scene, function, node)
    return None


def _made(
    function: FunctionNode, value: ast.expr, seen: frozenset[str] = frozenset()
) -> tuple[ast.expr, ast.expr] | None:
    """What is made for each item, and what the items come from: of a comprehension, or of a list that a name holds."""
    if isinstance(value, COLLECTIONS):
        return value.elt, value.generators[0].iter
    is_mapped = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "map"
    if is_mapped and isinstance(value, ast.Call) and len(value.args) == 2:
        return value.args[0], value.args[1]
    if not isinstance(value, ast.Name) or value.id in seen:
        return None
    for node in walk_own(function):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == value.id for t in node.targets):
            if (found := _made(function, node.value, seen | {value.id})) is not None:
                return found
        elif isinstance(node, ast.For) and (appended := _appended(node, value.id)) is not None:
            return appended, node.iter
    return None


def _appended(loop: ast.For, name: str) -> ast.expr | None:
    calls = (node for node in ast.walk(loop) if isinstance(node, ast.Call) and len(node.args) == 1)
    return next((call.args[0] for call in calls if ast.unparse(call.func) == f"{name}.append"), None)


def _awaited(scene: Scene, node: ast.expr) -> ast.expr:
    """The coroutine that a task is made of."""
    is_task = isinstance(node, ast.Call) and len(node.args) == 1 and scene.tree.imported(node.func) in TASKS
    return node.args[0] if is_task and isinstance(node, ast.Call) else node


def _in_group(scene: Scene, function: FunctionNode, node: ast.Call) -> _Started | None:
    """`group.create_task(f(x))` in a loop inside the block of a task group."""
    loop: ast.For | ast.comprehension | None = None
    assert isinstance(node.func, ast.Attribute)
    for ancestor in scene.tree.ancestors(node):
        if ancestor is function:
            return None
        if isinstance(ancestor, ast.For) and loop is None:
            loop = ancestor
        elif isinstance(ancestor, ast.ListComp | ast.SetComp | ast.GeneratorExp) and loop is None:
            loop = ancestor.generators[0]
        elif isinstance(ancestor, ast.AsyncWith) and _is_group(scene, ancestor, node.func.value):
            return _Started(node, node.args[0], loop.iter) if loop is not None and node.args else None
    return None


def _is_group(scene: Scene, block: ast.AsyncWith, name: ast.expr) -> bool:
    return any(
        isinstance(item.context_expr, ast.Call)
        and scene.tree.imported(item.context_expr.func) == "asyncio.TaskGroup"
        and item.optional_vars is not None
        and ast.unparse(item.optional_vars) == ast.unparse(name)
        for item in block.items
    )


def _is_short(items: ast.expr) -> bool:
    """Does the text say how many there are at most: a display, a slice up to somewhere, a range of a number?"""
    if isinstance(items, ast.Tuple | ast.List | ast.Set):
        return not any(isinstance(element, ast.Starred) for element in items.elts)
    if isinstance(items, ast.Subscript) and isinstance(items.slice, ast.Slice):
        return items.slice.upper is not None
    is_range = isinstance(items, ast.Call) and isinstance(items.func, ast.Name) and items.func.id == "range"
    return is_range and isinstance(items, ast.Call) and all(isinstance(a, ast.Constant) for a in items.args)


def _has_limit(scene: Scene, function: FunctionNode, each: ast.expr) -> bool:
    """Does what is called enter a semaphore?"""
    names = _semaphores(scene)
    called = [node for node in ast.walk(each) if isinstance(node, ast.Call)]
    bodies: list[ast.AST] = []
    for node in called:
        call = scene.calls.get(scene.tree.place(node).span)
        targets = [t.id for t in call.targets if t.kind is TargetKind.FUNCTION] if call is not None else []
        places = [scene.index.functions[id_].place for id_ in targets if id_ in scene.index.functions]
        bodies += [body for place in places if place.path == scene.path and (body := scene.tree.function(place))]
    head = each.func if isinstance(each, ast.Call) else each
    local = {n.name: n for n in ast.walk(function) if isinstance(n, ast.AsyncFunctionDef)}
    bodies += [local[head.id]] if isinstance(head, ast.Name) and head.id in local else []
    held = [n for body in bodies for n in ast.walk(body) if isinstance(n, ast.AsyncWith)]
    return any(_last(item.context_expr) in names for block in held for item in block.items)


def _semaphores(scene: Scene) -> frozenset[str]:
    """The last parts of names that this file binds to a semaphore, or that say that they are one."""
    found = set()
    for node in ast.walk(scene.tree.module):
        target: ast.expr | None = None
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
        elif isinstance(node, ast.AnnAssign):
            target = node.target
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if target is not None and isinstance(value, ast.Call) and scene.tree.imported(value.func) in SEMAPHORES:
            found.add(_last(target))
        elif isinstance(node, ast.arg) and node.annotation and scene.tree.imported(node.annotation) in SEMAPHORES:
            found.add(node.arg)
    return frozenset(found)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _limited(scene: Scene, started: _Started) -> Step | None:
    """`asyncio.gather(*[f(x) for x in xs])`, and nothing else, gets a limit."""
    whole = started.whole
    first = whole.args[0]
    if whole.keywords or not isinstance(first, ast.Starred) or not isinstance(first.value, COLLECTIONS):
        return None
    call = scene.calls.get(scene.tree.place(started.each).span)
    if not isinstance(started.each, ast.Call) or started.each is not first.value.elt or call is None:
        return None
    if not isinstance(scene.tree.parent(whole), ast.Await):
        return None
    limit = limit_of(frozenset())
    template = f'{{aio}}.together(*{{calls}}, limit="{limit}")'
    action = Substitute(template, (Hole("calls", scene.tree.place(first.value)),))
    return Step(scene.tree.place(whole), action, RULE, WHY)
