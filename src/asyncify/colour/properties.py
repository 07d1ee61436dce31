"""Properties that wait: which may become such that are awaited where they are read."""

from __future__ import annotations

from asyncify.catalogue import Catalogue
from asyncify.colour.outside import has_member
from asyncify.infer.graph import Graph
from asyncify.infer.objects import Fn

KINDS = frozenset({"property", "cached_property", "functools.cached_property"})
BESIDE = frozenset({"abstractmethod", "abc.abstractmethod", "override", "typing.override", "final", "typing.final"})


def may_be_awaited(graph: Graph, fn: Fn, catalogue: Catalogue) -> bool:
    """Is it a getter by its decorators alone, in a hierarchy where that name is nothing else, and read by no outside
    code that a base class brings?"""
    if fn.owner < 0 or fn.number not in graph.getters or fn.fact.is_generator or fn.fact.name.startswith("__"):
        return False
    classes, name = graph.objects.classes, fn.fact.name
    related = {fn.owner, *classes[fn.owner].mro, *classes[fn.owner].subclasses}
    named = map(graph.objects.functions.__getitem__, graph.objects.methods.get(name, ()))
    own = [other for other in named if other.owner in related]
    if not all(_is_plain(other) for other in own) or len(own) > len({other.owner for other in own}):
        return False
    if any(name in classes[number].fact.attributes for number in related):
        return False
    defining = {number for number in related if name in classes[number].fact.body}
    outside = {base for number in related for base in classes[number].direct_outside}
    return defining == {other.owner for other in own} and not any(
        has_member(base, name, catalogue) is not False for base in outside
    )


def _is_plain(fn: Fn) -> bool:
    others = [text for text in fn.fact.decorators if text not in BESIDE]
    return len(others) == 1 and others[0] in KINDS and not fn.fact.is_generator
