"""The shared session closes when the application shuts down: through the lifespan of its web framework."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from asyncify.infer.facts import Call
from asyncify.plan.scene import NOTHING, Decided, Scene, pack_paths
from asyncify.plan.step import Hole, Step, Substitute, Warned

WHY = "The shared session closes when the application shuts down."
ADVICE = "Close the shared session at shutdown: `await {aio}.close()` in the application's own shutdown code."
EVENTS = frozenset({"on_event", "add_event_handler"})


def decide_lifespan(scene: Scene, call: Call, others: Iterable[str], support: str) -> Decided:
    """Give an application without shutdown code of its own the support module's lifespan.

    `others` are the pack paths of all calls of the project: an event handler registered on the application
    would be ignored beside a lifespan, so there the reader is told instead.
    """
    rule = scene.rule_of(call)
    node = scene.node_of(call.place)
    if rule is None or rule.lifespan is None or not isinstance(node, ast.Call):
        return NOTHING
    given = {keyword.arg for keyword in node.keywords}
    if given & {rule.lifespan, "on_startup", "on_shutdown", None} or _registers_events(rule.returns, others):
        text = ADVICE.replace("{aio}", support)
        return Decided(warnings=(Warned(call.place, rule.id, text),))
    template = f"{{callee}}({{*}}, {rule.lifespan}={{aio}}.lifespan)"
    action = Substitute(template, (Hole("callee", call.callee),))
    return Decided((Step(call.place, action, rule.id, WHY),))


def _registers_events(type_id: str | None, others: Iterable[str]) -> bool:
    return any(path.rpartition(".")[0] == type_id and path.rpartition(".")[2] in EVENTS for path in others)


def lifespan_calls(scene: Scene) -> list[Call]:
    """Calls that make an application with a lifespan."""
    found = []
    for call in scene.facts.calls:
        rule = scene.rule_of(call) if pack_paths(call) else None
        if rule is not None and rule.lifespan is not None:
            found.append(call)
    return found
