"""The report as a page, as Markdown and as a terminal shows it."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from asyncify.bench import report_page, report_table
from asyncify.bench.compare import Difference
from asyncify.bench.grid import grids
from asyncify.bench.markdown import report_markdown
from asyncify.bench.report import Report
from bench_reports import report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--v=0",
)  # fmt: skip
DIFFERENT = Difference("levels", 1, "rows", 2, '--- before: row\n+++ after: row\n-"<a>"\n+"b & c"')
UNSTEADY = Difference("arrivals", 40, "traffic", 3, "--- for one caller: service call\n+++ for several: service call")


def different() -> Report:
    return msgspec.structs.replace(report(), differences=(DIFFERENT,), unsteady=(UNSTEADY,))


def parsed(page: str) -> ElementTree.Element:
    assert page.startswith("<!DOCTYPE html>\n")
    return ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>\n"))


@pytest.fixture(scope="module")
def page() -> str:
    return report_page(different())


def test_the_page_is_well_formed(page: str) -> None:
    root = parsed(page)

    headings = ["".join(each.itertext()) for each in root.iter("h2")]
    assert headings[:4] == ["levels", "all at once", "arrivals", "What differs"]
    assert headings[4] == "Where the original differs from itself"
    assert len(list(root.iter("table"))) == 4
    assert next(root.iter("title")).text == "shop & co: before and after asyncify"


def test_the_page_needs_nothing_from_outside(page: str) -> None:
    root = parsed(page)

    assert {each.tag for each in root.iter()} & {"script", "img", "iframe", "object", "embed", "base", "form"} == set()
    links = [value for each in root.iter() for name, value in each.items() if name in {"href", "src", "srcset"}]
    assert links == ["data:,"]
    assert re.findall(r"url\(|@import|https?://", page) == []
    assert "prefers-color-scheme: dark" in page


def test_every_class_that_is_used_has_a_style(page: str) -> None:
    root = parsed(page)
    style = next(root.iter("style")).text or ""
    used = {kind for each in root.iter() for kind in each.get("class", "").split()}

    assert {kind for kind in used if f".{kind}" not in style} == set()


def test_charts_stay_on_their_canvas(page: str) -> None:
    for svg in parsed(page).iter("svg"):
        _, _, width, height = map(float, svg.get("viewBox", "").split())
        for each in svg.iter():
            at = [float(each.get(name, "0")) for name in ("x", "x1", "x2", "cx")]
            down = [float(each.get(name, "0")) for name in ("y", "y1", "y2", "cy")]
            points = [tuple(map(float, pair.split(","))) for pair in each.get("points", "").split()]
            assert all(0 <= x <= width + 0.01 for x in [*at, *(point[0] for point in points)])
            assert all(0 <= y <= height + 0.01 for y in [*down, *(point[1] for point in points)])


def test_a_timeline_has_a_bar_for_each_wait(page: str) -> None:
    titles = [each.text or "" for each in parsed(page).iter("title")]

    assert titles.count("GET /<b>& waits for POST /v1/chat/completions: 0.100 to 0.600 s") == 2 * 3
    assert sum("waits for GET /orders/A17" in title for title in titles) == 2 * 3


@pytest.mark.skipif(BROWSER is None, reason="no Chromium here")
@pytest.mark.parametrize(("scheme", "is_dark"), [(0, True), (1, False)], ids=["dark", "light"])
def test_a_browser_shows_the_page_without_an_error(page: str, tmp_path: Path, scheme: int, is_dark: bool) -> None:
    file, picture = tmp_path / "report.html", tmp_path / "report.png"
    file.write_text(page, "utf-8")
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1160,2000"]
    command.append(f"--blink-settings=preferredColorScheme={scheme}")

    shown = subprocess.run(
        [*command, f"--screenshot={picture}", file.as_uri()], capture_output=True, text=True, timeout=120, check=False
    )

    assert (max(first_pixel(picture.read_bytes())) < 64) is is_dark, shown.stderr
    assert [line for line in shown.stderr.splitlines() if "CONSOLE" in line or "Failed to load" in line] == []


def first_pixel(png: bytes) -> bytes:
    """Its red, green and blue: before anything that a filter could refer to, they stand as they are."""
    assert png.startswith(b"\x89PNG")
    at = png.index(b"IDAT")
    size = int.from_bytes(png[at - 4 : at])
    return zlib.decompressobj().decompress(png[at + 4 : at + 4 + size], 4)[1:4]


def test_markdown_holds_every_table() -> None:
    text = report_markdown(different())

    assert "**2.0" in text
    assert re.findall("^### (.*)$", text, re.MULTILINE) == [
        "levels",
        "all at once",
        "all at once: what each waits",
        "arrivals",
    ]
    assert '```diff\n--- before: row\n+++ after: row\n-"<a>"\n+"b & c"\n```' in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {line.count(" |") for line in rows[:6]} == {16}


def test_what_the_original_does_otherwise_by_itself_is_told_everywhere(page: str) -> None:
    told = "arrivals, 40 concurrent: 3 calls to services of the original are not those that it has for one caller"
    console = Console(file=io.StringIO(), width=200, record=True)
    console.print(report_table(different(), 200))

    for text in (page, report_markdown(different()), console.export_text()):
        assert told in " ".join(text.split())
        assert "--- for one caller: service call" in text


def test_what_was_measured_in_part_says_so() -> None:
    (grid,) = (grid for grid in grids(report()) if grid.title == "all at once")
    serial, threads, unlimited = grid.lines

    assert serial.cells[:6] == ("before: serial", "uvicorn", "≈ 20.20", "20.00", "99%", "")
    assert threads.cells[2:6] == ("2.20", "2.00", "91%", "≈ 9.18x")
    assert unlimited.cells[2:4] == ("1.20", "1.00")
    assert "extrapolated to 20 requests: serial from 2" in grid.remarks[0]
    assert (
        "From serial to unlimited it is 16.8x; of this 10 threads are worth 9.2x, tasks 1.83x more" in grid.remarks[1]
    )


def test_the_time_to_the_first_piece_is_shown_of_streams_only() -> None:
    streamed, whole = report(first=0.3), report(first=1.0)

    assert "first P50 s" in [column.title for column in grids(streamed)[0].columns]
    assert "first P50 s" not in [column.title for column in grids(whole)[0].columns]


def test_a_terminal_shows_what_fits() -> None:
    texts = {}
    for width in (120, 200):
        console = Console(file=io.StringIO(), width=width, record=True)
        console.print(report_table(report(), width))
        texts[width] = console.export_text()

    assert "sockets" in texts[200]
    assert "sockets" not in texts[120]
    assert "…" not in texts[120]
