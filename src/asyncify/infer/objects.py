"""Functions and classes of the whole project, numbered, with the class hierarchy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from asyncify.index.summary import (
    POSITIONAL,
    POSITIONAL_ONLY,
    VAR_KEYWORD,
    VAR_POSITIONAL,
    ClassFact,
    FunctionFact,
    Summary,
)
from asyncify.infer.modules import Modules

# Bases that say nothing of their own that a subclass could override with a wait.
PLAIN_BASES = frozenset(
    {"object", "abc.ABC", "typing.Protocol", "typing_extensions.Protocol", "typing.Generic",
     "enum.Enum", "enum.IntEnum",
     "enum.StrEnum", "enum.Flag", "enum.IntFlag", "typing.NamedTuple", "typing.TypedDict",
     "typing_extensions.TypedDict",
     "dict", "list", "set", "tuple", "str", "int", "float", "bytes", "frozenset", "type", "Exception", "BaseException"}
)  # fmt: skip
MAX_HOPS = 12


class Fn(msgspec.Struct, gc=False):
    """A function: its cells are numbers of the whole project."""

    id: str
    number: int
    file: int
    fact: FunctionFact
    positional: list[int]  # cells
    named: dict[str, int]  # name -> cell, of all that can be given by keyword
    vararg: int
    kwarg: int
    returns: int
    yields: int
    owner: int
    parent: int
    is_method: bool  # its first parameter is the instance or class


@dataclass(slots=True)
class Cls:
    """A class. `outside` are the dotted paths of bases from outside the project, along the whole MRO."""

    id: str
    number: int
    file: int
    fact: ClassFact
    body: dict[str, int]
    bases: list[int] = field(default_factory=list)
    direct_outside: list[str] = field(default_factory=list)
    mro: tuple[int, ...] = ()
    line: frozenset[int] = frozenset()  # mro as a set
    outside: tuple[str, ...] = ()
    subclasses: list[int] = field(default_factory=list)  # all below, direct or not
    unknown_base: bool = False


class Objects:
    """All functions and classes, and what stands where in the hierarchy."""

    def __init__(self, summaries: Sequence[Summary], modules: Modules) -> None:
        self.summaries = summaries
        self.modules = modules
        self.functions: list[Fn] = []
        self.classes: list[Cls] = []
        self.bodies: dict[str, dict[int, int]] = {}  # name -> class in whose body it stands -> cell
        self.cell_base: list[int] = []
        self.function_base: list[int] = []
        self.class_base: list[int] = []
        self._class_named: list[dict[str, int]] = []
        self._skipped = 0  # bases that were left out because they inherit from what inherits from them
        cells = 0
        for file, summary in enumerate(summaries):
            self.cell_base.append(cells)
            self.function_base.append(len(self.functions))
            self.class_base.append(len(self.classes))
            self._add(file, summary, cells)
            cells += summary.cells
        self.cells = cells
        for cls in self.classes:
            self._link(cls)
        for cls in self.classes:
            self._order(cls)
        for cls in self.classes:
            for ancestor in cls.mro[1:]:
                self.classes[ancestor].subclasses.append(cls.number)

    def _add(self, file: int, summary: Summary, base: int) -> None:
        functions, classes = len(self.functions), len(self.classes)
        seen: dict[str, int] = {}
        for fact in summary.functions:
            self.functions.append(_function(summary, fact, seen, len(self.functions), file, base, functions, classes))
        named: dict[str, int] = {}
        for kind in summary.classes:
            number = len(self.classes)
            named[kind.qualname] = number
            named.setdefault(kind.name, number)
            body = {name: base + cell for name, cell in kind.body.items()}
            for name, cell in body.items():
                self.bodies.setdefault(name, {})[number] = cell
            self.classes.append(Cls(_unique(f"{summary.path}::{kind.qualname}", seen), number, file, kind, body))
        self._class_named.append(named)

    # The hierarchy, by names alone

    def _link(self, cls: Cls) -> None:
        for text in cls.fact.bases:
            found = self._class_of(cls.file, text, MAX_HOPS)
            if isinstance(found, int):
                if found != cls.number:
                    cls.bases.append(found)
            elif found is None:
                cls.unknown_base = True
            elif found not in PLAIN_BASES:
                cls.direct_outside.append(found)

    def _class_of(self, file: int, text: str, hops: int) -> int | str | None:
        """A class number, the dotted path of something outside, or None."""
        head, _, tail = text.partition(".")
        if not tail and head in self._class_named[file] and head not in self.summaries[file].aliases:
            return self._class_named[file][head]
        if text in self._class_named[file]:
            return self._class_named[file][text]
        return self._named(file, head, tail, hops)

    def _named(self, file: int, head: str, tail: str, hops: int) -> int | str | None:
        summary = self.summaries[file]
        if hops <= 0:
            return None
        if head in self._class_named[file] and head not in summary.aliases:
            number = self._class_named[file][head]
            return number if not tail else self._class_named[file].get(f"{self.classes[number].fact.qualname}.{tail}")
        answer: int | str | None = None
        for fact in summary.imports:
            if fact.bound != head:
                continue
            found = self._imported(file, fact.module, fact.level, fact.name, tail, hops)
            if isinstance(found, int):
                return found
            answer = answer or found
        if answer is not None:
            return answer
        if head in summary.aliases:
            alias = summary.aliases[head]
            if alias.partition(".")[0] != head:
                return self._class_of(file, f"{alias}.{tail}" if tail else alias, hops - 1)
        for module, level in summary.stars:
            key = self.modules.resolve(module, level, file)
            if key is not None and key in self.modules.file_of:
                found = self._named(self.modules.file_of[key], head, tail, hops - 1)
                if isinstance(found, int):
                    return found
        if head not in summary.names and hops == MAX_HOPS:
            return f"{head}.{tail}" if tail else head  # a builtin
        return None

    def _imported(self, file: int, module: str, level: int, name: str, tail: str, hops: int) -> int | str | None:
        key = self.modules.resolve(module, level, file)
        path = ".".join(part for part in (name, tail) if part)
        if key is None:
            return ".".join(part for part in (module, path) if part) if not level else None
        parts = path.split(".") if path else []
        while parts:
            number = self.modules.file_of.get(key)
            if number is not None:
                found = self._named(number, parts[0], ".".join(parts[1:]), hops - 1)
                if found is not None:
                    return found
            child = self.modules.child(key, parts[0])
            if child is None:
                return None
            key, parts = child, parts[1:]
        return None

    def _order(self, cls: Cls) -> None:
        # left to right, depth first, a class that comes again counts at its last place, as Python does for diamonds
        mro = self._lined_up(cls, frozenset())
        cls.mro = mro
        cls.line = frozenset(mro)
        cls.outside = tuple(dict.fromkeys(path for number in mro for path in self.classes[number].direct_outside))
        cls.unknown_base = any(self.classes[number].unknown_base for number in mro)

    def _lined_up(self, cls: Cls, above: frozenset[int]) -> tuple[int, ...]:
        """The class and all above it, but for those of `above`: a class may stand above itself, by mistake."""
        if cls.mro and above.isdisjoint(cls.mro):
            return cls.mro
        order = [cls.number]
        skipped, inner = self._skipped, above | {cls.number}
        for base in cls.bases:
            if base in inner:
                self._skipped += 1
            else:
                order.extend(self._lined_up(self.classes[base], inner))
        mro = tuple(reversed(dict.fromkeys(reversed(order))))
        if self._skipped == skipped:
            cls.mro = mro
        return mro

    # Questions

    @cached_property
    def methods(self) -> dict[str, list[int]]:
        """Name -> the functions of that name in the bodies of classes, in order."""
        found: dict[str, list[int]] = {}
        for fn in self.functions:
            if fn.owner >= 0:
                found.setdefault(fn.fact.name, []).append(fn.number)
        return found

    def definer(self, number: int, name: str) -> int | None:
        """The nearest class in the MRO whose body has `name`."""
        bodies = self.bodies.get(name, {})
        return next((ancestor for ancestor in self.classes[number].mro if ancestor in bodies), None)

    def related(self, first: int, second: int) -> bool:
        return second in self.classes[first].line or first in self.classes[second].line


def _unique(text: str, seen: dict[str, int]) -> str:
    count = seen[text] = seen.get(text, 0) + 1
    return text if count == 1 else f"{text}#{count}"


def _function(
    summary: Summary, fact: FunctionFact, seen: dict[str, int], number: int, file: int, base: int, functions: int,
    classes: int,
) -> Fn:  # fmt: skip
    positional: list[int] = []
    named: dict[str, int] = {}
    vararg = kwarg = 0
    for name, kind, cell in fact.params:
        if kind == POSITIONAL:
            positional.append(base + cell)
            named[name] = base + cell
        elif kind == VAR_POSITIONAL:
            vararg = base + cell
        elif kind == VAR_KEYWORD:
            kwarg = base + cell
        else:
            if kind == POSITIONAL_ONLY:
                positional.append(base + cell)
            else:
                named[name] = base + cell
    return Fn(
        id=_unique(f"{summary.path}::{fact.qualname}", seen),
        number=number,
        file=file,
        fact=fact,
        positional=positional,
        named=named,
        vararg=vararg,
        kwarg=kwarg,
        returns=base + fact.returns if fact.returns else 0,
        yields=base + fact.yields if fact.yields else 0,
        owner=classes + fact.owner if fact.owner >= 0 else -1,
        parent=functions + fact.parent if fact.parent >= 0 else -1,
        is_method=fact.owner >= 0 and bool(positional) and "staticmethod" not in fact.decorators,
    )
