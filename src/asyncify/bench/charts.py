"""The charts of a report: throughput by concurrency, latency, memory, and total time by way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from asyncify.bench.chart import Plane, round_ticks
from asyncify.bench.grid import ABOUT, MIB
from asyncify.bench.pooled import Pooled
from asyncify.bench.samples import Side
from asyncify.bench.scenario import Table

BAR, GAP, TOP, BARS_WIDTH = 18, 10, 10, 520  # pixels
NAMES_WIDTH = 140
LONG = 0.7  # of the width; the words of so long a bar stand inside it
MOST_POINTS = 200  # of one curve
PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its words; `keys` are classes and names for the legend."""

    title: str
    caption: str
    svg: Element
    keys: tuple[tuple[str, str], ...]


SIDES = (("line before", "before"), ("line after", "after"))
BOUND = (("line bound", "bound"),)


def figures(table: Table, rows: Sequence[Pooled]) -> list[Figure]:
    """What a table can be shown as."""
    if table.kind == "together":
        return [_totals(rows), _memory_bars(rows)]
    found = []
    if table.kind == "levels" and len({row.one.callers for row in rows}) > 1:
        found.append(_throughput(rows))
    if table.kind == "arrivals" and len({row.one.rate for row in rows}) > 1:
        found.append(_percentiles(rows))
    heaviest = _heaviest(rows)
    found.append(_distribution(heaviest))
    if all(row.one.watched for row in heaviest):
        found.append(_memory(heaviest))
    return found


def _throughput(rows: Sequence[Pooled]) -> Figure:
    levels = sorted({row.one.callers for row in rows})
    bounds = sorted({(row.one.callers, row.bound) for row in rows if row.bound and row.one.side is Side.AFTER})
    ticks = round_ticks(max([row.throughput for row in rows] + [bound for _, bound in bounds if bound]))
    plane = Plane((levels[0], levels[-1]), (0, ticks[-1]), label="throughput by concurrency", is_log_x=levels[0] > 0)
    plane.y_axis(ticks, "requests/s")
    plane.x_axis(levels, "concurrent requests")
    plane.curve([(callers, bound or 0.0) for callers, bound in bounds], "bound", "bound: N x latency / limit")
    for side in Side:
        own = sorted((row for row in rows if row.one.side is side), key=lambda row: row.one.callers)
        plane.curve([(row.one.callers, row.throughput) for row in own], side.value)
        for row in own:
            title = f"{side}, {row.one.callers:,} concurrent: {row.throughput:.1f} requests/s"
            plane.dot(row.one.callers, row.throughput, side.value, title)
    return Figure("Throughput by concurrency", "The dashed line is what no program can pass.", plane.svg, SIDES + BOUND)


def _distribution(rows: Sequence[Pooled]) -> Figure:
    longest = max(max(row.seconds) for row in rows)
    ticks = round_ticks(longest)
    plane = Plane((0, ticks[-1]), (0, 100), label="latency distribution")
    plane.y_axis((0, 25, 50, 75, 100), "answered", lambda tick: f"{tick:g}%")
    plane.x_axis(ticks, "seconds")
    for row in rows:
        side = row.one.side.value
        plane.curve(list(_shares(row.seconds)), side, f"{side}: P50 {row.percentile(50):.3f} s")
        for percent in PERCENTS:
            at = row.percentile(percent)
            plane.dot(at, percent, side, f"{side}: {percent}% within {at:.3f} s")
    return Figure(
        f"Latency, {_load_of(rows[0])}",
        f"How much was answered within so many seconds; dots at {', '.join(f'P{percent}' for percent in PERCENTS)}.",
        plane.svg,
        SIDES,
    )


