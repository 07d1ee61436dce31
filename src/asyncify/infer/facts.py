"""What inference hands on: what each function, call and name of the project is. Plain frozen data, no trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from asyncify.place import Place

if TYPE_CHECKING:
    from asyncify.infer.graph import Graph


class TargetKind(StrEnum):
    FUNCTION = "function"  # a function of the project: id of a Function
    CLASS = "class"  # a class of the project: "path::qualname"
    PACK = "pack"  # a callable that a rule pack declares: its canonical dotted path
    OUTSIDE = "outside"  # another importable callable: its dotted path ("json.loads")


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One thing that a call may reach."""

    kind: TargetKind
    id: str


class Position(StrEnum):
    """Where a call stands, as far as it decides whether an await may stand there."""

    PLAIN = "plain"
    AWAITED = "awaited"  # `await f()` already
    LAMBDA = "lambda"
    GENERATOR = "generator"  # inside a generator expression (not its first iterable)
    DEFAULT = "default"  # default argument
    DECORATOR = "decorator"
    CLASS_BODY = "class-body"
    MODULE_BODY = "module-body"
    MAIN_BLOCK = "main-block"  # below `if __name__ == "__main__":`


class Function(msgspec.Struct, frozen=True, gc=False):
    """A function of the project. `id` is "path::qualname" (Python's qualname, `outer.<locals>.inner`), a second
    definition of the same name gets "#2" and so on."""

    id: str
    qualname: str
    place: Place  # from `def` (or `async`) to the end of the body, decorators left out
    is_async: bool
    is_generator: bool
    owner: str | None  # "path::qualname" of the class in whose body it stands
    decorators: tuple[str, ...]  # canonical dotted path where resolved, else source text


@dataclass(frozen=True, slots=True)
class Passed:
    """Functions of the project that an argument hands on. `slot`: keyword, or the position as a number."""

    slot: str
    functions: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Call:
    """One call expression whose targets are of interest (a project function or class, or a pack callable)."""

    place: Place  # the whole call
    callee: Place  # its function part
    scope: str | None  # id of the innermost function whose body runs the call; None at module or class level
    position: Position
    targets: tuple[Target, ...]  # sorted
    certain: bool  # False: it may also reach something unknown
    perhaps: bool = False  # True: the targets were found by a rare method name alone, never rewritten in silence
    passes: tuple[Passed, ...] = ()
    consumer: str = "other"  # what takes the result: "for", "yield-from", "comprehension", "builtin:list",
    # "argument:<dotted>:<slot>", "returned", "assigned", "with", "awaited", "other"
    lambdas: tuple[Place, ...] = ()  # the lambdas that it may reach; `targets` has what they call in their stead


@dataclass(frozen=True, slots=True)
class Use:
    """A name or attribute expression that is, or holds, something a rule pack knows.

    `symbols`: canonical dotted paths that the expression itself names (`requests.Timeout`, `requests.get`);
    `types`: ids of the pack types of which its value may be an instance;
    `functions`: ids of project functions that it names without calling them here (a value passed on or stored);
    `origins`: for what threads share (locks, queues, threads themselves) the calls that may have made it; not all of
    them where it is `crowded`.
    """

    place: Place
    scope: str | None
    symbols: tuple[str, ...]
    types: tuple[str, ...]
    functions: tuple[str, ...]
    certain: bool
    origins: tuple[Place, ...] = ()
    crowded: bool = False  # more values come together there than are told apart


class Implicit(StrEnum):
    """How Python itself comes to run a function."""

    FOR = "for"  # also in comprehensions
    WITH = "with"
    YIELD_FROM = "yield-from"
    READ = "read"  # of a property


@dataclass(frozen=True, slots=True)
class Run:
    """What runs without being called by name: `__enter__`, `__next__`, a generator, a property.

    `place` is the expression that is entered, iterated or read.
    """

    place: Place
    scope: str | None
    position: Position
    kind: Implicit
    functions: tuple[str, ...]
    methods: tuple[str, ...] = ()  # paths of special methods of libraries that wait


@dataclass(frozen=True, slots=True)
class FileFacts:
    """All that is known of one file, sorted by place."""

    path: str
    calls: tuple[Call, ...]
    uses: tuple[Use, ...]
    runs: tuple[Run, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """The whole project, resolved. Read-only; the same on every run."""

    functions: Mapping[str, Function]
    files: Mapping[str, FileFacts]
    families: tuple[frozenset[str], ...]  # ids of functions that must share one colour: overrides, tables
    imports: Mapping[str, frozenset[str]]  # path -> dotted paths that the file imports from outside the project
    graph: Graph | None = field(default=None, compare=False, repr=False)  # the same, as colouring follows it
    capped: bool = False  # True: the cap was reached before the fixed point; facts may be missing
