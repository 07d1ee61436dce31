"""Decides what becomes of one call: of a library's callable, or of a function of the project."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from asyncify.infer.facts import Call, TargetKind
from asyncify.plan.arguments import find_trouble, is_streamed, slot_values
from asyncify.plan.awaiting import awaited, can_await, why_not
from asyncify.plan.constructors import decide_construction, is_constructor
from asyncify.plan.generators import decide_generator_call, is_entered
from asyncify.plan.hold import held_response
from asyncify.plan.indirect import is_direct, value_template
from asyncify.plan.lambdas import Form, form_at
from asyncify.plan.naming import constructed, renamed
from asyncify.plan.offload import offloaded
from asyncify.plan.remarks import noted
from asyncify.plan.scene import (
    NOTHING,
    Decided,
    Scene,
    as_written,
    function_ids,
    keeps_form,
    pack_paths,
    turning,
)
from asyncify.plan.sessions import is_left_alone
from asyncify.plan.step import Ending, Hole, Outcome, Step, Substitute, Warned
from asyncify.reason import Reason
from asyncify.rule import ANY_ATTRIBUTE, PackType, Rule, Safety

CALLER_AWAITS = "caller-awaits"
WHY_AWAIT = "The function it calls has become async."


def decide_call(scene: Scene, call: Call) -> Decided:
    """Every call that a rule could touch ends converted, bridged or refused; others need no decision."""
    if call.lambdas and (turning(scene, call) or _has_async_lambda(scene, call)):
        return _decide_project_call(scene, call)
    if pack_paths(call) and not call.lambdas:
        return _decide_pack_call(scene, call)
    if turning(scene, call):
        return _decide_project_call(scene, call)
    return NOTHING


# ---------------------------------------------------------------- calls of a library


def _decide_pack_call(scene: Scene, call: Call) -> Decided:
    rule = scene.rule_of(call)
    what = ", ".join(pack_paths(call))
    if rule is None:
        return _refused(call, what, "several-rules", Reason.MIXED_TARGETS)
    if rule.waits is None and rule.is_detection_only:
        return NOTHING
    in_thread = offloaded(scene, call, rule, what)
    if in_thread is not None:
        return in_thread
    if rule.pack not in scene.migrating:
        return _left(scene, call, rule, what)
    if call.perhaps:
        return _refused(call, what, rule.id, Reason.PERHAPS)
    if rule.is_detection_only:
        return _refused(call, what, rule.id, Reason.NO_REWRITE, _words(scene, rule))
    if turning(scene, call) or any(target.kind is TargetKind.OUTSIDE for target in call.targets):
        return _of_either(scene, call, rule, what)
    if rule.safety is Safety.MANUAL:
        return _refused(call, what, rule.id, Reason.ARGUMENTS, rule.differs or "")
    return _convert(scene, call, rule, what)


def _of_either(scene: Scene, call: Call, rule: Rule, what: str) -> Decided:
    """The receiver is the library's or one of the project's with the same method: where the library's call keeps its
    form, either gives something to await."""
    node = scene.node_of(call.place)
    others = {target.kind for target in call.targets} - {TargetKind.PACK, TargetKind.FUNCTION}
    keeps = rule.waits is not None and all(keeps_form(rule, path) for path in pack_paths(call))
    if others or not keeps or not isinstance(node, ast.Call) or is_streamed(rule, node):
        return _refused(call, what, rule.id, Reason.MIXED_TARGETS)
    is_mixed = len(function_ids(call)) > len(turning(scene, call))
    template = "await {aio}.settle({it})" if is_mixed else "await {it}"
    return awaited(scene, call, template, Step(call.place, Substitute(template), rule.id, rule.why), what)


def _convert(scene: Scene, call: Call, rule: Rule, what: str) -> Decided:
    node = scene.node_of(call.place)
    if not isinstance(node, ast.Call):
        return _refused(call, what, rule.id, Reason.NOT_CALLED)
    trouble = find_trouble(rule, pack_paths(call)[0], node)
    if trouble is not None:
        return _refused(call, what, rule.id, Reason.ARGUMENTS, trouble)
    if is_left_alone(scene, call, rule):
        return _refused(call, what, rule.id, *why_not(scene, call))
    decided = _written(scene, call, rule, node, what)
    if not call.certain and rule.waits is not None:
        text = "The receiver may also be something that asyncify cannot see; it is taken to be what is known."
        decided += Decided(warnings=(Warned(call.place, rule.id, text),))
    return decided + noted(scene, call, rule, node, decided)


def _written(scene: Scene, call: Call, rule: Rule, node: ast.Call, what: str) -> Decided:
    if rule.opens is not None and can_await(scene, call):
        held = held_response(scene, call, rule, node)
        if held is not None:
            return held + Decided(outcomes=(Outcome(call.place, what, Ending.CONVERTED, rule.id),))
    if rule.becomes is None:
        return _refused(call, what, rule.id, Reason.RESOURCE_ESCAPES)
    template = as_written(rule.becomes, pack_paths(call)[0], node)
    if not is_direct(scene.tree, scene.catalogue, call, scene.uses):
        return _through_value(scene, call, rule, what)
    holes = _holes(scene, call, rule, node, template)
    if holes is None:
        return _refused(call, what, rule.id, Reason.ARGUMENTS, "The arguments do not fit the rule's signature.")
    step = Step(call.place, Substitute(template, holes, _streaming_keyword(rule)), rule.id, rule.why, rule.safety)
    if path := constructed(template):
        step = Step(call.callee, renamed(scene, node.func, path), rule.id, rule.why, rule.safety)
    if template.startswith("await "):
        if rule.lazy and is_entered(scene, node) and scene.runs_in_loop(call.scope):  # entering it waits for it
            step = replace(step, action=Substitute(template.removeprefix("await "), holes))
            return Decided((step,), (Outcome(call.place, what, Ending.CONVERTED, rule.id),))
        return awaited(scene, call, template, step, what, is_lazy=rule.lazy)
    return Decided((step,), (Outcome(call.place, what, Ending.CONVERTED, rule.id),))


def _through_value(scene: Scene, call: Call, rule: Rule, what: str) -> Decided:
    """The library's callable is called through a variable, whose value becomes the new callable."""
    path = pack_paths(call)[0]
    node = scene.tree.expression(call.callee)
    if node is not None and scene.tree.is_torn(node):  # what it holds comes from an import, which stays
        return _refused(call, what, rule.id, Reason.MIXED_TARGETS)
    if not keeps_form(rule, path) and value_template(rule, path) is None:
        return _refused(call, what, rule.id, Reason.NOT_CALLED)
    template = "await {it}" if call.certain else "await {aio}.settle({it})"
    return awaited(scene, call, template, Step(call.place, Substitute(template), rule.id, rule.why), what)


