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
CONTEXT = "contextlib.asynccontextmanager"
EVENTS = frozenset({"on_event", "add_event_handler"})


def registers_events(sources: Iterable[Source]) -> bool:
    """Does the project register handlers for start or shutdown? An application ignores them beside a lifespan."""
    return any(f".{name}(" in source.text for source in sources for name in EVENTS)


def decide_lifespan(scene: Scene, call: Call, support: str, *, has_events: bool) -> Decided:
    """Close after the application's own lifespan, or give it one; where it has shutdown code of another kind, tell
    the reader."""
    rule = scene.rule_of(call)
    node = scene.node_of(call.place)
    if rule is None or rule.lifespan is None or not isinstance(node, ast.Call):
        return NOTHING
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    own = given.get(rule.lifespan)
    if own is not None and _is_context_manager(scene, own):
        step = Step(scene.tree.place(own), Substitute("{aio}.closing_after({it})"), rule.id, WHY)
        return Decided((step,))
    if has_events or given.keys() & {rule.lifespan, "on_startup", "on_shutdown", None}:
        text = ADVICE.replace("{aio}", support)
        return Decided(warnings=(Warned(call.place, rule.id, text),))
    template = f"{{callee}}({{*}}, {rule.lifespan}={{aio}}.lifespan)"
    action = Substitute(template, (Hole("callee", call.callee),))
    return Decided((Step(call.place, action, rule.id, WHY),))


def _is_context_manager(scene: Scene, node: ast.expr) -> bool:
    """Does it name a function of the project below `asynccontextmanager`?"""
    use = scene.uses.get(scene.tree.place(node).span)
    functions = [scene.index.functions[id_] for id_ in use.functions] if use is not None else []
    return bool(functions) and all(CONTEXT in function.decorators for function in functions)


def lifespan_calls(scene: Scene) -> list[Call]:
    """Calls that make an application with a lifespan."""
    found = []
    for call in scene.facts.calls:
        rule = scene.rule_of(call) if pack_paths(call) else None
        if rule is not None and rule.lifespan is not None:
            found.append(call)
    return found
