"""The shared session closes when the application shuts down: through the lifespan of its web framework."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from asyncify.infer.facts import Call
from asyncify.plan.scene import NOTHING, Decided, Scene, pack_paths
from asyncify.plan.step import Hole, Step, Substitute, Warned
from asyncify.project import Source

WHY = "The shared session closes when the application shuts down."
ADVICE = "Close the shared session at shutdown: `await {aio}.close()` in the application's own shutdown code."
EVENTS = frozenset({"on_event", "add_event_handler"})


def registers_events(sources: Iterable[Source]) -> bool:
    """Does the project register handlers for start or shutdown? An application ignores them beside a lifespan."""
    return any(f".{name}(" in source.text for source in sources for name in EVENTS)


def decide_lifespan(scene: Scene, call: Call, support: str, *, has_events: bool) -> Decided:
    """Give an application without shutdown code of its own the support module's lifespan; else tell the reader."""
    rule = scene.rule_of(call)
    node = scene.node_of(call.place)
    if rule is None or rule.lifespan is None or not isinstance(node, ast.Call):
        return NOTHING
    given = {keyword.arg for keyword in node.keywords}
    if has_events or given & {rule.lifespan, "on_startup", "on_shutdown", None}:
        text = ADVICE.replace("{aio}", support)
        return Decided(warnings=(Warned(call.place, rule.id, text),))
    template = f"{{callee}}({{*}}, {rule.lifespan}={{aio}}.lifespan)"
    action = Substitute(template, (Hole("callee", call.callee),))
    return Decided((Step(call.place, action, rule.id, WHY),))


def lifespan_calls(scene: Scene) -> list[Call]:
    """Calls that make an application with a lifespan."""
    found = []
    for call in scene.facts.calls:
        rule = scene.rule_of(call) if pack_paths(call) else None
        if rule is not None and rule.lifespan is not None:
            found.append(call)
    return found
