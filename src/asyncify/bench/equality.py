"""Did two runs do the same? All that one run is compared by, against the other's."""

from __future__ import annotations

from collections.abc import Iterator

from asyncify.bench.compare import Difference, compare_answers, compare_bags
from asyncify.bench.measure import Taken


def differences(before: Taken, after: Taken) -> Iterator[Difference]:
    """Answers, traffic, rows and logs (with exceptions) that the two sides do not share."""
    case, callers = before.measurement.case, before.measurement.callers
    answers = compare_answers(case, callers, before.answers, after.answers)
    if answers:
        yield answers
    for what in ("traffic", "rows", "logs"):
        found = compare_bags(case, callers, what, getattr(before, what), getattr(after, what))
        if found:
            yield found
