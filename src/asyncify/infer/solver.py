"""The flow of values through a whole project, from summaries to what each cell may hold."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

import msgspec

from asyncify.catalogue import Catalogue
from asyncify.index.summary import CALL, POSITIONS, Summary, numbers
from asyncify.infer.cells import Cells
from asyncify.infer.objects import Objects
from asyncify.infer.values import Kind, Values

DECORATOR = POSITIONS.index("decorator")
FOREIGN = "?"  # the path of everything outside that nobody needs to tell apart
BUILTINS = frozenset(dir(builtins))


NO_TARGETS: dict[int, int] = {}


DECORATOR_MAKERS = frozenset({"functools.lru_cache"})  # what they give is a decorator wherever they are called


class Site(msgspec.Struct, gc=False):
    """A call of the project, its cells numbered project-wide, and what it was found to reach.

    `targets` are replaced, never changed: most calls reach one thing and share the mapping that says so.
    """

    file: int
    number: int  # within the file
    callee: int
    result: int
    scope: int  # function number, -1 outside
    targets: dict[int, int] = NO_TARGETS  # value -> how it is reached, one of graph.DIRECT...
    perhaps: bool = False


class Base:
    """State that all parts of the solver share: objects, values, cells, sites."""

    def __init__(self, objects: Objects, catalogue: Catalogue) -> None:
        self.objects = objects
        self.functions = objects.functions
        self.classes = objects.classes
        self.catalogue = catalogue
        self.values = Values()
        self.data = self.values.data
        self.cells = Cells(objects.cells + 1, self.data, self)
        self.sites: Sequence[Site] = []
        self.site_base: list[int] = []
        self._calls = [numbers(summary.calls) for summary in objects.summaries]
        self._arguments = [numbers(summary.arguments) for summary in objects.summaries]
        self._shared_targets: dict[tuple[int, int], dict[int, int]] = {}
        self.flow_targets: dict[tuple[int, int], dict[int, None]] = {}  # (file, flow) -> functions it runs
        self.decorated_by: dict[int, dict[int, None]] = {}  # wrapper function -> functions it wraps
        self.value_of: list[int] = []  # of each function
        self.wrapped: set[int] = set()  # all functions that some wrapper wraps
        self.outer_decorators: dict[int, dict[tuple[str, int, int], None]] = {}  # function -> (path, file, decoration)
        self._waiting: dict[str, list[str]] = {}  # pack type -> paths of its members that wait
        self.stepped: dict[tuple[int, int], dict[int, None]] = {}  # (file, call) -> generators that it runs a step of
        self.table_reads: set[int] = set()  # cells that hold what came out of a container under a computed key
        self._canonical: dict[str, int] = {}
        self.library_roots = frozenset(
            root for pack in catalogue.packs if pack.rules or pack.types or pack.exceptions for root in pack.source
        )
        self._rooted: dict[str, bool] = {}
        self._mattering: dict[str, bool] = {}

    def arguments(self, site: Site) -> tuple[tuple[str, int], ...]:
        """What a call is given: "", "*", "**" or the keyword, and the cell, 0 where it cannot matter."""
        file = site.file
        calls, at = self._calls[file], CALL * site.number
        count = calls[at + 7]
        if not count:
            return ()
        texts, base = self.objects.summaries[file].texts, self.objects.cell_base[file]
        pairs, start = self._arguments[file], 2 * calls[at + 6]
        if count == 1:
            cell = pairs[start + 1]
            return ((texts[pairs[start]], base + cell if cell else 0),)
        numbers = pairs[start : start + 2 * count].tolist()
        return tuple(
            [(texts[key], base + cell if cell else 0) for key, cell in zip(numbers[::2], numbers[1::2], strict=True)]
        )

    def position(self, site: Site) -> int:
        """Where the call stands, of POSITIONS."""
        return self._calls[site.file][CALL * site.number + 3]

    def reach(self, site: Site, value: int, how: int) -> None:
        """Note that a call reaches a value."""
        targets = site.targets
        known = targets.get(value, 0)
        if known | how == known:
            return
        if targets:
            site.targets = {**targets, value: known | how}
            return
        shared = self._shared_targets.get((value, how))
        if shared is None:
            shared = self._shared_targets[value, how] = {value: how}
        site.targets = shared

    def out(self, path: str) -> int:
        """The value of an outside path, in its canonical spelling."""
        value = self._canonical.get(path)
        if value is None:
            value = self.values.of(Kind.OUT, self.catalogue.canonical(path))
            self._canonical[path] = value
        return value

    def add_out_member(self, path: str, name: str, target: int) -> None:
        """`path.name` -> target; what no pack speaks of is not followed beyond one member of one result."""
        if "()." in path or path.rpartition(".")[0] in self.catalogue.types:
            known = f"{path}.{name}"
            if self.catalogue.rule_for(known) is None and known not in self.catalogue.types:
                return
        self.cells.add(target, self.out(f"{path}.{name}"))

    def add_out_result(self, path: str, site: Site, target: int) -> None:
        """What calling `path` returns -> target, as far as nothing better is known and it may matter."""
        if "()" not in path and (self._may_matter(path) or self.position(site) == DECORATOR):
            self.cells.add(target, self.values.of(Kind.OUT, f"{path}()"))

    def _may_matter(self, path: str) -> bool:
        """Is `path` a class by its name, a maker of decorators, or a thing of some pack?"""
        known = self._mattering.get(path)
        if known is None:
            known = path in DECORATOR_MAKERS or path.rpartition(".")[2][:1].isupper() or self.is_of_packs(path)
            self._mattering[path] = known
        return known

    def is_of_packs(self, path: str) -> bool:
        """Does some rule pack speak for this outside path?"""
        known = self._rooted.get(path)
        if known is None:
            head = path
            roots = self.library_roots
            while head and head not in roots:
                head = head.rpartition(".")[0]
            known = self._rooted[path] = bool(head)
        return known

    def load_module(self, key: str, name: str, target: int) -> None:
        """`module.name` -> target: a global of the file, a submodule, or what a star import brings."""
        self._load_module(key, name, target, set())

    def _load_module(self, key: str, name: str, target: int, seen: set[str]) -> bool:
        if key in seen:
            return False
        seen.add(key)
        file = self.objects.modules.file_of.get(key)
        found = False
        if file is not None:
            summary = self.objects.summaries[file]
            cell = summary.names.get(name)
            if cell is not None:
                self.cells.edge(self.objects.cell_base[file] + cell, target)
                found = True
            elif summary.stars and not name.startswith("_"):
                found = self._load_star(file, summary, name, target, seen)
        if not found:
            child = self.objects.modules.child(key, name)
            if child is not None:
                self.cells.add(target, self.values.of(Kind.MODULE, child))
                found = True
        return found

    def _load_star(self, file: int, summary: Summary, name: str, target: int, seen: set[str]) -> bool:
        found = False
        for module, level in reversed(summary.stars):  # the last one that has the name counts
            key = self.objects.modules.resolve(module, level, file)
            if key is not None:
                found = self._load_module(key, name, target, seen) or found
            elif not found and self.is_of_packs(module):
                self.cells.add(target, self.out(f"{module}.{name}"))
                found = True
        return found

    def seed(self) -> None:
        """What is known without any flow: imports, builtins, functions and classes."""
        for file, summary in enumerate(self.objects.summaries):
            base = self.objects.cell_base[file]
            for fact in summary.imports:
                self._seed_import(file, base + fact.cell, fact.module, fact.level, fact.name)
            for name, cell in summary.unbound.items():
                self._seed_unbound(file, summary, name, base + cell)
        for fn in self.functions:
            value = self.values.of(Kind.FUNC, fn.number)
            self.value_of.append(value)
            self.cells.add(self.objects.cell_base[fn.file] + fn.fact.value, value)
            if fn.is_method and fn.owner >= 0:
                self._seed_self(fn.positional[0], fn.owner, fn.fact.decorators, fn.fact.name)
        for cls in self.classes:
            self.cells.add(self.objects.cell_base[cls.file] + cls.fact.value, self.values.of(Kind.CLASS, cls.number))

    def _seed_self(self, cell: int, owner: int, decorators: tuple[str, ...], name: str) -> None:
        is_class = "classmethod" in decorators or name in {"__new__", "__init_subclass__", "__class_getitem__"}
        is_type = "type" in self.classes[owner].fact.bases
        self.cells.add(cell, self.values.of(Kind.CLASS if is_class and not is_type else Kind.INST, owner))

    def _seed_import(self, file: int, cell: int, module: str, level: int, name: str) -> None:
        key = self.objects.modules.resolve(module, level, file)
        if key is None:
            if not level:
                self.cells.add(cell, self.out(f"{module}.{name}" if name else module))
            return
        own = self.objects.modules.file_of.get(key) == file  # `from . import child`: its own global is no answer
        child = self.objects.modules.child(key, name) if own and name else None
        if name and child is None:
            self.load_module(key, name, cell)
            child = self.objects.modules.child(key, name)
            if child is not None and self.objects.modules.file_of.get(key) == file:  # `from . import part` of a package
                self.cells.add(cell, self.values.of(Kind.MODULE, child))
        else:
            self.cells.add(cell, self.values.of(Kind.MODULE, child or key))

    def _seed_unbound(self, file: int, summary: Summary, name: str, cell: int) -> None:
        if summary.stars and self._load_star(file, summary, name, cell, set()):
            return
        if name in BUILTINS:
            self.cells.add(cell, self.out(f"builtins.{name}"))

    def bind_value(self, value: int, receiver: int) -> int:
        return self.values.of(Kind.BOUND, value, receiver)
