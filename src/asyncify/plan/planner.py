"""plan: Colouring -> Plan. Decides, file by file, what becomes of every call, name and definition."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from asyncify.catalogue import Catalogue
from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.infer.facts import Call, FileFacts, Index
from asyncify.plan.annotations import decide_annotation
from asyncify.plan.base_handlers import decide_base_handlers
from asyncify.plan.blockers import Blockers
from asyncify.plan.bridges import torn_packs
from asyncify.plan.caches import decide_caches
from asyncify.plan.calls import broken_packs, decide_call
from asyncify.plan.closing import decide_closing
from asyncify.plan.combinators import decide_combined
from asyncify.plan.concurrency import NOTHING_GATHERED, Effects, SideBySide, Which, decide_gathering
from asyncify.plan.constructors import decide_handed
from asyncify.plan.definitions import decide_function
from asyncify.plan.derived import Derived, overridden_otherwise
from asyncify.plan.direct.decide import Direct, decide_direct
from asyncify.plan.file_plans import file_plan, support_names
from asyncify.plan.generators import decide_run
from asyncify.plan.handed_out import handed_out
from asyncify.plan.heavy import find_heavy_routes
from asyncify.plan.indirect import indirect_paths
from asyncify.plan.leftovers import decide_leftovers, handed_packs
from asyncify.plan.library_runs import decide_library_run
from asyncify.plan.lifespan import decide_lifespan, lifespan_calls, registers_events
from asyncify.plan.nesting import nested
from asyncify.plan.pools import decide_pools
from asyncify.plan.properties import decide_read
from asyncify.plan.quoted import decide_quoted
from asyncify.plan.races import find_races
from asyncify.plan.remarks import cautioned, remarked
from asyncify.plan.scene import Decided, Scene, joined, pack_paths
from asyncify.plan.step import (
    Gathering,
    Outcome,
    Plan,
)
from asyncify.plan.stubs import decide_examples, stub_plans
from asyncify.plan.styles import reads_carried
from asyncify.plan.support_place import place_support
from asyncify.plan.threads.decide import decide_threads
from asyncify.plan.threads.follow import Following
from asyncify.plan.tree import Tree
from asyncify.plan.uses import decide_use, entered_packs
from asyncify.project import Project
from asyncify.rule import Rule, Style

NOTHING_FOLLOWS = Following()


def plan(
    project: Project,
    index: Index,
    colouring: Colouring,
    catalogue: Catalogue,
    blockers: Blockers,
    support_name: str = "_aio",
    setting: SideBySide = NOTHING_GATHERED,
    style: Style = Style.FAITHFUL,
    following: Following = NOTHING_FOLLOWS,
) -> Plan:
    """Every edit and every thing left alone, sorted; the same for the same input."""
    migrating = _migrating(index, colouring, catalogue) - blockers.packs
    scenes = _scenes(project, index, colouring, catalogue, migrating, blockers.derived, style, following)
    decided = _decide_files(scenes)
    lingering = _lingering(decided, catalogue)
    if lingering:
        scenes = {path: replace(scene, lingering=lingering) for path, scene in scenes.items()}
        decided = _decide_files(scenes)
    decided, gatherings = _gathered(project, scenes, decided, setting)
    if any(pack.target not in {None, "asyncio"} for pack in catalogue.packs if pack.id in migrating):
        decided = _with_lifespans(scenes, decided, support_name, has_events=registers_events(project.sources))
    files = tuple(file_plan(scenes[path], decision) for path, decision in decided.items() if decision.steps)
    stubs = tuple(stub_plans(project.stubs, index, colouring))
    files += tuple(file for file, _ in stubs if file.steps)
    names = tuple(sorted({name for file in files for step in file.steps for name in support_names(step)}))
    users = [file.path for file in files if file.imports.support]
    texts = {source.path: source.text for source in project.sources}
    blamed = {(o.place, o.what) for o in blockers.outcomes}  # what is said of them tells more
    own = (o for d in decided.values() for o in d.outcomes if (o.place, o.what) not in blamed)
    ends = (*own, *blockers.outcomes)
    outcomes = sorted(_unique(ends), key=lambda o: (o.place, o.what))
    warnings = {w for d in decided.values() for w in d.warnings}.union(handed_out(scenes, decided, support_name))
    warnings.update(find_heavy_routes(index, catalogue))
    warnings.update(warned for _, found in stubs for warned in found)
    packs = [pack for pack in catalogue.packs if pack.id in migrating]
    return Plan(
        files=files,
        outcomes=tuple(outcomes),
        warnings=tuple(sorted(warnings, key=lambda w: (w.place, w.rule, w.text))),
        gatherings=gatherings,
        verdicts=colouring.verdicts,
        broken=_broken(
            scenes,
            decided,
            (
                *overridden_otherwise(blockers.derived, index, colouring, catalogue, migrating),
                *torn_packs(scenes, decided, frozenset(pack.id for pack in packs if pack.one_loop)),
            ),
        ),
        support=place_support(users, texts, support_name, names, project.package, setting.limits, setting.timeouts)
        if users
        else None,
        requires=tuple(sorted({line for pack in packs for line in pack.requires})),
        drops=tuple(sorted({name for pack in packs for name in pack.drops})),
    )


def _broken(
    scenes: Mapping[str, Scene], decided: Mapping[str, Decided], others: Iterable[tuple[str, Outcome]]
) -> dict[str, tuple[Outcome, ...]]:
    """Packs that cannot migrate after all, and the places that are to blame."""
    blamed: dict[str, list[Outcome]] = {}
    called = (found for path, scene in scenes.items() for found in broken_packs(scene, decided[path]))
    entered = (found for path, scene in scenes.items() for found in entered_packs(scene, decided[path]))
    handed = (found for path, scene in scenes.items() for found in handed_packs(scene, decided[path]))
    for pack, outcome in (*called, *entered, *handed, *others):
        blamed.setdefault(pack, []).append(outcome)
    return {pack: tuple(outcomes) for pack, outcomes in blamed.items()}


def _migrating(index: Index, colouring: Colouring, catalogue: Catalogue) -> frozenset[str]:
    """Packs of which at least one waiting call stands in a function whose body will be awaited."""
    found = set()
    for facts in index.files.values():
        for call in facts.calls:
            if call.scope is None or colouring.colour_of(call.scope) not in RUNS_IN_LOOP:
                continue
            for path in pack_paths(call):
                rule = catalogue.rule_for(path)
                if rule is not None and rule.waits is not None and not rule.is_detection_only:
                    found.add(rule.pack)
    return frozenset(found)


def _lingering(decided: Mapping[str, Decided], catalogue: Catalogue) -> frozenset[str]:
    refused = {o.rule for d in decided.values() for o in d.outcomes if o.ending == "refused"}
    return frozenset(rule.pack for id_ in refused if (rule := catalogue.rules.get(id_)) and _raises(rule))


def _raises(rule: Rule) -> bool:
    return rule.waits is not None


def _scenes(
    project: Project,
    index: Index,
    colouring: Colouring,
    catalogue: Catalogue,
    migrating: frozenset[str],
    derived: Derived,
    style: Style,
    following: Following,
) -> dict[str, Scene]:
    """The files in which there is anything to decide."""
    by_file: dict[str, list[str]] = {}
    for function in index.functions.values():
        by_file.setdefault(function.place.path, []).append(function.id)
    touched = {}
    for source in project.sources:
        facts = index.files.get(source.path)
        functions = tuple(sorted(by_file.get(source.path, ())))
        if facts is not None and _is_touched(facts, functions, colouring, catalogue):
            touched[source.path] = (source, facts, functions)
    trees = {path: Tree(path, source.text) for path, (source, _, _) in touched.items()}
    indirect = indirect_paths(trees, index, catalogue)
    keywords = frozenset(name for tree in trees.values() for name in _keywords(tree))
    carries = any(reads_carried(tree.module) for tree in trees.values())
    return {
        path: Scene(
            path=path,
            tree=trees[path],
            facts=facts,
            functions=functions,
            index=index,
            colouring=colouring,
            catalogue=catalogue,
            migrating=migrating,
            lingering=frozenset(),
            derived=derived,
            following=following,
            indirect=indirect,
            calls={call.place.span: call for call in facts.calls},
            uses={use.place.span: use for use in facts.uses},
            style=style,
            carries=carries,
            keywords=keywords,
        )
        for path, (_, facts, functions) in touched.items()
    }


def _keywords(tree: Tree) -> Iterator[str]:
    yield from (node.arg for node in ast.walk(tree.module) if isinstance(node, ast.keyword) and node.arg)


def _is_touched(facts: FileFacts, functions: Iterable[str], colouring: Colouring, catalogue: Catalogue) -> bool:
    if any(colouring.colour_of(id_) is not Colour.SYNC for id_ in functions):
        return True
    if any(_is_interesting(call, colouring) for call in facts.calls):
        return True
    return any(_is_named(symbol, catalogue) for use in facts.uses for symbol in use.symbols)


def _is_named(symbol: str, catalogue: Catalogue) -> bool:
    known = (catalogue.exception_for(symbol), catalogue.types.get(symbol), catalogue.value_for(symbol))
    return any(each is not None for each in known)


def _is_interesting(call: Call, colouring: Colouring) -> bool:
    if pack_paths(call):
        return True
    return any(colouring.colour_of(target.id) is Colour.ASYNC for target in call.targets)


def _decide_files(scenes: Mapping[str, Scene]) -> dict[str, Decided]:
    direct = decide_direct(scenes)
    return {path: _decide_file(scene, direct.get(path)) for path, scene in scenes.items()}


def _decide_file(scene: Scene, direct: Direct | None) -> Decided:
    pools = decide_pools(scene)
    shared, taken = decide_threads(scene)
    settled = {*pools, *(direct.settled if direct else ()), *(place.span for place in taken)}
    decisions = [*pools.values(), shared]
    runs = [run for run in scene.facts.runs if run.place not in taken]
    for id_ in scene.functions:
        decisions.append(decide_function(scene, scene.index.functions[id_]))
        decisions.append(decide_annotation(scene, scene.index.functions[id_]))
    decisions += [decide_call(scene, call) for call in scene.facts.calls if call.place.span not in settled]
    decisions += [decide_combined(scene, call) for call in scene.facts.calls if call.passes]
    decisions += [decide_run(scene, run) for run in runs]
    decisions += [decide_library_run(scene, run) for run in runs if run.methods]
    decisions += [decide_read(scene, run) for run in runs]
    decisions += [decide_use(scene, use) for use in scene.facts.uses]
    decisions.append(decide_quoted(scene))
    decisions.append(decide_closing(scene))
    decisions.append(decide_leftovers(scene))
    decisions.append(decide_examples(scene))
    decisions.append(decide_handed(scene))
    decisions.append(decide_caches(scene))
    decisions.append(cautioned(scene))
    decided = joined(decisions)
    decided = replace(decided, steps=nested(decided.steps))
    if direct is not None:
        decided = direct.without_gone(decided) + direct.decided
    return (
        decided
        + decide_base_handlers(scene, decided.steps)
        + remarked(scene, decided.steps)
        + find_races(scene, decided.steps)
    )


def _gathered(
    project: Project, scenes: Mapping[str, Scene], decided: Mapping[str, Decided], setting: SideBySide
) -> tuple[dict[str, Decided], tuple[Gathering, ...]]:
    """The decisions with those waits gathered that the setting lets run side by side."""
    if setting.which is Which.OFF:
        return dict(decided), ()
    texts = {source.path: source.text for source in project.sources}
    trees = {path: scene.tree for path, scene in scenes.items()}
    if not scenes:
        return dict(decided), ()
    some = next(iter(scenes.values()))
    effects = Effects(texts, trees, some.index, some.catalogue)
    writes = setting.which is Which.ALL
    found = {path: decide_gathering(scene, decided[path], effects, writes=writes) for path, scene in scenes.items()}
    gatherings = sorted((g for each in found.values() for g in each.gatherings), key=lambda g: (g.place, g.kind))
    return {path: each.decided for path, each in found.items()}, tuple(gatherings)


def _with_lifespans(
    scenes: Mapping[str, Scene], decided: Mapping[str, Decided], support: str, *, has_events: bool
) -> dict[str, Decided]:
    return {
        file: joined(
            [
                decided[file],
                *(decide_lifespan(scene, call, support, has_events=has_events) for call in lifespan_calls(scene)),
            ]
        )
        for file, scene in scenes.items()
    }


def _unique(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return list(dict.fromkeys(outcomes))
