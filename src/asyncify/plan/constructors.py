"""Constructors that wait: `Client(url)` becomes `await Client.create(url)`, and a shell stays for who cannot await."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.colour.constructors import FactoryNames, factory_names
from asyncify.colour.outside import holds_callback
from asyncify.infer.describe import plain_path
from asyncify.infer.facts import Call, Function, Index, Position, TargetKind
from asyncify.infer.graph import Graph
from asyncify.plan.awaiting import awaited, can_await, why_not
from asyncify.plan.lambdas import Form, form_of, round_call
from asyncify.plan.scene import Decided, Scene, turning
from asyncify.plan.step import Ending, Hole, MakeFactory, Outcome, Step, Substitute
from asyncify.plan.tree import FunctionNode, Tree
from asyncify.project import is_test
from asyncify.reason import Reason

RULE = "async-factory"
WHY = "A constructor cannot await; an async factory makes the object instead."
NAME = "__init__"
RUNS = frozenset({Position.PLAIN, Position.AWAITED, Position.LAMBDA})
SIMPLE = (ast.Constant, ast.Name, ast.Attribute, ast.UnaryOp, ast.Tuple)


def is_constructor(id_: str) -> bool:
    return id_.rpartition("::")[2].rpartition(".")[2].partition("#")[0] == NAME


def names_of(index: Index, id_: str) -> FactoryNames:
    """What the factory and the twin of this constructor are called."""
    graph = index.graph
    assert graph is not None
    return factory_names(graph, graph.objects.functions[graph.number_of[id_]].owner)


def decide_constructor(scene: Scene, function: Function) -> Decided:
    """The constructor itself becomes a shell, a method that waits, and the factory."""
    names = names_of(scene.index, function.id)
    node = scene.tree.function(function.place)
    action = MakeFactory(names.twin, names.create, "{aio}.run", _result(scene.tree, node) if node is not None else None)
    return Decided((Step(function.place, action, RULE, WHY),))


def _result(tree: Tree, node: FunctionNode) -> str | None:
    """The annotation of the factory, where the constructor has one."""
    owner = tree.parent(node)
    if not isinstance(owner, ast.ClassDef) or node.returns is None:
        return None
    is_late = any(
        isinstance(s, ast.ImportFrom) and s.module == "__future__" and any(a.name == "annotations" for a in s.names)
        for s in tree.module.body
    )
    return owner.name if is_late else f'"{owner.name}"'


def decide_construction(scene: Scene, call: Call, node: ast.expr, what: str) -> Decided:
    """A call that makes an object whose constructor waits, or that calls such a constructor by its name."""
    what = what.removesuffix(f".{NAME}")
    action = _awaited_form(scene, call, node)
    if action is None:
        detail = "It may make objects of other kinds, too."
        return Decided(outcomes=(Outcome(call.place, what, Ending.BRIDGED, RULE, Reason.MIXED_TARGETS, detail),))
    found = round_call(scene, call)
    if not can_await(scene, call) and (found is None or form_of(scene, found) is Form.SYNC):
        reason, detail = why_not(scene, call)
        return Decided(outcomes=(Outcome(call.place, what, Ending.BRIDGED, RULE, reason, detail),))
    return awaited(scene, call, action.template, Step(call.place, action, RULE, WHY), what)


def _awaited_form(scene: Scene, call: Call, node: ast.expr) -> Substitute | None:
    constructors = turning(scene, call)
    others = [t for t in call.targets if t.kind is not TargetKind.CLASS and t.id not in constructors]
    names = {names_of(scene.index, id_) for id_ in constructors if is_constructor(id_)}
    if others or len(names) != 1 or not all(map(is_constructor, constructors)) or not isinstance(node, ast.Call):
        return None
    (name,) = names
    callee = node.func
    if isinstance(callee, ast.Attribute) and callee.attr == NAME:
        holes = (Hole("self", scene.tree.place(callee.value)),)
        return Substitute(f"await {{self}}.{name.twin}({{*}})", holes)
    made = [target.id for target in call.targets if target.kind is TargetKind.CLASS]
    if len(made) > len(constructors) and not all(_is_made_by(scene, id_, constructors) for id_ in made):
        return None
    return Substitute(f"await {{callee}}.{name.create}({{*}})", (Hole("callee", call.callee),))


def _is_made_by(scene: Scene, class_id: str, constructors: Iterable[str]) -> bool:
    """Is the constructor of this class one of those?"""
    graph = scene.index.graph
    assert graph is not None
    number = next((cls.number for cls in graph.objects.classes if cls.id == class_id), -1)
    definer = graph.objects.definer(number, NAME) if number >= 0 else None
    owners = {scene.index.functions[id_].owner for id_ in constructors}
    return definer is not None and graph.objects.classes[definer].id in owners


def decide_handed(scene: Scene) -> Decided:
    """Classes that code outside the project gets hold of: it makes objects through the shell."""
    graph = scene.index.graph
    outcomes: list[Outcome] = []
    for escape in graph.handed_classes if graph is not None else ():
        place = graph.place(escape.spot) if graph is not None else None
        id_ = graph.ids[escape.function] if graph is not None else ""
        if place is None or place.path != scene.path or scene.colouring.colour_of(id_) is not Colour.ASYNC:
            continue
        reason = holds_callback(escape.path, escape.slot, scene.catalogue)
        if reason is not None:
            what = id_.partition("::")[2].removesuffix(f".{NAME}")
            detail = f"`{plain_path(escape.path).removeprefix('builtins.')}` may call it without await"
            outcomes.append(Outcome(place, what, Ending.BRIDGED, RULE, reason, detail))
    return Decided(outcomes=tuple(outcomes))


# ---------------------------------------------------------------- which have to stay after all


def held_constructors(
    index: Index, colouring: Colouring, tree_of: Callable[[str], Tree]
) -> Iterator[tuple[str, Reason]]:
    """Constructors that would turn, but that nobody can await, whose subclasses do not follow, or whose default
    arguments cannot stand in three places."""
    turned = {
        id_
        for id_, verdict in colouring.verdicts.items()
        if verdict.colour is Colour.ASYNC and is_constructor(id_) and index.functions[id_].owner
    }
    if not turned or index.graph is None:
        return
    known = {id_: [False, False] for id_ in turned}  # is it called; can one of its callers await
    for path, facts in index.files.items():
        for call in facts.calls if not is_test(path) else ():
            may = call.scope is not None and colouring.colour_of(call.scope) in RUNS_IN_LOOP and call.position in RUNS
            for target in call.targets:
                if target.id in known:
                    known[target.id] = [True, known[target.id][1] or may]
    for id_ in turned:
        is_called, is_awaited = known[id_]
        if (is_called and not is_awaited) or not _subclasses_follow(index.graph, id_, turned):
            yield id_, Reason.CONSTRUCTOR
            continue
        place = index.functions[id_].place
        if not _is_simple(tree_of(place.path).function(place)):
            yield id_, Reason.CONSTRUCTOR


def _subclasses_follow(graph: Graph, id_: str, turned: set[str]) -> bool:
    owner = graph.objects.functions[graph.number_of[id_]].owner
    below = {*graph.objects.classes[owner].subclasses}
    constructors = [fn for fn in graph.objects.functions if fn.owner in below and fn.fact.name == NAME]
    return all(fn.id in turned for fn in constructors)


def _is_simple(node: FunctionNode | None) -> bool:
    if node is None:
        return False
    defaults = [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]
    return all(
        isinstance(part, SIMPLE) for default in defaults for part in ast.walk(default) if isinstance(part, ast.expr)
    )
