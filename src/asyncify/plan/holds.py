"""Functions that would turn async by their calls, but whose form or use has no asynchronous counterpart."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.infer.facts import Call, FileFacts, Function, Implicit, Index, Position, Target, TargetKind
from asyncify.infer.graph import CALL
from asyncify.infer.guards import LOCKS
from asyncify.place import Place
from asyncify.plan.caches import shared_caches
from asyncify.plan.closing import closes, closes_well
from asyncify.plan.combinators import is_followed
from asyncify.plan.constructors import held_constructors
from asyncify.plan.generators import ITERATORS, is_context_manager
from asyncify.plan.properties import held_properties
from asyncify.plan.scene import pack_paths
from asyncify.plan.shells import held_wrappers
from asyncify.plan.tree import FunctionNode, Tree
from asyncify.project import Source
from asyncify.reason import Reason

PAIR = {"__enter__": "__exit__", "__exit__": "__enter__"}
SPECIAL = frozenset({*PAIR, *ITERATORS})
WAITING = frozenset({Colour.ASYNC, Colour.ALREADY})  # what is async already is run by a bridge, which waits, too
STACKS = ("enter_context:", "push:")

Found = Iterator[tuple[str, Reason]]


def find_held(
    sources: Iterable[Source], index: Index, colouring: Colouring, free: frozenset[Place] = frozenset()
) -> Mapping[str, Reason]:
    """Functions (ids) of the colour ASYNC or ENTRY that have to stay synchronous after all. Locks that are held at a
    place of `free` are no reason."""
    turning = {id_ for id_, verdict in colouring.verdicts.items() if verdict.colour in {Colour.ASYNC, Colour.ENTRY}}
    if not turning:
        return {}
    found: dict[str, Reason] = {}
    texts = {source.path: source.text for source in sources}
    trees = _Trees(texts)
    parts = (*held_constructors(index, colouring, trees), *held_properties(sources, index, colouring, trees))
    by_use = (
        *_by_use(index, colouring, turning),
        *_by_consumer(index, turning, colouring, trees),
        *shared_caches(index, turning),
    )
    by_use = (*by_use, *held_wrappers(index, colouring))
    for id_, reason in (*by_use, *parts):
        found.setdefault(id_, reason)
    for source in sources:
        facts = index.files.get(source.path)
        if facts is not None:
            for id_, reason in _in_file(source, facts, index, colouring, turning, free):
                found.setdefault(id_, reason)
    return _with_relatives(found, index, turning)


class _Trees:
    """The tree of a file, made when first asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._made: dict[str, Tree] = {}

    def __call__(self, path: str) -> Tree:
        if path not in self._made:
            self._made[path] = Tree(path, self._texts[path])
        return self._made[path]


def _with_relatives(found: Mapping[str, Reason], index: Index, turning: set[str]) -> Mapping[str, Reason]:
    """Both halves of a pair stay, and all overrides."""
    held = dict(found)
    todo = list(found)
    while todo:
        id_ = todo.pop()
        head, _, name = id_.rpartition(".")
        related = {f"{head}.{PAIR[name]}"} if name in PAIR else set()
        related.update(*(group for group in index.families if id_ in group))
        for other in related:
            if other in index.functions and other not in held:
                held[other] = held[id_]
                todo.append(other)
    return {id_: reason for id_, reason in held.items() if id_ in turning or id_.rpartition(".")[2] in PAIR}


# ---------------------------------------------------------------- by what the facts say


def _by_use(index: Index, colouring: Colouring, turning: set[str]) -> Found:
    for facts in index.files.values():
        for run in facts.runs:
            if run.kind is Implicit.WITH and not (_in_loop(colouring, run.scope) and run.position is Position.PLAIN):
                reason = Reason.STUCK_CALLER if run.scope else Reason.IMPORT_TIME
                yield from ((id_, reason) for id_ in run.functions if id_ in turning)
        for call in facts.calls:
            yield from _by_call(call, index, colouring, turning)


