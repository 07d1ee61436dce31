"""Properties that turn async: `client.token` becomes `await client.token` wherever it is read."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from asyncify.colour.colouring import Colour, Colouring
from asyncify.infer.facts import Call, Implicit, Index, Position, Run, Target, TargetKind
from asyncify.plan.awaiting import awaited
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Step, Substitute
from asyncify.plan.tree import FunctionNode, ScopeNode, Tree
from asyncify.project import Source, is_test
from asyncify.reason import Reason

RULE = "awaitable-property"
WHY = "What the property reads is waited for."
BY_NAME = frozenset({"getattr", "hasattr", "setattr", "delattr"})


def decide_read(scene: Scene, run: Run) -> Decided:
    """One place that reads a property which turns async."""
    getters = [id_ for id_ in run.functions if scene.colouring.colour_of(id_) is Colour.ASYNC]
    node = scene.node_of(run.place) if getters and run.kind is Implicit.READ else None
    if node is None or not is_read(node, getters) or isinstance(scene.tree.parent(node), ast.Await):
        return NOTHING
    is_mixed = len(getters) < len(run.functions)
    template = "await {aio}.settle({it})" if is_mixed else "await {it}"
    targets = tuple(Target(TargetKind.FUNCTION, id_) for id_ in getters)
    call = Call(run.place, run.place, run.scope, _position(scene.tree, node), targets, certain=not is_mixed)
    step = Step(run.place, Substitute(template), RULE, WHY)
    return awaited(scene, call, template, step, getters[0].partition("::")[2])


def is_read(node: ast.expr, getters: Iterable[str]) -> bool:
    """Does this expression itself read one of the properties (and is no name for what was read)?"""
    return isinstance(node, ast.Attribute) and node.attr in {id_.rpartition(".")[2] for id_ in getters}


def _position(tree: Tree, node: ast.expr) -> Position:
    inner: ast.AST = node
    for ancestor in tree.ancestors(node):
        if isinstance(ancestor, ast.Lambda):
            return Position.DEFAULT if inner is ancestor.args else Position.LAMBDA
        if isinstance(ancestor, ast.GeneratorExp) and ancestor.generators[0].iter is not node:
            return Position.GENERATOR
        if isinstance(ancestor, FunctionNode):
            if inner in ancestor.decorator_list:
                return Position.DECORATOR
            return Position.DEFAULT if inner is ancestor.args else Position.PLAIN
        if isinstance(ancestor, ScopeNode):
            return Position.CLASS_BODY if isinstance(ancestor, ast.ClassDef) else _at_module_level(tree, node)
        inner = ancestor
    return Position.MODULE_BODY


def _at_module_level(tree: Tree, node: ast.expr) -> Position:
    is_main = any(
        isinstance(a, ast.If) and isinstance(a.test, ast.Compare) and ast.unparse(a.test).startswith("__name__ ==")
        for a in tree.ancestors(node)
    )
    return Position.MAIN_BLOCK if is_main else Position.MODULE_BODY


# ---------------------------------------------------------------- which have to stay after all


def held_properties(
    sources: Iterable[Source], index: Index, colouring: Colouring, tree_of: Callable[[str], Tree]
) -> Iterator[tuple[str, Reason]]:
    """Properties that would turn, but that somebody may read of whom nothing is known. All of a class stay then: an
    object some of whose attributes are awaited is no friend of who uses it."""
    turned = {
        fn.id
        for fn in (index.graph.objects.functions if index.graph else ())
        if index.graph and fn.number in index.graph.getters and colouring.colour_of(fn.id) is Colour.ASYNC
    }
    if not turned or index.graph is None:
        return
    names = {id_.rpartition(".")[2] for id_ in turned}
    strange = index.graph.blind_reads | _named(sources, names)
    read = set(_read(index, turned, tree_of))
    bad = {id_ for id_ in turned if id_.rpartition(".")[2] in strange or not _is_read_somewhere(index, id_, read)}
    owners = {index.functions[id_].owner for id_ in bad}
    for id_ in sorted(turned):
        if id_ in bad or index.functions[id_].owner in owners:
            yield id_, Reason.PROPERTY


def _is_read_somewhere(index: Index, id_: str, read: set[str]) -> bool:
    family = next((group for group in index.families if id_ in group), frozenset({id_}))
    return not read.isdisjoint(family)


def _read(index: Index, turned: set[str], tree_of: Callable[[str], Tree]) -> Iterator[str]:
    """Those that the project reads, tests left out."""
    for path, facts in index.files.items():
        runs = [run for run in facts.runs if run.kind is Implicit.READ and not turned.isdisjoint(run.functions)]
        tree = tree_of(path) if runs and not is_test(path) else None
        for run in runs if tree is not None else ():
            node = tree.expression(run.place) if tree is not None else None
            if node is not None and is_read(node, run.functions):
                yield from run.functions


def _named(sources: Iterable[Source], names: set[str]) -> set[str]:
    """The names that stand as texts in `getattr(thing, "name")` and its kin, or are assigned or deleted."""
    found: set[str] = set()
    for source in sources:
        present = {name for name in names if name in source.text}
        for node in ast.walk(ast.parse(source.text)) if present else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BY_NAME:
                found |= names & {str(arg.value) for arg in node.args[1:2] if isinstance(arg, ast.Constant)}
            elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and node.attr in names:
                found.add(node.attr)
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute):
                found |= {node.target.attr} & names
    return found
