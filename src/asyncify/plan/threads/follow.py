"""Which of the objects that threads share become such of tasks, once the colours of functions are known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass

from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring, Verdict
from asyncify.infer.facts import Index, Target, TargetKind
from asyncify.place import Place
from asyncify.plan.threads.shape import HELD, QUEUES, THREADS, Shared, Touch
from asyncify.reason import Reason

TELLS = frozenset({"threading.Barrier", "threading.Condition", "threading.Event", *QUEUES})  # one thread of another
AWAITED = frozenset({Colour.ASYNC, Colour.ALREADY})


@dataclass(frozen=True, slots=True)
class Following:
    """Objects that become such of tasks (`wanted`), those that may still turn out to (`open`), and the others."""

    wanted: frozenset[Shared] = frozenset()
    open: frozenset[Shared] = frozenset()
    lost: frozenset[Shared] = frozenset()

    @property
    def whole(self) -> frozenset[str]:
        """Kinds of which no object stays as it is."""
        return frozenset(each.kind for each in self.wanted) - {each.kind for each in (*self.open, *self.lost)}

    @property
    def waits(self) -> frozenset[Place]:
        """What waits for them: calls, and what `with` holds."""
        return frozenset(touch.place for shared in self.wanted for touch in shared.waits)

    @property
    def made(self) -> frozenset[Place]:
        """The calls that make those threads which become tasks or may: what they run may be awaited."""
        return frozenset(
            place for shared in (*self.wanted, *self.open) if shared.kind in THREADS for place, _ in shared.made
        )

    @property
    def hopeful(self) -> frozenset[Place]:
        """Where locks are held that need not be locks of threads."""
        return frozenset(touch.place for shared in (*self.wanted, *self.open) for touch in shared.touches)


def hoped_for(found: Collection[Shared]) -> Following:
    """All of which no use stands against it."""
    kept = frozenset(shared for shared in found if shared.odd is None)
    return Following(open=kept, lost=frozenset(found) - kept)


def follow(
    before: Following, tasks: frozenset[Place], index: Index, colouring: Colouring, running: frozenset[str]
) -> Following:
    """`before` with those that have to become asynchronous now, and without those that cannot. `tasks` are calls that
    hand functions to threads no longer, `running` the functions that run in the event loop."""
    bridged = [id_ for id_, verdict in colouring.verdicts.items() if _is_bridge(verdict)]
    threaded = _reached(index, [*_handed_over(index, before.made | tasks), *bridged])
    could = {shared for shared in (*before.wanted, *before.open) if _could(shared, colouring, threaded)}
    wanted = {shared for shared in before.wanted & could if _all_wait_in_loop(shared, colouring)}
    wanted = {shared for shared in wanted if _is_told_in_loop(shared, running)}
    waits = before.waits
    waiting = {shared for shared in before.open & could if _has_to(shared, index, colouring, running, waits)}
    waiting = {shared for shared in waiting if _is_told_in_loop(shared, running)}
    stuck = {shared for shared in before.open - waiting if any(_is_async(colouring, id_) for id_ in shared.work)}
    quiet = {shared for shared in (*before.open, *before.lost) if _is_quiet(shared, index, colouring, waits)}
    mute = _apart(wanted | waiting, quiet, index)
    kept = (wanted | waiting) - mute
    opened = (before.open & could) - waiting - stuck
    return Following(frozenset(kept), opened, before.lost | ((before.wanted | before.open) - kept - opened))


def _is_bridge(verdict: Verdict) -> bool:
    """Does the function run what turns async in a loop of its own, while another loop may run?"""
    return verdict.colour is Colour.STUCK and verdict.reason is not Reason.TEST


def _is_quiet(shared: Shared, index: Index, colouring: Colouring, waits: frozenset[Place]) -> bool:
    """Does nobody wait for it, such as for an event that is only looked at? Tasks may share it as it is, if a loop
    that goes on until it happens lets others run."""
    asked = [touch for touch in shared.touches if touch.until and touch.does != HELD]
    lets_run = all(_waits_until(touch, index, colouring, waits) for touch in asked)
    return shared.odd is None and not shared.waits and lets_run


def _apart(wanted: Set[Shared], quiet: Set[Shared], index: Index) -> set[Shared]:
    """Threads whose work shares with others what stays for threads: as tasks they would wait for each other."""
    told = frozenset(touch.place for shared in wanted | quiet for touch in shared.touches)
    silent = (
        {
            use.scope
            for facts in index.files.values()
            for use in facts.uses
            if any(kind in TELLS for kind in use.types) and not any(place.contains(use.place) for place in told)
        }
        if any(shared.kind in THREADS for shared in wanted)
        else set()
    )
    return {
        shared for shared in wanted if shared.kind in THREADS and not silent.isdisjoint(_reached(index, shared.work))
    }


def _runs(colouring: Colouring, scope: str | None) -> bool:
    return scope is not None and colouring.colour_of(scope) in RUNS_IN_LOOP


def _is_told_in_loop(shared: Shared, running: frozenset[str]) -> bool:
    """Is the sign given, the item put in, where the loop runs? Nothing else may wake its tasks."""
    return shared.kind not in TELLS or all(touch.scope in running for touch in shared.touches)


def _is_async(colouring: Colouring, id_: str) -> bool:
    return colouring.colour_of(id_) is Colour.ASYNC


def _all_wait_in_loop(shared: Shared, colouring: Colouring) -> bool:
    return all(_runs(colouring, touch.scope) for touch in shared.waits)


def _could(shared: Shared, colouring: Colouring, threaded: frozenset[str]) -> bool:
    """Is none of it done by a function that has to stay synchronous, or by another thread?"""
    if any(touch.scope is None or colouring.colour_of(touch.scope) is Colour.STUCK for touch in shared.waits):
        return False
    if any(touch.scope in threaded for touch in shared.touches):
        return False
    if shared.kind in THREADS:
        return _runs_as_task(shared, colouring)
    return True


def _runs_as_task(shared: Shared, colouring: Colouring) -> bool:
    """Is all its work async or on the way to it, and does somebody wait for its end?"""
    joined = any(touch.does == "join" and not touch.arguments for touch in shared.touches)
    starts = all(_runs(colouring, touch.scope) for touch in shared.touches if touch.does == "start")
    return bool(shared.work) and joined and starts


def _has_to(
    shared: Shared, index: Index, colouring: Colouring, running: frozenset[str], waits: frozenset[Place]
) -> bool:
    """Would it hold the event loop if it stayed as it is?"""
    if shared.kind in THREADS:
        return bool(shared.work) and all(_is_async(colouring, id_) for id_ in shared.work)
    if any(touch.scope in running and touch.does not in {HELD, "acquire"} for touch in shared.waits):
        return True
    return any(_is_over_a_wait(touch, index, colouring, waits) for touch in shared.waits)


def _is_over_a_wait(touch: Touch, index: Index, colouring: Colouring, others: frozenset[Place]) -> bool:
    if not _runs(colouring, touch.scope):
        return False
    return touch.does != HELD or _waits_until(touch, index, colouring, others)


def _waits_until(touch: Touch, index: Index, colouring: Colouring, others: frozenset[Place]) -> bool:
    """Is there a wait between the touch and the end of its block?"""
    facts = index.files[touch.place.path]
    block = Place(touch.place.path, touch.place.line, touch.place.column, touch.until + 1, 0)
    waits = [call.place for call in facts.calls if any(_waits(target, colouring) for target in call.targets)]
    waits += [run.place for run in facts.runs if any(_is_async(colouring, id_) for id_ in run.functions)]
    return any(block.contains(place) and place != touch.place for place in (*waits, *others))


def _waits(target: Target, colouring: Colouring) -> bool:
    if target.kind is TargetKind.PACK:
        return not target.id.startswith(("threading.", "queue."))
    return colouring.colour_of(target.id) in AWAITED


def _handed_over(index: Index, tasks: frozenset[Place]) -> list[str]:
    """Functions that the project hands to threads."""
    graph = index.graph
    if graph is None:
        return []
    handed = [
        graph.ids[escape.function]
        for escape in graph.escapes
        if _starts_threads(escape.path) and graph.place(escape.spot) not in tasks
    ]
    derived = [
        graph.ids[fn.number]
        for fn in graph.objects.functions
        if fn.owner >= 0 and fn.fact.name == "run" and not THREADS.isdisjoint(graph.objects.classes[fn.owner].outside)
    ]
    return handed + derived


def _reached(index: Index, functions: Iterable[str]) -> frozenset[str]:
    """These functions and all that they call."""
    graph = index.graph
    if graph is None:
        return frozenset()
    called: dict[int, list[int]] = {}
    for edge in graph.edges:
        if edge.target >= 0:
            called.setdefault(edge.source, []).append(edge.target)
    todo = [graph.number_of[id_] for id_ in functions]
    seen: set[int] = set()
    while todo:
        number = todo.pop()
        if number not in seen:
            seen.add(number)
            todo += called.get(number, ())
    return frozenset(graph.ids[number] for number in seen)


def _starts_threads(path: str) -> bool:
    return path.replace("()", "") in THREADS or path.startswith(("concurrent.futures.", "multiprocessing.", "_thread."))