def _by_call(call: Call, index: Index, colouring: Colouring, turning: set[str]) -> Found:
    functions = [target.id for target in call.targets if target.kind is TargetKind.FUNCTION and target.id in turning]
    generators = [id_ for id_ in functions if index.functions[id_].is_generator]
    if generators and len(generators) < len(functions):
        yield from ((id_, Reason.MIXED_TARGETS) for id_ in functions)
    for id_ in functions:
        if id_.rpartition(".")[2] in SPECIAL and index.functions[id_].owner:
            yield id_, Reason.DUNDER
        is_with = call.consumer == "with" and _in_loop(colouring, call.scope) and call.position is Position.PLAIN
        if is_context_manager(index.functions[id_]) and not is_with:
            yield id_, Reason.GENERATOR_CONSUMER
    if call.consumer.startswith("argument:"):
        yield from _by_argument(call, turning)


def _by_argument(call: Call, turning: set[str]) -> Found:
    """Objects that are handed to something which enters them."""
    classes = [target.id for target in call.targets if target.kind is TargetKind.CLASS]
    names: tuple[str, ...] = ()
    if any(word in call.consumer for word in STACKS):
        names = tuple(PAIR)
    yield from ((f"{c}.{n}", Reason.CALLBACK_OUTSIDE) for c in classes for n in names if f"{c}.{n}" in turning)


def _by_consumer(index: Index, turning: set[str], colouring: Colouring, trees: _Trees) -> Found:
    """Objects that a call iterates over, enters or closes: `list(rows)`, `stack.enter_context(lock)`."""
    graph = index.graph
    for edge in graph.edges if graph is not None else ():
        if graph is None or edge.target < 0 or edge.spot[0] != CALL or graph.ids[edge.target] not in turning:
            continue
        id_ = graph.ids[edge.target]
        name = id_.rpartition(".")[2]
        if name in ITERATORS:
            yield id_, Reason.GENERATOR_CONSUMER
        elif name in PAIR:
            yield id_, Reason.CALLBACK_OUTSIDE
        elif name == "close":
            tree = trees(graph.place(edge.spot).path)
            is_closing = closes(tree, tree.expression(graph.place(edge.spot)))
            if is_closing and not closes_well(tree, graph, edge, colouring):
                yield id_, Reason.CALLBACK_OUTSIDE


def _in_loop(colouring: Colouring, scope: str | None) -> bool:
    return scope is not None and colouring.colour_of(scope) in RUNS_IN_LOOP


# ---------------------------------------------------------------- by what the text says


def _in_file(
    source: Source, facts: FileFacts, index: Index, colouring: Colouring, turning: set[str], free: frozenset[Place]
) -> Found:
    tree = Tree(source.path, source.text)
    yield from _by_naming(tree, facts, turning)
    yield from _by_taking_apart(tree, facts, turning)
    own = [id_ for id_ in turning if index.functions[id_].place.path == source.path]
    formed = [id_ for id_ in own if index.functions[id_].is_generator or id_.endswith(".__iter__")]
    locked = any(kind in LOCKS for use in facts.uses for kind in use.types)
    for id_ in own:
        if id_.endswith(".__call__") and _is_in_metaclass(tree, index.functions[id_]):
            yield id_, Reason.DUNDER
    if not formed and not locked:
        return
    for id_ in formed:
        reason = _by_form(tree, index.functions[id_])
        if reason is not None:
            yield id_, reason
    if locked:
        yield from _by_lock(tree, facts, colouring, turning, free)


def _by_naming(tree: Tree, facts: FileFacts, turning: set[str]) -> Found:
    """Functions that are named as a decorator, or as the key of a sort."""
    for use in facts.uses:
        named = [id_ for id_ in use.functions if id_ in turning]
        node = tree.expression(use.place) if named else None
        parent = tree.parent(node) if node is not None else None
        is_name = isinstance(node, ast.Name | ast.Attribute)
        if is_name and isinstance(parent, FunctionNode | ast.ClassDef) and node in parent.decorator_list:
            yield from ((id_, Reason.DEFAULT_ARGUMENT) for id_ in named)
        is_key = isinstance(parent, ast.keyword) and parent.arg == "key"
        if is_key and not (parent and is_followed(tree, tree.parent(parent))):
            yield from ((id_, Reason.CALLBACK_OUTSIDE) for id_ in named)


