"""Annotations of generators that turn async: `Iterator[T]` becomes `AsyncIterator[T]`."""

from __future__ import annotations

import ast

from asyncify.colour.colouring import Colour
from asyncify.infer.facts import Function
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Step, Substitute

RULE = "async-annotation"
WHY = "The generator has become an async generator."
MODULES = frozenset({"typing", "collections.abc", "typing_extensions"})
ASYNC_NAMES = {"Iterator": "AsyncIterator", "Iterable": "AsyncIterable", "Generator": "AsyncGenerator"}


def decide_annotation(scene: Scene, function: Function) -> Decided:
    """The return annotation of a generator function, if it names one of the abstract types for iterators."""
    node = scene.tree.function(function.place) if function.is_generator else None
    if node is None or node.returns is None or scene.colouring.colour_of(function.id) is not Colour.ASYNC:
        return NOTHING
    returns = node.returns
    named = returns.value if isinstance(returns, ast.Subscript) else returns
    module, _, name = scene.tree.imported(named).rpartition(".")
    if module not in MODULES or name not in ASYNC_NAMES:
        return NOTHING
    text = (
        ASYNC_NAMES[name]
        if isinstance(named, ast.Name)
        else f"{ast.unparse(named).rpartition('.')[0]}.{ASYNC_NAMES[name]}"
    )
    steps = [Step(scene.tree.place(named), Substitute(text, needs=_needs(named, module, ASYNC_NAMES[name])), RULE, WHY)]
    if name == "Generator" and isinstance(returns, ast.Subscript) and isinstance(returns.slice, ast.Tuple):
        steps += _without_return_type(scene, returns.slice)
    return Decided(tuple(steps))


def _needs(named: ast.expr, module: str, name: str) -> tuple[tuple[str, str], ...]:
    return ((module, name),) if isinstance(named, ast.Name) else ()


def _without_return_type(scene: Scene, parts: ast.Tuple) -> list[Step]:
    """An async generator returns nothing, so its annotation has no third part."""
    if len(parts.elts) != 3:
        return []
    text = ", ".join(ast.unparse(part) for part in parts.elts[:2])
    return [Step(scene.tree.place(parts), Substitute(f"({text})"), RULE, WHY)]
