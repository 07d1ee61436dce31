"""Annotations of generators that turn async: `Iterator[T]` becomes `AsyncIterator[T]`."""

from __future__ import annotations

import ast

from asyncify.colour.colouring import Colour
from asyncify.infer.facts import Function
from asyncify.place import Place
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Hole, Step, Substitute

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
    place, template, holes = _annotated(scene, returns, named, text)
    action = Substitute(template, holes, needs=_needs(named, module, ASYNC_NAMES[name]))
    return Decided((Step(place, action, RULE, WHY),))


def _needs(named: ast.expr, module: str, name: str) -> tuple[tuple[str, str], ...]:
    return ((module, name),) if isinstance(named, ast.Name) else ()


def _annotated(scene: Scene, returns: ast.expr, named: ast.expr, text: str) -> tuple[Place, str, tuple[Hole, ...]]:
    """An async generator returns nothing, so its annotation has no third part."""
    parts = returns.slice.elts if isinstance(returns, ast.Subscript) and isinstance(returns.slice, ast.Tuple) else []
    if len(parts) != 3:
        return scene.tree.place(named), text, ()
    holes = tuple(Hole(n, scene.tree.place(p)) for n, p in zip(("yields", "sends"), parts, strict=False))
    return scene.tree.place(returns), f"{text}[{{yields}}, {{sends}}]", holes
