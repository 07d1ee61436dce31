"""The timelines of a report as SVG: each request a lane, each wait for a service a bar of that service's colour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from asyncify.bench.chart import Plane, round_ticks
from asyncify.bench.charts import Figure
from asyncify.bench.timeline import Lane, Timeline

WIDTH, TOP = 1040, 8
FEW = 12  # lanes; so many have names and room
COLOURS = 10
NAMES_WIDTH = 150
VERSIONS = frozenset({"v1", "v2", "v3", "v4"})  # parts of a path that are no names of things


def timeline_figures(timelines: Sequence[Timeline]) -> list[Figure]:
    """Both sides of one table, on the same axis and with the same colours."""
    ticks = round_ticks(max(timeline.seconds for timeline in timelines), 8)
    services = _services(timelines)
    return [_figure(timeline, ticks, services) for timeline in timelines]


def _figure(timeline: Timeline, ticks: Sequence[float], services: dict[str, str]) -> Figure:
    lanes = timeline.lanes
    has_names = len(lanes) <= FEW
    height, gap = (20, 6) if has_names else (5, 2)
    left = NAMES_WIDTH if has_names and any(lane.label for lane in lanes) else 16
    size = (WIDTH, TOP + len(lanes) * (height + gap) + 40)
    plane = Plane((0, ticks[-1]), (0, 1), label=f"timeline {timeline.side}", size=size, left=left, top=0)
    plane.x_axis(ticks, "seconds since the requests arrived", grid=True)
    for index, lane in enumerate(lanes):
        top = TOP + index * (height + gap)
        _draw_lane(plane, lane, top, height, services)
        if left == NAMES_WIDTH:
            plane.text(NAMES_WIDTH - 8, top + height / 2 + 4, lane.label, "name", "end")
    words = f"{len(lanes)} requests that arrive together, run by {timeline.runner}"
    keys = (("idle", "queueing, or work of its own"), *((colour, what) for what, colour in services.items()))
    caption = f"{words}: done after {timeline.seconds:.2f} s."
    return Figure(f"Who waits on what, {timeline.side}", caption, plane.svg, keys)


def _draw_lane(plane: Plane, lane: Lane, top: float, height: float, services: dict[str, str]) -> None:
    name = lane.label or f"request {lane.number}"
    title = f"{name}: answered after {lane.ended - lane.arrived:.3f} s"
    plane.box(lane.arrived, lane.ended, top, height, "idle", title)
    for span in lane.spans:
        words = f"{name} waits for {span.what}: {span.start:.3f} to {span.end:.3f} s"
        plane.box(span.start, span.end, top, height, services[_named(span.what)], words)


def _services(timelines: Sequence[Timeline]) -> dict[str, str]:
    """A colour for each kind of call; those that are waited for longest come first."""
    waited: dict[str, float] = defaultdict(float)
    for span in (span for timeline in timelines for lane in timeline.lanes for span in lane.spans):
        waited[_named(span.what)] += span.end - span.start
    by_time = sorted(waited, key=lambda name: -waited[name])
    return {name: f"s{min(index, COLOURS - 1)}" for index, name in enumerate(by_time)}


def _named(what: str) -> str:
    """`/tools/orders/A17` and `/tools/orders/B2` are one kind of call."""
    method, _, path = what.partition(" ")
    parts = ["*" if any(sign.isdigit() for sign in part) and part not in VERSIONS else part for part in path.split("/")]
    return f"{method} {'/'.join(parts)}"
