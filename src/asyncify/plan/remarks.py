"""Warnings: what may differ although a call was converted, as its rule and its exception classes say."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from asyncify.infer.facts import Call
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import EnterAsync, Hold, Step, Warned
from asyncify.plan.styles import everywhere
from asyncify.rule import ExceptionRule, Rule

NO_TEXT = (ast.Attribute, ast.Raise)  # parents that take an error for something other than its text


def noted(scene: Scene, call: Call, rule: Rule, node: ast.Call, decided: Decided) -> Decided:
    """What the rule notes about arguments that are given here, or that may pass through `**`."""
    if not decided.steps:
        return NOTHING
    is_held = any(isinstance(step.action, Hold | EnterAsync) for step in decided.steps)
    given = [keyword.arg for keyword in node.keywords if keyword.arg in rule.notes and not _is_false(keyword.value)]
    if any(keyword.arg is None for keyword in node.keywords):
        given += [name for name in rule.notes if name in scene.keywords and name not in given]
    texts = [rule.notes[name] for name in given if name and not (is_held and name == rule.streams)]
    return Decided(warnings=tuple(Warned(call.place, rule.id, text) for text in texts))


def remarked(scene: Scene, steps: tuple[Step, ...]) -> Decided:
    """What rules say once in a file, at the first place where they apply."""
    first: dict[str, Warned] = {}
    texts = {node.value for node in ast.walk(scene.tree.module) if isinstance(node, ast.Constant)}
    for step in sorted(steps, key=lambda each: each.place):
        rule = scene.catalogue.rules.get(step.rule)
        for silencer, text in rule.remarks.items() if rule else ():
            if silencer not in texts:
                first.setdefault(text, Warned(step.place, step.rule, text))
        for text in _of_absent(scene, rule, step) if rule else ():
            first.setdefault(text, Warned(step.place, step.rule, text))
        if rule and (said := everywhere(rule, step)):
            first.setdefault(said, Warned(step.place, step.rule, said))
    return Decided(warnings=tuple(first.values()))


def _of_absent(scene: Scene, rule: Rule, step: Step) -> Iterator[str]:
    """What the rule says where an argument is not given. One that `**` may hold is taken to be."""
    node = scene.node_of(step.place) if rule.absent else None
    if not isinstance(node, ast.Call):
        return
    given = {keyword.arg for keyword in node.keywords}
    yield from (text for name, text in rule.absent.items() if not given & {name, None})


def cautioned(scene: Scene) -> Decided:
    """What types say of members that they keep, where one of these is named."""
    found: dict[Warned, None] = {}
    for use in scene.facts.uses:
        kinds = [kind for name in use.types if (kind := scene.catalogue.types.get(name)) and kind.cautions]
        parent = scene.tree.parent(node) if kinds and (node := scene.node_of(use.place)) is not None else None
        for kind in kinds if isinstance(parent, ast.Attribute) else ():
            assert isinstance(parent, ast.Attribute)
            if kind.pack in scene.migrating and parent.attr in kind.cautions:
                found[Warned(scene.tree.place(parent), kind.id, kind.cautions[parent.attr])] = None
    return Decided(warnings=tuple(found))


def reworded(scene: Scene, node: ast.expr, rule: ExceptionRule, id_: str) -> Iterator[Warned]:
    """A handler for this class that uses the text of the error, where the new library words it in its own way."""
    handler = next((a for a in scene.tree.ancestors(node) if isinstance(a, ast.ExceptHandler | ast.stmt)), None)
    if rule.wording is None or not isinstance(handler, ast.ExceptHandler) or handler.name is None:
        return
    for name in ast.walk(handler):
        if not isinstance(name, ast.Name) or name.id != handler.name or not isinstance(name.ctx, ast.Load):
            continue
        if not isinstance(scene.tree.parent(name), NO_TEXT):
            yield Warned(scene.tree.place(name), id_, rule.wording)
            return


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not value.value
