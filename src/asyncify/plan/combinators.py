"""`map`, `filter`, `zip`, `sorted(key=...)` and their like: what they become where a function or an iterable that they
are given turns async. Those that can be followed are found by their shape, before colouring."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.infer.facts import Call, Index, Position, TargetKind
from asyncify.infer.graph import Escape, Graph
from asyncify.place import Place
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Ending, Hole, IterateAsync, Outcome, Step, Substitute
from asyncify.plan.taking import builtin, takes_all
from asyncify.plan.tree import Tree
from asyncify.project import Source

RULE = "combined-items"
WHY = "A function or an iterable that it is given has become asynchronous."
OWN_SCOPE = (ast.Lambda, ast.GeneratorExp)
WHOLE = {"list": "[{}]", "set": "{{{}}}"}  # consumers whose call a comprehension replaces
SHORT_CIRCUITS = frozenset({"any", "all"})
NAMES = ("item", "each_item", "one_item")


@dataclass(frozen=True, slots=True)
class Combinator:
    """A callable of Python's own. `function` is the slot of the function that it calls."""

    function: str | None
    helper: str = ""  # of the support module; "" where a comprehension says it
    is_lazy: bool = True  # it gives an iterator, which wants a consumer that can follow
    keywords: frozenset[str] = frozenset()


COMBINATORS = {
    "builtins.map": Combinator("0"),
    "builtins.filter": Combinator("0"),
    "itertools.starmap": Combinator("0"),
    "builtins.zip": Combinator(None, "zipped", keywords=frozenset({"strict"})),
    "itertools.islice": Combinator(None, "sliced"),
    "itertools.chain": Combinator(None, "chained"),
    "functools.reduce": Combinator("0", "reduced", is_lazy=False),
    "builtins.sorted": Combinator("key", "sorted_by", is_lazy=False, keywords=frozenset({"key", "reverse"})),
    "builtins.min": Combinator("key", "min_by", is_lazy=False, keywords=frozenset({"key", "default"})),
    "builtins.max": Combinator("key", "max_by", is_lazy=False, keywords=frozenset({"key", "default"})),
}


def find_combined(sources: Iterable[Source], index: Index) -> frozenset[Place]:
    """Calls that may await the functions and iterables which they are given, by their shape alone."""
    graph = index.graph
    by_file: dict[str, set[Place]] = {}
    for escape in graph.escapes if graph is not None else ():
        if graph is not None and escape.path in COMBINATORS and escape.scope >= 0:
            place = graph.place(escape.spot)
            by_file.setdefault(place.path, set()).add(place)
    trees = {source.path: Tree(source.path, source.text) for source in sources if source.path in by_file}
    return frozenset(
        place for path, tree in trees.items() for place in by_file[path] if is_followed(tree, tree.expression(place))
    )


def stuck_combined(combined: frozenset[Place], index: Index, colouring: Colouring) -> set[Place]:
    """Those of `combined` whose function stays synchronous after all, so that nothing can be awaited there."""
    graph = index.graph
    given = graph.escapes if graph is not None and combined else ()
    return {
        place
        for escape in given
        if graph is not None
        and escape.path in COMBINATORS
        and (place := graph.place(escape.spot)) in combined
        and colouring.colour_of(graph.ids[escape.scope]) not in RUNS_IN_LOOP
    }


def combinator_of(tree: Tree, node: ast.AST | None) -> Combinator | None:
    """What is called here, if it is one of them and nothing in the way of writing it otherwise."""
    if not isinstance(node, ast.Call):
        return None
    found = COMBINATORS.get(tree.imported(node.func) or f"builtins.{builtin(node.func)}")
    return found if found is not None and _is_plain(node, found) else None


def _is_plain(node: ast.Call, kind: Combinator) -> bool:
    names = {keyword.arg for keyword in node.keywords}
    if any(isinstance(argument, ast.Starred) for argument in node.args) or not names <= kind.keywords:
        return False
    if kind.function == "key":
        return "key" in names and bool(node.args)
    if kind.function is None:
        return bool(node.args)
    if kind.helper:
        return len(node.args) in {2, 3}
    return len(node.args) >= 2 and _is_repeatable(node.args[0])


def _is_repeatable(function: ast.expr) -> bool:
    """May it be evaluated again for each item?"""
    if isinstance(function, ast.Lambda):
        arguments = function.args
        others = [*arguments.kwonlyargs, *arguments.defaults, *filter(None, [arguments.vararg, arguments.kwarg])]
        return not others and len([*arguments.posonlyargs, *arguments.args]) == 1
    while isinstance(function, ast.Attribute):
        function = function.value
    return isinstance(function, ast.Name)


