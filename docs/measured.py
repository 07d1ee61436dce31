"""Writes what README.md shows of a benchmark: its pictures, light and dark, and a part of its tables.

`asyncify bench sample_project --output report.json && python docs/measured.py report.json`, on a quiet machine.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from asyncify.bench import Report, read_report, report_page
from asyncify.bench.conclude import NOISY
from asyncify.bench.grid import Grid, grids
from asyncify.bench.markdown import grid_markdown

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
BLOCK = re.compile(r"(<!-- measured: bench -->\n).*?(<!-- end -->)", re.DOTALL)
TABLES = ("requests that wait 500 ms, over HTTP", "1,000 requests of 2 s")
COLUMNS = frozenset(
    {"concurrent", "way", "run by", "total s", "bound s", "req/s", "bound", "reached", "after to before", "P95 s",
     "peak MiB", "KiB each", "threads", "CPU ms"}
)  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--hide-scrollbars", "--window-size=1160,1975",
)  # fmt: skip
SCHEMES = {"report-dark.png": 0, "report.png": 1}  # as Chromium numbers them


def main() -> int:
    """Exit code 2 says what is missing."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or len(sys.argv) != 2:
        print("usage: python docs/measured.py report.json, with Chromium installed", file=sys.stderr)
        return 2
    report = read_report(Path(sys.argv[1]).read_bytes())
    text = "\n".join(measured(report))
    README.write_text(BLOCK.sub(lambda block: f"{block[1]}{text}\n{block[2]}", README.read_text("utf-8")), "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        page.write_text(report_page(report), "utf-8")
        for name, scheme in SCHEMES.items():
            take_picture(browser, page, DOCS / name, scheme)
    return 0


def measured(report: Report) -> Iterator[str]:
    """The tables, and where they were taken."""
    machine = report.machine
    yield f"On {machine.cores} cores ({machine.processor}), Python {machine.python}, without `--full`."
    yield f"{report.compared} are the same before and after."
    yield from (f"Noisy machine: {note.text}." for note in report.notes if note.measurement == NOISY)
    for grid in grids(report):
        if grid.table in TABLES:
            yield ""
            yield from grid_markdown(shown(grid))


def shown(grid: Grid) -> Grid:
    """The columns that a reader of the README needs."""
    return grid.only([index for index, column in enumerate(grid.columns) if column.title in COLUMNS])


def take_picture(browser: str, page: Path, picture: Path, scheme: int) -> None:
    """The top of the page, as a browser shows it."""
    profile = page.with_name(f"profile-{scheme}")
    command = [browser, *FLAGS, f"--user-data-dir={profile}", f"--blink-settings=preferredColorScheme={scheme}"]
    subprocess.run([*command, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
