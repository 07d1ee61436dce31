"""Constructors that wait: which may leave their work to an async factory, and what that is called."""

from __future__ import annotations

from dataclasses import dataclass

from asyncify.infer.graph import Graph
from asyncify.infer.objects import Cls, Fn

PLAIN = frozenset({"object", "ABC", "Generic", "Protocol"})  # bases that make an object without looking at arguments
HARMLESS = frozenset({"dataclass", "final", "runtime_checkable", "total_ordering"})  # class decorators
FACTORIES = ("create", "create_async", "make", "make_async")
TWINS = ("_init", "_init_async", "_async_init", "_init_waiting")


@dataclass(frozen=True, slots=True)
class FactoryNames:
    """`create` makes the object, `twin` is the method that has what stood in `__init__`."""

    create: str
    twin: str


def may_have_factory(graph: Graph, fn: Fn) -> bool:
    """Can `cls.__new__(cls)` and an awaited method do what calling the class of this `__init__` does?"""
    if fn.fact.name != "__init__" or fn.fact.decorators or fn.fact.is_generator or not fn.positional:
        return False
    classes = graph.objects.classes
    return all(_is_plain(graph, classes[number]) for number in (*classes[fn.owner].mro, *_below(graph, fn.owner)))


def _below(graph: Graph, owner: int) -> list[int]:
    """The classes that inherit from it, and what else those inherit from: they share the new methods' names."""
    classes = graph.objects.classes
    return sorted({number for below in classes[owner].subclasses for number in classes[below].mro})


def _is_plain(graph: Graph, cls: Cls) -> bool:
    fact = cls.fact
    if fact.keywords or cls.unknown_base or cls.direct_outside or "__new__" in fact.body:
        return False
    if any(text.partition("(")[0].rpartition(".")[2] not in HARMLESS for text in fact.decorators):
        return False
    return len([text for text in fact.bases if text.rpartition(".")[2] not in PLAIN]) == len(cls.bases)


def factory_names(graph: Graph, owner: int) -> FactoryNames:
    """Names that no class of the hierarchy uses, the same for all of it."""
    classes = graph.objects.classes
    related = {owner, *classes[owner].mro}
    while more := {n for known in related for n in (*classes[known].subclasses, *classes[known].mro)} - related:
        related |= more
    taken = {name for number in related for name in (*classes[number].fact.body, *classes[number].fact.attributes)}
    return FactoryNames(_free(FACTORIES, taken), _free(TWINS, taken))


def _free(names: tuple[str, ...], taken: set[str]) -> str:
    return next((name for name in names if name not in taken), f"_{names[-1]}_of_asyncio")
