"""What follows from the measurements: gains, faults and notes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

from asyncify.bench.compare import Gain, compare_speed
from asyncify.bench.explain import ENOUGH, beats_bound, explain, is_disturbed
from asyncify.bench.samples import Measurement, Side

QUIET = 0.1  # of all cores: other programs may use so much before the report warns
SHAKY = 0.1  # by how much repeats of the same thing may differ before the report warns
ANSWER_SHOWN = 300  # characters of a failed request's answer
NOISY = "noisy machine"


class Fault(Struct, frozen=True):
    """Something that makes the run worthless."""

    measurement: str
    kind: str  # "better-than-possible"
    text: str


class Note(Struct, frozen=True):
    """Something worth knowing about one measurement, or about the run."""

    measurement: str  # its name, or "noisy machine"
    text: str


class Conclusions(Struct, frozen=True):
    """All that can be said without looking at the trees again."""

    gains: tuple[Gain, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Note, ...]


def conclude(
    measurements: Sequence[Measurement],
    unloaded_of: Callable[[Measurement], Measurement],
    cores: int,
    failures: Mapping[str, str],
) -> Conclusions:
    """`failures` maps names of measurements to the first answer that is an error."""
    return Conclusions(
        gains=tuple(_gains(measurements)),
        faults=tuple(_faults(measurements)),
        notes=(*_noise(measurements, cores), *_notes(measurements, unloaded_of, cores, failures)),
    )


def same_things(measurements: Sequence[Measurement]) -> list[tuple[Measurement, ...]]:
    """The measurements with all repeats of the same thing together, in the order in which they were begun."""
    groups: dict[object, list[Measurement]] = defaultdict(list)
    for one in measurements:
        groups[one.table, one.case, one.way, one.side, one.load, one.callers, one.rate].append(one)
    return [tuple(group) for group in groups.values()]


def _gains(measurements: Sequence[Measurement]) -> Iterator[Gain]:
    """Before and after under the same load. Where all arrive together the rows of a table speak for themselves."""
    groups = [group for group in same_things(measurements) if group[0].load != "together"]
    after = {_load(group[0]): group for group in groups if group[0].side is Side.AFTER}
    for group in groups:
        if group[0].side is Side.BEFORE and _load(group[0]) in after:
            yield compare_speed(group, after[_load(group[0])])


def _load(one: Measurement) -> object:
    return one.table, one.case, one.load, one.callers, one.rate


def _faults(measurements: Sequence[Measurement]) -> Iterator[Fault]:
    for one in measurements:
        if one.bound is None or not beats_bound(one):
            continue
        text = f"{one.throughput:.2f} requests/s is more than the bound of {one.bound:.2f}"
        if one.load == "arrivals":
            text = f"requests took {one.mean:.3f} s on average, less than the {one.wait:.3f} s that they wait"
        yield Fault(one.name, "better-than-possible", text)


def _noise(measurements: Sequence[Measurement], cores: int) -> Iterator[Note]:
    others = [one.others_share for one in measurements]
    noisy = [share for share in others if share is not None and share > QUIET * cores]
    if noisy:
        text = f"in {len(noisy)} of {len(others)} measurements other programs used up to {max(noisy):.2f} of {cores} "
        lost = sum(is_disturbed(one, cores) and (one.share or 1.0) < ENOUGH for one in measurements)
        held = f", and held back {lost} of them" if lost else ""
        yield Note(NOISY, f"{text}cores{held}; run again when it is quiet")
    for group in same_things(measurements):
        means = [one.mean for one in group]
        if max(means) > (1 + SHAKY) * min(means):
            text = f"{len(means)} repeats took from {min(means):.3f} to {max(means):.3f} s a request"
            yield Note(group[0].name, f"{text}: the figures shake")


def _notes(
    measurements: Sequence[Measurement],
    unloaded_of: Callable[[Measurement], Measurement],
    cores: int,
    failures: Mapping[str, str],
) -> Iterator[Note]:
    for group in same_things(measurements):
        worst = min(group, key=lambda one: one.share or 0.0)
        reason = explain(worst, unloaded_of(worst), cores)
        if reason:
            yield Note(worst.name, reason)
        failed = sum(one.errors for one in group)
        if failed:
            count = sum(len(one.samples) for one in group)
            text = (
                f"{failed} of {count} requests failed, the first with {failures.get(group[0].name, '')[:ANSWER_SHOWN]}"
            )
            yield Note(group[0].name, text)
        unknown: dict[str, int] = {}
        for one in group:
            for call, times in one.stand_in.unknown.items():
                unknown[call] = unknown.get(call, 0) + times
        if unknown:
            calls = ", ".join(f"{call} ({times})" for call, times in unknown.items())
            yield Note(group[0].name, f"answered 404, because no [[service]] says what to answer: {calls}")