def _by_taking_apart(tree: Tree, facts: FileFacts, turning: set[str]) -> Found:
    """Iterators of objects that are unpacked, or asked with `in` what they hold."""
    for call in facts.calls:
        classes = [target.id for target in call.targets if target.kind is TargetKind.CLASS]
        found = [f"{c}.{name}" for c in classes for name in ITERATORS if f"{c}.{name}" in turning]
        node = tree.expression(call.place) if found else None
        if node is not None and any(_is_taken_apart(tree, same) for same in (node, *_names_of(tree, node))):
            yield from ((id_, Reason.GENERATOR_CONSUMER) for id_ in found)


def _names_of(tree: Tree, node: ast.expr) -> list[ast.expr]:
    parent = tree.parent(node)
    bound = (
        {target.id for target in parent.targets if isinstance(target, ast.Name)}
        if isinstance(parent, ast.Assign)
        else ()
    )
    return [n for n in ast.walk(tree.scope(node)) if isinstance(n, ast.Name) and n.id in bound]


def _is_taken_apart(tree: Tree, node: ast.expr) -> bool:
    parent = tree.parent(node)
    if isinstance(parent, ast.Assign) and parent.value is node:
        return any(isinstance(target, ast.Tuple | ast.List) for target in parent.targets)
    return isinstance(parent, ast.Starred) or (isinstance(parent, ast.Compare) and parent.left is not node)


def _is_in_metaclass(tree: Tree, function: Function) -> bool:
    node = tree.function(function.place)
    owner = tree.parent(node) if node is not None else None
    return isinstance(owner, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id == "type" for b in owner.bases)


def _by_form(tree: Tree, function: Function) -> Reason | None:
    node = tree.function(function.place)
    if node is None:
        return None
    if not function.is_generator:
        return Reason.GENERATOR_CONSUMER
    for inner in own_nodes(tree, node):
        if isinstance(inner, ast.Return) and not _gives_nothing(inner):
            return Reason.GENERATOR_VALUE
        if isinstance(inner, ast.YieldFrom) and not isinstance(tree.parent(inner), ast.Expr):
            return Reason.GENERATOR_VALUE
    return None


def _gives_nothing(node: ast.Return) -> bool:
    return node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)


def own_nodes(tree: Tree, function: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions inside it."""
    return (node for node in ast.walk(function) if tree.scope(node) is function)


def _by_lock(tree: Tree, facts: FileFacts, colouring: Colouring, turning: set[str], free: frozenset[Place]) -> Found:
    for use in facts.uses:
        if use.scope not in turning or not any(kind in LOCKS for kind in use.types):
            continue
        node = tree.expression(use.place)
        parent = tree.parent(node) if node is not None else None
        outer = tree.parent(parent) if isinstance(parent, ast.Attribute) else None
        if use.place in free or (outer is not None and tree.place(outer) in free):
            continue
        if isinstance(parent, ast.Attribute) and parent.attr in {"acquire", "wait"}:
            yield use.scope, Reason.LOCK_HELD
        block = tree.parent(parent) if isinstance(parent, ast.withitem) else None
        if isinstance(block, ast.With) and _waits(tree.place(block), facts, colouring):
            yield use.scope, Reason.LOCK_HELD


def _waits(block: Place, facts: FileFacts, colouring: Colouring) -> bool:
    spots: list[tuple[Place, bool]] = [
        (call.place, any(_turns(target, colouring) for target in call.targets) or bool(pack_paths(call)))
        for call in facts.calls
    ]
    spots += [(run.place, any(colouring.colour_of(id_) in WAITING for id_ in run.functions)) for run in facts.runs]
    return any(waits and block.contains(place) for place, waits in spots)


def _turns(target: Target, colouring: Colouring) -> bool:
    return target.kind is TargetKind.FUNCTION and colouring.colour_of(target.id) in WAITING
