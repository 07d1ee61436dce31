"""What planning hands on: every edit and every thing left alone, as sorted, serialisable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from asyncify.colour.colouring import Link, Verdict
from asyncify.place import Place
from asyncify.plan.edits import DropHandler, DropItem, Enclose, HoldOpen, Remove, Respell, RunDirectly
from asyncify.reason import Reason
from asyncify.rule import Safety


@dataclass(frozen=True, slots=True)
class Hole:
    """A hole of a template and the expression of the original file that fills it."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Substitute:
    """Replace the expression at the step's place by a template.

    `{it}` is the expression itself with the changes made inside it; `{*}` its call arguments as written, less
    the keywords in `drop`; other holes are filled from `holes`.
    """

    template: str
    holes: tuple[Hole, ...] = ()
    drop: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()  # `from module import name` that the template uses
    helpers: tuple[str, ...] = ()  # of the support module, reached through the value that the template gives


@dataclass(frozen=True, slots=True)
class MakeAsync:
    """`def` at the step's place becomes `async def`; `rename` gives it another name (`plain`: that alone)."""

    rename: str | None = None
    plain: bool = False


@dataclass(frozen=True, slots=True)
class IterateAsync:
    """The `for` (statement or comprehension) that iterates over the expression at the step's place becomes async."""


@dataclass(frozen=True, slots=True)
class Listify:
    """The generator expression whose element stands at the step's place becomes a list comprehension."""


@dataclass(frozen=True, slots=True)
class Hoist:
    """The lambda at the step's place becomes an async function called `name`, before the statement that starts where
    `statement` does, or in its stead (`replaces`: the statement only gave the lambda that name)."""

    name: str
    statement: Place
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class YieldEach:
    """The statement `yield from X` whose `yield from` stands at the step's place becomes
    `async for item in X: yield item`, or a plain `for` where X stays synchronous."""

    plain: bool = False


@dataclass(frozen=True, slots=True)
class EnterAsync:
    """The `with` item whose expression stands at the step's place is entered asynchronously."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The call at the step's place is opened by `async with TEMPLATE as name:` round the statements that use it.

    The block takes in the statements from the one at `first` to the one that starts where `last` does. Where
    the first is just `name = CALL` it goes (`keep` is False); else it stays, with `name` in the call's stead.
    """

    name: str
    template: str
    first: Place
    last: Place
    keep: bool
    holes: tuple[Hole, ...] = ()
    drop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unroll:
    """The `with` statement at the step's place is replaced by its body: its resource is no longer needed."""


@dataclass(frozen=True, slots=True)
class SplitEntry:
    """The function at the step's place moves its body to an async twin called `twin`, and becomes a shell that
    runs it with `runner`. The innermost decorators, `moved` of them, go with the body."""

    twin: str
    runner: str
    moved: int = 0


@dataclass(frozen=True, slots=True)
class MakeFactory:
    """The constructor at the step's place moves its body to an async method called `twin`, which a class method
    called `create` awaits; what stays is a shell that runs it with `runner`. `result` annotates `create`."""

    twin: str
    create: str
    runner: str
    result: str | None = None


@dataclass(frozen=True, slots=True)
class FlattenCatch:
    """The exception expression at the step's place is replaced by several, flattened into a tuple round it."""

    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tasks:
    """How items are worked on side by side: the function that takes one, and how many of it run at once.

    `function` is a template for one that is there already. Else an async function called `name` is made, with
    `parameter` for the item, which `unpack` (source text) takes apart.
    """

    function: str | None
    name: str = ""
    parameter: str = ""
    unpack: str = ""
    limit: str = "http"  # a key of the support module's LIMITS


@dataclass(frozen=True, slots=True)
class FanOutLoop:
    """The `for` statement at the step's place gathers its waits.

    The statements of its body up to the one that starts where `last` does move to a function that gives back
    `names`, and after them the value of the expression at `value` if there is one: the statement at `last` then
    follows in the loop with `result` in the value's stead. `extends`: the loop is no more than
    `EXTENDS.append(value)`; `starts` is then the statement before it, if that only makes the empty list.
    """

    tasks: Tasks
    last: Place
    value: Place | None
    result: str
    names: tuple[str, ...]
    extends: str | None = None
    starts: Place | None = None
    holes: tuple[Hole, ...] = ()


