"""Objects that threads share, each with all that the project does with it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from asyncify.infer.facts import Call, FileFacts, Index, TargetKind, Use
from asyncify.infer.guards import LOCKS
from asyncify.place import Place
from asyncify.plan.tree import Tree
from asyncify.project import Source

HELD = "with"  # the name of what `with` does to a lock
THREADS = frozenset({"threading.Thread", "threading.Timer"})
QUEUES = frozenset(f"queue.{name}" for name in ("LifoQueue", "PriorityQueue", "Queue", "SimpleQueue"))
WAITS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(LOCKS, frozenset({HELD, "acquire"})),
    "threading.Condition": frozenset({HELD, "acquire", "wait", "wait_for"}),
    "threading.Event": frozenset({"wait"}),
    **dict.fromkeys(THREADS, frozenset({"join"})),
    **dict.fromkeys(QUEUES, frozenset({"get", "put", "join"})),
}  # kind -> what waits
KEEPS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(LOCKS, frozenset({"release", "locked"})),
    "threading.Condition": frozenset({"release", "notify", "notify_all"}),
    "threading.Event": frozenset({"set", "clear", "is_set"}),
    "threading.Thread": frozenset({"start", "is_alive"}),
    "threading.Timer": frozenset({"start", "is_alive", "cancel"}),
    **dict.fromkeys(QUEUES, frozenset({"get_nowait", "put_nowait", "task_done", "qsize", "empty", "full"})),
}  # kind -> what a task may do as a thread does
WITHOUT_ARGUMENTS = frozenset({"threading.Condition"})  # it may be given the lock that it works with
ATTRIBUTES = frozenset({"name", "daemon", "maxsize"})
STORES = frozenset({"append", "appendleft", "add", "setdefault", "insert"})
DISPLAYS = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
PASSED_ON = (*DISPLAYS, ast.IfExp, ast.BoolOp, ast.NamedExpr, ast.Starred)
LOOKED_AT_BY = frozenset({"bool", "enumerate", "id", "list", "reversed", "tuple", "zip"})
OF_PROJECT = frozenset({TargetKind.FUNCTION, TargetKind.CLASS})


@dataclass(frozen=True, slots=True)
class Touch:
    """One use: `does` is a method or HELD, `place` that of the call or of the expression that `with` holds."""

    does: str
    place: Place
    scope: str | None
    until: int = 0  # of HELD: the last line of the block; of a question that a `while` asks: that of the loop
    arguments: int = 0  # how many it is given


@dataclass(frozen=True, slots=True)
class Shared:
    """What one call makes, or several if one name may stand for either. `odd` is the first use that is nothing a task
    could do, or a place that no call is known to have filled."""

    kind: str
    made: tuple[tuple[Place, str | None], ...]  # the calls, and the functions that they stand in
    touches: tuple[Touch, ...]
    work: tuple[str, ...] = ()  # of threads: the functions that they run
    odd: Place | None = None

    @property
    def waits(self) -> tuple[Touch, ...]:
        """The uses that wait."""
        return tuple(touch for touch in self.touches if touch.does in WAITS.get(self.kind, ()))


@dataclass(frozen=True, slots=True)
class _Seen:
    use: Use
    kind: str | None  # None: of several kinds, or not of a call that is known
    touch: Touch | None
    is_odd: bool


def find_shared(sources: Iterable[Source], index: Index) -> tuple[Shared, ...]:
    """All locks, events, conditions, queues and threads that the project makes, in the order of the source."""
    seen: list[_Seen] = []
    crowded: dict[str, Place] = {}  # kind -> where some of these may be that nobody sees there
    calls: dict[Place, Call] = {}
    for source in sources:
        facts = index.files.get(source.path)
        uses = [use for use in facts.uses if use.origins] if facts is not None else []
        if facts is not None and uses:
            tree = Tree(source.path, source.text)
            crowded |= {kind: use.place for use in facts.uses if use.crowded for kind in use.types}
            calls |= {call.place: call for call in facts.calls}
            seen += _in_file(tree, facts, uses)
    groups = _grouped(seen)
    found = (_shared(origins, members, calls) for origins, members in sorted(groups.items()))
    return tuple(replace(each, odd=each.odd or crowded.get(each.kind)) for each in found)


def _grouped(seen: Iterable[_Seen]) -> dict[tuple[Place, ...], list[_Seen]]:
    """Uses by the calls behind them; calls that one use may mean both belong together."""
    group_of: dict[Place, set[Place]] = {}
    kept = list(seen)
    for each in kept:
        joined = set(each.use.origins).union(*(group_of.get(place, ()) for place in each.use.origins))
        for place in joined:
            group_of[place] = joined
    found: dict[tuple[Place, ...], list[_Seen]] = {}
    for each in kept:
        found.setdefault(tuple(sorted(group_of[each.use.origins[0]])), []).append(each)
    return found


def _shared(origins: tuple[Place, ...], seen: list[_Seen], calls: Mapping[Place, Call]) -> Shared:
    kinds = {each.kind for each in seen}
    kind = next(iter(sorted(filter(None, kinds))), "")
    odd = next((each.use.place for each in seen if each.is_odd), None)
    if len(kinds) > 1 or kind not in WAITS or any(place not in calls for place in origins):
        odd = odd or origins[0]
    made = tuple((place, calls[place].scope) for place in origins if place in calls)
    work = tuple(id_ for place in origins if place in calls for id_ in _work(calls[place], kind))
    touches = tuple(each.touch for each in seen if each.touch is not None)
    return Shared(kind, made, touches, work, odd)


def _work(call: Call, kind: str) -> tuple[str, ...]:
    slots = {"target", "function", "1"} if kind in THREADS else set()
    return tuple(id_ for passed in call.passes if passed.slot in slots for id_ in passed.functions)


# ---------------------------------------------------------------- one use


def _in_file(tree: Tree, facts: FileFacts, uses: Iterable[Use]) -> Iterator[_Seen]:
    calls = {call.place.span: call for call in facts.calls}
    for use in uses:
        node = tree.expression(use.place)
        if node is None or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            continue
        kind = use.types[0] if len(use.types) == 1 else None
        touch = _touch(tree, use, node)
        is_odd = touch is None and not _is_passed_on(tree, calls, node)
        is_odd = is_odd or (touch is not None and kind is not None and not _is_known(kind, touch))
        is_odd = is_odd or (touch is not None and not _is_free(tree, node))
        is_odd = is_odd or (kind in WITHOUT_ARGUMENTS and isinstance(node, ast.Call) and bool(node.args))
        yield _Seen(use, kind, touch if touch is not None and touch.does not in ATTRIBUTES else None, is_odd)


def _is_known(kind: str, touch: Touch) -> bool:
    return kind in WAITS and touch.does in WAITS[kind] | KEEPS[kind] | ATTRIBUTES


def _is_free(tree: Tree, node: ast.expr) -> bool:
    """May an await stand here?"""
    for ancestor in tree.ancestors(node):
        if isinstance(ancestor, ast.Lambda | ast.GeneratorExp | ast.ClassDef):
            return False
        if isinstance(ancestor, ast.stmt):
            return True
    return True


def _touch(tree: Tree, use: Use, node: ast.expr) -> Touch | None:
    parent = tree.parent(node)
    if isinstance(parent, ast.withitem):
        block = tree.parent(parent)
        is_plain = isinstance(block, ast.With) and parent.optional_vars is None
        return Touch(HELD, use.place, use.scope, block.end_lineno or 0) if is_plain else None  # type: ignore[union-attr]
    if not isinstance(parent, ast.Attribute) or parent.value is not node:
        return None
    outer = tree.parent(parent)
    if isinstance(outer, ast.Call) and outer.func is parent:
        asked = _last_line_asked(tree, outer)
        return Touch(parent.attr, tree.place(outer), use.scope, asked, len(outer.args) + len(outer.keywords))
    return Touch(parent.attr, use.place, use.scope) if parent.attr in ATTRIBUTES else None


def _last_line_asked(tree: Tree, node: ast.Call) -> int:
    """Where the loop ends whose condition this call is part of, 0 if it is of none."""
    child: ast.AST = node
    for ancestor in tree.ancestors(node):
        if isinstance(ancestor, ast.While) and ancestor.test is child:
            return ancestor.end_lineno or 0
        if isinstance(ancestor, ast.stmt):
            return 0
        child = ancestor
    return 0


def _is_passed_on(tree: Tree, calls: Mapping[tuple[int, int, int, int], Call], node: ast.expr) -> bool:
    """Is it only given another name, or looked at?"""
    parent = tree.parent(node)
    if isinstance(parent, PASSED_ON):
        return _is_passed_on(tree, calls, parent)
    outer = tree.parent(parent) if isinstance(parent, ast.keyword) else parent
    if isinstance(outer, ast.Call):
        if isinstance(outer.func, ast.Attribute) and outer.func.attr in STORES:
            return True
        call = calls.get(tree.place(outer).span)
        if call is None or outer.func is node:
            return isinstance(outer.func, ast.Name) and outer.func.id in LOOKED_AT_BY
        return all(target.kind in OF_PROJECT or target.id in THREADS for target in call.targets)
    is_bound = isinstance(parent, ast.Assign | ast.AnnAssign | ast.Return)
    return is_bound or isinstance(parent, ast.Compare | ast.If | ast.UnaryOp | ast.comprehension | ast.For | ast.Expr)
