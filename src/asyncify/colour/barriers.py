"""What keeps a function synchronous whatever it calls: Python itself, or code that cannot be changed."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from asyncify.catalogue import Catalogue
from asyncify.colour.constructors import may_have_factory
from asyncify.colour.outside import THREADS, has_member, holds_callback, holds_generator
from asyncify.colour.properties import may_be_awaited
from asyncify.infer.describe import plain_path
from asyncify.infer.graph import Escape, Graph
from asyncify.infer.objects import Fn
from asyncify.place import Place
from asyncify.project import is_test
from asyncify.reason import Reason
from asyncify.rule import Form

CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__", "__attrs_post_init__"})
DUNDER = re.compile(r"__.*__")
# IPython shows objects through these, and enum asks for these.
CALLED_BY_NAME = re.compile(r"_(repr_\w+|ipython_\w+|missing|generate_next_value)_")
RENAMED = frozenset(
    {"__enter__", "__exit__", "__iter__", "__next__", "__call__", "__aenter__", "__aexit__", "__aiter__", "__anext__"}
)
WORDS = {
    Reason.CONSTRUCTOR: "Python calls it to make the object and does not await it",
    Reason.DUNDER: "Python calls it and does not await it",
    Reason.PROPERTY: "reading an attribute cannot await",
    Reason.CACHED: "`{path}` would keep the coroutine instead of its value",
    Reason.DECORATOR_OUTSIDE: "`{path}` may call it without await",
    Reason.CALLBACK_OUTSIDE: "`{path}` calls what it is given without await",
    Reason.THREAD: "`{path}` runs it in a thread of its own",
    Reason.GENERATOR_CONSUMER: "`{path}` iterates over it without `async for`",
    Reason.BASE_OUTSIDE: "`{path}` may call this method without await",
}


@dataclass(frozen=True, slots=True)
class Barrier:
    """Why a function stays synchronous, where the cause stands and what it is in words."""

    reason: Reason
    place: Place
    detail: str


def find_barriers(
    graph: Graph,
    catalogue: Catalogue,
    asked: Set[int],
    awaited: frozenset[Escape] = frozenset(),
    without: frozenset[str] = frozenset(),
    *,
    factories: bool = True,
) -> dict[int, Barrier]:
    """The first barrier of each function of `asked` that has one; `awaited` are escapes to code that will await the
    function, `without` are packs whose classes stay as they are. With `factories` a constructor whose class can have an
    async factory has none, nor has a property that can be awaited."""
    found: dict[int, Barrier] = {}
    free = awaited_getters(graph, catalogue, asked) if factories else frozenset()
    functions = [graph.objects.functions[number] for number in sorted(asked)]
    for fn in functions:
        is_free = fn.number in free or (factories and may_have_factory(graph, fn))
        barrier = None if is_free else _by_name(graph, fn)
        if barrier is not None:
            found[fn.number] = barrier
    code = _with_relatives_in_code(graph)
    for escape in graph.escapes:
        if escape.function not in asked:
            continue
        is_getter = escape.slot is None and escape.function in free
        if is_getter or escape.function in found or escape in awaited or _is_for_a_test(graph, escape, code):
            continue
        is_generator = graph.objects.functions[escape.function].fact.is_generator
        holds = holds_generator if is_generator else holds_callback
        reason = holds(escape.path, escape.slot, catalogue)
        if reason is not None:
            found[escape.function] = _barrier(reason, graph.place(escape.spot), escape.path)
    called = {edge.target for edge in graph.edges}
    for fn in functions:
        if fn.number not in found and fn.owner >= 0:
            barrier = _by_base(graph, fn, fn.number in called, catalogue, without)
            if barrier is not None:
                found[fn.number] = barrier
    return found


def awaited_getters(graph: Graph, catalogue: Catalogue, asked: Set[int]) -> frozenset[int]:
    """The functions of `asked` behind properties that may be awaited where they are read."""
    functions = graph.objects.functions
    return frozenset(number for number in graph.getters & asked if may_be_awaited(graph, functions[number], catalogue))


def _with_relatives_in_code(graph: Graph) -> set[int]:
    """Functions that are no tests' own, and those of tests that share their colour with such."""
    tests = [is_test(summary.path) for summary in graph.objects.summaries]
    found = {fn.number for fn in graph.objects.functions if not tests[fn.file]}
    for group in graph.families:
        if not found.isdisjoint(group):
            found |= group
    return found


def _is_for_a_test(graph: Graph, escape: Escape, code: Set[int]) -> bool:
    """Does a test hand over what it tests, to a test double say? The test follows the code, not the code the test."""
    return escape.function in code and is_test(graph.objects.summaries[escape.spot[1]].path)


def _barrier(reason: Reason, place: Place, path: str = "") -> Barrier:
    return Barrier(reason, place, WORDS[reason].format(path=plain_path(path).removeprefix("builtins.")))


def _place(graph: Graph, fn: Fn) -> Place:
    return Place(graph.objects.summaries[fn.file].path, *fn.fact.span)


def _by_name(graph: Graph, fn: Fn) -> Barrier | None:
    name = fn.fact.name
    if fn.owner >= 0 and name in CONSTRUCTORS:
        return _barrier(Reason.CONSTRUCTOR, _place(graph, fn))
    if fn.owner >= 0 and name not in RENAMED and (DUNDER.fullmatch(name) or CALLED_BY_NAME.fullmatch(name)):
        return _barrier(Reason.DUNDER, _place(graph, fn))
    is_accessor = any(text.endswith((".setter", ".deleter", ".getter")) for text in fn.fact.decorators)
    if fn.number in graph.getters or is_accessor:
        cached = any(text.endswith("cached_property") for text in fn.fact.decorators)
        reason = Reason.CACHED if cached else Reason.PROPERTY
        return _barrier(reason, _place(graph, fn), "cached_property")
    return None


def _by_base(graph: Graph, fn: Fn, is_called: bool, catalogue: Catalogue, without: frozenset[str]) -> Barrier | None:
    """Does the method override one of a class from outside the project?"""
    name = fn.fact.name
    if name.startswith("__"):
        return None
    for base in graph.objects.classes[fn.owner].outside:
        kind = catalogue.types.get(catalogue.canonical(base))
        stays = kind is not None and kind.pack in without
        if not stays and catalogue.lets_override(f"{catalogue.canonical(base)}.{name}", Form.COROUTINE_FUNCTION):
            continue
        known = has_member(base, name, catalogue)
        if known is None:  # an unknown class may call whatever is public and called by nobody else
            known = not is_called and not name.startswith("_")
        if known:
            reason = Reason.THREAD if name == "run" and catalogue.canonical(base) in THREADS else Reason.BASE_OUTSIDE
            return _barrier(reason, _place(graph, fn), base)
    return None
