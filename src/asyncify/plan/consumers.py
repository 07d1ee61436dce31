"""Who takes the items of a generator that turns async: what each kind of consumer becomes, and which cannot follow."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from asyncify.colour.colouring import Colour
from asyncify.colour.outside import CONSUME_WELL, NEVER_CALLS_ROOTS, TAKE_ALL_METHODS, holds_generator
from asyncify.infer.facts import Call, Implicit, Position, TargetKind
from asyncify.plan.combinators import combined
from asyncify.plan.scene import Scene
from asyncify.plan.step import Hole, IterateAsync, Listify, Step, Substitute
from asyncify.plan.taking import builtin, takes_all

RULE = "generator-consumer"
WHY = "What it consumes has become asynchronous."
LIST = "[item async for item in {it}]"
COLLECTED = {
    "list": "[item async for item in {inner}]",
    "set": "{item async for item in {inner}}",
    "any": "await {aio}.any_of({inner})",
    "all": "await {aio}.all_of({inner})",
}
SHORT_CIRCUITS = frozenset({"any", "all"})
ITERATED = frozenset({"for", "comprehension"})
DEPTH = 4

Steps = tuple[Step, ...]


def taken(scene: Scene, node: ast.expr, depth: int = 0) -> Steps | None:
    """What the consumers of an async generator become; None if one of them cannot take it, so that the generator has
    to be stepped synchronously."""
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.For | ast.comprehension) and parent.iter is node:
        return _iterated(scene, parent, node)
    if isinstance(parent, ast.Call) and node in parent.args:
        return _argument(scene, parent, node, depth)
    if isinstance(parent, ast.Starred) or (isinstance(parent, ast.AugAssign) and isinstance(parent.op, ast.Add)):
        return (_step(scene, node, LIST),)
    if isinstance(parent, ast.Assign):
        return _assigned(scene, parent, node, depth)
    if isinstance(parent, ast.YieldFrom):
        return () if isinstance(scene.tree.parent(parent), ast.Expr) else None
    if hands_on(scene, node):
        return ()
    if isinstance(parent, ast.IfExp) and parent.test is not node:
        outer = scene.tree.parent(parent)
        return () if isinstance(outer, ast.For) and outer.iter is parent else None
    return None


def hands_on(scene: Scene, node: ast.expr, depth: int = 0) -> bool:
    """Does even a synchronous function only hand it on, to code that iterates asynchronously?"""
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.Return):
        return _is_returned_well(scene, node)
    if isinstance(parent, ast.Assign) and depth < DEPTH:
        return _is_name_handed_on(scene, parent, depth)
    slot = parent.arg if isinstance(parent, ast.keyword) else None
    consumer = scene.tree.parent(parent) if isinstance(parent, ast.keyword) else parent
    if not isinstance(consumer, ast.Call) or consumer.func is node:
        return False
    slot = slot or (str(consumer.args.index(node)) if node in consumer.args else None)
    paths = _outside_paths(scene, consumer)
    return slot is not None and bool(paths) and all(_accepts(scene, path, slot) for path in paths)


def _is_name_handed_on(scene: Scene, statement: ast.Assign, depth: int) -> bool:
    target = statement.targets[0]
    scope = scene.tree.scope(statement)
    if not isinstance(target, ast.Name) or len(statement.targets) != 1 or isinstance(scope, ast.Module | ast.ClassDef):
        return False
    names = [n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == target.id and n is not target]
    return bool(names) and all(isinstance(n.ctx, ast.Load) and hands_on(scene, n, depth + 1) for n in names)


def _outside_paths(scene: Scene, consumer: ast.Call) -> set[str]:
    """What outside code gets hold of a generator as an argument of this call."""
    graph, place = scene.index.graph, scene.tree.place(consumer)
    if graph is None:
        return set()
    return {e.path for e in graph.escapes if e.slot is not None and graph.place(e.spot) == place}


def _accepts(scene: Scene, path: str, slot: str) -> bool:
    if path in CONSUME_WELL or path.startswith(NEVER_CALLS_ROOTS) or path.rpartition(".")[2] in TAKE_ALL_METHODS:
        return False  # it takes a generator of either kind, but iterates over no asynchronous one
    return holds_generator(path, slot, scene.catalogue) is None


def comprehended(scene: Scene, generator: ast.GeneratorExp) -> Steps | None:
    """The same for a generator expression that awaits."""
    consumer = scene.tree.parent(generator)
    if isinstance(consumer, ast.Starred):
        return (Step(scene.tree.place(generator.elt), Listify(), RULE, WHY),)
    if not isinstance(consumer, ast.Call) or generator not in consumer.args:
        if isinstance(consumer, ast.For) and consumer.iter is generator:
            return (Step(scene.tree.place(generator), IterateAsync(), RULE, WHY),)
        return None
    name = builtin(consumer.func)
    if takes_all(scene.tree, consumer, generator):
        return (Step(scene.tree.place(generator.elt), Listify(), RULE, WHY),)
    if name in SHORT_CIRCUITS and len(consumer.args) == 1:
        return (_step(scene, consumer, f"await {{aio}}.{name}_of({{*}})"),)
    if name == "next" and _may_end(scene, consumer):
        return (_step(scene, consumer, "await anext({*})"),)
    return None


def _iterated(scene: Scene, loop: ast.For | ast.comprehension, node: ast.expr) -> Steps | None:
    step = Step(scene.tree.place(node), IterateAsync(), RULE, WHY)
    comprehension = scene.tree.parent(loop) if isinstance(loop, ast.comprehension) else None
    if not isinstance(comprehension, ast.GeneratorExp):
        return (step,)
    rest = comprehended(scene, comprehension)
    return None if rest is None else (step, *rest)


def _argument(scene: Scene, consumer: ast.Call, node: ast.expr, depth: int) -> Steps | None:
    name = builtin(consumer.func)
    if name != "enumerate" and (found := combined(scene, consumer)) is not None:
        return found
    if name in COLLECTED and consumer.args == [node] and not consumer.keywords:
        return (_step(scene, consumer, COLLECTED[name], inner=node),)
    if takes_all(scene.tree, consumer, node):
        return (_step(scene, node, LIST),)
    if name == "next" and consumer.args[0] is node and _may_end(scene, consumer):
        return (_step(scene, consumer, "await anext({*})"),)
    if name == "enumerate" and consumer.args[0] is node and depth < DEPTH:
        rest = taken(scene, consumer, depth + 1) if _is_consumed(scene, consumer) else None
        return None if rest is None else (_step(scene, consumer, "{aio}.enumerated({*})"), *rest)
    return () if _is_iterated_by(scene, consumer, node) else None


def _is_consumed(scene: Scene, node: ast.expr) -> bool:
    parent = scene.tree.parent(node)
    return isinstance(parent, ast.Call) or (isinstance(parent, ast.For | ast.comprehension) and parent.iter is node)


def _may_end(scene: Scene, consumer: ast.Call) -> bool:
    """An async iterator ends with another exception than `next` raises; nobody may be waiting for that one."""
    if len(consumer.args) == 2:
        return True
    scope = scene.tree.scope(consumer)
    return not any(
        isinstance(n, ast.Name) and n.id in {"StopIteration", "Exception"} for n in ast.walk(scope)
    ) and not (any(isinstance(n, ast.ExceptHandler) and n.type is None for n in ast.walk(scope)))


def _assigned(scene: Scene, statement: ast.Assign, node: ast.expr, depth: int) -> Steps | None:
    target = statement.targets[0]
    if len(statement.targets) != 1 or depth >= DEPTH:
        return None
    if isinstance(target, ast.Tuple | ast.List):
        return (_step(scene, node, LIST),)
    if not isinstance(target, ast.Name):
        return None
    scope = scene.tree.scope(target)
    if isinstance(scope, ast.Module | ast.ClassDef | ast.Lambda):
        return None
    steps: Steps = ()
    for name in ast.walk(scope):
        if isinstance(name, ast.Global | ast.Nonlocal) and target.id in name.names:
            return None
        if not isinstance(name, ast.Name) or name.id != target.id or name is target:
            continue
        found = taken(scene, name, depth + 1) if isinstance(name.ctx, ast.Load) else None
        if found is None or scene.tree.scope(name) is not scope:
            return None
        steps += found
    return steps


def _is_returned_well(scene: Scene, node: ast.expr) -> bool:
    """Is whatever calls the function that returns it a loop in async code?"""
    scope = scene.tree.scope(node)
    place = scene.tree.place(scope) if isinstance(scope, ast.FunctionDef) else None
    function = next(
        (f for f in scene.functions if place and scene.index.functions[f].place.span[:2] == place.span[:2]), ""
    )
    if not function or scene.index.functions[function].qualname.rpartition(".")[2].startswith("__"):
        return False
    calls = [call for facts in scene.index.files.values() for call in facts.calls if _reaches(call, function)]
    return bool(calls) and all(
        call.consumer in ITERATED and call.position is Position.PLAIN and scene.runs_in_loop(call.scope)
        for call in calls
    )


def _reaches(call: Call, function: str) -> bool:
    return any(target.kind is TargetKind.FUNCTION and target.id == function for target in call.targets)


def _is_iterated_by(scene: Scene, consumer: ast.Call, node: ast.expr) -> bool:
    """Is it handed to one async function of this file that does nothing with it but iterate?"""
    call = scene.calls.get(scene.tree.place(consumer).span)
    if call is None or len(call.targets) != 1 or call.targets[0].kind is not TargetKind.FUNCTION or not call.certain:
        return False
    function = scene.index.functions[call.targets[0].id]
    definition = scene.tree.function(function.place) if function.place.path == scene.path else None
    if definition is None or function.owner or definition.decorator_list or not scene.runs_in_loop(function.id):
        return False
    parameters = [*definition.args.posonlyargs, *definition.args.args]
    if node not in consumer.args or consumer.args.index(node) >= len(parameters):
        return False
    name = parameters[consumer.args.index(node)].arg
    uses = [n for n in ast.walk(definition) if isinstance(n, ast.Name) and n.id == name]
    return all(
        _is_loop(scene, use) and scene.tree.scope(use) is definition and _is_run(scene, use) for use in uses
    ) and bool(uses)


def _is_run(scene: Scene, node: ast.expr) -> bool:
    place = scene.tree.place(node)
    return any(run.place == place and run.kind is not Implicit.READ for run in scene.facts.runs)


def _is_loop(scene: Scene, node: ast.expr) -> bool:
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.comprehension) and isinstance(scene.tree.parent(parent), ast.GeneratorExp):
        return False
    return isinstance(parent, ast.For | ast.comprehension) and parent.iter is node


def _step(scene: Scene, node: ast.expr, template: str, inner: ast.expr | None = None) -> Step:
    holes = (Hole("inner", scene.tree.place(inner)),) if inner is not None else ()
    return Step(scene.tree.place(node), Substitute(template, holes), RULE, WHY)


def is_async_iterable(scene: Scene, node: ast.expr, turning: Sequence[str], depth: int = 0) -> bool:
    """Does this expression surely give something asynchronous to iterate over, once the plan is carried out?
    `turning` are the functions that iterating over it runs and that turn async."""
    if depth >= DEPTH:
        return False
    if isinstance(node, ast.Name):
        return (node.id == "self" and _has_iterator(turning)) or _is_bound_to_async(scene, node, turning, depth)
    call = scene.calls.get(scene.tree.place(node).span) if isinstance(node, ast.Call) else None
    if call is None:
        return False
    if any(target.kind is TargetKind.CLASS for target in call.targets):
        return _has_iterator(turning)
    functions = [target.id for target in call.targets if target.kind is TargetKind.FUNCTION]
    return bool(functions) and all(_gives_async(scene, id_, turning, depth) for id_ in functions)


def _has_iterator(turning: Sequence[str]) -> bool:
    return any(id_.rpartition(".")[2] in {"__iter__", "__next__"} for id_ in turning)


def _is_bound_to_async(scene: Scene, name: ast.Name, turning: Sequence[str], depth: int) -> bool:
    scope = scene.tree.scope(name)
    stores = [
        n for n in ast.walk(scope) if isinstance(n, ast.Name) and n.id == name.id and isinstance(n.ctx, ast.Store)
    ]
    parents = [scene.tree.parent(store) for store in stores]
    return (
        len(parents) == 1
        and isinstance(parents[0], ast.Assign)
        and is_async_iterable(scene, parents[0].value, turning, depth + 1)
    )


def _gives_async(scene: Scene, id_: str, turning: Sequence[str], depth: int) -> bool:
    function = scene.index.functions[id_]
    if function.is_generator:
        return scene.colouring.colour_of(id_) is Colour.ASYNC
    node = scene.tree.function(function.place) if function.place.path == scene.path else None
    returns = [n for n in ast.walk(node) if isinstance(n, ast.Return)] if node is not None else []
    return bool(returns) and all(
        r.value is not None and is_async_iterable(scene, r.value, turning, depth + 1) for r in returns
    )
