"""Functions that must share one colour: overrides along a hierarchy, and members of one function table."""

from __future__ import annotations

from asyncify.infer.calls import WRAPPER
from asyncify.infer.link import Solver
from asyncify.infer.values import Kind

# Python looks these up by itself; each class may answer as it likes.
APART = frozenset({"__init__", "__new__", "__post_init__", "__del__", "__repr__", "__str__", "__hash__", "__eq__"})


class _Union:
    def __init__(self) -> None:
        self._parent: dict[int, int] = {}

    def find(self, item: int) -> int:
        root = item
        while (above := self._parent.setdefault(root, root)) != root:
            root = above
        while self._parent[item] != root:
            self._parent[item], item = root, self._parent[item]
        return root

    def join(self, first: int, second: int) -> None:
        first, second = self.find(first), self.find(second)
        self._parent[max(first, second)] = min(first, second)

    def groups(self) -> list[frozenset[int]]:
        found: dict[int, set[int]] = {}
        for item in self._parent:
            found.setdefault(self.find(item), set()).add(item)
        return [frozenset(group) for _, group in sorted(found.items()) if len(group) > 1]


def find_families(solver: Solver) -> tuple[frozenset[int], ...]:
    """Groups of function numbers, each of at least two."""
    union = _Union()
    _join_overrides(solver, union)
    _join_tables(solver, union)
    return tuple(union.groups())


def _join_overrides(solver: Solver, union: _Union) -> None:
    methods = _methods(solver)
    joined: set[tuple[int, ...]] = set()  # bases in a row that were seen to
    for cls in solver.classes:
        if len(cls.mro) < 2:
            continue
        for name in methods.get(cls.number, {}):
            if name in APART:
                continue
            own = methods[cls.number][name]
            for ancestor in cls.mro[1:]:
                above = methods.get(ancestor, {}).get(name)
                if above is not None:
                    union.join(own, above)
        if len(cls.mro) > 2 and cls.mro[1:] not in joined:
            joined.add(cls.mro[1:])
            _join_siblings(cls.mro[1:], methods, union)


def _join_siblings(ancestors: tuple[int, ...], methods: dict[int, dict[str, int]], union: _Union) -> None:
    """`class C(A, B)`: where both bases have a method, A's overrides B's."""
    seen: dict[str, int] = {}
    for ancestor in ancestors:
        for name, number in methods.get(ancestor, {}).items():
            if name in APART:
                continue
            if name in seen:
                union.join(seen[name], number)
            seen.setdefault(name, number)


def _methods(solver: Solver) -> dict[int, dict[str, int]]:
    """Class -> name -> function. A name that is defined twice counts with its last definition, others join it."""
    found: dict[int, dict[str, int]] = {}
    for fn in solver.functions:
        if fn.owner >= 0 and not fn.fact.is_lambda:
            found.setdefault(fn.owner, {})[fn.fact.name] = fn.number
    return found


def _join_tables(solver: Solver, union: _Union) -> None:
    """One call that reads its function out of a container reaches all of the container's functions."""
    for site in solver.sites:
        if len(site.targets) < 2 or site.callee not in solver.table_reads:
            continue
        members = [
            int(solver.data[value][1])
            for value, how in sorted(site.targets.items())
            if solver.data[value][0] == Kind.FUNC and how != WRAPPER
        ]
        for other in members[1:]:
            union.join(members[0], other)
