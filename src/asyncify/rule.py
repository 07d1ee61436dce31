"""What a rule pack says once it has been checked: plain frozen values, no text left to interpret but templates.

A template is Python source with holes: `{slot}` is the argument bound to that slot of the signature, `{*}` all
arguments as written, `{self}` the receiver, `{name}` the last part of the called path and `{aio}` the support
module that asyncify writes into the user's package. `{aio}.NAME` therefore says which helper is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

ANY_ATTRIBUTE = "*"  # stands for every public attribute that has no type of its own


class Wait(StrEnum):
    """What a call waits for."""

    NETWORK = "network"
    DATABASE = "database"
    DISK = "disk"
    SLEEP = "sleep"
    PROCESS = "process"
    LOCK = "lock"
    CPU = "cpu"


class Safety(StrEnum):
    """What a rewrite promises."""

    SAFE = "safe"  # same behaviour
    UNSAFE = "unsafe"  # a named difference; applied with --unsafe only
    MANUAL = "manual"  # shown, never applied


class Style(StrEnum):
    """How calls are written where a library's own form would differ for some values."""

    FAITHFUL = "faithful"  # with helpers that do what the old library did, whatever the values are
    IDIOMATIC = "idiomatic"  # the new library's own form, and a warning for what would differ


class Offload(StrEnum):
    """Whether a call without an asynchronous form may run in a thread while its function is awaited."""

    ANY = "any"  # it is a plain function, or several threads may use its object at once
    LOCAL = "local"  # only where its object stays in the function that makes it


class Form(StrEnum):
    """In what form outside code takes what it is given and turns async."""

    COROUTINE_FUNCTION = "coroutine-function"
    ASYNC_ITERATOR = "async-iterator"
    ENTRY_POINT = "entry-point"  # as a plain function that runs the asynchronous one in an event loop


class SlotKind(StrEnum):
    """How an argument reaches a slot, in the terms of `inspect`."""

    POSITIONAL_ONLY = "positional-only"
    POSITIONAL_OR_KEYWORD = "positional-or-keyword"
    VAR_POSITIONAL = "var-positional"
    KEYWORD_ONLY = "keyword-only"
    VAR_KEYWORD = "var-keyword"


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter of a signature; `default` is its source text, None where there is none."""

    name: str
    kind: SlotKind
    default: str | None = None


ANY_ARGUMENTS = (Slot("args", SlotKind.VAR_POSITIONAL), Slot("kwargs", SlotKind.VAR_KEYWORD))


@dataclass(frozen=True, slots=True)
class Signature:
    """A callable of a library: its canonical dotted path and its slots (`self` left out)."""

    path: str
    slots: tuple[Slot, ...]

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def owner(self) -> str:
        return self.path.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Example:
    """A rule's example: `after` is what becomes of `before`; or nothing changes, `because` of a reason."""

    name: str
    before: str
    after: str | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True)
class Direct:
    """The new library's own form of a call whose value stays in its function, for the idiomatic style."""

    opens: str  # template, with `{*}`, that stands in `async with ... as name:`
    arguments: Mapping[str, str]  # slot or keyword -> template of its value, in which `{it}` is what was written
    # slot, keyword or called name -> what differs there, but for a value that is known to be plain; "*": everywhere
    differs: Mapping[str, str]
    bare: frozenset[str] = frozenset()  # members whose errors lack what handlers of the project may read from them


