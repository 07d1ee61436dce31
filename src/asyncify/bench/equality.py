"""Did two runs do the same? All that one run is compared by, against the other's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from asyncify.bench.compare import Difference, compare_answers, compare_bags
from asyncify.bench.measure import Taken
from asyncify.bench.samples import Side


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


def differences(before: Taken, after: Taken) -> Iterator[Difference]:
    """Answers, traffic, rows and logs (with exceptions) that the two sides do not share."""
    name, callers = before.measurement.table or before.measurement.case, before.measurement.callers
    answers = compare_answers(name, callers, before.answers, after.answers)
    if answers:
        yield answers
    for what in ("traffic", "rows", "logs"):
        found = compare_bags(name, callers, what, getattr(before, what), getattr(after, what))
        if found:
            yield found


def compare_all(taken: Sequence[Taken]) -> tuple[Compared, tuple[Difference, ...]]:
    """Each run of the migrated tree against one of the original that made the same requests."""
    originals = {_requests(one): one for one in taken if one.measurement.side is Side.BEFORE}
    found: list[Difference] = []
    answers = calls = rows = logs = 0
    for one in taken:
        original = originals.get(_requests(one))
        if one.measurement.side is Side.BEFORE or original is None:
            continue
        if one.measurement.repeat == 0 or not found:  # a repeat would show the same once more
            found += differences(original, one)
        answers, calls = answers + len(one.answers), calls + one.traffic.total()
        rows, logs = rows + one.rows.total(), logs + one.logs.total()
    return Compared(answers, calls, rows, logs), tuple(found)


def _requests(taken: Taken) -> tuple[str, str, int, int, int]:
    """What has to be equal for two runs to have made the same requests, those of the warm-up too."""
    one = taken.measurement
    return one.table, one.case, len(one.samples), taken.warmed_up, one.repeat
