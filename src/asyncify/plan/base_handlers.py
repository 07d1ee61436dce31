"""Handlers that name a builtin class from which a library's exceptions derived, and those of the new one do not."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import FlattenCatch, Step
from asyncify.rule import ExceptionRule

RULE = "exception-base"
WHY = "The old library's exceptions were of this class, those of the new one are not."
ALIASES = {"IOError": "OSError", "EnvironmentError": "OSError"}


def decide_base_handlers(scene: Scene, steps: tuple[Step, ...]) -> Decided:
    """`except OSError` round code that awaits the new library catches what it caught before."""
    rules = [rule for rule in scene.catalogue.exceptions.values() if rule.bases and rule.pack in scene.migrating]
    if not rules:
        return Decided()
    blocks = [node for node in ast.walk(scene.tree.module) if isinstance(node, ast.Try)]
    found = (_steps(scene, block, rule) for block in blocks for rule in rules if _awaits(scene, block, rule, steps))
    return Decided(tuple(step for each in found for step in each))


def _awaits(scene: Scene, block: ast.Try, rule: ExceptionRule, steps: Iterable[Step]) -> bool:
    start, end = block.body[0].lineno, block.body[-1].end_lineno or 0
    inside = [step for step in steps if start <= step.place.line <= end]
    packs = {scene.catalogue.rules[step.rule].pack for step in inside if step.rule in scene.catalogue.rules}
    return rule.pack in packs or any(step.rule == "caller-awaits" for step in inside)


def _steps(scene: Scene, block: ast.Try, rule: ExceptionRule) -> Iterator[Step]:
    for handler in block.handlers:
        named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if any(_symbol(scene, name) == rule.path for name in named):
            return  # it catches them, and so none comes to a handler behind it
        for name in named:
            classes = rule.bases.get(ALIASES.get(name.id, name.id), ()) if isinstance(name, ast.Name) else ()
            if classes and isinstance(name, ast.Name):
                yield Step(scene.tree.place(name), FlattenCatch((name.id, *classes)), RULE, WHY)
                return


def _symbol(scene: Scene, node: ast.expr | None) -> str | None:
    use = scene.uses.get(scene.tree.place(node).span) if node is not None else None
    return use.symbols[0] if use is not None and len(use.symbols) == 1 else None
