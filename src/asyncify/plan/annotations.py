"""Annotations of generators that turn async: `Iterator[T]` becomes `AsyncIterator[T]`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from asyncify.colour.colouring import Colour
from asyncify.infer.facts import Function, TargetKind
from asyncify.place import Place
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Hole, Step, Substitute
from asyncify.plan.tree import FunctionNode, Tree

RULE = "async-annotation"
WHY = "The generator has become an async generator."
WHY_CALLABLE = "What is called here has become asynchronous."
MODULES = frozenset({"typing", "collections.abc", "typing_extensions"})
ASYNC_NAMES = {"Iterator": "AsyncIterator", "Iterable": "AsyncIterable", "Generator": "AsyncGenerator"}


def decide_annotation(scene: Scene, function: Function) -> Decided:
    """The return annotation of a generator function, if it names one of the abstract types for iterators, and those
    of arguments that are called."""
    node = scene.tree.function(function.place)
    if node is None or scene.colouring.colour_of(function.id) is not Colour.ASYNC:
        return NOTHING
    steps = annotation_steps(scene.tree, node) if function.is_generator else []
    return Decided((*steps, *_callables(scene, function, node)))


def annotation_steps(tree: Tree, node: FunctionNode) -> list[Step]:
    """The steps for what a generator function says that it returns; none if that is no type for iterators."""
    returns = node.returns
    if returns is None:
        return []
    named = returns.value if isinstance(returns, ast.Subscript) else returns
    module, _, name = tree.imported(named).rpartition(".")
    if module not in MODULES or name not in ASYNC_NAMES:
        return []
    text = (
        ASYNC_NAMES[name]
        if isinstance(named, ast.Name)
        else f"{ast.unparse(named).rpartition('.')[0]}.{ASYNC_NAMES[name]}"
    )
    place, template, holes = _annotated(tree, returns, named, text)
    action = Substitute(template, holes, needs=_needs(named, module, ASYNC_NAMES[name]))
    return [Step(place, action, RULE, WHY)]


def _callables(scene: Scene, function: Function, node: FunctionNode) -> Iterator[Step]:
    """`f: Callable[..., T]` becomes `Callable[..., Awaitable[T]]` where `f` is called here, and all that it may be
    turns async."""
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        annotation = argument.annotation
        if not isinstance(annotation, ast.Subscript) or not isinstance(annotation.slice, ast.Tuple):
            continue
        parts = annotation.slice.elts
        module, _, name = scene.tree.imported(annotation.value).rpartition(".")
        if module not in MODULES or name != "Callable" or not _is_awaited(scene, function, argument.arg):
            continue
        text = "Awaitable"
        if isinstance(annotation.value, ast.Attribute):
            text = f"{ast.unparse(annotation.value.value)}.{text}"
        action = Substitute(f"{text}[{{it}}]", needs=_needs(annotation.value, module, "Awaitable"))
        yield Step(scene.tree.place(parts[1]), action, RULE, WHY_CALLABLE)


def _is_awaited(scene: Scene, function: Function, name: str) -> bool:
    called = [
        call
        for call in scene.facts.calls
        if call.scope == function.id
        and isinstance(callee := scene.node_of(call.callee), ast.Name)
        and callee.id == name
    ]
    targets = [target for call in called for target in call.targets]
    return (
        bool(targets)
        and all(
            target.kind is TargetKind.FUNCTION and scene.colouring.colour_of(target.id) is Colour.ASYNC
            for target in targets
        )
        and not any(call.lambdas for call in called)
    )


def _needs(named: ast.expr, module: str, name: str) -> tuple[tuple[str, str], ...]:
    return ((module, name),) if isinstance(named, ast.Name) else ()


def _annotated(tree: Tree, returns: ast.expr, named: ast.expr, text: str) -> tuple[Place, str, tuple[Hole, ...]]:
    """An async generator returns nothing, so its annotation has no third part."""
    parts = returns.slice.elts if isinstance(returns, ast.Subscript) and isinstance(returns.slice, ast.Tuple) else []
    if len(parts) != 3:
        return tree.place(named), text, ()
    holes = tuple(Hole(n, tree.place(p)) for n, p in zip(("yields", "sends"), parts, strict=False))
    return tree.place(returns), f"{text}[{{yields}}, {{sends}}]", holes