def _holes(scene: Scene, call: Call, rule: Rule, node: ast.Call, template: str) -> tuple[Hole, ...] | None:
    holes: list[Hole] = []
    if "{self}" in template:
        if not isinstance(node.func, ast.Attribute):
            return None
        holes.append(Hole("self", scene.tree.place(node.func.value)))
    values = slot_values(rule, pack_paths(call)[0], node)
    if values is None:
        return None
    return (*holes, *(Hole(name, scene.tree.place(value)) for name, value in values.items()))


def _streaming_keyword(rule: Rule) -> tuple[str, ...]:
    return (rule.streams,) if rule.streams else ()


def _left(scene: Scene, call: Call, rule: Rule, what: str) -> Decided:
    if rule.waits is None:
        return NOTHING
    if rule.is_detection_only:
        return _refused(call, what, rule.id, Reason.NO_REWRITE, _words(scene, rule))
    return _refused(call, what, rule.id, *why_not(scene, call))


def _words(scene: Scene, rule: Rule) -> str:
    """Why one call of a library stays whose others have a form: the words of its rule."""
    return rule.why if any(pack.id == rule.pack and pack.target for pack in scene.catalogue.packs) else ""


def _refused(call: Call, what: str, rule: str, reason: Reason, detail: str = "") -> Decided:
    return Decided(outcomes=(Outcome(call.place, what, Ending.REFUSED, rule, reason, detail),))


def broken_packs(scene: Scene, decided: Decided) -> Iterator[tuple[str, Outcome]]:
    """Packs of which an object has become another while a call on it stays as it was: such code would fail."""
    refused = {outcome.place.span: outcome for outcome in decided.outcomes if outcome.ending is Ending.REFUSED}
    for call in scene.facts.calls:
        if call.place.span not in refused:
            continue
        for path in pack_paths(call):
            rule, kind = scene.catalogue.rule_for(path), scene.catalogue.types.get(path.rpartition(".")[0])
            is_object = kind is not None and _is_migrated(kind) and rule is not None
            if is_object and rule is not None and rule.pack in scene.migrating and not is_left_alone(scene, call, rule):
                yield rule.pack, refused[call.place.span]


def _is_migrated(kind: PackType) -> bool:
    """Do its objects become others? Those of a tree of attributes do with the object at its root."""
    return kind.becomes is not None or ANY_ATTRIBUTE in kind.attributes


# ---------------------------------------------------------------- calls of the project's own functions


def _decide_project_call(scene: Scene, call: Call) -> Decided:
    node = scene.node_of(call.place)
    if node is None or isinstance(scene.tree.parent(node), ast.Await):
        return NOTHING
    targets = turning(scene, call)
    what = targets[0].partition("::")[2] if targets else pack_paths(call)[0]
    if targets and not call.lambdas and all(map(is_constructor, targets)):
        return decide_construction(scene, call, node, what)
    generators = [id_ for id_ in targets if scene.index.functions[id_].is_generator]
    if generators:
        return decide_generator_call(scene, call, node, what)
    template = "await {aio}.settle({it})" if _is_mixed(scene, call, targets) else "await {it}"
    step = Step(call.place, Substitute(template), CALLER_AWAITS, WHY_AWAIT)
    if call.perhaps:
        return _perhaps(scene, call, what)
    return awaited(scene, call, template, step, what)


def _has_async_lambda(scene: Scene, call: Call) -> bool:
    return any(form_at(scene, place) is not Form.SYNC for place in call.lambdas)


def _perhaps(scene: Scene, call: Call, what: str) -> Decided:
    """Only the method's name says that it may be the project's: whatever comes back is awaited if it has to be."""
    template = "await {aio}.settle({it})" if can_await(scene, call) else "{aio}.settled({it})"
    step = Step(call.place, Substitute(template), CALLER_AWAITS, WHY_AWAIT)
    return Decided((step,), (Outcome(call.place, what, Ending.BRIDGED, CALLER_AWAITS, Reason.PERHAPS),))


def _is_mixed(scene: Scene, call: Call, targets: list[str]) -> bool:
    """May the call also reach something that stays synchronous?"""
    if any(form_at(scene, place) is Form.SYNC for place in call.lambdas):
        return True
    if call.lambdas and all(target.kind is TargetKind.PACK for target in call.targets):
        return False
    if len(function_ids(call)) > len(targets):
        return True
    if any(target.kind is not TargetKind.FUNCTION for target in call.targets):
        return True
    node = scene.node_of(call.callee)
    return not call.certain and isinstance(node, ast.Name)
