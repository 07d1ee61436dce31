"""Lambdas that wait: those that hand on a coroutine stay as they are, others become a function where they can."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import Enum

from asyncify.colour.outside import holds_callback
from asyncify.infer.facts import Call, Position
from asyncify.infer.graph import Escape
from asyncify.place import Place
from asyncify.plan.combinators import awaits_function, takes_lambda
from asyncify.plan.scene import Scene, pack_paths, turning
from asyncify.plan.step import Hoist, Step

RULE = "waiting-lambda"
WHY = "A lambda cannot await."
NAME = "_later"
SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.Return)
OWN_SCOPE = (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)


class Form(Enum):
    """What becomes of a lambda."""

    COROUTINE = "coroutine"  # its body is a call whose coroutine it hands on
    FUNCTION = "function"  # an async function before the statement
    INLINE = "inline"  # its body moves into a comprehension, where one can await
    SYNC = "sync"  # it stays, and its waits run in a loop of their own


def form_at(scene: Scene, place: Place) -> Form:
    """The form of the lambda at a place; one of another file may be of any, and counts as the last."""
    node = scene.node_of(place) if place.path == scene.path else None
    return form_of(scene, node) if isinstance(node, ast.Lambda) else Form.SYNC


def form_of(scene: Scene, node: ast.Lambda) -> Form:
    """What becomes of this lambda."""
    waits = list(_waits(scene, node))
    place = scene.tree.place(node)
    if not waits:
        return Form.SYNC
    taker = takes_lambda(scene, node)
    if taker is not None and not taker.helper:
        return Form.INLINE
    takers = list(_takers(scene, place))
    awaiting = [escape for escape in takers if awaits_function(scene, _place_of(scene, escape), escape.slot)]
    if any(escape not in awaiting for escape in takers) or not (awaiting or _is_called(scene, place)):
        return Form.SYNC
    if [call.place for call in waits] == [scene.tree.place(node.body)]:
        return Form.COROUTINE
    return Form.FUNCTION if _may_move(scene, node, waits) else Form.SYNC


def round_call(scene: Scene, call: Call) -> ast.Lambda | None:
    """The lambda in whose body a call stands."""
    node = scene.node_of(call.place) if call.position is Position.LAMBDA else None
    ancestors = scene.tree.ancestors(node) if node is not None else iter(())
    return next((ancestor for ancestor in ancestors if isinstance(ancestor, ast.Lambda)), None)


def hoisted(scene: Scene, node: ast.Lambda) -> Step:
    """The step that makes a function of a lambda."""
    statement = scene.tree.statement(node)
    place = scene.tree.place
    name = _bound_name(statement, node)
    action = Hoist(name or _free_name(scene, node), place(statement), replaces=name is not None)
    return Step(place(node), action, RULE, WHY)


def _waits(scene: Scene, node: ast.Lambda) -> Iterator[Call]:
    for call in scene.facts.calls:
        if call.position is Position.LAMBDA and round_call(scene, call) is node:
            rule = scene.rule_of(call)
            is_pack = rule is not None and rule.pack in scene.migrating and (rule.becomes or "").startswith("await ")
            if is_pack or (not pack_paths(call) and turning(scene, call)):
                yield call


def _is_called(scene: Scene, place: Place) -> bool:
    return any(place in call.lambdas for facts in scene.index.files.values() for call in facts.calls)


def _takers(scene: Scene, place: Place) -> Iterator[Escape]:
    """Where it is handed to code outside the project that calls it without await."""
    graph = scene.index.graph
    if graph is None:
        return
    lambdas = {
        fn.number for fn in graph.objects.functions if fn.fact.is_lambda and graph.function_place(fn.number) == place
    }
    for escape in graph.escapes:
        if escape.function in lambdas and holds_callback(escape.path, escape.slot, scene.catalogue) is not None:
            yield escape


def _place_of(scene: Scene, escape: Escape) -> Place:
    assert scene.index.graph is not None
    return scene.index.graph.place(escape.spot)


def _may_move(scene: Scene, node: ast.Lambda, waits: list[Call]) -> bool:
    """May it be written before its statement without a change of what its names mean?"""
    if node.args.defaults or any(default is not None for default in node.args.kw_defaults):
        return False
    statement = scene.tree.statement(node)
    if not isinstance(statement, SIMPLE) or isinstance(scene.tree.scope(statement), ast.ClassDef):
        return False
    if any(isinstance(a, OWN_SCOPE) for a in scene.tree.ancestors(node) if not isinstance(a, ast.stmt | ast.Module)):
        return False
    return not any(isinstance(inner, ast.NamedExpr | ast.Yield) for inner in ast.walk(node)) and not any(
        _is_in_generator(scene, call, node) for call in waits
    )


def _is_in_generator(scene: Scene, call: Call, node: ast.Lambda) -> bool:
    inner = scene.node_of(call.place)
    for ancestor in scene.tree.ancestors(inner) if inner is not None else ():
        if ancestor is node:
            return False
        if isinstance(ancestor, ast.GeneratorExp):
            return True
    return True


def _bound_name(statement: ast.stmt, node: ast.Lambda) -> str | None:
    """`name = lambda ...: ...` becomes a function of that name."""
    if not isinstance(statement, ast.Assign) or statement.value is not node or len(statement.targets) != 1:
        return None
    target = statement.targets[0]
    return target.id if isinstance(target, ast.Name) else None


def _free_name(scene: Scene, node: ast.Lambda) -> str:
    lambdas = [n for n in ast.walk(scene.tree.module) if isinstance(n, ast.Lambda)]
    lambdas.sort(key=lambda n: scene.tree.place(n))
    number = lambdas.index(node)
    taken = {n.id for n in ast.walk(scene.tree.module) if isinstance(n, ast.Name)}
    name = NAME if number == 0 else f"{NAME}_{number + 1}"
    while name in taken:
        name = f"_{name}"
    return name
