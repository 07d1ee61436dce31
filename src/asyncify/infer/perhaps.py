"""Guesses for receivers that stay unknown, by a rare method name. Always marked as such."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asyncify.infer.link import Solver
from asyncify.infer.objects import Fn
from asyncify.infer.solver import Site
from asyncify.infer.values import Kind

MAX_OWNERS = 3
# Methods of builtin types, files, loggers, threads and the like: these names say nothing.
COMMON = frozenset(
    name for kind in (dict, list, set, str, bytes, tuple, int, float, frozenset, object) for name in dir(kind)
) | frozenset(
    {"read", "write", "close", "open", "flush", "seek", "tell", "readline", "readlines", "writelines", "run", "start",
     "stop", "send", "recv", "connect", "acquire", "release", "wait", "set", "put", "next", "call", "execute", "commit",
     "rollback", "fetch", "load", "save", "dump", "loads", "dumps", "delete", "create", "filter",
     "all", "first", "last",
     "info", "debug", "warning", "error", "exception", "log", "parse", "reset", "cancel", "result",
     "submit", "shutdown",
     "emit", "handle", "process", "match", "search", "group", "is_alive", "terminate", "kill",
     "poll", "exists", "mkdir",
     "raise_for_status", "json", "text", "content", "request", "post", "patch", "head", "options", "main", "apply"}
)  # fmt: skip


class Guess:
    """Gives each call of an unknown receiver the few methods of that name.

    Called at each fixed point; True if anything was added. What is known only grows, so that a call which is no
    candidate the first time never is; the later passes look only at those that are left.
    """

    def __init__(self) -> None:
        self._is_first = True
        self._dynamic: list[tuple[Site, int]] = []  # call, what `getattr` was given
        self._chains: list[tuple[Site, int, int, str, str]] = []  # call, `a.b`, `a`, "b", the method

    def __call__(self, solver: Solver) -> bool:
        rare = solver.rarely_stored()
        if not self._is_first:
            found = [_aim_dynamic(solver, *each) for each in self._dynamic]
            found += [_aim_through_attribute(solver, rare, *each) for each in self._chains]
            return any(found)
        self._is_first = False
        names = _rare_methods(solver)
        added = False
        for file in range(len(solver.objects.summaries)):
            added = self._look_through(solver, file, names, rare) or added
        return added

    def _look_through(
        self, solver: Solver, file: int, names: dict[str, tuple[int, ...]], rare: frozenset[str]
    ) -> bool:  # fmt: skip
        summary, base, first = solver.objects.summaries[file], solver.objects.cell_base[file], solver.site_base[file]
        sites = solver.sites[first : first + summary.call_count]
        loads = {base + target: (base + origin, name) for origin, name, target in summary.each_load()}
        added = False
        for site in sites:
            thing, method = loads.get(site.callee, (0, ""))
            if method in names and not site.targets and _is_unknown(solver, thing, site):
                added = _aim(solver, site, names[method]) or added
        things = {base + to: base + origin for origin, prefix, suffix, to in summary.dynamic if not (prefix or suffix)}
        dynamic = [(site, things[site.callee]) for site in sites if site.callee in things] if things else []
        aimed = [added, *(_aim_dynamic(solver, *each) for each in dynamic)]
        chains = list(_chains(solver, sites, loads))
        aimed += [_aim_through_attribute(solver, rare, *each) for each in chains]
        self._dynamic += dynamic
        self._chains += chains
        return any(aimed)


def _chains(
    solver: Solver, sites: Sequence[Site], loads: dict[int, tuple[int, str]]
) -> Iterator[tuple[Site, int, int, str, str]]:  # fmt: skip
    """Calls like `thing.engine.request()` of which nothing is known."""
    for site in sites:
        if site.targets or site.perhaps:
            continue
        thing, method = loads.get(site.callee, (0, ""))
        owner, attribute = loads.get(thing, (0, ""))
        if owner and not solver.cells.held(thing) and not solver.cells.held(owner):
            yield site, thing, owner, attribute, method


def _is_unknown(solver: Solver, receiver: int, site: Site) -> bool:
    """Is nothing known of the receiver, or only objects of the project's classes that have no such method?"""
    held = solver.cells.held(receiver)
    return not held or (not solver.cells.held(site.callee) and all(solver.data[v][0] == Kind.INST for v in held))


def _aim_through_attribute(
    solver: Solver, rare: frozenset[str], site: Site, thing: int, owner: int, attribute: str, method: str
) -> bool:  # fmt: skip
    """`thing.engine.request()`: nothing is known of the thing, but few classes of the project store an `engine`."""
    if attribute not in rare or site.targets or site.perhaps:
        return False
    if solver.cells.held(thing) or solver.cells.held(owner):
        return False
    found = False
    for value in solver.stored_instances(attribute):
        found = site.perhaps = True
        solver.cells.edge(solver.member(value, method), site.callee)
    return found


def _aim_dynamic(solver: Solver, site: Site, thing: int) -> bool:
    """`getattr(thing, name)()` with a name that nothing is known of may be any public method of the thing's class."""
    if site.targets or site.perhaps:
        return False
    found = False
    for value in sorted(solver.cells.held(thing)):
        if solver.data[value][0] == Kind.INST:
            found = site.perhaps = True
            for name in solver.public_names(int(solver.data[value][1])):
                solver.cells.edge(solver.member(value, name), site.callee)
    return found


def _aim(solver: Solver, site: Site, methods: tuple[int, ...]) -> bool:
    if site.perhaps:
        return False
    site.perhaps = True
    for number in methods:
        fn = solver.functions[number]
        receiver = solver.values.of(Kind.INST, fn.owner)
        solver.cells.edge(solver.member(receiver, fn.fact.name), site.callee)
    return True


def _rare_methods(solver: Solver) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for name, named in solver.objects.methods.items():
        if name in COMMON or name.startswith("__"):
            continue
        numbers = tuple(number for number in named if _is_called(solver.functions[number]))
        if numbers and _is_rare(solver, numbers):
            found[name] = numbers
    return found


def _is_called(fn: Fn) -> bool:
    """Is it a method? What is called by the name of a property is not its getter but the value that that gives."""
    return fn.is_method and not any(text.endswith("property") for text in fn.fact.decorators)


def _is_rare(solver: Solver, numbers: Sequence[int]) -> bool:
    """Few owners, or all of one hierarchy."""
    if len(numbers) <= MAX_OWNERS:
        return True
    lines = [solver.classes[solver.functions[number].owner].line for number in numbers]
    if len(numbers) <= 2 * MAX_OWNERS and frozenset.intersection(*lines):
        return True
    top = solver.functions[numbers[0]].owner
    return all(solver.objects.related(top, solver.functions[number].owner) for number in numbers)
