"""Decides what becomes of function definitions: `async def`, paired special methods, entry points, decorators."""

from __future__ import annotations

import ast

from asyncify.colour.colouring import Colour
from asyncify.colour.outside import KEEPERS
from asyncify.infer.facts import Function, Implicit
from asyncify.plan.caches import CACHED_PROPERTY, kept_results
from asyncify.plan.constructors import decide_constructor, is_constructor
from asyncify.plan.holds import own_nodes
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.shells import moved_decorators
from asyncify.plan.step import MakeAsync, SplitEntry, Step, Substitute, YieldEach

RULE = "async-def"
ENTRY_RULE = "entry-point"
WHY = "It waits, or calls what waits."
WHY_ENTRY = "It is called from outside without a loop, so it keeps a synchronous shell."
PAIRS = {
    "__enter__": "__aenter__",
    "__exit__": "__aexit__",
    "__iter__": "__aiter__",
    "__next__": "__anext__",
}
PARTNER = {"__enter__": "__exit__", "__exit__": "__enter__"}
DECORATORS = {
    "contextlib.contextmanager": "contextlib.asynccontextmanager",
}


def decide_function(scene: Scene, function: Function) -> Decided:
    """Steps for one definition, by its colour."""
    verdict = scene.colouring.verdicts.get(function.id)
    colour = verdict.colour if verdict else Colour.SYNC
    if colour is Colour.ENTRY:
        return _split(scene, function)
    if colour is Colour.ASYNC and function.owner and is_constructor(function.id):
        return decide_constructor(scene, function)
    if colour is Colour.ASYNC:
        return _made_async(scene, function) + _decorators(scene, function)
    if _partner_turns(scene, function):
        return _made_async(scene, function)
    if _is_iter_beside_next(scene, function):
        return Decided((Step(function.place, MakeAsync("__aiter__", plain=True), RULE, WHY),))
    return NOTHING


def _made_async(scene: Scene, function: Function) -> Decided:
    name = function.qualname.rpartition(".")[2]
    action = MakeAsync(PAIRS.get(name) if function.owner else None)
    stops = _stop_iteration(scene, function) if name == "__next__" else ()
    return Decided((Step(function.place, action, RULE, WHY), *stops, *_plain_yields(scene, function)))


def _plain_yields(scene: Scene, function: Function) -> tuple[Step, ...]:
    """`yield from` something synchronous, which an async generator cannot say."""
    node = scene.tree.function(function.place) if function.is_generator else None
    if node is None:
        return ()
    runs = {
        run.place.span for run in scene.facts.runs if run.kind is not Implicit.READ and _turns(scene, run.functions)
    }
    why = "An async generator has no `yield from`."
    return tuple(
        Step(scene.tree.place(inner), YieldEach(plain=True), RULE, why)
        for inner in own_nodes(scene.tree, node)
        if isinstance(inner, ast.YieldFrom) and scene.tree.place(inner.value).span not in runs
    )


def _turns(scene: Scene, functions: tuple[str, ...]) -> bool:
    return any(scene.colouring.colour_of(id_) is Colour.ASYNC for id_ in functions)


def _stop_iteration(scene: Scene, function: Function) -> tuple[Step, ...]:
    node = scene.tree.function(function.place)
    if node is None:
        return ()
    why = "An asynchronous iterator ends with StopAsyncIteration."
    return tuple(
        Step(scene.tree.place(name), Substitute("StopAsyncIteration"), RULE, why)
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and name.id == "StopIteration" and _is_raised(scene, name)
    )


def _is_raised(scene: Scene, name: ast.Name) -> bool:
    parent = scene.tree.parent(name)
    if isinstance(parent, ast.Call):
        parent = scene.tree.parent(parent)
    return isinstance(parent, ast.Raise)


def _partner_turns(scene: Scene, function: Function) -> bool:
    """`__enter__` and `__exit__` turn together, even if only one of them waits."""
    name = function.qualname.rpartition(".")[2]
    partner = PARTNER.get(name)
    if partner is None or function.owner is None:
        return False
    return scene.colouring.colour_of(f"{function.owner}.{partner}") is Colour.ASYNC


def _is_iter_beside_next(scene: Scene, function: Function) -> bool:
    """`__aiter__` gives the iterator back as it is; only `__anext__` is awaited."""
    if not function.owner or function.qualname.rpartition(".")[2] != "__iter__":
        return False
    return scene.colouring.colour_of(f"{function.owner}.__next__") is Colour.ASYNC


def _decorators(scene: Scene, function: Function) -> Decided:
    node = scene.tree.function(function.place)
    if node is None:
        return NOTHING
    steps = []
    for decorator, name in zip(node.decorator_list, function.decorators, strict=False):
        if name in KEEPERS or name == CACHED_PROPERTY:
            steps.append(kept_results(scene, decorator, name))
            continue
        replacement = DECORATORS.get(name)
        if replacement is None:
            continue
        module, _, short = replacement.rpartition(".")
        is_plain = isinstance(decorator, ast.Name)
        text = short if is_plain else f"{ast.unparse(decorator).rpartition('.')[0]}.{short}"
        action = Substitute(text, needs=((module, short),) if is_plain else ())
        steps.append(Step(scene.tree.place(decorator), action, RULE, "The generator it wraps is async."))
    return Decided(tuple(steps))


def _split(scene: Scene, function: Function) -> Decided:
    name = function.qualname.rpartition(".")[2]
    taken = {node.name for node in ast.walk(scene.tree.module) if isinstance(node, ast.FunctionDef)}
    twin = next(candidate for candidate in _twins(name) if candidate not in taken)
    moved = moved_decorators(scene.index, scene.colouring, function.id)
    action = SplitEntry(twin, "{aio}.run", moved)
    return Decided((Step(function.place, action, ENTRY_RULE, WHY_ENTRY),))


def _twins(name: str) -> list[str]:
    return [f"_{name}", f"_{name}_async", f"_{name}_in_loop"]
