"""`asyncify bench`: migrate a copy, run both, and say what was measured."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console, Group
from rich.text import Text

from asyncify.api import Migration
from asyncify.bench import Report, load_scenario, read_report, report_json, report_page, report_table, run_bench
from asyncify.bench.between import Between, compare_reports
from asyncify.bench.markdown import report_markdown
from asyncify.bench.stage import Progress
from asyncify.bench_trees import migrated_copy
from asyncify.errors import ConfigError

TABLE_WIDTH = 120  # where no terminal says how wide it is


@dataclass(frozen=True, slots=True)
class Options:
    """How to run, what to write, and what to fail for."""

    full: bool = False
    repeats: int | None = None
    python: str | None = None
    output: Path | None = None
    html: Path | None = None
    markdown: Path | None = None
    compare: Path | None = None
    fail_under: float | None = None


def bench_migration(migration: Migration, options: Options, progress: Progress) -> Report:
    """Run the project as it is and as `migration` leaves it. The tree itself is not touched.

    Raises ConfigError where there is nothing to compare or nothing to run.
    """
    root = migration.analysis.project.root
    with migrated_copy(migration) as after:
        return run_bench(
            root,
            after,
            load_scenario(root),
            on_progress=progress,
            full=options.full,
            repeats=options.repeats,
            python=options.python,
        )


def earlier_report(options: Options) -> Report | None:
    """The report to compare with. Raises ConfigError for a file that is none."""
    if options.compare is None:
        return None
    try:
        return read_report(options.compare.read_bytes())
    except OSError as error:
        raise ConfigError(f"--compare {options.compare}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"--compare {options.compare}: not a report of this version: {error}") from None


def write_reports(report: Report, options: Options) -> None:
    """The files that were asked for."""
    if options.output is not None:
        options.output.write_bytes(report_json(report))
        sys.stderr.write(f"every sample is in {options.output}\n")
    if options.html is not None:
        options.html.write_text(report_page(report), "utf-8")
        sys.stderr.write(f"the page with charts is {options.html}\n")
    if options.markdown is not None:
        options.markdown.write_text(report_markdown(report), "utf-8")
        sys.stderr.write(f"the text for a pull request is {options.markdown}\n")


def show_report(report: Report, migration: Migration, earlier: Report | None) -> None:
    """The diff in numbers, the tables, and what changed since an earlier run."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=TABLE_WIDTH)
    console.print(diff_summary(migration))
    console.print(report_table(report, console.width))
    if earlier is not None:
        console.print(_between_in_words(compare_reports(earlier, report)))


def falls_short(report: Report, options: Options) -> str | None:
    """Why `--fail-under` fails the run, if it does."""
    if options.fail_under is None:
        return None
    gain = report.best_gain
    if gain is not None and gain.ratio >= options.fail_under:
        return None
    best = "no significant gain" if gain is None else f"the best gain is {gain}"
    return f"--fail-under {options.fail_under:g}: {best}"


def diff_summary(migration: Migration) -> str:
    """`14 files changed, 120 lines added, 96 removed`."""
    added = removed = 0
    for change in migration.changes:
        before = set((change.before or b"").splitlines())
        after = set((change.after or b"").splitlines())
        added += sum(line not in before for line in (change.after or b"").splitlines())
        removed += sum(line not in after for line in (change.before or b"").splitlines())
    return f"{len(migration.changes)} files changed, {added} lines added, {removed} removed"


def _between_in_words(between: Between) -> Group:
    lines = [Text("against the earlier run", style="bold")]
    lines += [Text.assemble(("warning: ", "yellow"), warning) for warning in between.warnings]
    for change in between.changes:
        lines.append(Text.assemble(f"{change.name}: ", (change.words, "red" if change.is_slower else "")))
    for words, names in (("then only", between.only_then), ("now only", between.only_now)):
        lines += [Text(f"{name}: {words}", style="dim") for name in names]
    return Group(*lines)
