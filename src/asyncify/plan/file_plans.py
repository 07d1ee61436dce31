"""Steps of one file -> FilePlan: the steps in order, and what they need imported or no longer name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from asyncify.catalogue import Catalogue
from asyncify.plan.edits import DropHandler, DropItem, HoldOpen, Remove, RunDirectly
from asyncify.plan.merging import merged
from asyncify.plan.quoted import names_in
from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import (
    FanOutElements,
    FanOutLoop,
    FanOutRow,
    FilePlan,
    FlattenCatch,
    Hold,
    ImportNeed,
    MakeFactory,
    SplitEntry,
    Step,
    Substitute,
    Unroll,
)

SUPPORT_NAME = re.compile(r"\{aio\}\.([A-Za-z_][A-Za-z_0-9]*)")


def file_plan(scene: Scene, decided: Decided) -> FilePlan:
    """The steps sorted and merged, with the modules and names that their templates use or free."""
    steps = tuple(sorted(merged(decided.steps), key=lambda step: step.order))
    texts = [text for step in steps for text in _texts(step)]
    need = ImportNeed(
        modules=tuple(sorted(_modules_named(texts, scene.catalogue))),
        names=tuple(sorted({n for step in steps if isinstance(step.action, Substitute) for n in step.action.needs})),
        support=any("{aio}" in text for text in texts),
        freed=tuple(sorted({name for step in steps for name in _freed(scene, step)})),
    )
    return FilePlan(scene.path, steps, need)


def _modules_named(texts: Iterable[str], catalogue: Catalogue) -> set[str]:
    """The modules which the templates name, of those that some rule says it imports."""
    declared = {"asyncio", "contextlib"} | {name for rule in catalogue.rules.values() for name in rule.imports}
    declared |= {name for rule in catalogue.exceptions.values() for name in rule.imports}
    text = "\n".join(texts)
    return {name for name in declared if re.search(rf"(?<![\w.]){re.escape(name)}\.", text)}


def _freed(scene: Scene, step: Step) -> set[str]:
    """Names that stood in what a step replaces and that its template does not keep."""
    if isinstance(step.action, Remove | DropItem | DropHandler | HoldOpen):
        return set(scene.tree.names_at(step.place))
    if isinstance(step.action, Unroll):
        block = scene.tree.statement_at(step.place)
        items = block.items if isinstance(block, ast.With) else []
        return {name for item in items for name in _heads(item.context_expr)}
    if not isinstance(step.action, Substitute | Hold | FlattenCatch):
        return set()
    if any("{it}" in text for text in _texts(step)):
        return set()
    node = scene.node_of(step.place)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return {head for name in names_in(node) for head in _heads(name)}
    return set() if node is None else _heads(node)


def _heads(node: ast.expr) -> set[str]:
    """The name at the root of `a.b.c(...)`."""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _texts(step: Step) -> tuple[str, ...]:
    action = step.action
    if isinstance(action, Substitute | Hold):
        return (action.template,)
    if isinstance(action, SplitEntry | MakeFactory):
        return (action.runner,)
    if isinstance(action, FanOutLoop):
        return (f"{{aio}}.{'side_by_side' if action.extends else 'in_turn'}", action.tasks.function or "")
    if isinstance(action, FanOutElements):
        return action.template, action.tasks.function or ""
    if isinstance(action, FanOutRow):
        return ("{aio}.together",)
    if isinstance(action, RunDirectly):
        return action.wrap, action.keyword
    return action.classes if isinstance(action, FlattenCatch) else ()


def support_names(step: Step) -> list[str]:
    """Which helpers of the support module a step uses."""
    through_values = step.action.helpers if isinstance(step.action, Substitute) else ()
    return [*through_values, *(name for text in _texts(step) for name in SUPPORT_NAME.findall(text))]
