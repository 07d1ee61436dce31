"""The members of an open response: what each use of it becomes."""

from __future__ import annotations

import ast

from asyncify.plan.scene import Scene
from asyncify.plan.step import Hole, IterateAsync, Step, Substitute
from asyncify.plan.styles import direct_member
from asyncify.rule import Rule

WHY_MEMBER = "The open response has this member under another name, or as a coroutine."


def member_steps(
    scene: Scene, rule: Rule, uses: list[ast.expr], *, is_streamed: bool, is_direct: bool = False
) -> tuple[Step, ...] | None:
    """A step for each use of the response; None if one of them has no form on the open response.

    With `is_direct` the response is one of the new library alone, of which no helper knows more. The pieces of a
    response that the call does not ask to stream are pieces of its whole body.
    """
    kind = scene.catalogue.types.get(rule.returns or "")
    if kind is None:
        return None
    steps: list[Step] = []
    for use in uses:
        attribute = scene.tree.parent(use)
        if not isinstance(attribute, ast.Attribute) or not isinstance(attribute.ctx, ast.Load):
            return None
        if _is_nested(scene, use):
            return None
        outer = scene.tree.parent(attribute)
        is_called = isinstance(outer, ast.Call) and outer.func is attribute
        key = attribute.attr + "()" if is_called else attribute.attr
        member = outer if is_called else attribute
        assert isinstance(member, ast.expr)
        if is_direct and scene.carries and rule.direct is not None and key in rule.direct.bare:
            return None
        held = direct_member(kind, key, member) if is_direct else kind.held.get(key)
        template = held or kind.iterated.get(key)
        is_iterated = key in kind.iterated
        if template is None or (is_iterated and not (is_streamed and _is_iterated(scene, member))):
            return None
        place = scene.tree.place(member)
        steps.append(Step(place, Substitute(template, (Hole("self", scene.tree.place(use)),)), rule.id, WHY_MEMBER))
        if is_iterated:
            steps.append(Step(place, IterateAsync(), rule.id, WHY_MEMBER))
    return tuple(steps)


def _is_iterated(scene: Scene, member: ast.expr) -> bool:
    loop = scene.tree.parent(member)
    return isinstance(loop, ast.For | ast.comprehension) and loop.iter is member


def _is_nested(scene: Scene, use: ast.expr) -> bool:
    """Does the use stand in a lambda or generator expression, which may run when the response is closed?"""
    for ancestor in scene.tree.ancestors(use):
        if isinstance(ancestor, ast.Lambda | ast.GeneratorExp):
            return True
        if isinstance(ancestor, ast.stmt):
            return False
    return False


def members_in_use(scene: Scene, uses: list[ast.expr]) -> list[str]:
    """The names of the members, as a pack lists them: `text`, `json()`."""
    found = []
    for use in uses:
        attribute = scene.tree.parent(use)
        if isinstance(attribute, ast.Attribute):
            outer = scene.tree.parent(attribute)
            is_called = isinstance(outer, ast.Call) and outer.func is attribute
            found.append(attribute.attr + ("()" if is_called else ""))
    return found
