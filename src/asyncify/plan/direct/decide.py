"""Which cursors go, and what their statements and the blocks round them become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from asyncify.place import Place
from asyncify.plan.direct.acquired import decide_acquired
from asyncify.plan.direct.committed import decide_provider, decide_regions, is_enclosed
from asyncify.plan.direct.cursors import CONNECTION, CursorUse
from asyncify.plan.direct.extents import GETCONN, Guard, is_alone, is_of_pool, is_quiet
from asyncify.plan.direct.found import Found, Span
from asyncify.plan.direct.groups import Group, find_groups, is_closed
from asyncify.plan.direct.providers import Providers, find_providers
from asyncify.plan.direct.removal import can_remove, can_unroll
from asyncify.plan.direct.shared import runs_side_by_side, shared_connections
from asyncify.plan.direct.written import write_statement
from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import Substitute, Warned

WHY_TRANSACTION = "The block is one transaction, and none is open before it."
ASYNCPG = "{aio}.Connection"
OF_CURSORS = "psycopg2.ext"  # extensions and extras


@dataclass(frozen=True, slots=True)
class Direct:
    """What was decided of one file: `settled` are the calls that need no other decision, `gone` what is removed."""

    decided: Decided
    settled: frozenset[Span]
    gone: tuple[Place, ...]

    def without_gone(self, decided: Decided) -> Decided:
        """Other decisions, less the edits of what is removed."""
        steps = tuple(step for step in decided.steps if not any(place.contains(step.place) for place in self.gone))
        return Decided(steps, decided.outcomes, decided.warnings)


def decide_direct(scenes: Mapping[str, Scene]) -> dict[str, Direct]:
    """By file, where cursors of psycopg2 become statements of asyncpg."""
    some = [scene for scene in scenes.values() if _migrates(scene)]
    providers = find_providers(some)
    groups = {scene.path: find_groups(scene, providers) for scene in some}
    closed = is_closed(some, groups, providers)
    decided = {scene.path: _decide(scene, groups[scene.path], providers, closed=closed) for scene in some}
    if not some or not runs_side_by_side(some[0].index.imports.values()):
        return decided
    return {scene.path: _with_warnings(decided[scene.path], shared_connections(scene)) for scene in some}


def _with_warnings(direct: Direct, warnings: tuple[Warned, ...]) -> Direct:
    return replace(direct, decided=direct.decided + Decided(warnings=warnings))


def _migrates(scene: Scene) -> bool:
    """Do connections become asyncpg's, and have their cursors no methods of the project's own?"""
    kind = scene.catalogue.types.get(CONNECTION)
    if kind is None or kind.becomes != ASYNCPG or kind.pack not in scene.migrating:
        return False
    return not any(names and name.startswith(OF_CURSORS) for name, names in scene.derived.members.items())


def _decide(scene: Scene, groups: tuple[Group, ...], providers: Providers, *, closed: bool) -> Direct:
    found = Found(scene)
    for provider in providers.ending.values():
        if provider.path == scene.path:
            decide_provider(found, provider)
    for group in groups:
        _decide_group(found, group, closed=closed)
    for call in scene.facts.calls:
        if is_of_pool(call, GETCONN):
            decide_acquired(found, call)
    return Direct(Decided(tuple(found.steps), tuple(found.outcomes)), frozenset(found.settled), tuple(found.gone))


# ---------------------------------------------------------------- cursors


def _decide_group(found: Found, group: Group, *, closed: bool) -> None:
    scene = found.scene
    loose = group.loose if group.owned or closed else None
    if loose is not None and not all(_can_go(scene, cursor) for cursor in loose.cursors):
        loose = None
    going = [(c, g) for c, g in group.cursors if (loose if g is None else _can_go(scene, c))]
    is_fresh = loose is not None or not group.has_loose if group.owned else closed
    gone = []
    for guard in {id(g.item): g for _, g in going if g is not None}.values():
        inside = [c for c, g in group.cursors if g is not None and g.item is guard.item]
        if is_fresh and all(c in [x for x, _ in going] for c in inside) and _decide_guard(found, guard, inside):
            gone.append(guard.item)
    if loose is not None:
        decide_regions(found, loose)
    deeper = [ran for region in loose.regions if is_enclosed(loose, region) for ran in region.ran] if loose else []
    for cursor, block in going:
        lost = _levels_lost(cursor, block if block is not None and block.item in gone else None)
        _take_away(found, cursor, {id(ran): lost - (ran in deeper) for ran in cursor.ran})


def _can_go(scene: Scene, cursor: CursorUse) -> bool:
    """Can the cursor be taken out of the text without leaving a block empty or a comment behind?"""
    if not cursor.ran:
        return False
    gone = [*cursor.closes, *([cursor.made] if cursor.made is not None else [])]
    if not all(can_remove(scene, statement) for statement in gone):
        return False
    if any(all(s in gone for s in scene.tree.block(statement)) for statement in gone):
        return False
    return cursor.block is None or can_unroll(scene, cursor.block)


def _levels_lost(cursor: CursorUse, gone: Guard | None) -> int:
    """By how many levels do the statements move to the left? `gone` is the block of the connection if that goes."""
    blocks = {id(gone.block): len(gone.block.items)} if gone is not None else {}
    if cursor.block is not None:
        left = blocks.get(id(cursor.block), len(cursor.block.items))
        blocks[id(cursor.block)] = left - (id(cursor.block) in blocks)
    return sum(items == 1 for items in blocks.values())


def _take_away(found: Found, cursor: CursorUse, lost: Mapping[int, int]) -> None:
    if cursor.block is not None:
        found.drop(cursor.node)
    elif cursor.made is not None:
        found.remove(cursor.made)
    for statement in cursor.closes:
        found.remove(statement)
    for ran in cursor.ran:
        write_statement(found, cursor, ran, lost[id(ran)])


# ---------------------------------------------------------------- blocks


def _decide_guard(found: Found, guard: Guard, cursors: list[CursorUse]) -> bool:
    """`with conn:` becomes a transaction of asyncpg, or goes (True) where a single statement commits by itself."""
    scene = found.scene
    if guard.is_made or guard.item.optional_vars is not None or not is_quiet(scene, guard, cursors):
        return False
    ran = [each for cursor in cursors for each in cursor.ran]
    if is_alone(scene, guard, ran) and can_unroll(scene, guard.block) and not cursors[0].is_given:
        found.drop(guard.item.context_expr)
        return True
    found.step(guard.item.context_expr, Substitute("{it}.transaction()"), WHY_TRANSACTION)
    return False
