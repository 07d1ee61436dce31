"""The report for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from asyncify.bench.report import Report
from asyncify.bench.samples import Measurement, Side

MIB = 1024 * 1024
COLUMNS = ("concurrent", "run by", "requests/s", "bound", "reached", "P50 s", "P95 s", "peak MiB", "CPU ms/request")
MOST_DIFF_LINES = 40


def report_table(report: Report) -> RenderableType:
    """One table a case, then what is equal, what differs, and what held the figures back."""
    parts: list[RenderableType] = [_case_table(report, case.name) for case in report.scenario.cases]
    parts += [_where(report), *_verdict(report)]
    parts += [Text.assemble((f"{note.measurement}: ", "bold"), note.text) for note in report.notes]
    return Group(*parts)


def _case_table(report: Report, case: str) -> Table:
    table = Table(title=case, title_justify="left", title_style="bold")
    for index, name in enumerate(COLUMNS):
        table.add_column(name, justify="left" if index == 1 else "right")
    table.add_column("after against before")
    gains = {gain.callers: str(gain) for gain in report.gains if gain.case == case}
    for measurement in report.measurements:
        if measurement.case != case:
            continue
        is_after = measurement.side is Side.AFTER
        table.add_row(*_cells(measurement), gains[measurement.callers] if is_after else "", end_section=is_after)
    return table


def _cells(measurement: Measurement) -> tuple[str, ...]:
    bound, share = measurement.bound, measurement.share
    return (
        str(measurement.callers),
        f"{measurement.side}: {measurement.runner}",
        f"{measurement.throughput:.2f}",
        "no waits" if bound is None else f"{bound:.2f}",
        "" if share is None else f"{share:.0%}",
        f"{measurement.median:.3f}",
        f"{measurement.percentile(95):.3f}",
        f"{measurement.subject.peak_memory / MIB:.0f}",
        f"{measurement.subject.cpu_seconds / len(measurement.samples) * 1000:.1f}",
    )


def _where(report: Report) -> Text:
    machine = report.machine
    load = "" if machine.load_average is None else f", load {machine.load_average:.1f} before the first measurement"
    return Text(
        "bound = concurrent requests / seconds that one request waits for services; the times are those of whole "
        f"requests. {machine.processor}, {machine.cores} cores, {machine.system}, Python {machine.python}{load}.",
        style="dim",
    )


def _verdict(report: Report) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for fault in report.faults:
        lines.append(Text.assemble(("failed: ", "bold red"), f"{fault.measurement}: {fault.text}"))
    for difference in report.differences:
        where = f"{difference.case}, {difference.callers} concurrent: {difference.count} {difference.what} differ"
        lines.append(Text.assemble(("failed: ", "bold red"), where))
        lines.append(Text("\n".join(difference.diff.splitlines()[:MOST_DIFF_LINES])))
    if report.is_equal:
        requests = sum(len(item.samples) for item in report.measurements if item.side is Side.AFTER)
        calls = sum(item.stand_in.calls for item in report.measurements if item.side is Side.AFTER)
        equal = f"{requests} answers and {calls} calls to services are the same before and after."
        lines.append(Text.assemble(("equal: ", "bold green"), equal))
    return lines
