"""Uses of a library that no rule can follow, and what has to stay synchronous for their sake.

An object of a library migrates as a whole: a session whose `send` nobody knows cannot become another kind of
session. Where the object is local to one function, that function stays; where it is shared, the library stays.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from asyncify.catalogue import Catalogue
from asyncify.infer.facts import Call, Index, Use
from asyncify.plan.arguments import find_trouble
from asyncify.plan.derived import Derived, find_derived
from asyncify.plan.locals import is_local_value
from asyncify.plan.own import is_own_object
from asyncify.plan.scene import pack_paths
from asyncify.plan.step import Ending, Outcome
from asyncify.plan.tree import Tree
from asyncify.project import Source
from asyncify.reason import Reason
from asyncify.rule import PackType, Rule

RULE = "unknown-member"
CLASS_DETAIL = "The project derives a class of its own from it."
OVERRIDE_DETAIL = "A class of the project overrides `{name}`, which the new class would never call."


@dataclass(frozen=True, slots=True)
class Blockers:
    """Functions (ids) and packs (ids) that stay as they are, and each place that is to blame."""

    held: Mapping[str, Reason]
    packs: frozenset[str]
    outcomes: tuple[Outcome, ...]
    derived: Derived

    def with_packs(self, packs: Mapping[str, Sequence[Outcome]]) -> Blockers:
        """The same with more packs that stay, each with what is to blame."""
        blamed = (outcome for pack in sorted(packs.keys() - self.packs) for outcome in packs[pack])
        return replace(self, packs=self.packs | packs.keys(), outcomes=(*self.outcomes, *blamed))


@dataclass(frozen=True, slots=True)
class _Found:
    pack: str
    outcome: Outcome
    scope: str | None  # the function that can stay for it; None: the whole pack has to


def find_blockers(sources: Sequence[Source], index: Index, catalogue: Catalogue) -> Blockers:
    """All blockers of a project, by the shape of the code alone."""
    found: list[_Found] = []
    derived = find_derived(index, catalogue)
    migratable = {rule.pack for rule in catalogue.rules.values() if rule.waits and not rule.is_detection_only}
    for source in sources:
        facts = index.files.get(source.path)
        if facts is None or not any(_is_of(use, migratable, catalogue) for use in facts.uses):
            continue
        calls = {call.place.span: call for call in facts.calls}
        file = _File(Tree(source.path, source.text), calls, catalogue, derived)
        found += [blocker for use in facts.uses for blocker in _blockers_of_use(file, use)]
        found += [blocker for call in facts.calls if (blocker := _blocker_of_call(file, call)) is not None]
    return Blockers(
        held={blocker.scope: blocker.outcome.reason or Reason.MEMBER_UNKNOWN for blocker in found if blocker.scope},
        packs=frozenset(blocker.pack for blocker in found if blocker.scope is None),
        outcomes=tuple(blocker.outcome for blocker in found),
        derived=derived,
    )


def _is_of(use: Use, packs: set[str], catalogue: Catalogue) -> bool:
    kinds = [catalogue.types[name] for name in (*use.types, *use.symbols) if name in catalogue.types]
    return any(kind.pack in packs for kind in kinds)


@dataclass(frozen=True, slots=True)
class _File:
    tree: Tree
    calls: Mapping[tuple[int, int, int, int], Call]
    catalogue: Catalogue
    derived: Derived

    def rule_of(self, call: Call) -> Rule | None:
        return next((rule for path in pack_paths(call) if (rule := self.catalogue.rule_for(path))), None)


def _blockers_of_use(file: _File, use: Use) -> list[_Found]:
    node = file.tree.expression(use.place)
    parent = file.tree.parent(node) if node is not None else None
    if node is None:
        return []
    if isinstance(parent, ast.ClassDef):
        kinds = [file.catalogue.types[name] for name in use.symbols if name in file.catalogue.types]
        return [found for kind in kinds if (found := _blocker_of_class(file, use, kind)) is not None]
    if not isinstance(parent, ast.Attribute) or not isinstance(parent.ctx, ast.Load):
        return []
    kinds = [file.catalogue.types[name] for name in use.types if name in file.catalogue.types]
    lost = [kind for kind in kinds if kind.becomes is not None and _is_lost(file, kind, parent.attr)]
    scope = use.scope if is_own_object(file.tree, file.calls, file.catalogue, node) else None
    detail = f"`{parent.attr}` has no asynchronous form."
    return [_found(use, kind, f"{kind.id}.{parent.attr}", detail, scope) for kind in lost]


def _blocker_of_class(file: _File, use: Use, kind: PackType) -> _Found | None:
    if not kind.derivable and _waits(file.catalogue, kind):
        return _found(use, kind, kind.id, CLASS_DETAIL, None)
    lost = sorted((kind.lacks | kind.sealed) & file.derived.members.get(kind.id, frozenset()))
    if not lost:
        return None
    return _found(use, kind, f"{kind.id}.{lost[0]}", OVERRIDE_DETAIL.format(name=lost[0]), None)


def _is_lost(file: _File, kind: PackType, name: str) -> bool:
    """Is this a member of the library's class that has no counterpart?

    A name that is no member of the class at all speaks of something else that may stand here.
    """
    if kind.lacks:
        return name in kind.lacks
    if kind.id in file.derived.members:  # of which the project has classes with members of their own
        return False
    return not file.catalogue.knows_member(kind.id, name)


def _found(use: Use, kind: PackType, what: str, detail: str, scope: str | None) -> _Found:
    outcome = Outcome(use.place, what, Ending.REFUSED, RULE, Reason.MEMBER_UNKNOWN, detail)
    return _Found(kind.pack, outcome, scope)


def _waits(catalogue: Catalogue, kind: PackType) -> bool:
    """Has the class methods that wait and are rewritten?"""
    return any(
        signature.owner == kind.id and rule.waits is not None and not rule.is_detection_only
        for rule in catalogue.rules.values()
        for signature in rule.calls
    )


def _opens_object(catalogue: Catalogue, rule: Rule) -> bool:
    """Does the call wait for an object whose methods wait as well, such as a connection?"""
    kind = catalogue.types.get(rule.returns or "")
    return kind is not None and _waits(catalogue, kind)


def _blocker_of_call(file: _File, call: Call) -> _Found | None:
    """A constructor, or what connects, whose arguments have no counterpart: what is made with it stays as well."""
    rule = file.rule_of(call)
    node = file.tree.expression(call.place)
    if (
        rule is None
        or (rule.waits is not None and not rule.lazy and not _opens_object(file.catalogue, rule))
        or rule.becomes is None
        or not isinstance(node, ast.Call)
    ):
        return None
    trouble = find_trouble(rule, pack_paths(call)[0], node)
    if trouble is None:
        return None
    outcome = Outcome(call.place, ", ".join(pack_paths(call)), Ending.REFUSED, rule.id, Reason.ARGUMENTS, trouble)
    return _Found(rule.pack, outcome, call.scope if is_local_value(file.tree, node) else None)