def is_followed(tree: Tree, node: ast.AST | None) -> bool:
    """Does the shape of the code let it, and what becomes of its result, be written otherwise?"""
    kind = combinator_of(tree, node)
    if kind is None or not isinstance(node, ast.Call):
        return False
    inside = [ancestor for ancestor in _in_statement(tree, node) if isinstance(ancestor, OWN_SCOPE)]
    if inside or isinstance(tree.statement(node), ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    return not kind.is_lazy or _is_consumed(tree, node)


def _in_statement(tree: Tree, node: ast.AST) -> Iterator[ast.AST]:
    for ancestor in tree.ancestors(node):
        if isinstance(ancestor, ast.stmt):
            return
        yield ancestor


def _is_consumed(tree: Tree, node: ast.expr) -> bool:
    """Is what takes its items one of those that can follow?"""
    parent = tree.parent(node)
    if isinstance(parent, ast.For | ast.comprehension):
        return parent.iter is node and not isinstance(tree.parent(parent), ast.GeneratorExp)
    if isinstance(parent, ast.Call) and node in parent.args:
        outer = combinator_of(tree, parent)
        if outer is not None and outer.is_lazy:
            return _is_consumed(tree, parent)
        is_short = builtin(parent.func) in SHORT_CIRCUITS and len(parent.args) == 1
        return outer is not None or is_short or takes_all(tree, parent, node)
    if isinstance(parent, ast.Assign):
        return isinstance(parent.targets[0], ast.Tuple | ast.List) and len(parent.targets) == 1
    return isinstance(parent, ast.Starred)


# ---------------------------------------------------------------- what becomes of them


def decide_combined(scene: Scene, call: Call) -> Decided:
    """Those that are given a function which turns async."""
    node = scene.node_of(call.place)
    kind = combinator_of(scene.tree, node)
    if kind is None or not isinstance(node, ast.Call) or not call.passes or not _is_outside(call):
        return NOTHING
    functions = [id_ for given in call.passes if given.slot == kind.function for id_ in given.functions]
    if not any(scene.colouring.colour_of(id_) is Colour.ASYNC for id_ in functions):
        return NOTHING
    steps = combined(scene, node) if call.position is Position.PLAIN and scene.runs_in_loop(call.scope) else None
    if steps is None:
        return NOTHING
    return Decided(steps, (Outcome(call.place, call.targets[0].id, Ending.CONVERTED, RULE),))


def _is_outside(call: Call) -> bool:
    return all(target.kind is TargetKind.OUTSIDE for target in call.targets)


def combined(scene: Scene, node: ast.Call) -> tuple[Step, ...] | None:
    """The steps for one of them and for what takes its items; None if they cannot be followed."""
    kind = combinator_of(scene.tree, node)
    if kind is None or not is_followed(scene.tree, node):
        return None
    place = scene.tree.place
    if not kind.is_lazy:
        return (Step(place(node), Substitute(f"await {{aio}}.{kind.helper}({{*}})"), RULE, WHY),)
    if kind.helper:
        return _through_helper(scene, node, kind)
    clause, holes = _clause(scene, node)
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.Call) and node in parent.args:
        return _handed(scene, parent, node, clause, holes)
    if isinstance(parent, ast.For | ast.comprehension):
        return (
            Step(place(node), Substitute(f"({clause})", holes), RULE, WHY),
            Step(place(node), IterateAsync(), RULE, WHY),
        )
    return (Step(place(node), Substitute(f"[{clause}]", holes), RULE, WHY),)


def _handed(
    scene: Scene, consumer: ast.Call, node: ast.Call, clause: str, holes: tuple[Hole, ...]
) -> tuple[Step, ...] | None:
    """The items go to another call."""
    place, name = scene.tree.place, builtin(consumer.func)
    is_alone = len(consumer.args) == 1 and not consumer.keywords
    if name in WHOLE and is_alone:
        return (Step(place(consumer), Substitute(WHOLE[name].format(clause), holes), RULE, WHY),)
    if name in SHORT_CIRCUITS and is_alone:
        return (Step(place(consumer), Substitute(f"await {{aio}}.{name}_of({clause})", holes), RULE, WHY),)
    if combinator_of(scene.tree, consumer) is None:
        return (Step(place(node), Substitute(f"[{clause}]", holes), RULE, WHY),)
    inner = Step(place(node), Substitute(f"({clause})", holes), RULE, WHY)
    rest = combined(scene, consumer)
    return None if rest is None else (inner, *rest)


def _through_helper(scene: Scene, node: ast.Call, kind: Combinator) -> tuple[Step, ...] | None:
    place, template = scene.tree.place, f"{{aio}}.{kind.helper}({{*}})"
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.For | ast.comprehension):
        step = Step(place(node), Substitute(template), RULE, WHY)
        return step, Step(place(node), IterateAsync(), RULE, WHY)
    if isinstance(parent, ast.Call) and (name := builtin(parent.func)) in SHORT_CIRCUITS:
        inner = Step(place(node), Substitute(template), RULE, WHY)
        return inner, Step(place(parent), Substitute(f"await {{aio}}.{name}_of({{*}})"), RULE, WHY)
    if isinstance(parent, ast.Call) and combinator_of(scene.tree, parent) is not None:
        rest = combined(scene, parent)
        return None if rest is None else (Step(place(node), Substitute(template), RULE, WHY), *rest)
    template = f"[item async for item in {template}]"
    if isinstance(parent, ast.Call) and builtin(parent.func) == "list" and len(parent.args) == 1:
        inner = Step(place(node), Substitute(template.partition(" in ")[2][:-1]), RULE, WHY)
        whole = Substitute("[item async for item in {inner}]", (Hole("inner", place(node)),))
        return inner, Step(place(parent), whole, RULE, WHY)
    return (Step(place(node), Substitute(template), RULE, WHY),)


