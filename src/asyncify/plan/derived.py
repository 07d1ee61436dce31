"""Classes that the project derives from a library's class: which members they have, and which of them can follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from asyncify.catalogue import Catalogue
from asyncify.colour.colouring import Colour, Colouring
from asyncify.infer.facts import Index
from asyncify.infer.graph import Graph
from asyncify.infer.objects import Cls, Fn
from asyncify.plan.step import Ending, Outcome
from asyncify.reason import Reason
from asyncify.rule import PackType

RULE = "library-method-overridden"
OTHER_COLOUR = "The method overrides one that waits and does not wait itself: the new class would await its result."
STAYS = "The method overrides one that waits in a class that stays as it is: it would be called without await."


@dataclass(frozen=True, slots=True)
class Derived:
    """What the project's own classes add to the classes of libraries. Keys are ids of pack types."""

    members: Mapping[str, frozenset[str]]  # names of the methods and class attributes of all subclasses
    overrides: Mapping[str, frozenset[str]]  # ids of the methods that override one which waits

    @property
    def overridden(self) -> frozenset[str]:
        """Types of which an object may run a method of the project in the stead of the library's."""
        return frozenset(kind for kind, ids in self.overrides.items() if ids)


def find_derived(index: Index, catalogue: Catalogue) -> Derived:
    """The subclasses of all types that packs know."""
    graph = index.graph
    if graph is None:
        return Derived({}, {})
    methods: dict[int, list[Fn]] = {}
    for fn in graph.objects.functions:
        if fn.owner >= 0:
            methods.setdefault(fn.owner, []).append(fn)
    members: dict[str, set[str]] = {}
    overrides: dict[str, set[str]] = {}
    for cls in graph.objects.classes:
        for kind in _library_bases(cls, catalogue):
            own = methods.get(cls.number, [])
            members.setdefault(kind.id, set()).update(cls.body, (fn.fact.name for fn in own))
            overrides.setdefault(kind.id, set()).update(_overriding(graph, own, kind, catalogue))
    return Derived(
        {kind: frozenset(names) for kind, names in members.items()},
        {kind: frozenset(ids) for kind, ids in overrides.items()},
    )


def _library_bases(cls: Cls, catalogue: Catalogue) -> Iterator[PackType]:
    for path in cls.outside:
        kind = catalogue.types.get(catalogue.canonical(path))
        if kind is not None:
            yield kind


def _overriding(graph: Graph, own: list[Fn], kind: PackType, catalogue: Catalogue) -> Iterator[str]:
    for fn in own:
        rule = catalogue.rule_for(f"{kind.id}.{fn.fact.name}")
        if rule is not None and rule.waits is not None and not fn.fact.name.startswith("__"):
            yield graph.ids[fn.number]


def overridden_otherwise(
    derived: Derived, index: Index, colouring: Colouring, catalogue: Catalogue, migrating: frozenset[str]
) -> Iterator[tuple[str, Outcome]]:
    """Packs of which a class of the project overrides a waiting method in another colour than its new base has it."""
    for kind, ids in sorted(derived.overrides.items()):
        pack = catalogue.types[kind].pack
        wanted = pack in migrating
        for id_ in sorted(ids) if catalogue.types[kind].derivable else ():
            if (colouring.colour_of(id_) is Colour.ASYNC) != wanted:
                place = index.functions[id_].place
                what = f"{kind}.{id_.rpartition('.')[2].partition('#')[0]}"
                detail = OTHER_COLOUR if wanted else STAYS
                yield pack, Outcome(place, what, Ending.REFUSED, RULE, Reason.MEMBER_UNKNOWN, detail)
