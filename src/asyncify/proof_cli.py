"""The commands that run the project's code: `bench` measures it before and after, `verify` only compares."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from asyncify.bench import verdict_in_words
from asyncify.bench_cli import (
    Options,
    bench_migration,
    earlier_report,
    falls_short,
    show_report,
    write_reports,
)
from asyncify.bench_trees import earlier_tree, migrated_copy
from asyncify.command import (
    EPILOG,
    ExcludeOption,
    Exit,
    PathArgument,
    ProfileOption,
    PythonOption,
    RulesOption,
    config_of,
    leave_on_faults,
    migrated,
    showing_stages,
    told_errors,
)
from asyncify.verify_cli import verify_trees

BENCH_EPILOG = f"Example: asyncify bench sample_project --html report.html    {EPILOG}"
VERIFY_EPILOG = f"Example: asyncify verify . --before HEAD~1    {EPILOG}"


def bench(
    path: PathArgument,
    rules: RulesOption = None,
    profile: ProfileOption = None,
    exclude: ExcludeOption = None,
    full: Annotated[bool, typer.Option("--full", help="Fill all tables; takes minutes.")] = False,
    repeats: Annotated[int | None, typer.Option(min=1, help="Repeats of each level, each in new processes.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write every sample to this JSON file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with charts, complete in itself.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables for a pull request.")] = None,
    compare: Annotated[Path | None, typer.Option(help="Show what changed since this earlier JSON.")] = None,
    fail_under: Annotated[float | None, typer.Option(help="Fail if no gain is at least so many times.")] = None,
    python: PythonOption = None,
) -> None:
    """Run the project as it is and as migrated (a copy: the tree is not touched), compare and measure both.

    This runs the project's code, each measurement in a process of its own.
    """
    options = Options(full, repeats, python, output, html, markdown, compare, fail_under)
    with told_errors():
        earlier = earlier_report(options)
    migration = migrated(config_of(path, rules, profile, exclude, True))
    leave_on_faults(migration)
    with told_errors(), showing_stages() as progress:
        report = bench_migration(migration, options, progress)
    show_report(report, migration, earlier)
    write_reports(report, options)
    short = falls_short(report, options)
    if short is not None:
        sys.stderr.write(f"asyncify: {short}\n")
    raise typer.Exit(Exit.NOTHING if report.passed and short is None else Exit.CHANGES)


def verify(
    path: PathArgument,
    rules: RulesOption = None,
    profile: ProfileOption = None,
    exclude: ExcludeOption = None,
    before: Annotated[
        str | None,
        typer.Option(help="Compare PATH as it is with this folder or git revision, in place of its migration."),
    ] = None,
    calls: Annotated[bool, typer.Option(help="Make the calls that bench.toml lists.")] = True,
    tests: Annotated[bool, typer.Option(help="Run the project's own tests with pytest.")] = True,
    python: PythonOption = None,
) -> None:
    """Run the project before and after, and compare answers, traffic, rows, logs and exceptions; not the speed.

    This runs the project's code, in temporary copies. Any difference fails and is shown as a diff.
    """
    migration = None if before else migrated(config_of(path, rules, profile, exclude, True))
    if migration:
        leave_on_faults(migration)
    with told_errors(), showing_stages() as progress, ExitStack() as stack:
        if migration:
            old, new = migration.analysis.project.root, stack.enter_context(migrated_copy(migration))
        else:
            old, new = stack.enter_context(earlier_tree(path, before or "")), path.resolve()
        verdict = verify_trees(old, new, calls=calls, tests=tests, python=python, progress=progress)
    Console(highlight=False, soft_wrap=True).print(verdict_in_words(verdict))
    raise typer.Exit(Exit.NOTHING if verdict.is_equal else Exit.CHANGES)
