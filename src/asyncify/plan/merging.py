"""Two templates for one expression, of which one goes round the other, as one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from asyncify.place import Place
from asyncify.plan.consumers import LIST
from asyncify.plan.step import Step, Substitute


def merged(steps: Iterable[Step]) -> list[Step]:
    """Each step once; `[item async for item in {it}]` round what another step makes of the same expression."""
    kept = list(dict.fromkeys(steps))
    lists = {step.place: step for step in kept if isinstance(step.action, Substitute) and step.action.template == LIST}
    return [changed for step in kept if (changed := _wrapped(step, lists, kept)) is not None]


def _wrapped(step: Step, lists: dict[Place, Step], kept: list[Step]) -> Step | None:
    outer = lists.get(step.place)
    if outer is None or not isinstance(step.action, Substitute):
        return step
    if step is outer:
        others = [other for other in kept if other.place == step.place and other is not step]
        return None if any(isinstance(other.action, Substitute) for other in others) else step
    return replace(step, action=replace(step.action, template=LIST.replace("{it}", step.action.template)))
