"""What becomes of the objects that threads share, once they are shared by tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from asyncify.infer.guards import LOCKS
from asyncify.place import Place
from asyncify.plan.awaiting import awaited
from asyncify.plan.scene import Decided, Scene, joined
from asyncify.plan.step import Ending, EnterAsync, Hole, Outcome, Step, Substitute
from asyncify.plan.threads.shape import HELD, QUEUES, THREADS, Shared, Touch
from asyncify.plan.uses import is_annotation

RULE = "shared-by-threads"
WHY = "What shares it runs in the event loop now: waiting for it must not hold the loop."
RENAMED = {"SimpleQueue": "Queue"}
MADE_ANYWHERE = frozenset({"Condition", "Event", "LifoQueue", "PriorityQueue", "Queue"})  # asyncio's own
TIMED = {
    "acquire": "await {aio}.acquired({self}, {*})",
    "threading.Event.wait": "await {aio}.happened({self}, {*})",
    "threading.Condition.wait": "await {aio}.notified({self}, {*})",
    "threading.Condition.wait_for": "await {aio}.fulfilled({self}, {*})",
}  # with the arguments that asyncio's own do not have
PLAIN = {"wait_for": 1, "put": 1}  # method -> how many arguments asyncio's own has


def decide_threads(scene: Scene) -> tuple[Decided, frozenset[Place]]:
    """Decisions for all that is shared, and the places that they take care of."""
    decisions: list[Decided] = []
    taken: set[Place] = set()
    for shared in sorted(scene.following.wanted, key=lambda each: each.made):
        for place, scope in shared.made:
            if place.path == scene.path:
                decisions.append(_made(scene, shared, place, scope))
                taken.add(place)
        for touch in shared.waits:
            if touch.place.path == scene.path:
                decisions.append(_waited(scene, shared, touch))
                taken.add(touch.place)
    decisions += _annotated(scene)
    return joined(decisions), frozenset(taken)


def _made(scene: Scene, shared: Shared, place: Place, scope: str | None) -> Decided:
    step = Step(place, Substitute(f"{_becomes(scene, shared, scope)}({{*}})"), RULE, WHY)
    return Decided((step,), (Outcome(place, shared.kind, Ending.CONVERTED, RULE),))


def _becomes(scene: Scene, shared: Shared, scope: str | None) -> str:
    """The class, as a template. asyncio's locks are for one loop, those of the support module for all."""
    name = shared.kind.rpartition(".")[2]
    name = RENAMED.get(name, name)
    if shared.kind in THREADS or name == "RLock" or (shared.kind in QUEUES and _is_timed(scene, shared)):
        return f"{{aio}}.{name}"
    is_local = scene.runs_in_loop(scope) and all(_is_within(touch.scope, scope) for touch in shared.touches)
    return f"asyncio.{name}" if name in MADE_ANYWHERE or is_local else f"{{aio}}.{name}"


def _is_within(scope: str | None, outer: str | None) -> bool:
    """Is it the same function, or one inside it?"""
    return scope is not None and outer is not None and f"{scope}.".startswith(f"{outer}.")


def _is_timed(scene: Scene, shared: Shared) -> bool:
    """Is the queue asked for what asyncio's own has not, or in a way that may raise?"""
    if any(touch.does in {"get_nowait", "put_nowait"} for touch in shared.touches):
        return True
    return any(touch.arguments > PLAIN.get(touch.does, 0) for touch in shared.waits if touch.does != "join")


def _waited(scene: Scene, shared: Shared, touch: Touch) -> Decided:
    what = f"{shared.kind}.{'__enter__' if touch.does == HELD else touch.does}"
    if touch.does == HELD:
        step = Step(touch.place, EnterAsync(), RULE, WHY)
        return Decided((step,), (Outcome(touch.place, what, Ending.CONVERTED, RULE),))
    template = "await {it}"
    node = scene.node_of(touch.place)
    holes: tuple[Hole, ...] = ()
    if touch.arguments > PLAIN.get(touch.does, 0) and shared.kind not in THREADS | QUEUES:
        template = TIMED["acquire" if shared.kind in LOCKS and touch.does == "acquire" else what]
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        holes = (Hole("self", scene.tree.place(node.func.value)),)
    step = Step(touch.place, Substitute(template, holes), RULE, WHY)
    call = scene.calls.get(touch.place.span)
    if call is not None:
        return awaited(scene, call, template, step, what)
    return Decided((step,), (Outcome(touch.place, what, Ending.CONVERTED, RULE),))


def _annotated(scene: Scene) -> Iterator[Decided]:
    """Annotations that name the class, if nothing of it stays."""
    for use in scene.facts.uses:
        kind = use.symbols[0] if len(use.symbols) == 1 else ""
        node = scene.node_of(use.place) if kind in scene.following.whole else None
        if node is None or not is_annotation(scene, node):
            continue
        like = next(shared for shared in sorted(scene.following.wanted, key=lambda s: s.made) if shared.kind == kind)
        yield Decided((Step(use.place, Substitute(_becomes(scene, like, like.made[0][1])), RULE, WHY),))
