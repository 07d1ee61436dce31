"""Decides which waits run side by side, once it is decided where each of them stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from asyncify.place import Place
from asyncify.plan.concurrency.comprehensions import Comprehension, Elements, prove_comprehension
from asyncify.plan.concurrency.effects import Effects
from asyncify.plan.concurrency.lines import find_rows, prove_row, split_row
from asyncify.plan.concurrency.loops import Rounds, prove_loop
from asyncify.plan.concurrency.names import OWN_SCOPE, walk_own
from asyncify.plan.concurrency.proof import Region
from asyncify.plan.concurrency.reach import Blocker
from asyncify.plan.concurrency.unbounded import find_unbounded
from asyncify.plan.concurrency.writing import fan_out_elements, fan_out_loop, fan_out_row
from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import (
    Gathering,
    Hoist,
    Hold,
    IterateAsync,
    Listify,
    Step,
    Substitute,
    Unroll,
    Warned,
    YieldEach,
)
from asyncify.plan.tree import FunctionNode

RULE = "side-by-side"
AWAITS = re.compile(r"\bawait\b")
IN_ORDER = (IterateAsync, YieldEach, Unroll, Hoist)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was decided about the waits of one file."""

    decided: Decided
    gatherings: tuple[Gathering, ...]


def decide_gathering(scene: Scene, decided: Decided, effects: Effects, *, writes: bool) -> Gathered:
    """Every place where waits could run side by side, with the steps for those where they will.

    With `writes` they need not be reads; each such place is warned of.
    """
    steps, gatherings, warnings = list(decided.steps), list[Gathering](), list[Warned]()
    for function in _functions(scene):
        for found in find_unbounded(scene, function, bound=writes):
            if isinstance(found, Warned):
                warnings.append(found)
            else:
                steps.append(found)
        for step, gathering in _in_function(scene, function, decided.steps, effects, writes):
            gatherings.append(gathering)
            if step is not None:
                steps.append(step)
            if gathering.gathered and gathering.why:
                warnings.append(Warned(gathering.place, RULE, gathering.why))
    return Gathered(Decided(tuple(steps), decided.outcomes, decided.warnings + tuple(warnings)), tuple(gatherings))


def _functions(scene: Scene) -> Iterator[FunctionNode]:
    for id_ in scene.functions:
        node = scene.tree.function(scene.index.functions[id_].place)
        if node is not None and scene.runs_in_loop(id_):
            yield node


def _in_function(
    scene: Scene, function: FunctionNode, steps: tuple[Step, ...], effects: Effects, writes: bool
) -> Iterator[tuple[Step | None, Gathering]]:
    waits = _waits(scene, function, steps)
    if not waits:
        return
    region = Region(effects, effects.text(scene.path), function, tuple(waits.values()))
    for node in walk_own(region.function):
        if isinstance(node, ast.For | ast.While):
            found = _loop(scene, region, node, steps, writes)
        elif isinstance(node, COMPREHENSIONS):
            found = _comprehension(scene, region, node, steps, writes)
        else:
            continue
        if found is not None:
            yield found
    yield from _rows(scene, region, steps, writes)


def _waits(scene: Scene, function: FunctionNode, steps: tuple[Step, ...]) -> dict[Place, ast.expr]:
    """The calls in the function's own body that will be awaited."""
    found: dict[Place, ast.expr] = {}
    whole = scene.tree.place(function)
    for step in steps:
        action = step.action
        text = action.template if isinstance(action, Substitute) else ""
        if not whole.contains(step.place) or not (isinstance(action, Hold) or AWAITS.search(text)):
            continue
        node = scene.node_of(step.place)
        if node is not None and scene.tree.scope(node) is function:
            found[step.place] = node
    return found


def _inside(region: Region, node: ast.AST) -> tuple[ast.expr, ...]:
    place = region.tree.place(node)
    return tuple(wait for wait in region.waits if place.contains(region.tree.place(wait)))