@dataclass(frozen=True, slots=True)
class Handed:
    """A call of something else, such as `select.select`, that counts as one of the rule's because of what it is given:
    an object of the type, or a collection with one in it."""

    call: str  # path of what is called
    slot: str  # the argument
    type: str  # id of a pack type


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of a library and what is done about it.

    Without `becomes`, `opens` and `hook` the rule only detects: the call waits, but has no asynchronous form yet.
    """

    id: str
    pack: str
    calls: tuple[Signature, ...]
    why: str
    waits: Wait | None = None
    returns: str | None = None  # id of a pack type, "self", or None for what is of no interest
    becomes: str | None = None  # replaces the call; the value is complete and may be handed on
    opens: str | None = None  # the form that stands in `async with ... as name:` round the uses of the value
    direct: Direct | None = None  # what stands instead of `opens` in the idiomatic style
    hook: str | None = None  # name of a function in rewrite.hooks, where several statements decide
    imports: tuple[str, ...] = ()  # modules that the replacement names, such as "asyncio"
    refuses: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # slot or keyword -> advice
    # slot or keyword -> what may differ where it is given; for that of `streams`: where the value is read whole
    notes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    reads: frozenset[str] = frozenset()  # called members that only read: calling them early or again changes nothing
    # what may differ wherever the rule applies, said once in a file that does not hold the text before it
    remarks: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    absent: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )  # argument that is not given -> text
    offload: Offload | None = None  # for a rule that only detects: the call may run in a thread
    lifespan: str | None = None  # keyword of an application's constructor that takes what runs round its life
    streams: str | None = None  # keyword that, when true, means the value is read piece by piece: `opens` only
    lazy: bool = False  # where nothing can await, the call stands without: the object waits when it is first used
    # slot -> path of the callable for which a call counts that fills this slot
    instead: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    handed: Handed | None = None
    safety: Safety = Safety.SAFE
    differs: str | None = None  # the named difference of an unsafe rule
    examples: tuple[Example, ...] = ()

    @property
    def is_detection_only(self) -> bool:
        return self.becomes is None and self.opens is None and self.hook is None


@dataclass(frozen=True, slots=True)
class PackType:
    """A class of a library whose instances are followed through the project."""

    id: str  # canonical dotted path
    pack: str
    becomes: str | None = None  # template that names the class in annotations and isinstance
    keeps: frozenset[str] = frozenset()  # members that the migrated object has unchanged
    held: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # "text" or "json()" -> template
    iterated: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # held, for `async for` only
    direct: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # held, of a call that is `direct`
    differs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # of `direct` -> what differs
    cautions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # of `keeps` -> a warning
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # or ANY_ATTRIBUTE -> type id
    enters: str | None = None  # type of x in `with value as x`; None: cannot be entered
    enters_async: bool = False  # `with` must become `async with`
    iterates_async: bool = False  # `for` must become `async for`
    yields: str | None = None  # type of the items, when iterated or subscripted
    base: str | None = None  # another pack type whose members it inherits
    not_waiting: frozenset[str] = frozenset()  # methods to which a rule for `TYPE.*` does not apply
    derivable: bool = False  # the project may derive classes from it: what `becomes` names awaits what they override
    sealed: frozenset[str] = frozenset()  # methods that `becomes` never calls itself: overriding them is in vain
    lacks: frozenset[str] = frozenset()  # the members that have no counterpart, all of them; none: they are not known


@dataclass(frozen=True, slots=True)
class ExceptionRule:
    """What becomes of an exception class where it is caught and where it is raised or named as a class."""

    path: str
    pack: str
    catches: tuple[str, ...]  # expressions for an `except` clause
    raises: str  # one expression that names a class
    imports: tuple[str, ...] = ()
    after: str | None = None  # a class whose handler, standing before this one in the same `try`, takes its share
    # a builtin class from which it derives -> what a handler for that has to catch beside
    bases: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    wording: str | None = None  # how the text of the error differs, where a handler uses it
    catches_after: tuple[str, ...] = ()  # what is left to catch behind such a handler


@dataclass(frozen=True, slots=True)
class ValueRule:
    """What becomes of a constant or function of a library where it is named. `path` may end in `.*`."""

    path: str
    pack: str
    becomes: str  # template; `{name}` is the last part of the path


@dataclass(frozen=True, slots=True)
class Accepts:
    """Outside code that takes the asynchronous form of what the project hands to it.

    `path` is a decorator (`slot` is None) or a callable whose argument `slot` is meant. The signature, where one
    was given, tells which positional argument that is.
    """

    path: str
    slot: str | None
    forms: frozenset[Form]
    signature: Signature | None = None
    overrides: bool = False  # `path` is a method, and what may be asynchronous is a method that overrides it
    injects: bool = False  # the call stands for what the function in the slot returns, or yields
    gives: str | None = None  # of a decorator: the pack type of what it makes of the function

    def is_filled_by(self, argument: int | str | None) -> bool:
        """Does the argument at this index, or with this keyword, arrive in the slot? None: what is decorated."""
        if not isinstance(argument, int):
            return argument == self.slot and not self.overrides
        slots = self.signature.slots if self.signature else ()
        return any(
            slot.name == self.slot
            and (index == argument or (index < argument and slot.kind is SlotKind.VAR_POSITIONAL))
            for index, slot in enumerate(slots)
            if slot.kind not in {SlotKind.KEYWORD_ONLY, SlotKind.VAR_KEYWORD}
        )


@dataclass(frozen=True, slots=True)
class Pack:
    """One TOML file, checked. `file` says where it came from, for messages."""

    id: str
    file: str
    summary: str
    source: tuple[str, ...]  # import roots that the pack speaks for
    target: str | None
    requires: tuple[str, ...]
    drops: tuple[str, ...]
    aliases: Mapping[str, str]
    types: tuple[PackType, ...]
    rules: tuple[Rule, ...]
    exceptions: tuple[ExceptionRule, ...]
    accepts: tuple[Accepts, ...]
    values: tuple[ValueRule, ...] = ()
    replaces: tuple[str, ...] = ()  # ids of packs that are set aside when this one is loaded
    exhaustive: bool = False  # a name of the library of which the pack says nothing is refused aloud
    one_loop: bool = (
        False  # objects belong to the event loop that opened them: a loop of another thread cannot use them
    )
    profile: str | None = None  # the pack is loaded only where this profile is chosen
