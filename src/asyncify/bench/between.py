"""What changed between two runs of the benchmark: the same load, the same side, then and now."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from asyncify.bench.compare import compare_speed
from asyncify.bench.conclude import same_things
from asyncify.bench.report import Report
from asyncify.bench.samples import Measurement


class Change(Struct, frozen=True):
    """One measurement that both runs have."""

    name: str
    words: str  # "1.20x faster (1.15-1.26)", or "no difference found"
    is_slower: bool


class Between(Struct, frozen=True):
    """All that both runs measured, and what only one of them did."""

    changes: tuple[Change, ...]
    only_then: tuple[str, ...]
    only_now: tuple[str, ...]
    warnings: tuple[str, ...]


def compare_reports(then: Report, now: Report) -> Between:
    """How `now` stands to `then`, in the order of `now`."""
    old = {_key(group[0]): group for group in same_things(then.measurements)}
    new = {_key(group[0]): group for group in same_things(now.measurements)}
    changes = []
    for key, group in new.items():
        if key not in old:
            continue
        gain = compare_speed(old[key], group)
        changes.append(Change(group[0].name, str(gain), gain.is_significant and gain.ratio < 1))
    return Between(
        changes=tuple(changes),
        only_then=tuple(group[0].name for key, group in old.items() if key not in new),
        only_now=tuple(group[0].name for key, group in new.items() if key not in old),
        warnings=tuple(_warnings(then, now)),
    )


def _key(one: Measurement) -> tuple[object, ...]:
    return one.table, one.case, one.way, one.side, one.load, one.callers, one.rate, len(one.samples)


def _warnings(then: Report, now: Report) -> Iterator[str]:
    old, new = then.machine, now.machine
    if (old.processor, old.cores, old.system) != (new.processor, new.cores, new.system):
        yield f"another machine: {old.processor}, {old.cores} cores then, {new.processor}, {new.cores} cores now"
    if old.python != new.python:
        yield f"another Python: {old.python} then, {new.python} now"
    if then.scenario != now.scenario:
        yield "another scenario: what has the same name may have done something else"
