"""Where an await may stand, and what stands in its stead where it may not."""

from __future__ import annotations

import ast
from dataclasses import replace

from asyncify.colour.colouring import Colour
from asyncify.infer.facts import Call, Position
from asyncify.place import Place
from asyncify.plan.consumers import comprehended
from asyncify.plan.lambdas import Form, form_of, hoisted, round_call
from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import Ending, Outcome, Step, Substitute
from asyncify.reason import Reason

REASONS = {
    Position.LAMBDA: Reason.INSIDE_LAMBDA,
    Position.GENERATOR: Reason.INSIDE_COMPREHENSION,
    Position.DEFAULT: Reason.DEFAULT_ARGUMENT,
    Position.DECORATOR: Reason.DEFAULT_ARGUMENT,
    Position.CLASS_BODY: Reason.IMPORT_TIME,
    Position.MODULE_BODY: Reason.IMPORT_TIME,
    Position.MAIN_BLOCK: Reason.ENTRY,
}
AWAIT = "await "


def can_await(scene: Scene, call: Call) -> bool:
    """May `await` stand before this call once its function has turned async?"""
    if not scene.runs_in_loop(call.scope):
        return False
    if call.position is Position.GENERATOR:
        return _collected(scene, call.place) is not None
    return call.position in {Position.PLAIN, Position.AWAITED}


def awaited(
    scene: Scene, call: Call, template: str, step: Step, what: str, *, is_lazy: bool = False
) -> Decided:  # fmt: skip
    """Carry out `step` (whose template starts with "await ") where it may await; else run it in a loop of its own, or
    leave the await away where the object `is_lazy`: it waits when it is first used."""
    found = round_call(scene, call)
    form = form_of(scene, found) if found is not None else Form.SYNC
    if form is Form.INLINE:
        return Decided((step,), (Outcome(call.place, what, Ending.CONVERTED, step.rule),))
    if form is not Form.SYNC and found is not None:
        return _in_lambda(scene, call, template, step, what, found if form is Form.FUNCTION else None)
    if can_await(scene, call):
        steps = (step, *_listified(scene, call))
        return Decided(steps, (Outcome(call.place, what, Ending.CONVERTED, step.rule),))
    if is_lazy:
        assert isinstance(step.action, Substitute)
        action = replace(step.action, template=template.removeprefix(AWAIT))
        return Decided((replace(step, action=action),), (Outcome(call.place, what, Ending.CONVERTED, step.rule),))
    return bridged(scene, call, template, step, what)


def _in_lambda(
    scene: Scene, call: Call, template: str, step: Step, what: str, moved: ast.Lambda | None
) -> Decided:  # fmt: skip
    """In a lambda that becomes a function one can await; another hands the coroutine on to its caller."""
    outcome = Outcome(call.place, what, Ending.CONVERTED, step.rule)
    if moved is not None:
        return Decided((step, hoisted(scene, moved)), (outcome,))
    assert isinstance(step.action, Substitute)
    inner = template.removeprefix(AWAIT)
    action = replace(step.action, template=inner)
    return Decided(() if inner == "{it}" else (replace(step, action=action),), (outcome,))


def bridged(scene: Scene, call: Call, template: str, step: Step, what: str) -> Decided:
    """The call runs in an event loop of its own and the caller stays synchronous."""
    assert isinstance(step.action, Substitute)
    inner = template.removeprefix(AWAIT)
    action = Substitute(f"{{aio}}.run({inner})", step.action.holes, step.action.drop)
    reason, detail = why_not(scene, call)
    outcome = Outcome(call.place, what, Ending.BRIDGED, step.rule, reason, detail)
    return Decided((Step(step.place, action, step.rule, step.why),), (outcome,))


def why_not(scene: Scene, call: Call) -> tuple[Reason, str]:
    """Why a call cannot be awaited where it stands, with a detail in words."""
    reason = REASONS.get(call.position)
    if reason is not None:
        return reason, ""
    verdict = scene.colouring.verdicts.get(call.scope) if call.scope else None
    if verdict is None or verdict.colour is not Colour.STUCK:
        return Reason.STUCK_CALLER, ""
    return verdict.reason or Reason.STUCK_CALLER, verdict.detail


def _collected(scene: Scene, place: Place) -> tuple[Step, ...] | None:
    """What the consumer of the generator expression round a call becomes; None if it cannot iterate asynchronously."""
    node = scene.node_of(place)
    if node is None:
        return None
    for ancestor in scene.tree.ancestors(node):
        if isinstance(ancestor, ast.GeneratorExp):
            return comprehended(scene, ancestor)
        if isinstance(ancestor, ast.Lambda | ast.stmt):
            return None
    return None


def _listified(scene: Scene, call: Call) -> tuple[Step, ...]:
    return (_collected(scene, call.place) or ()) if call.position is Position.GENERATOR else ()
