"""Two edits of one expression: what a call becomes goes inside what takes its result."""

from __future__ import annotations

from dataclasses import replace

from asyncify.place import Place
from asyncify.plan.consumers import RULE
from asyncify.plan.step import Step, Substitute

IT = "{it}"


def nested(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps, where those that wrap the result of a call that has an edit of its own are made one with it."""
    wraps = {step.place: step for step in steps if _wraps(step)}
    calls = {
        step.place: step
        for step in steps
        if step.place in wraps and isinstance(step.action, Substitute) and step is not wraps[step.place]
    }
    if not calls:
        return steps
    kept = (step for step in steps if step is not wraps.get(step.place) or step.place not in calls)
    return tuple(_inside(step, wraps) if calls.get(step.place) is step else step for step in kept)


def _wraps(step: Step) -> bool:
    return step.rule == RULE and isinstance(step.action, Substitute) and IT in step.action.template


def _inside(step: Step, wraps: dict[Place, Step]) -> Step:
    inner, outer = step.action, wraps[step.place].action
    assert isinstance(inner, Substitute) and isinstance(outer, Substitute)
    together = replace(
        inner,
        template=outer.template.replace(IT, inner.template),
        needs=(*inner.needs, *outer.needs),
        helpers=(*inner.helpers, *outer.helpers),
    )
    return replace(step, action=together)