@dataclass(frozen=True, slots=True)
class FanOutElements:
    """The comprehension at the step's place gathers its waits: it becomes `template`, and its element the value of a
    function before the statement that starts where `statement` does. `is_generator`: the place is that of the element
    of a generator expression."""

    tasks: Tasks
    statement: Place
    template: str
    holes: tuple[Hole, ...] = ()
    is_generator: bool = False


@dataclass(frozen=True, slots=True)
class FanOutRow:
    """The statements from the step's place to the one that starts where `last` does, each `name = await CALL`, become
    one that waits for all of them."""

    last: Place
    limit: str


Action = (
    Substitute
    | FanOutLoop
    | FanOutRow
    | FanOutElements
    | MakeAsync
    | IterateAsync
    | Listify
    | YieldEach
    | EnterAsync
    | Hoist
    | Hold
    | Unroll
    | Remove
    | DropItem
    | DropHandler
    | Enclose
    | Respell
    | HoldOpen
    | RunDirectly
    | SplitEntry
    | MakeFactory
    | FlattenCatch
)


@dataclass(frozen=True, slots=True)
class Step:
    """One edit: where, what, by which rule, how safe, and why."""

    place: Place
    action: Action
    rule: str
    why: str
    safety: Safety = Safety.SAFE

    @property
    def order(self) -> tuple[Place, str, str]:
        return self.place, type(self.action).__name__, self.rule


class Ending(StrEnum):
    """How a call that a rule could touch ended. Every such call has exactly one."""

    CONVERTED = "converted"
    OFFLOADED = "offloaded"
    BRIDGED = "bridged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call or use, and why. `chain` leads from its place to what holds it."""

    place: Place
    what: str  # the pack path or function that the call reaches
    ending: Ending
    rule: str
    reason: Reason | None = None
    detail: str = ""
    chain: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Warned:
    """A place whose behaviour may differ, in words."""

    place: Place
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Gathering:
    """A loop, comprehension or row of statements whose waits could run side by side: whether they will, and if not,
    why and where that stands."""

    place: Place
    kind: str  # "loop", "comprehension", "statements"
    gathered: bool
    why: str = ""
    because: Place | None = None


@dataclass(frozen=True, slots=True)
class ImportNeed:
    """What the steps of one file name, and the names that they may leave unused."""

    modules: tuple[str, ...] = ()  # plain imports: "asyncio", "aiohttp"
    names: tuple[tuple[str, str], ...] = ()  # `from module import name`
    support: bool = False
    freed: tuple[str, ...] = ()  # names whose imports go if nothing uses them any more


@dataclass(frozen=True, slots=True)
class FilePlan:
    """All steps of one file, sorted by place."""

    path: str
    steps: tuple[Step, ...]
    imports: ImportNeed


@dataclass(frozen=True, slots=True)
class SupportModule:
    """The module that is written beside the user's code: where, how it is imported, and what it must hold."""

    path: str  # relative to the project's root
    module: str  # dotted name
    names: tuple[str, ...]
    limits: tuple[tuple[str, int], ...] = ()  # those of its limits that are not the default
    timeouts: tuple[tuple[str, float | None], ...] = ()  # the same of its time-outs


@dataclass(frozen=True, slots=True)
class Plan:
    """Every edit and every thing left alone; the same on every run over the same tree."""

    files: tuple[FilePlan, ...]
    outcomes: tuple[Outcome, ...]
    warnings: tuple[Warned, ...]
    gatherings: tuple[Gathering, ...]
    verdicts: Mapping[str, Verdict]
    broken: Mapping[str, tuple[Outcome, ...]]  # packs that cannot migrate as planned, and why: plan without them
    support: SupportModule | None
    requires: tuple[str, ...]
    drops: tuple[str, ...]
