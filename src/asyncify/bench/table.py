"""The report for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from asyncify.bench.grid import Grid, grids
from asyncify.bench.report import Report
from asyncify.bench.samples import Side
from asyncify.bench.verdict import difference_in_words, unsteady_in_words

ROOM_FOR_ALL = 170  # characters; narrower terminals get fewer columns
STYLES = {Side.BEFORE: "", Side.AFTER: "bold"}


def report_table(report: Report, width: int = 120) -> RenderableType:
    """The tables, then what is equal, what differs, and what held the figures back."""
    parts: list[RenderableType] = []
    for grid in grids(report):
        parts += [_table(grid if width >= ROOM_FOR_ALL else grid.narrow())]
        parts += [Padding(Text(remark, style="italic"), (0, 0, 0, 1)) for remark in grid.remarks]
        parts.append(Text())
    parts += [Text(where(report), style="dim"), *_verdict(report)]
    parts += [Text.assemble((f"{note.measurement}: ", "bold"), note.text) for note in report.notes]
    return Group(*parts)


def where(report: Report) -> str:
    """What the figures mean and where they were taken, in two sentences."""
    machine = report.machine
    load = "" if machine.load_average is None else f", load {machine.load_average:.1f} before the first measurement"
    return (
        "bound = N x latency / limit, with the seconds that one request waits for services; times are those of whole "
        f"requests. {machine.processor}, {machine.cores} cores, {machine.system}, Python {machine.python}{load}."
    )


def _table(grid: Grid) -> Table:
    table = Table(title=grid.title, title_justify="left", title_style="bold")
    for column in grid.columns:
        table.add_column(column.title, justify="left" if column.is_text else "right", no_wrap=not column.is_text)
    for line in grid.lines:
        table.add_row(*line.cells, end_section=line.ends_section, style=STYLES[line.side] if line.side else "")
    return table


def _verdict(report: Report) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for fault in report.faults:
        parts.append(Text.assemble(("failed: ", "bold red"), f"{fault.measurement}: {fault.text}"))
    for difference in report.differences:
        parts += difference_in_words(difference)
    for difference in report.unsteady:
        parts += unsteady_in_words(difference)
    if report.is_equal:
        parts.append(Text.assemble(("equal: ", "bold green"), f"{report.compared} are the same before and after."))
    return parts