def _loop(
    scene: Scene, region: Region, loop: ast.For | ast.While, steps: tuple[Step, ...], writes: bool
) -> tuple[Step | None, Gathering] | None:
    waits = [wait for statement in loop.body for wait in _inside(region, statement)]
    if not waits:
        return None
    place = region.tree.place(loop)
    if isinstance(loop, ast.While):
        why = "a `while` decides after each round whether to go on"
        return None, Gathering(place, "loop", False, why, region.tree.place(loop.test))
    trouble = _ordered(region, [loop], steps)
    if trouble is None:
        last = _last_wait(region, loop, steps)
        inner = Region(region.effects, region.text, region.function, tuple(waits))
        proof = prove_loop(inner, loop, last, writes=writes)
        if isinstance(proof, Rounds):
            step = fan_out_loop(scene, inner, proof, steps)
            return step, Gathering(place, "loop", True, _note(proof.writes))
        trouble = proof
    return None, Gathering(place, "loop", False, trouble.text, trouble.place)


def _last_wait(region: Region, loop: ast.For, steps: tuple[Step, ...]) -> int:
    """The index of the last statement of the body that waits, or through which a response is held open."""
    ends = [region.tree.place(wait) for statement in loop.body for wait in _inside(region, statement)]
    whole = region.tree.place(loop)
    ends += [s.action.last for s in steps if isinstance(s.action, Hold) and whole.contains(s.place)]
    lines = [region.tree.place(statement) for statement in loop.body]
    return max(at for at, line in enumerate(lines) for end in ends if line.contains(end))


def _ordered(region: Region, nodes: list[ast.AST], steps: tuple[Step, ...]) -> Blocker | None:
    """Does something in it have to go on step by step?"""
    for node in nodes:
        place = region.tree.place(node)
        for step in steps:
            if isinstance(step.action, IN_ORDER) and place.contains(step.place):
                return Blocker(step.place, "it iterates over something that waits itself")
            template = step.action.template if isinstance(step.action, Substitute) else ""
            if place.contains(step.place) and any(word in template for word in ("async for", "any_of", "all_of")):
                return Blocker(step.place, "it iterates over something that waits itself")
    return None


def _comprehension(
    scene: Scene, region: Region, node: Comprehension, steps: tuple[Step, ...], writes: bool
) -> tuple[Step | None, Gathering] | None:
    parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    waits = [wait for part in (*parts, *node.generators[0].ifs) for wait in _inside(region, part)]
    if not waits:
        return None
    place = region.tree.place(node)
    trouble = _ordered(region, [node], steps) or _lazily(region, node, steps)
    if trouble is None:
        inner = Region(region.effects, region.text, region.function, tuple(waits))
        proof = prove_comprehension(inner, node, writes=writes)
        if isinstance(proof, Elements):
            step = fan_out_elements(scene, inner, proof, steps)
            return step, Gathering(place, "comprehension", True, _note(proof.writes))
        trouble = proof
    return None, Gathering(place, "comprehension", False, trouble.text, trouble.place)


def _lazily(region: Region, node: Comprehension, steps: tuple[Step, ...]) -> Blocker | None:
    """A generator expression makes its elements when asked; only one that is taken whole is like a list."""
    if not isinstance(node, ast.GeneratorExp):
        return None
    place = region.tree.place(node.elt)
    if any(isinstance(step.action, Listify) and step.place == place for step in steps):
        return None
    return region.blocker(node, "whoever takes its elements may stop early")


def _rows(
    scene: Scene, region: Region, steps: tuple[Step, ...], writes: bool
) -> Iterator[tuple[Step | None, Gathering]]:
    places = {region.tree.place(wait) for wait in region.waits}
    held = {step.place for step in steps if isinstance(step.action, Hold)}
    waits = frozenset(
        n for n in walk_own(region.function) if isinstance(n, ast.expr) and region.tree.place(n) in places - held
    )
    for run in find_rows(_blocks(region.function), waits):
        for piece in split_row(run):
            proof = prove_row(region, piece, writes=writes)
            place = region.tree.place(piece[0])
            if isinstance(proof, Blocker):
                yield None, Gathering(place, "statements", False, proof.text, proof.place)
            else:
                step = fan_out_row(region, proof)
                yield step, Gathering(place, "statements", step is not None, _note(proof.writes))


def _blocks(function: FunctionNode) -> Iterator[list[ast.stmt]]:
    yield function.body
    for node in walk_own(function):
        if isinstance(node, OWN_SCOPE):
            continue
        for field in ("body", "orelse", "finalbody"):
            value = getattr(node, field, None)
            if isinstance(value, list):
                yield value


def _note(writes: bool) -> str:
    return 'These calls are no reads; they run side by side because concurrency = "all" says so.' if writes else ""
