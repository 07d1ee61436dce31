"""The report as one HTML page that needs nothing but itself: no script, no network, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement, tostring

from asyncify.bench.charts import Figure, figures
from asyncify.bench.compare import Difference, Gain
from asyncify.bench.conclude import NOISY
from asyncify.bench.gantt import timeline_figures
from asyncify.bench.grid import Grid, grids
from asyncify.bench.pooled import pooled
from asyncify.bench.report import Report
from asyncify.bench.table import where
from asyncify.bench.verdict import said_of_unsteady

DIFF_CLASSES = {"-": "minus", "+": "plus"}


def report_page(report: Report) -> str:
    """A whole document, also well-formed as XML."""
    html = Element("html", {"lang": "en"})
    head = SubElement(html, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    SubElement(head, "link", {"rel": "icon", "href": "data:,"})
    _text(head, "title", f"{report.project}: before and after asyncify")
    _text(head, "style", files("asyncify.bench").joinpath("page.css").read_text("utf-8"))
    main = SubElement(SubElement(html, "body"), "main")
    _header(main, report)
    _tables(main, report)
    _findings(main, report)
    _text(SubElement(main, "footer"), "p", where(report))
    text = tostring(html, encoding="unicode", short_empty_elements=False)
    for void in ("meta", "link"):  # HTML has no end tags for these, and for all others no short form
        text = text.replace(f"></{void}>", " />")
    return f"<!DOCTYPE html>\n{text}\n"


def _header(main: Element, report: Report) -> None:
    _text(main, "h1", f"{report.project}: before and after")
    machine = report.machine
    when = report.started.replace("T", " ").replace("+00:00", " UTC")
    _text(main, "p", f"{when} on {machine.cores} cores ({machine.processor}), Python {machine.python}", "soft")
    tiles = SubElement(main, "div", {"class": "tiles"})
    gain = report.best_gain
    if gain is None:
        _tile(tiles, "–", "no significant difference in speed", "")  # noqa: RUF001
    else:
        _tile(tiles, f"{gain.ratio:.2f}x", f"faster at {_load(gain)} (95%: {gain.low:.2f} to {gain.high:.2f})", "gain")
    for loss in report.losses:
        _tile(tiles, f"{loss.ratio:.2f}x", f"slower at {_load(loss)} ({loss.table})", "bad")
    same = "equal" if report.is_equal else f"{len(report.differences)} differ"
    _tile(tiles, same, str(report.compared), "good" if report.is_equal else "bad")
    bounds = [one.share for one in report.measurements if one.share is not None]
    if bounds:
        words = f"{len(bounds)} figures respect their bounds; the best reaches"
        if report.faults:
            words = f"{len(report.faults)} figures are better than possible; the best says"
        _tile(tiles, f"{max(bounds):.0%}", f"{words} so much of it", "bad" if report.faults else "")
    noisy = any(note.measurement == NOISY for note in report.notes)
    if noisy:
        _tile(tiles, "noisy", "other programs used the machine; run again when it is quiet", "bad")


def _load(gain: Gain) -> str:
    return f"{gain.rate:g} arrivals/s" if gain.rate else f"{gain.callers:,} concurrent"


def _tables(main: Element, report: Report) -> None:
    of_name: dict[str, list[Grid]] = {}
    for grid in grids(report):
        of_name.setdefault(grid.table, []).append(grid)
    for table in report.tables:
        if table.name not in of_name:
            continue
        _text(main, "h2", table.name)
        charts = SubElement(main, "div", {"class": "charts"})
        for figure in figures(table, pooled(report.measurements, table.name)):
            _figure(charts, figure)
        timelines = [timeline for timeline in report.timelines if timeline.table == table.name]
        for grid in of_name[table.name]:
            _grid(main, grid)
        for figure in timeline_figures(timelines) if timelines else ():
            _figure(main, figure)


def _figure(parent: Element, figure: Figure) -> None:
    element = SubElement(parent, "figure")
    _text(element, "h3", figure.title)
    _text(element, "figcaption", figure.caption)
    element.append(figure.svg)
    keys = SubElement(element, "div", {"class": "key"})
    for kind, name in figure.keys:
        key = SubElement(keys, "span")
        sample = SubElement(key, "svg", {"viewBox": "0 0 18 10", "aria-hidden": "true"})
        if kind.startswith("line"):
            SubElement(sample, "polyline", {"points": "0,5 18,5", "class": kind})
        elif kind == "mark":
            SubElement(sample, "line", {"x1": "9", "x2": "9", "y1": "0", "y2": "10", "class": kind})
        else:
            SubElement(sample, "rect", {"width": "18", "height": "10", "class": kind})
        sample.tail = name


def _grid(parent: Element, grid: Grid) -> None:
    if grid.title != grid.table:
        _text(parent, "p", grid.title.removeprefix(f"{grid.table}: "), "soft")
    table = SubElement(SubElement(parent, "div", {"class": "scroll"}), "table")
    row = SubElement(SubElement(table, "thead"), "tr")
    for column in grid.columns:
        _text(row, "th", column.title, "text" if column.is_text else "")
    body = SubElement(table, "tbody")
    for line in grid.lines:
        row = SubElement(body, "tr", {"class": line.side.value} if line.side else {})
        for cell, column in zip(line.cells, grid.columns, strict=True):
            _text(row, "td", cell, "text" if column.is_text else "")
    for remark in grid.remarks:
        _text(parent, "p", remark, "remark")


def _findings(main: Element, report: Report) -> None:
    if report.faults:
        _text(main, "h2", "Better than possible")
        _list(main, [f"{fault.measurement}: {fault.text}" for fault in report.faults])
    if report.differences:
        _text(main, "h2", "What differs")
    for difference in report.differences:
        _text(
            main,
            "p",
            f"{difference.case}, {difference.callers} concurrent: {difference.counted} differ",
        )
        _diff(main, difference)
    if report.unsteady:
        _text(main, "h2", "Where the original differs from itself")
    for difference in report.unsteady:
        _text(main, "p", said_of_unsteady(difference))
        _diff(main, difference)
    if report.notes:
        _text(main, "h2", "What held it back")
        _list(main, [f"{note.measurement}: {note.text}" for note in report.notes])


def _diff(main: Element, difference: Difference) -> None:
    block = SubElement(main, "pre")
    for line in difference.diff.splitlines():
        _text(block, "span", line + "\n", DIFF_CLASSES.get(line[:1], ""))


def _tile(parent: Element, figure: str, words: str, kind: str) -> None:
    tile = SubElement(parent, "div", {"class": f"tile {kind}".strip()})
    _text(tile, "b", figure)
    _text(tile, "span", words)


def _list(parent: Element, items: Sequence[str]) -> None:
    element = SubElement(parent, "ul")
    for item in items:
        _text(element, "li", item)


def _text(parent: Element, tag: str, text: str, kind: str = "") -> None:
    SubElement(parent, tag, {"class": kind} if kind else {}).text = text
