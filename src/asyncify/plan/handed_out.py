"""What code outside the project meets after the migration: objects and errors of other classes. Said, not changed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from asyncify.infer.facts import Function
from asyncify.plan.scene import Decided, Scene, function_ids, pack_paths
from asyncify.plan.step import Ending, Warned
from asyncify.project import is_test
from asyncify.rule import Pack

RULE = "outside-callers"
RETURNED = "returned"
SHOWN = 4  # names; a client may have hundreds of such functions


def handed_out(scenes: Mapping[str, Scene], decided: Mapping[str, Decided], support: str) -> tuple[Warned, ...]:
    """For each type of a migrated library the public functions that return it; for each library the classes of its
    errors."""
    if not scenes:
        return ()
    some = next(iter(scenes.values()))
    packs = [pack for pack in some.catalogue.packs if pack.id in some.migrating]
    return (*_objects(scenes), *(warned for pack in packs for warned in _errors(pack, scenes, decided, support)))


def _objects(scenes: Mapping[str, Scene]) -> Iterator[Warned]:
    returning = _returning(scenes)
    public = sorted((function for scene in scenes.values() for function in _public(scene)), key=lambda f: f.place)
    for kind in sorted({kind for kinds in returning.values() for kind in kinds}):
        functions = [function for function in public if kind in returning.get(function.id, ())]
        names = list(dict.fromkeys(function.qualname for function in functions))
        if functions:
            what = f"an object of the support module, with the members of {kind}, that is no {kind}"
            yield Warned(functions[0].place, RULE, f"Callers of {_listed(names)} get {what}.")


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def _returning(scenes: Mapping[str, Scene]) -> dict[str, frozenset[str]]:
    """Functions that return what they got from a library, with its types; directly, or from one another."""
    found: dict[str, frozenset[str]] = {}
    calls = []
    for scene in scenes.values():
        for use in scene.facts.uses:
            kinds = _migrated(scene, use.types)
            node = scene.node_of(use.place) if kinds and use.scope else None
            if use.scope and node is not None and isinstance(scene.tree.parent(node), ast.Return):
                found[use.scope] = found.get(use.scope, frozenset()) | kinds
        for call in scene.facts.calls:
            if call.scope is None or call.consumer != RETURNED:
                continue
            rules = [scene.catalogue.rule_for(path) for path in pack_paths(call)]
            kinds = _migrated(scene, [rule.returns for rule in rules if rule and rule.returns and rule.waits])
            found[call.scope] = found.get(call.scope, frozenset()) | kinds
            calls += [(call.scope, id_) for id_ in function_ids(call)]
    grew = True
    while grew:  # each round adds at least one type to a function, of which there are finitely many
        grew = False
        for scope, target in calls:
            more = found.get(target, frozenset()) - found.get(scope, frozenset())
            if more:
                found[scope] = found.get(scope, frozenset()) | more
                grew = True
    return found


def _migrated(scene: Scene, types: list[str] | tuple[str, ...]) -> frozenset[str]:
    kinds = (scene.catalogue.types.get(name) for name in types)
    return frozenset(
        kind.id
        for kind in kinds
        if kind is not None and kind.pack in scene.migrating and (kind.becomes or "").startswith("{aio}.")
    )


def _errors(pack: Pack, scenes: Mapping[str, Scene], decided: Mapping[str, Decided], support: str) -> Iterator[Warned]:
    if not pack.exceptions:
        return
    old, new = pack.exceptions[0].path, " or ".join(pack.exceptions[0].catches).replace("{aio}", support)
    text = f"Code outside the project that catches {old} from here has to catch {new} now."
    for path, scene in sorted(scenes.items()):
        rules = scene.catalogue.rules
        for outcome in () if is_test(path) else sorted(decided[path].outcomes, key=lambda each: each.place):
            rule = rules.get(outcome.rule or "")
            if outcome.ending is Ending.CONVERTED and rule and rule.pack == pack.id and rule.waits and rule.returns:
                yield Warned(outcome.place, RULE, text)
                return


def _public(scene: Scene) -> Iterator[Function]:
    """Functions that code outside the project may call."""
    if is_test(scene.path):
        return
    for id_ in scene.functions:
        function = scene.index.functions[id_]
        parts = function.qualname.split(".")
        if not any(part.startswith("_") or part == "<locals>" for part in parts):
            yield function