def _clause(scene: Scene, node: ast.Call) -> tuple[str, tuple[Hole, ...]]:
    """What stands inside the comprehension that says the same, as a template."""
    function, *iterables = node.args
    name = builtin(node.func) or "starmap"
    holes = tuple(Hole(f"items{number}", scene.tree.place(each)) for number, each in enumerate(iterables))
    word = "async for" if any(_turns(scene, each, node) for each in iterables) else "for"
    source = ", ".join(f"{{{hole.name}}}" for hole in holes)
    if len(iterables) > 1:
        source = f"{{aio}}.zipped({source})" if word == "async for" else f"zip({source})"
    if isinstance(function, ast.Lambda):
        item, value = _parameter(function), "{value}"
        holes += (Hole("value", scene.tree.place(function.body)),)
    else:
        item = _free_name(scene, node)
        spread = "*" if name == "starmap" or len(iterables) > 1 else ""
        value = _awaiting(scene, node).format(f"{{function}}({spread}{item})")
        holes += (Hole("function", scene.tree.place(function)),)
    if name == "filter":
        return f"{item} {word} {item} in {source} if {value}", holes
    return f"{value} {word} {item} in {source}", holes


def _parameter(function: ast.Lambda) -> str:
    return [*function.args.posonlyargs, *function.args.args][0].arg


def _free_name(scene: Scene, node: ast.Call) -> str:
    taken = {n.id for n in ast.walk(scene.tree.scope(node)) if isinstance(n, ast.Name)}
    return next((name for name in NAMES if name not in taken), f"_{NAMES[0]}")


def _awaiting(scene: Scene, node: ast.Call) -> str:
    """How the call of the function is awaited, as a format."""
    call = scene.calls.get(scene.tree.place(node).span)
    given = [each for each in call.passes if each.slot == "0"] if call is not None else []
    colours = [scene.colouring.colour_of(id_) for each in given for id_ in each.functions]
    if Colour.ASYNC not in colours:
        return "{}"
    use = scene.uses.get(scene.tree.place(node.args[0]).span)
    is_sure = use is not None and use.certain and set(colours) == {Colour.ASYNC}
    return "await {}" if is_sure else "await {{aio}}.settle({})"


def _turns(scene: Scene, node: ast.expr, consumer: ast.Call) -> bool:
    """Does this iterable, which goes to `consumer`, become asynchronous?"""
    inner = combinator_of(scene.tree, node)
    if inner is not None and inner.is_lazy and isinstance(node, ast.Call):
        is_waiting = inner.function is not None and _awaiting(scene, node) != "{}"
        return is_waiting or any(_turns(scene, each, node) for each in node.args)
    return consumer.args.index(node) in _generators_given(scene, consumer)


def _generators_given(scene: Scene, node: ast.Call) -> set[int]:
    """Which arguments are generators that turn async."""
    graph = scene.index.graph
    return {
        int(escape.slot)
        for escape in (_escapes_at(graph, scene.tree.place(node)) if graph is not None else ())
        if escape.slot is not None
        and escape.slot.isdecimal()
        and graph is not None
        and graph.objects.functions[escape.function].fact.is_generator
        and scene.colouring.colour_of(graph.ids[escape.function]) is Colour.ASYNC
    }


def _escapes_at(graph: Graph, place: Place) -> Sequence[Escape]:
    return [escape for escape in graph.escapes if graph.place(escape.spot) == place]


# ---------------------------------------------------------------- lambdas that they are given


def takes_lambda(scene: Scene, node: ast.Lambda) -> Combinator | None:
    """The one to which a lambda is given, if it awaits it or, being written as a comprehension, takes its body."""
    parent = scene.tree.parent(node)
    slot = parent.arg if isinstance(parent, ast.keyword) else "0"
    outer = scene.tree.parent(parent) if isinstance(parent, ast.keyword) else parent
    kind = combinator_of(scene.tree, outer)
    if kind is None or kind.function != slot or not isinstance(outer, ast.Call):
        return None
    is_first = slot != "0" or outer.args[0] is node
    return kind if is_first and awaits_function(scene, scene.tree.place(outer), slot) else None


def awaits_function(scene: Scene, place: Place, slot: str | None) -> bool:
    """Is the call at this place one of them, which awaits the function that it is given in this slot?"""
    node, call = scene.node_of(place), scene.calls.get(place.span)
    kind = combinator_of(scene.tree, node)
    if kind is None or kind.function != slot or call is None or not is_followed(scene.tree, node):
        return False
    return call.position is Position.PLAIN and scene.runs_in_loop(call.scope)
