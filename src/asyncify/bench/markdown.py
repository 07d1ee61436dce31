"""The report for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from asyncify.bench.compare import Difference
from asyncify.bench.grid import Grid, grids
from asyncify.bench.report import Report
from asyncify.bench.table import where
from asyncify.bench.verdict import said_of_unsteady

MOST_DIFF_LINES = 60


def report_markdown(report: Report) -> str:
    """The verdict, then the tables with all columns, then what held the figures back."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"## {report.project}: before and after"
    yield ""
    gain = report.best_gain
    if gain is not None:
        load = f"{gain.rate:g} arrivals/s" if gain.rate else f"{gain.callers:,} concurrent"
        yield f"**{gain}** at {load} ({gain.table})."
    if report.is_equal:
        yield f"Equal: {report.compared} are the same before and after."
    for fault in report.faults:
        yield f"**Failed**: {fault.measurement}: {fault.text}"
    for difference in report.differences:
        yield ""
        where_ = f"{difference.case}, {difference.callers} concurrent"
        yield f"**Failed**: {where_}: {difference.counted} differ"
        yield ""
        yield from _diff(difference)
    for difference in report.unsteady:
        yield ""
        yield f"**Unsteady**: {said_of_unsteady(difference)}"
        yield ""
        yield from _diff(difference)
    for grid in grids(report):
        yield ""
        yield from grid_markdown(grid)
    if report.notes:
        yield ""
        yield from (f"- {_escaped(note.measurement)}: {_escaped(note.text)}" for note in report.notes)
    yield ""
    yield where(report)


def _diff(difference: Difference) -> Iterator[str]:
    yield from ("```diff", *difference.diff.splitlines()[:MOST_DIFF_LINES], "```")


def grid_markdown(grid: Grid) -> Iterator[str]:
    """One table with its heading and remarks, line by line."""
    yield f"### {grid.title}"
    yield ""
    yield _row(tuple(column.title for column in grid.columns))
    yield _row(tuple("---" if column.is_text else "---:" for column in grid.columns))
    yield from (_row(line.cells) for line in grid.lines)
    if grid.remarks:
        yield ""
        yield from (f"{_escaped(remark)}  " for remark in grid.remarks)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(_escaped(cell) for cell in cells) + " |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