def _shares(seconds: Sequence[float]) -> Iterator[tuple[float, float]]:
    ordered = sorted(seconds)
    step = max(1, len(ordered) // MOST_POINTS)
    yield ordered[0], 0.0
    yield from ((ordered[i], (i + 1) / len(ordered) * 100) for i in range(0, len(ordered), step))
    yield ordered[-1], 100.0


def _memory(rows: Sequence[Pooled]) -> Figure:
    looks = [row.one.watched for row in rows]
    longest = max(look[-1].at for look in looks)
    highest = max(moment.memory for look in looks for moment in look) / MIB
    x, y = round_ticks(max(longest, 0.1)), round_ticks(highest)
    plane = Plane((0, x[-1]), (0, y[-1]), label="memory over time")
    plane.y_axis(y, "MiB")
    plane.x_axis(x, "seconds since the first request")
    for row, look in zip(rows, looks, strict=True):
        side = row.one.side.value
        title = f"{side}: peak {row.peak_memory / MIB:.0f} MiB, {row.peak_threads} threads"
        plane.curve([(moment.at, moment.memory / MIB) for moment in look], side, title)
    words = "; ".join(f"{row.one.side}: up to {row.peak_threads:,} threads" for row in rows)
    return Figure(
        f"Memory, {_load_of(rows[0])}", f"Resident memory of the project's process. {words}.", plane.svg, SIDES
    )


def _percentiles(rows: Sequence[Pooled]) -> Figure:
    rates = sorted({row.one.rate or 0.0 for row in rows})
    ticks = round_ticks(max(row.percentile(99) for row in rows))
    plane = Plane(
        (rates[0], rates[-1] if len(rates) > 1 else rates[0] + 1), (0, ticks[-1]), label="latency by arrivals"
    )
    plane.y_axis(ticks, "seconds")
    plane.x_axis(rates, "arrivals a second")
    for side in Side:
        own = sorted((row for row in rows if row.one.side is side), key=lambda row: row.one.rate or 0.0)
        for percent in PERCENTS:
            plane.curve([(row.one.rate or 0.0, row.percentile(percent)) for row in own], side.value)
            for row in own:
                title = f"{side}, {row.one.rate:g} a second: P{percent} {row.percentile(percent):.3f} s"
                plane.dot(row.one.rate or 0.0, row.percentile(percent), side.value, title)
        if own:
            at = plane.x(own[-1].one.rate or 0.0) - 4
            plane.text(at, plane.y(own[-1].percentile(99)) - 6, "P99", side.value, "end")
    caption = "P50, P95 and P99, from the moment at which a request arrives."
    return Figure("Latency by arrivals", caption, plane.svg, SIDES)


def _totals(rows: Sequence[Pooled]) -> Figure:
    """A logarithmic axis would hide the difference that the chart is there for, so long bars are what they are."""
    ticks = round_ticks(max(row.total for row in rows))
    plane = _bars(rows, ticks, "total seconds by way", "seconds for all")
    for index, row in enumerate(rows):
        top = TOP + index * (BAR + GAP)
        about = ABOUT if row.one.is_part else ""
        words = f"{about}{row.total:,.2f} s"
        kind = f"bar {row.one.side.value}" + (" part" if row.one.is_part else "")
        plane.box(0, row.total, top, BAR, kind, f"{row.one.way}: {words}, bound {row.best_total:,.2f} s")
        plane.mark(row.best_total, top - 2, BAR + 4, f"bound: {row.best_total:,.2f} s")
        is_long = row.total > LONG * ticks[-1]
        at, kind, anchor = (-8, "onbar", "end") if is_long else (8, "name", "start")
        plane.text(plane.x(row.total) + at, top + 13, words, kind, anchor)
    keys = (("bar before", "before"), ("bar after", "after"), ("mark", "bound"))
    pale = " Pale bars are extrapolated." if any(row.one.is_part for row in rows) else ""
    return Figure("Time for all requests", f"The stroke is the bound N x latency / limit.{pale}", plane.svg, keys)


def _memory_bars(rows: Sequence[Pooled]) -> Figure:
    plane = _bars(rows, round_ticks(max(row.peak_memory for row in rows) / MIB), "peak memory by way", "MiB")
    for index, row in enumerate(rows):
        top, peak = TOP + index * (BAR + GAP), row.peak_memory / MIB
        words = f"{peak:.0f} MiB, {row.peak_threads:,} threads"
        plane.box(0, peak, top, BAR, f"bar {row.one.side.value}", f"{row.one.way}: {words}")
        plane.text(plane.x(0) + 8, top + 13, words, "onbar")
    keys = (("bar before", "before"), ("bar after", "after"))
    return Figure("Peak memory", "Resident memory of the project's process.", plane.svg, keys)


def _bars(rows: Sequence[Pooled], ticks: Sequence[float], label: str, unit: str) -> Plane:
    height = TOP + len(rows) * (BAR + GAP) + 38
    plane = Plane((0, ticks[-1]), (0, 1), label=label, size=(BARS_WIDTH, height), left=NAMES_WIDTH, top=0)
    plane.x_axis(ticks, unit, grid=True)
    for index, row in enumerate(rows):
        plane.text(NAMES_WIDTH - 8, TOP + index * (BAR + GAP) + 13, row.one.way, "name", "end")
    return plane


def _heaviest(rows: Sequence[Pooled]) -> list[Pooled]:
    """Before and after under the most callers or arrivals."""
    most = max((row.one.rate or 0.0, row.one.callers) for row in rows)
    return [row for row in rows if (row.one.rate or 0.0, row.one.callers) == most]


def _load_of(row: Pooled) -> str:
    one = row.one
    return f"{one.rate:g} arrivals a second" if one.rate else f"{one.callers:,} concurrent"
