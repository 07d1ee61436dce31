"""What the index keeps of one file: a small program of flows between numbered cells. Plain data, no trees.

A cell stands for the values of one expression or variable; cell 0 is "nothing that could matter" (numbers, text,
comparisons). The walk resolves names within the file, so that inference only has to move values between cells.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import msgspec

COMPUTED = "*"  # the name of an attribute that `setattr` computes
NOTHING = 0  # the cell of what can hold neither a function nor an object of interest
OCCURRENCE = 6  # numbers an occurrence: cell, scope + 1, line, column, end line, end column
SITE = 8  # numbers a call's places: whole call, callee
LOAD = 3  # numbers a load: base, text of the attribute, to
CALL = (
    8  # numbers a call: callee, result, scope + 1, position, text of its consumer, first place, first argument, count
)
POSITIONS = (
    "plain", "awaited", "lambda", "generator", "default", "decorator", "class-body", "module-body", "main-block",
)  # fmt: skip
POSITIONAL_ONLY, POSITIONAL, VAR_POSITIONAL, KEYWORD_ONLY, VAR_KEYWORD = range(5)

Span = tuple[int, int, int, int]


class FunctionFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A `def` or a lambda. `owner` and `parent` are indices of a class and of the enclosing function, -1 for none."""

    name: str
    qualname: str
    span: Span
    is_async: bool
    is_generator: bool
    is_lambda: bool
    owner: int
    parent: int
    params: tuple[tuple[str, int, int], ...]  # name, kind, cell
    returns: int  # cell of what is returned
    yields: int  # cell of what is yielded, NOTHING if it is no generator
    value: int  # cell of the function itself, before its decorators
    decorators: tuple[str, ...]
    has_body: bool  # False: nothing but `...`, pass, a docstring, raise NotImplementedError
    required: int = 0  # how many parameters have no default


class ClassFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A class. `bases` are dotted names as written, `body` maps names of its body to cells."""

    name: str
    qualname: str
    line: int
    bases: tuple[str, ...]
    keywords: tuple[str, ...]
    body: dict[str, int]
    fields: tuple[str, ...]  # annotated names in order, as a dataclass takes them
    attributes: tuple[str, ...]  # names assigned to `self.` in its methods
    value: int
    parent: int  # enclosing function
    decorators: tuple[str, ...]


class ImportFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`from module import name` or, with an empty name, `import module`; `cell` is what the bound name holds."""

    cell: int
    module: str
    name: str
    level: int
    bound: str
    is_global: bool  # bound at module level


class CallFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A call. `args` pairs cells with what they stand for: "" positional, "*" and "**" unpacked, else the keyword."""

    callee: int
    result: int
    args: tuple[tuple[str, int], ...]
    scope: int  # innermost function or lambda, -1 outside
    position: int  # of POSITIONS
    consumer: str
    first: int  # index of its first argument's place in `Summary.argument_places`


class FlowFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Iterating, entering or reading through an object, which may run a method of it."""

    kind: str  # "for", "comprehension", "with", "yield-from", "taken": what takes every item at once
    base: int
    result: int
    scope: int
    position: int
    span: Span
    until: int = 0  # of "with": the last line of its body


class Summary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One file. What there is most of is packed: numbers one after the other, texts by their index in `texts`."""

    path: str
    cells: int
    functions: tuple[FunctionFact, ...]
    classes: tuple[ClassFact, ...]
    names: dict[str, int]  # module-level name -> cell
    unbound: dict[str, int]  # name found nowhere in the file: builtin or star import
    imports: tuple[ImportFact, ...]
    stars: tuple[tuple[str, int], ...]  # module, level
    exports: tuple[str, ...] | None  # __all__ where it is a plain list
    aliases: dict[str, str]  # module-level `a = b.c`: name -> dotted text
    texts: tuple[str, ...]  # "" first
    copies: bytes  # from, to
    loads: bytes  # LOAD numbers each
    stores: tuple[tuple[int, str, int], ...]  # base, attribute, from
    dynamic: tuple[tuple[int, str, str, int], ...]  # getattr(base, prefix + ? + suffix), to
    items: tuple[tuple[int, str | int | None, int], ...]  # base, key (None: any), to
    puts: tuple[tuple[int, str | int | None, int], ...]  # base, key, from
    containers: tuple[tuple[int, tuple[tuple[str | int | None, int], ...]], ...]  # to, ((key, from), ...)
    instances: tuple[int, ...]  # type cell, to: a value of that type
    guards: tuple[int, ...]  # from, to: only containers pass
    supers: tuple[tuple[int, int], ...]  # class, to
    decorations: tuple[tuple[int, int, int, int, Span], ...]  # decorator, inner, to, function (-1: class), place
    flows: tuple[FlowFact, ...]
    calls: bytes  # CALL numbers each
    arguments: bytes  # of all calls: text of what it stands for, cell
    sites: bytes
    argument_places: bytes
    occurrences: bytes

    def each_load(self) -> Iterator[tuple[int, str, int]]:
        """Base, attribute, to."""
        texts, packed = self.texts, numbers(self.loads).tolist()
        for base, text, target in zip(packed[::LOAD], packed[1::LOAD], packed[2::LOAD], strict=True):
            yield base, texts[text], target

    @property
    def call_count(self) -> int:
        return len(self.calls) // (4 * CALL)

    def call(self, number: int) -> CallFact:
        """One call, unpacked."""
        callee, result, scope, position, consumer, first, start, count = numbers(self.calls)[
            CALL * number : CALL * number + CALL
        ]
        texts, pairs = self.texts, numbers(self.arguments)[2 * start : 2 * (start + count)].tolist()
        args = tuple((texts[text], cell) for text, cell in zip(pairs[::2], pairs[1::2], strict=True))
        return CallFact(callee, result, args, scope - 1, position, texts[consumer], first)


class ParseFault(msgspec.Struct, frozen=True, array_like=True):
    """A file that the running Python cannot parse."""

    path: str
    line: int
    why: str


class Summaries(msgspec.Struct, frozen=True):
    """All files of a project, sorted by path."""

    summaries: tuple[Summary, ...]
    faults: tuple[ParseFault, ...]
    package: str = ""  # the dotted name of the package whose folder the project's root is
    meanings: tuple[bytes, ...] = ()  # of each file; nothing without cache


def packed(numbers: list[int]) -> bytes:
    """Numbers as a summary keeps them."""
    return array("I", numbers).tobytes()


def numbers(data: bytes) -> memoryview:
    """The packed numbers of a summary, to be read by index."""
    return memoryview(data).cast("I")
