"""The tables of a report as text in cells, the same for a terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from asyncify.bench.forms import cut, tables_of
from asyncify.bench.pooled import Pooled, pooled
from asyncify.bench.report import Report
from asyncify.bench.samples import Side
from asyncify.bench.scenario import Table

MIB = 1024 * 1024
KIB = 1024
STREAMED = 0.9  # of its time, after which the first piece of an answer that comes as a whole is there
ABOUT = "≈ "


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and whether a narrow terminal shows the column too."""

    title: str
    is_wide: bool = False
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row. `pooled` is what it was made from."""

    cells: tuple[str, ...]
    side: Side | None
    ends_section: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """One table of the report."""

    table: str
    title: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    remarks: tuple[str, ...] = ()

    def narrow(self) -> Grid:
        """Without the columns that only a wide page has room for."""
        return self.only([index for index, column in enumerate(self.columns) if not column.is_wide])

    def only(self, kept: Sequence[int]) -> Grid:
        """These columns."""
        lines = (Line(tuple(line.cells[i] for i in kept), line.side, line.ends_section) for line in self.lines)
        return Grid(self.table, self.title, tuple(self.columns[i] for i in kept), tuple(lines), self.remarks)


Cell = Callable[[Pooled], str]
RUN_BY = Column("run by", is_text=True)
USAGE: tuple[tuple[Column, Cell], ...] = (
    (Column("peak MiB"), lambda row: f"{row.peak_memory / MIB:,.0f}"),
    (Column("KiB each", is_wide=True), lambda row: f"{row.memory_each / KIB:,.0f}"),
    (Column("threads", is_wide=True), lambda row: f"{row.peak_threads:,}"),
    (Column("sockets", is_wide=True), lambda row: "" if row.peak_sockets is None else f"{row.peak_sockets:,}"),
    (Column("CPU ms"), lambda row: f"{row.cpu_each * 1000:.1f}"),
    (Column("loop late ms", is_wide=True), lambda row: "" if row.loop_lag is None else f"{row.loop_lag * 1000:.0f}"),
    (Column("errors", is_wide=True), lambda row: f"{row.errors:,}"),
)
PERCENTILES: tuple[tuple[Column, Cell], ...] = (
    (Column("P50 s"), lambda row: f"{row.percentile(50):.3f}"),
    (Column("P95 s"), lambda row: f"{row.percentile(95):.3f}"),
    (Column("P99 s", is_wide=True), lambda row: f"{row.percentile(99):.3f}"),
)
FIRST: tuple[tuple[Column, Cell], ...] = (
    (Column("first P50 s"), lambda row: _optional(row.first(50))),
    (Column("first P95 s", is_wide=True), lambda row: _optional(row.first(95))),
)


def grids(report: Report) -> list[Grid]:
    """All tables, in the order in which they were run."""
    found: list[Grid] = []
    whole = {table.name: table for table in tables_of(report.scenario, full=True)}
    for table in report.tables:
        rows = pooled(report.measurements, table.name)
        if not rows:
            continue
        grid = MAKERS[table.kind](report, table, rows)
        less = cut(whole[table.name], table)
        found.append(replace(grid, remarks=(*grid.remarks, less)) if less else grid)
        if table.each:
            found.append(_each(table, rows))
    return found


def _levels(report: Report, table: Table, rows: Sequence[Pooled]) -> Grid:
    gains = {gain.callers: str(gain) for gain in report.gains if gain.table == table.name}
    makers: list[tuple[Column, Cell]] = [
        (Column("concurrent"), lambda row: f"{row.one.callers:,}"),
        (RUN_BY, _run_by),
        (Column("req/s"), lambda row: f"{row.throughput:.2f}"),
        (Column("bound"), lambda row: "no waits" if row.bound is None else f"{row.bound:.2f}"),
        (Column("reached"), _reached),
        (
            Column("after to before", is_text=True),
            lambda row: gains.get(row.one.callers, "") if row.one.side is Side.AFTER else "",
        ),
        *PERCENTILES,
        *(FIRST if _comes_in_pieces(rows) else ()),
        *USAGE,
    ]
    return _grid(table, makers, rows, _remarks(table, rows), ends=lambda row: row.one.side is Side.AFTER)


def _arrivals(report: Report, table: Table, rows: Sequence[Pooled]) -> Grid:
    gains = {gain.rate: str(gain) for gain in report.gains if gain.table == table.name}
    makers: list[tuple[Column, Cell]] = [
        (Column("arrivals/s"), lambda row: f"{row.one.rate:g}"),
        (RUN_BY, _run_by),
        (Column("waits s"), lambda row: f"{row.one.wait:.3f}"),
        (Column("reached"), _reached),
        (
            Column("after to before", is_text=True),
            lambda row: gains.get(row.one.rate, "") if row.one.side is Side.AFTER else "",
        ),
        *((Column(column.title), cell) for column, cell in PERCENTILES),
        (Column("longest s", is_wide=True), lambda row: f"{max(row.seconds):.3f}"),
        *(FIRST if _comes_in_pieces(rows) else ()),
        *USAGE,
    ]
    return _grid(table, makers, rows, _remarks(table, rows), ends=lambda row: row.one.side is Side.AFTER)


def _together(report: Report, table: Table, rows: Sequence[Pooled]) -> Grid:
    base = rows[0]

    def against(row: Pooled) -> str:
        if row is base:
            return ""
        about = ABOUT if row.one.is_part or base.one.is_part else ""
        return f"{about}{base.total / row.total:.2f}x"

    makers: list[tuple[Column, Cell]] = [
        (Column("way", is_text=True), lambda row: f"{row.one.side}: {row.one.way}"),
        (Column("run by", is_wide=True, is_text=True), lambda row: row.one.runner),
        (Column("total s"), lambda row: f"{ABOUT if row.one.is_part else ''}{row.total:,.2f}"),
        (Column("bound s"), lambda row: f"{row.best_total:,.2f}"),
        (Column("reached"), _reached),
        (Column(f"to {base.one.way}", is_text=True), against),
        (Column("req/s"), lambda row: f"{row.throughput:.2f}"),
        *((column, _if_whole(cell)) for column, cell in PERCENTILES),
        *USAGE,
    ]
    remarks = _remarks(table, rows) + made_of(rows)
    return _grid(table, makers, rows, remarks, ends=lambda row: False)


MAKERS: dict[str, Callable[[Report, Table, Sequence[Pooled]], Grid]] = {
    "levels": _levels,
    "arrivals": _arrivals,
    "together": _together,
}


def made_of(rows: Sequence[Pooled]) -> tuple[str, ...]:
    """One sentence on which part of the gain comes from what, so that none is sold as another."""
    by_way = {row.one.way: row for row in rows}
    serial, last = by_way.get("serial"), by_way.get("unlimited")
    if serial is None or last is None:
        return ()
    parts = []
    for mode, words in (("no keep-alive", "keeping connections"), ("shared session", "one shared Session")):
        other = by_way.get(f"serial, {mode}")
        if other is not None:
            ratio = other.total / serial.total if mode == "no keep-alive" else serial.total / other.total
            parts.append(f"{words} alone is worth {ratio:.2f}x")
    threads = [row for row in rows if row.one.way.endswith("threads")]
    if threads:
        best = min(threads, key=lambda row: row.total)
        parts.append(f"{best.one.way} are worth {serial.total / best.total:.1f}x")
        parts.append(f"tasks {best.total / last.total:.2f}x more than those")
    whole = f"From serial to unlimited it is {serial.total / last.total:.1f}x"
    return (f"{whole}; of this {', '.join(parts)}." if parts else f"{whole}.",)


def _each(table: Table, rows: Sequence[Pooled]) -> Grid:
    """What each single request waited, way by way."""
    columns = [Column("request", is_text=True), *(Column(f"{row.one.way} s") for row in rows)]
    lines = []
    for index, sample in enumerate(rows[0].one.samples):
        times = [f"{row.one.samples[index].seconds:.3f}" for row in rows if index < len(row.one.samples)]
        lines.append(
            Line((table.labels[index % len(table.labels)] if table.labels else str(sample.number), *times), None)
        )
    return Grid(table.name, f"{table.name}: what each waits", tuple(columns), tuple(lines))


def _grid(
    table: Table,
    makers: Sequence[tuple[Column, Cell]],
    rows: Sequence[Pooled],
    remarks: Sequence[str],
    ends: Callable[[Pooled], bool],
) -> Grid:
    lines = [Line(tuple(cell(row) for _, cell in makers), row.one.side, ends(row)) for row in rows]
    return Grid(table.name, table.name, tuple(column for column, _ in makers), tuple(lines), tuple(remarks))


def _remarks(table: Table, rows: Sequence[Pooled]) -> tuple[str, ...]:
    return tuple(_remark_lines(table, rows))


def _remark_lines(table: Table, rows: Sequence[Pooled]) -> Iterator[str]:
    parts = [row for row in rows if row.one.is_part]
    if parts:
        made = ", ".join(f"{row.one.way} from {len(row.one.samples)}" for row in parts)
        planned = f"{parts[0].one.planned:,} requests"
        yield f"{ABOUT}: extrapolated to {planned}: {made}; their percentiles would mean nothing."
    if table.cpu:
        yield f"Each answer costs {table.cpu * 1000:g} ms of processor time, which only one request at a time can use."
    if len(rows[0].repeats) > 1:
        yield f"{len(rows[0].repeats)} repeats of each, in processes of their own."


def _run_by(row: Pooled) -> str:
    return f"{row.one.side}: {row.one.runner}"


def _reached(row: Pooled) -> str:
    return "" if row.share is None else f"{row.share:.0%}"


def _comes_in_pieces(rows: Sequence[Pooled]) -> bool:
    """Do answers begin well before they end?"""
    firsts = [(row.first(50), row.percentile(50)) for row in rows]
    return any(first is not None and first < STREAMED * whole for first, whole in firsts)


def _if_whole(cell: Cell) -> Cell:
    return lambda row: "" if row.one.is_part else cell(row)


def _optional(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.3f}"
