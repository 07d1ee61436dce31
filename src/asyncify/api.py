"""The whole flow on one page: load -> index -> infer -> colour -> plan -> rewrite -> check."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from asyncify.catalogue import Catalogue
from asyncify.change import Change
from asyncify.check import Fault, check_awaited, check_rest, check_text
from asyncify.colour import colour, joining_by_name
from asyncify.colour.audit import find_waiting
from asyncify.colour.boundaries import boundary_functions
from asyncify.colour.colouring import Colouring, Verdict
from asyncify.colour.in_loop import running_in_loop
from asyncify.config import Config
from asyncify.dependencies import change_dependencies
from asyncify.entries import entry_functions
from asyncify.garbage import collector_paused
from asyncify.index import ParseFault, summarise_project
from asyncify.infer import infer
from asyncify.infer.facts import Index
from asyncify.loader import load_catalogue
from asyncify.place import Place
from asyncify.plan.blockers import find_blockers
from asyncify.plan.combinators import find_combined, stuck_combined
from asyncify.plan.holds import find_held
from asyncify.plan.planner import plan
from asyncify.plan.pools import closings, find_pools, find_work, unworkable
from asyncify.plan.step import Plan, SupportModule
from asyncify.plan.support_place import is_support
from asyncify.plan.threads.follow import Following, follow, hoped_for
from asyncify.plan.threads.shape import find_shared
from asyncify.project import Project, Source, Unreadable, decode, is_test, load_project
from asyncify.reason import Reason
from asyncify.rewrite.module import Rewrite, rewrite_file
from asyncify.support.assemble import assemble

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Analysis:
    """A project, read and resolved, with its plan; nothing rewritten yet."""

    project: Project
    index: Index
    plan: Plan
    unparsed: tuple[ParseFault, ...]
    catalogue: Catalogue
    entries: frozenset[str]

    def waiting(self) -> dict[str, Verdict]:
        """Functions that wait and of which the plan says nothing, as what they wait for cannot be awaited yet."""
        return find_waiting(self.index, self.catalogue, self.entries, self.plan.verdicts)


@dataclass(frozen=True, slots=True)
class Migration:
    """A plan carried out, in memory. `changes` leave out every file with a fault and all that depends on it."""

    analysis: Analysis
    rewrites: tuple[Rewrite, ...]
    faults: tuple[Fault, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    @property
    def plan(self) -> Plan:
        return self.analysis.plan


def _silent(_: str) -> None:
    pass


def analyse(config: Config, catalogue: Catalogue | None = None, progress: Progress = _silent) -> Analysis:
    """Read a project and plan its migration. Never imports or runs its code. Raises AsyncifyError on bad input."""
    progress("reading files")
    project = load_project(config.path, config.exclude)
    return analyse_project(project, config, catalogue or load_catalogue(config.rules, config.profiles), progress)


def analyse_project(project: Project, config: Config, catalogue: Catalogue, progress: Progress = _silent) -> Analysis:
    """Plan the migration of a project that is already read."""
    progress(f"indexing {len(project.sources)} files")
    own = replace(project, sources=tuple(source for source in project.sources if not is_support(source.text)))
    with collector_paused():  # once for both: it would look through the summaries in between
        summaries = summarise_project(own, cache=config.cache, jobs=config.jobs)
        progress("resolving calls")
        index = infer(summaries, catalogue, own.root if config.cache else None)
    progress("colouring")
    entries = entry_functions(project, index.functions)
    if index.graph is not None:
        entries |= boundary_functions(index.graph, catalogue)
    held = dict.fromkeys(functions_of_tests(index), Reason.TEST)
    blockers = find_blockers(project.sources, index, catalogue)
    while True:
        colouring, following = _coloured(project, index, catalogue, entries, {**blockers.held, **held}, blockers.packs)
        progress("planning")
        planned = plan(
            project, index, colouring, catalogue, blockers, config.support, config.side_by_side, config.style, following
        )
        if planned.broken.keys() <= blockers.packs:
            return Analysis(project, index, planned, summaries.faults, catalogue, entries)
        blockers = blockers.with_packs(planned.broken)


def functions_of_tests(index: Index) -> Iterator[str]:
    """Ids of what only tests call; a test double has the colour of what it stands for."""
    code = {id_ for id_, function in index.functions.items() if not is_test(function.place.path)}
    doubles = {id_ for family in index.families if family & code for id_ in family}
    yield from index.functions.keys() - code - doubles


def _coloured(
    project: Project,
    index: Index,
    catalogue: Catalogue,
    entries: frozenset[str],
    held: Mapping[str, Reason],
    without: frozenset[str],
) -> tuple[Colouring, Following]:
    """The colours, with those thread pools, locks and threads taken for such of tasks that can become that, and
    without functions whose form or use has no asynchronous counterpart."""
    pooled = find_pools(project.sources, index)
    following = hoped_for(find_shared(project.sources, index))
    combined = find_combined(project.sources, index)
    closed: frozenset[Place] = frozenset()
    by_name: frozenset[str] = frozenset()
    in_loop: frozenset[str] = frozenset()
    while True:
        colouring = colour(
            index,
            catalogue,
            entries=entries,
            held=held,
            awaited=pooled | combined | following.made,
            followed=following.waits | closed,
            without=without,
            by_name=by_name,
            in_loop=in_loop,
            colour_detected=False,
        )
        work = find_work(pooled, project.sources, index)
        bad = unworkable(work, closed, colouring) | stuck_combined(combined, index, colouring)
        closing = closings(work, colouring)
        running = running_in_loop(index, colouring)
        followed = follow(following, pooled, index, colouring, running)
        stays = find_held(project.sources, index, colouring, followed.hopeful)
        joining = joining_by_name(index, colouring) - by_name - held.keys()
        if (
            not bad
            and stays.keys() <= held.keys()
            and not joining
            and running <= in_loop
            and (closing, followed) == (closed, following)
        ):
            return colouring, following
        closed = closing
        following = followed
        in_loop |= running
        pooled -= bad
        combined -= bad
        by_name |= joining
        held = {**stays, **held}


def migrate(config: Config, catalogue: Catalogue | None = None, progress: Progress = _silent) -> Migration:
    """Plan the migration and carry it out in memory; nothing is written."""
    catalogue = catalogue or load_catalogue(config.rules, config.profiles)
    analysis = analyse(config, catalogue, progress)
    return carry_out(analysis, config, catalogue, progress)


def carry_out(analysis: Analysis, config: Config, catalogue: Catalogue, progress: Progress = _silent) -> Migration:
    """Rewrite what an analysis planned, and check the result."""
    sources = {source.path: source for source in (*analysis.project.sources, *analysis.project.stubs)}
    progress(f"rewriting {len(analysis.plan.files)} files")
    rewrites = tuple(rewrite_file(sources[file.path], file, analysis.plan.support) for file in analysis.plan.files)
    progress("checking the result")
    faults = tuple(fault for rewrite in rewrites for fault in check_text(rewrite))
    if not faults and rewrites:
        faults = _check_again(analysis, rewrites, config, catalogue)
    if faults:
        return Migration(analysis, rewrites, faults, (), ())
    changes, notes = _changes(analysis, rewrites, sources)
    return Migration(analysis, rewrites, (), changes, notes)


def _check_again(
    analysis: Analysis, rewrites: tuple[Rewrite, ...], config: Config, catalogue: Catalogue
) -> tuple[Fault, ...]:
    texts = {rewrite.path: rewrite.text for rewrite in rewrites}
    project = _rewritten(analysis, texts)
    again = analyse_project(project, replace(config, cache=False), catalogue)
    support = analysis.plan.support
    own = {source.path: source.text for source in project.sources if support is None or source.path != support.path}
    return check_rest(again.plan) + check_awaited(analysis.index, again.index, own)


def _rewritten(analysis: Analysis, texts: Mapping[str, str]) -> Project:
    sources = [
        replace(source, text=texts[source.path], data=source.encode(texts[source.path]))
        if source.path in texts
        else source
        for source in analysis.project.sources
    ]
    support = analysis.plan.support
    if support is not None:
        read = decode(support.path, _support_text(support))
        assert isinstance(read, Source)
        sources = [*(source for source in sources if source.path != support.path), read]
    stubs = [replace(stub, text=texts.get(stub.path, stub.text)) for stub in analysis.project.stubs]
    return replace(analysis.project, sources=tuple(sorted(sources, key=lambda source: source.path)), stubs=tuple(stubs))


def _support_text(support: SupportModule) -> bytes:
    return assemble(frozenset(support.names), dict(support.limits), dict(support.timeouts)).encode()


def _changes(
    analysis: Analysis, rewrites: tuple[Rewrite, ...], sources: Mapping[str, Source]
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    changes = [
        Change(rewrite.path, sources[rewrite.path].data, sources[rewrite.path].encode(rewrite.text))
        for rewrite in rewrites
        if rewrite.text != sources[rewrite.path].text
    ]
    support = analysis.plan.support
    if support is not None:
        changes.append(_support_change(analysis.project.root, support))
    notes: tuple[str, ...] = ()
    if changes and not analysis.project.is_single_file:
        texts = {rewrite.path: rewrite.text for rewrite in rewrites}
        left = _still_imported(analysis, texts)
        drops = tuple(name for name in analysis.plan.drops if name not in left)
        edit = change_dependencies(analysis.project.root, analysis.plan.requires, drops)
        changes += edit.changes
        notes = edit.notes
    return tuple(sorted(change for change in changes if change.is_needed)), notes


def _support_change(root: Path, support: SupportModule) -> Change:
    file = root / support.path
    before = file.read_bytes() if file.is_file() else None
    return Change(support.path, before, _support_text(support))


def _still_imported(analysis: Analysis, texts: Mapping[str, str]) -> frozenset[str]:
    """Top-level names that the migrated project still imports."""
    roots: set[str] = set()
    for source in analysis.project.sources:
        if source.path not in texts:
            roots |= {name.partition(".")[0] for name in analysis.index.imports.get(source.path, ())}
            continue
        for node in ast.walk(ast.parse(texts[source.path])):
            if isinstance(node, ast.Import):
                roots |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                roots.add(node.module.partition(".")[0])
    return frozenset(roots)


__all__ = ["Analysis", "Migration", "Unreadable", "analyse", "carry_out", "migrate"]
