"""How long a response lives: opened round the statements that use it, or read at once and handed on.

A response that stays in its function, whose members in use all have a form on the open response, and during
which nothing else is awaited, is held open by `async with`. Any other is read at once; the object that is handed
on then has the members of the old library's response, so that the code round it stays as it is.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from asyncify.infer.facts import Call
from asyncify.plan.arguments import is_streamed
from asyncify.plan.held_members import member_steps, members_in_use
from asyncify.plan.indirect import is_direct
from asyncify.plan.scene import Decided, Scene, as_written, pack_paths, turning
from asyncify.plan.step import EnterAsync, Hold, Hole, Step, Substitute
from asyncify.plan.styles import DirectForm, direct_form, told
from asyncify.rule import Rule

NAMES = ("response", "reply", "answer", "http_response")
OPENS_AS_WRITTEN = ("{aio}.{name}({*})", "{self}.{name}({*})")
MOST_LINES = 30  # a longer block would bury the change under re-indented lines
WHY_HELD = "The response is read inside the block and its connection goes back to the pool at the end."


@dataclass(frozen=True, slots=True)
class _Region:
    """The statements through which a response is held: from the one with the call to the last that uses it."""

    first: ast.stmt
    last: ast.stmt
    name: str
    keep: bool


def held_response(scene: Scene, call: Call, rule: Rule, node: ast.Call) -> Decided | None:
    """Steps that hold the response of this call open; None where it has to be read at once."""
    if any(path.rpartition(".")[0] in scene.derived.overridden for path in pack_paths(call)):
        return None  # what a method of the project gives back has been read
    form = direct_form(scene, call, rule, node)
    held = _held(scene, call, rule, node, form) if form else None
    return held or _held(scene, call, rule, node, None)


def _held(scene: Scene, call: Call, rule: Rule, node: ast.Call, form: DirectForm | None) -> Decided | None:
    template = form.opens if form else as_written(rule.opens or "", pack_paths(call)[0], node)
    if not is_direct(scene.tree, scene.catalogue, call, scene.uses):
        if rule.opens not in OPENS_AS_WRITTEN:
            return None
        template, form = "{it}", None  # what the variable holds becomes the new callable
    drop = (rule.streams,) if rule.streams else ()
    holes = (Hole("self", scene.tree.place(node.func.value)),) if isinstance(node.func, ast.Attribute) else ()
    item = scene.tree.parent(node)
    if isinstance(item, ast.withitem):
        opened = Substitute(template, holes, drop)
        return _held_by_with(scene, call, rule, item, opened, form)
    region = _region(scene, node)
    if region is None or _waits_for_more(scene, call, region):
        return None
    uses = _uses(scene, region, node)
    members = member_steps(scene, rule, uses, is_streamed=is_streamed(rule, node), is_direct=form is not None)
    if members is None or (not is_streamed(rule, node) and _is_read_in_a_try(scene, rule, region, uses)):
        return None
    place = scene.tree.place
    hold = Hold(region.name, template, place(region.first), place(region.last), region.keep, holes, drop)
    steps = (Step(call.place, hold, rule.id, WHY_HELD), *members)
    return _directly(scene, call, rule, form, steps, uses)


def _directly(
    scene: Scene, call: Call, rule: Rule, form: DirectForm | None, steps: tuple[Step, ...], uses: list[ast.expr]
) -> Decided:
    """The steps, with those of the arguments and with warnings where the call is written directly."""
    if form is None:
        return Decided(steps)
    return Decided((*steps, *form.edits)) + told(scene, call, rule, form, members_in_use(scene, uses))


def _held_by_with(
    scene: Scene, call: Call, rule: Rule, item: ast.withitem, opened: Substitute, form: DirectForm | None
) -> Decided | None:
    block = scene.tree.parent(item)
    if not isinstance(block, ast.With) or not isinstance(item.optional_vars, ast.Name | None):
        return None
    uses: list[ast.expr] = []
    if isinstance(item.optional_vars, ast.Name):
        scope = scene.tree.scope(block)
        name = item.optional_vars.id
        if isinstance(scope, ast.Module | ast.ClassDef) or _is_shared(scope, name):
            return None
        uses = [n for n in _named(block, name) if isinstance(n.ctx, ast.Load)]
        bound_again = len(_named(block, name)) > len(uses) + 1
        if bound_again or any(_outlives(scene, n, name) for n in _named(scope, name) if n not in uses):
            return None
    node = item.context_expr
    streams = isinstance(node, ast.Call) and is_streamed(rule, node)
    members = member_steps(scene, rule, uses, is_streamed=streams, is_direct=form is not None)
    if members is None:
        return None
    opens = Step(call.place, opened, rule.id, WHY_HELD)
    steps = (opens, Step(call.place, EnterAsync(), rule.id, WHY_HELD), *members)
    return _directly(scene, call, rule, form, steps, uses)


def _outlives(scene: Scene, use: ast.Name, name: str) -> bool:
    """Might this use, outside the block, see what the block has bound? Not where a block of its own binds the name."""
    if not isinstance(use.ctx, ast.Load):
        return False
    return not any(isinstance(a, ast.With) and _binds(a, name) for a in scene.tree.ancestors(use))


# ---------------------------------------------------------------- the region


def _region(scene: Scene, node: ast.Call) -> _Region | None:
    statement = scene.tree.statement(node)
    block = scene.tree.block(statement)
    if not _stands_alone(block, statement):
        return None
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is node:
        return _named_region(scene, statement, block)
    if _is_root(scene, node, statement):
        name = _free_name(scene, statement)
        return None if name is None else _Region(statement, statement, name, keep=True)
    return None


def _named_region(scene: Scene, statement: ast.Assign | ast.AnnAssign, block: list[ast.stmt]) -> _Region | None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if isinstance(statement, ast.AnnAssign) or len(targets) != 1 or not isinstance(targets[0], ast.Name):
        return None
    name = targets[0].id
    scope = scene.tree.scope(statement)
    if isinstance(scope, ast.Module | ast.ClassDef) or _is_shared(scope, name):
        return None
    at = block.index(statement)
    end = _next_binding(block, at, name)
    users = [i for i in range(at + 1, end) if _named(block[i], name)]
    if not users:
        return None
    last = block[users[-1]]
    if _used_outside(scene, scope, name, block[at : users[-1] + 1], statement):
        return None
    if (last.end_lineno or 0) - statement.lineno > MOST_LINES:
        return None
    if not _stands_alone(block, last):
        return None
    return _Region(statement, last, name, keep=False)


def _next_binding(block: list[ast.stmt], at: int, name: str) -> int:
    for i in range(at + 1, len(block)):
        if any(isinstance(n.ctx, ast.Store) for n in _named(block[i], name)):
            return i
    return len(block)


def _used_outside(scene: Scene, scope: ast.AST, name: str, region: list[ast.stmt], first: ast.stmt) -> bool:
    """Does a use of this binding stand where the block would not reach?"""
    inside = {id(n) for statement in region for n in _named(statement, name)}
    for node in _named(scope, name):
        if id(node) in inside:
            if scene.tree.scope(node) is not scope:
                return True
        elif isinstance(node.ctx, ast.Load) and _reaches(scene, scope, name, first, node):
            return True
    return False


def _reaches(scene: Scene, scope: ast.AST, name: str, first: ast.stmt, use: ast.Name) -> bool:
    """Might `use` see the value bound in `first`? Only if another binding does not surely come between."""
    statement: ast.AST = scene.tree.statement(use)
    while statement is not scope and isinstance(statement, ast.stmt):
        block = scene.tree.block(statement)
        for earlier in reversed(block[: block.index(statement) + 1]):
            if earlier is first:
                return True
            is_binding = isinstance(earlier, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == name for target in earlier.targets
            )
            if is_binding and scene.tree.statement(use) is not earlier:
                return False
            if isinstance(earlier, ast.With) and _binds(earlier, name) and _is_inside(scene, use, earlier):
                return False
        parent = scene.tree.parent(statement)
        while parent is not None and not isinstance(parent, ast.stmt) and parent is not scope:
            parent = scene.tree.parent(parent)
        if parent is None:
            return True
        statement = parent
    return True


def _binds(block: ast.With, name: str) -> bool:
    return any(isinstance(i.optional_vars, ast.Name) and i.optional_vars.id == name for i in block.items)


def _is_root(scene: Scene, node: ast.Call, statement: ast.stmt) -> bool:
    """Is the call the first thing that the statement evaluates, at the root of a chain of members?"""
    if not isinstance(statement, ast.Return | ast.Assign | ast.Expr):
        return False
    if not isinstance(scene.tree.parent(node), ast.Attribute):
        return False
    current: ast.AST = node
    for outer in scene.tree.ancestors(node):
        if outer is statement:
            return True
        is_member = isinstance(outer, ast.Attribute | ast.Subscript) and outer.value is current
        is_called = isinstance(outer, ast.Call) and outer.func is current
        if not is_member and not is_called:
            return False
        current = outer
    return False


def _free_name(scene: Scene, statement: ast.stmt) -> str | None:
    scope = scene.tree.scope(statement)
    taken = {n.id for n in ast.walk(scope) if isinstance(n, ast.Name)}
    taken |= {n.arg for n in ast.walk(scope) if isinstance(n, ast.arg)}
    return next((name for name in NAMES if name not in taken), None)


def _stands_alone(block: list[ast.stmt], statement: ast.stmt) -> bool:
    """Does the statement share its lines with no other, and is its block an indented one?"""
    at = block.index(statement)
    before = block[at - 1].end_lineno if at else None
    after = block[at + 1].lineno if at + 1 < len(block) else None
    return before != statement.lineno and after != statement.end_lineno


def _is_shared(scope: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Global | ast.Nonlocal) and name in n.names for n in ast.walk(scope))


def _waits_for_more(scene: Scene, call: Call, region: _Region) -> bool:
    """Is anything else awaited while the response would be open? The connection would be held for it."""
    start, end = scene.tree.place(region.first), scene.tree.place(region.last)
    for other in scene.facts.calls:
        inside = start.line <= other.place.line <= end.end_line and other.place != call.place
        is_argument = call.place.contains(other.place)  # evaluated before the response is opened
        if inside and not is_argument and _waits(scene, other):
            return True
    return False


def _waits(scene: Scene, call: Call) -> bool:
    if turning(scene, call):
        return True
    return any((rule := scene.catalogue.rule_for(path)) and rule.waits for path in pack_paths(call))


# ---------------------------------------------------------------- the members in use


def _uses(scene: Scene, region: _Region, node: ast.Call) -> list[ast.expr]:
    if region.keep:
        return [node]
    block = scene.tree.block(region.first)
    statements = block[block.index(region.first) + 1 : block.index(region.last) + 1]
    return [n for statement in statements for n in _named(statement, region.name)]


def _is_read_in_a_try(scene: Scene, rule: Rule, region: _Region, uses: list[ast.expr]) -> bool:
    """Is the body read below a `try` that the call itself stands outside of? The old library has read it by then, so
    that an error in reading would meet handlers that were not made for it."""
    kind = scene.catalogue.types[rule.returns or ""]
    for use in uses:
        attribute = scene.tree.parent(use)
        name = attribute.attr if isinstance(attribute, ast.Attribute) else ""
        if not any(kind.held.get(key, "").startswith("await ") for key in (name, f"{name}()")):
            continue
        if any(
            _guards(block, use) and not _is_inside(scene, region.first, block) for block in scene.tree.ancestors(use)
        ):
            return True
    return False


def _guards(block: ast.AST, use: ast.expr) -> bool:
    if not isinstance(block, ast.Try) or not block.handlers:
        return False
    return any(use in ast.walk(statement) for statement in block.body)


def _named(node: ast.AST, name: str) -> list[ast.Name]:
    return [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name]


def _is_inside(scene: Scene, node: ast.AST, block: ast.AST) -> bool:
    return any(ancestor is block for ancestor in scene.tree.ancestors(node))
