"""Did two runs do the same? All that one run is compared by, against the other's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from msgspec import Struct

from asyncify.bench.compare import SIDES, Difference, Sides, compare_answers, compare_bags
from asyncify.bench.measure import Taken
from asyncify.bench.samples import Side

ALONE: Sides = ("for one caller", "for several")


class Compared(Struct, frozen=True):
    """How much was compared: of each, what the migrated tree did."""

    answers: int = 0
    calls: int = 0
    rows: int = 0
    logs: int = 0

    def __str__(self) -> str:
        counts = (self.calls, "calls to services"), (self.rows, "rows"), (self.logs, "log records")
        *first, last = [f"{self.answers:,} answers", *(f"{count:,} {what}" for count, what in counts if count)]
        return f"{', '.join(first)} and {last}" if first else last


class Judged(Struct, frozen=True):
    """What the migrated tree does otherwise, and what the original does otherwise by itself when several call it."""

    differences: tuple[Difference, ...]
    unsteady: tuple[Difference, ...]


def judge(before: Taken, after: Taken, serially: Callable[[Taken], Taken]) -> Judged:
    """Answers, traffic, rows and logs (with exceptions) that the two sides do not share.

    Threads can race in the original, which then does not do under load what it does for one caller at a time. Where
    `serially` shows that, the migrated tree has to do what the original does for one caller.
    """
    found = tuple(_differences(before, after))
    if not found or before.measurement.limit == 1:
        return Judged(found, ())
    alone = serially(before)
    unsteady = tuple(_differences(alone, before, ALONE))
    return Judged(tuple(_differences(alone, after)) if unsteady else found, unsteady)


def compare_all(
    taken: Sequence[Taken], serially: Callable[[Taken], Taken]
) -> tuple[Compared, tuple[Difference, ...], tuple[Difference, ...]]:
    """Each run of the migrated tree against one of the original that made the same requests; what is unsteady last."""
    originals = {_requests(one): one for one in taken if one.measurement.side is Side.BEFORE}
    found: list[Difference] = []
    unsteady: dict[object, tuple[Difference, ...]] = {}
    alone: dict[object, Taken] = {}

    def once(original: Taken) -> Taken:
        key = _requests(original)[:-1]
        alone[key] = alone.get(key) or serially(original)
        return alone[key]

    answers = calls = rows = logs = 0
    for one in taken:
        original = originals.get(_requests(one))
        if one.measurement.side is Side.BEFORE or original is None:
            continue
        if one.measurement.repeat == 0 or not found:  # a repeat would show the same once more
            judged = judge(original, one, once)
            found += judged.differences
            unsteady.setdefault(_requests(original)[:-1], judged.unsteady)
        answers, calls = answers + len(one.answers), calls + one.traffic.total()
        rows, logs = rows + one.rows.total(), logs + one.logs.total()
    return Compared(answers, calls, rows, logs), tuple(found), tuple(chain(*unsteady.values()))


def _differences(before: Taken, after: Taken, sides: Sides = SIDES) -> Iterator[Difference]:
    name, callers = after.measurement.table or after.measurement.case, after.measurement.callers
    answers = compare_answers(name, callers, before.answers, after.answers, sides)
    if answers:
        yield answers
    for what in ("traffic", "rows", "logs"):
        found = compare_bags(name, callers, what, getattr(before, what), getattr(after, what), sides)
        if found:
            yield found


def _requests(taken: Taken) -> tuple[str, str, int, int, int]:
    """What has to be equal for two runs to have made the same requests, those of the warm-up too."""
    one = taken.measurement
    return one.table, one.case, len(one.samples), taken.warmed_up, one.repeat
