"""The steps by which proved waits are gathered: what the text becomes, with names that are free where they stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from asyncify.place import Place
from asyncify.plan.concurrency.comprehensions import Elements
from asyncify.plan.concurrency.lines import Row
from asyncify.plan.concurrency.loops import Rounds
from asyncify.plan.concurrency.names import loaded
from asyncify.plan.concurrency.proof import Region
from asyncify.plan.scene import Scene
from asyncify.plan.step import FanOutElements, FanOutLoop, FanOutRow, Hole, Step, Substitute, Tasks

RULE = "side-by-side"
WHY = "The calls do not depend on each other: they wait side by side, never more than the limit at a time."
RESULTS = ("result", "value", "found", "fetched")
ITEMS = ("item", "entry", "each")
SUPPORT_CALL = re.compile(r"await (\{aio\}\.[A-Za-z_]\w*)\(\{\*\}\)")
METHOD_CALL = re.compile(r"await \{self\}\.([A-Za-z_]\w*)\(\{\*\}\)")


def limit_of(resources: frozenset[str]) -> str:
    """The name of the limit that holds for calls of these kinds."""
    return next((name for name in ("llm", "http") if name in resources), "default")


def fan_out_loop(scene: Scene, region: Region, proof: Rounds, steps: tuple[Step, ...]) -> Step:
    """The step that gathers a loop."""
    loop, place = proof.loop, region.tree.place
    last = loop.body[proof.last]
    only = proof.value if proof.value is not None else last.value if isinstance(last, ast.Assign) else None
    direct: str | None = None
    holes: tuple[Hole, ...] = ()
    if proof.last == 0 and only is not None and _is_alone(proof, last):
        direct, holes = _direct(scene, only, loop.target, steps)
    tasks = _tasks(region, loop, loop.target, direct, proof.resources)
    extended = None if _is_guarded(region, loop) else _extended(proof, last)
    result = _free(region, loop, RESULTS) if proof.value is not None else ""
    action = FanOutLoop(
        tasks,
        place(last),
        None if proof.value is None else place(proof.value),
        result,
        proof.names,
        extended,
        _started(region, loop, extended),
        holes,
    )
    return Step(place(loop), action, RULE, WHY)


def _is_alone(proof: Rounds, last: ast.stmt) -> bool:
    """Does the rest of the loop need nothing but what the one call gives back?"""
    if proof.value is not None:
        return not proof.names
    target = last.targets[0] if isinstance(last, ast.Assign) and len(last.targets) == 1 else None
    return isinstance(target, ast.Name) and proof.names == (target.id,)


def _extended(proof: Rounds, last: ast.stmt) -> str | None:
    """The list to which the loop does nothing but append the values."""
    call = last.value if isinstance(last, ast.Expr) else None
    is_append = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append"
    if proof.value is None or not is_append or len(proof.rest) != 1 or proof.names:
        return None
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    return call.func.value.id if isinstance(call.func.value, ast.Name) else None


def _is_guarded(region: Region, loop: ast.For) -> bool:
    """Might somebody look at what was gathered before a failure?"""
    for ancestor in region.tree.ancestors(loop):
        if ancestor is region.function:
            return False
        if isinstance(ancestor, ast.Try | ast.With | ast.AsyncWith):
            return True
    return False


def _started(region: Region, loop: ast.For, name: str | None) -> Place | None:
    """The statement just before the loop, if it only makes the empty list that the loop fills."""
    block = region.tree.block(loop)
    at = block.index(loop)
    before = block[at - 1] if at and name is not None else None
    if not isinstance(before, ast.Assign | ast.AnnAssign) or before.value is None or ast.unparse(before.value) != "[]":
        return None
    targets = before.targets if isinstance(before, ast.Assign) else [before.target]
    is_it = len(targets) == 1 and isinstance(targets[0], ast.Name) and targets[0].id == name
    others = [s.lineno for s in block if s is not before]
    return region.tree.place(before) if is_it and before.lineno not in others else None


def fan_out_elements(scene: Scene, region: Region, proof: Elements, steps: tuple[Step, ...]) -> Step:
    """The step that gathers a comprehension."""
    node, place, target = proof.node, region.tree.place, proof.generator.target
    direct: str | None = None
    holes: tuple[Hole, ...] = ()
    if len(proof.parts) == 1:
        direct, holes = _direct(scene, proof.parts[0], target, steps)
    tasks = _tasks(region, node, target, direct, proof.resources)
    called = f"await {{aio}}.side_by_side({{function}}, {_items(proof)}, limit={tasks.limit!r})".replace("'", '"')
    maker = {ast.SetComp: "set({})", ast.DictComp: "dict({})"}.get(type(node), "{}")
    template = maker.replace("{}", called)
    holes = (*holes, Hole("items", place(proof.generator.iter)), *_conditions(region, proof))
    is_generator = isinstance(node, ast.GeneratorExp)
    action = FanOutElements(tasks, place(proof.statement), template, holes, is_generator)
    return Step(place(node.elt if isinstance(node, ast.GeneratorExp) else node), action, RULE, WHY)


def _items(proof: Elements) -> str:
    ifs = proof.generator.ifs
    if not ifs:
        return "{items}"
    target = ast.unparse(proof.generator.target)
    bare = _unpacked(proof.generator.target)
    tests = " ".join(f"if {{test{at}}}" for at in range(len(ifs)))
    return f"({target} for {bare} in {{items}} {tests})"


def _conditions(region: Region, proof: Elements) -> tuple[Hole, ...]:
    return tuple(Hole(f"test{at}", region.tree.place(test)) for at, test in enumerate(proof.generator.ifs))


def fan_out_row(region: Region, proof: Row) -> Step | None:
    """The step that gathers neighbouring statements; None where one of them shares its line with another."""
    lines = [statement.lineno for statement in proof.statements]
    block = region.tree.block(proof.statements[0])
    ends = [s.end_lineno for s in block if s not in proof.statements]
    if len(set(lines)) < len(lines) or set(lines) & set(ends):
        return None
    place = region.tree.place
    action = FanOutRow(place(proof.statements[-1]), limit_of(proof.resources))
    return Step(place(proof.statements[0]), action, RULE, WHY)


def _direct(
    scene: Scene, node: ast.expr, target: ast.expr, steps: Iterable[Step]
) -> tuple[str | None, tuple[Hole, ...]]:
    """The function itself, where the value is no more than the call of it with the item."""
    if not isinstance(node, ast.Call) or not isinstance(target, ast.Name) or node.keywords or len(node.args) != 1:
        return None, ()
    argument = node.args[0]
    if not isinstance(argument, ast.Name) or argument.id != target.id or target.id in loaded([node.func]):
        return None, ()
    place = scene.tree.place(node)
    template = next((s.action.template for s in steps if s.place == place and isinstance(s.action, Substitute)), "")
    support = SUPPORT_CALL.fullmatch(template)
    if support is not None:
        return support[1], ()
    method = METHOD_CALL.fullmatch(template)
    is_same = method is not None and isinstance(node.func, ast.Attribute) and node.func.attr == method[1]
    if (template == "await {it}" or is_same) and _is_chain(node.func):
        return "{callee}", (Hole("callee", scene.tree.place(node.func)),)
    return None, ()


def _is_chain(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _tasks(region: Region, node: ast.AST, target: ast.expr, direct: str | None, resources: frozenset[str]) -> Tasks:
    limit = limit_of(resources)
    if direct is not None:
        return Tasks(direct, limit=limit)
    if isinstance(target, ast.Name):
        return Tasks(None, _free(region, node, (f"each_{target.id.strip('_') or 'item'}",)), target.id, "", limit)
    item = _free(region, node, ITEMS)
    return Tasks(None, _free(region, node, (f"each_{item}",)), item, f"{_unpacked(target)} = {item}", limit)


def _unpacked(target: ast.expr) -> str:
    text = ast.unparse(target)
    return text[1:-1] if isinstance(target, ast.Tuple) else text


def _free(region: Region, node: ast.AST, names: tuple[str, ...]) -> str:
    """The first of the names, or of the first with a number behind it, that the file does not use."""
    taken = region.text.bound | loaded([region.tree.module]) | _imported(region.tree.module)
    candidates = [*names, *(f"{names[0]}_{number}" for number in range(2, 100))]
    return next(name for name in candidates if name not in taken)


def _imported(module: ast.Module) -> set[str]:
    imports = (n for n in ast.walk(module) if isinstance(n, ast.Import | ast.ImportFrom))
    return {alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names}
