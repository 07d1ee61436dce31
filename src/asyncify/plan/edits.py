"""Edits that take statements and blocks away, and the calls that stand in their stead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from asyncify.place import Place


@dataclass(frozen=True, slots=True)
class Remove:
    """The statement at the step's place goes; comments before it stay. An empty block passes."""


@dataclass(frozen=True, slots=True)
class DropHandler:
    """The `except` clause at the step's place goes; with the last of a `try` that has no `finally`, the `try` does."""


@dataclass(frozen=True, slots=True)
class DropItem:
    """The `with` item whose expression stands at the step's place goes; with the last of them the block does."""


@dataclass(frozen=True, slots=True)
class Enclose:
    """The statements from the step's place to the one that starts where `last` does stand in `async with TEMPLATE:`,
    whose `{self}` is the expression at `receiver`."""

    template: str
    last: Place
    receiver: Place


@dataclass(frozen=True, slots=True)
class HoldOpen:
    """`name = CALL` at the step's place and the `try` behind it, whose `finally` gave the value back, become
    `async with CALL as name:` round what was tried. Statements between them have gone."""

    tried: Place


@dataclass(frozen=True, slots=True)
class Respell:
    """The parts of the string literal at the step's place get these sources."""

    pieces: tuple[str, ...]


class Layout(StrEnum):
    """Where the arguments of a call stand."""

    SAME = "same"  # as those of the old call: on its line, or a line each
    HANGING = "hanging"  # together, on a line of their own
    ROWS = "rows"  # a line each


@dataclass(frozen=True, slots=True)
class RunDirectly:
    """The expression at the step's place becomes `await RECEIVER.METHOD(QUERY, *VALUES)`, inside `wrap`; where there
    is a `name` it is the whole statement, which gives the result this name.

    `pieces` are the sources of the literals of which the query consists (none: it stays), `call` is the call that ran
    it before, and `keyword` (source text) is given at the end.
    """

    method: str
    receiver: Place
    query: Place
    pieces: tuple[str, ...]
    values: tuple[Place, ...]
    call: Place
    keyword: str = ""
    wrap: str = "{it}"
    name: str = ""
    layout: Layout = Layout.SAME
