"""`asyncify bench`: migrate a copy, run both, and say what was measured."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from asyncify.api import Migration
from asyncify.bench import Report, load_scenario, report_json, report_table, run_bench
from asyncify.bench.stage import Progress
from asyncify.bench_trees import migrated_copy

TABLE_WIDTH = 120  # where no terminal says how wide it is


def bench_migration(migration: Migration, output: Path | None, progress: Progress, python: str | None) -> Report:
    """Run the project as it is and as `migration` leaves it. The tree itself is not touched.

    Raises ConfigError where there is nothing to compare or nothing to run.
    """
    root = migration.analysis.project.root
    with migrated_copy(migration) as after:
        report = run_bench(root, after, load_scenario(root), on_progress=progress, python=python)
    if output is not None:
        output.write_bytes(report_json(report))
    return report


def show_report(report: Report, migration: Migration, output: Path | None) -> None:
    """The diff in numbers, the table, and where the samples are."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=TABLE_WIDTH)
    console.print(diff_summary(migration))
    console.print(report_table(report))
    if output is not None:
        sys.stderr.write(f"every sample is in {output}\n")


def diff_summary(migration: Migration) -> str:
    """`14 files changed, 120 lines added, 96 removed`."""
    added = removed = 0
    for change in migration.changes:
        before = set((change.before or b"").splitlines())
        after = set((change.after or b"").splitlines())
        added += sum(line not in before for line in (change.after or b"").splitlines())
        removed += sum(line not in after for line in (change.before or b"").splitlines())
    return f"{len(migration.changes)} files changed, {added} lines added, {removed} removed"
