"""Decides what becomes of function definitions: `async def`, paired special methods, entry points, decorators."""

from __future__ import annotations

import ast

from asyncify.colour.colouring import Colour, Verdict
from asyncify.infer.facts import Function
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import MakeAsync, SplitEntry, Step, Substitute

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
    if colour is Colour.ASYNC:
        return _made_async(scene, function) + _decorators(scene, function)
    if _partner_turns(scene, function):
        return _made_async(scene, function)
    return NOTHING


def _made_async(scene: Scene, function: Function) -> Decided:
    name = function.qualname.rpartition(".")[2]
    action = MakeAsync(PAIRS.get(name) if function.owner else None)
    stops = _stop_iteration(scene, function) if name == "__next__" else ()
    return Decided((Step(function.place, action, RULE, WHY), *stops))


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


def _decorators(scene: Scene, function: Function) -> Decided:
    node = scene.tree.function(function.place)
    if node is None:
        return NOTHING
    steps = []
    for decorator, name in zip(node.decorator_list, function.decorators, strict=False):
        replacement = DECORATORS.get(name)
        if replacement is None:
            continue
        text = replacement if isinstance(decorator, ast.Attribute) else replacement.rpartition(".")[2]
        steps.append(Step(scene.tree.place(decorator), Substitute(text), RULE, "The generator it wraps is async."))
    return Decided(tuple(steps))


def _split(scene: Scene, function: Function) -> Decided:
    name = function.qualname.rpartition(".")[2]
    taken = {node.name for node in ast.walk(scene.tree.module) if isinstance(node, ast.FunctionDef)}
    twin = next(candidate for candidate in _twins(name) if candidate not in taken)
    action = SplitEntry(twin, "{aio}.run")
    return Decided((Step(function.place, action, ENTRY_RULE, WHY_ENTRY),))


def _twins(name: str) -> list[str]:
    return [f"_{name}", f"_{name}_async", f"_{name}_in_loop"]


def chain_of(verdict: Verdict) -> str:
    """A verdict's chain in one line, for messages."""
    return " -> ".join(link.what.partition("::")[2] or link.what for link in verdict.because)
