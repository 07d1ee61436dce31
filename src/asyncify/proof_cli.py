"""The commands that run the project's code: `bench` measures it before and after, `verify` only compares."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from asyncify.bench import verdict_in_words
from asyncify.bench_cli import bench_migration, show_report
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

BENCH_EPILOG = f"Example: asyncify bench sample_project --output report.json    {EPILOG}"
VERIFY_EPILOG = f"Example: asyncify verify . --before HEAD~1    {EPILOG}"


def bench(
    path: PathArgument,
    rules: RulesOption = None,
    profile: ProfileOption = None,
    exclude: ExcludeOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write every sample to this JSON file.")] = None,
    python: PythonOption = None,
) -> None:
    """Run the project as it is and as migrated (a copy: the tree is not touched), compare and measure both.

    This runs the project's code, each measurement in a process of its own.
    """
    migration = migrated(config_of(path, rules, profile, exclude, True))
    leave_on_faults(migration)
    with told_errors(), showing_stages() as progress:
        report = bench_migration(migration, output, progress, python)
    show_report(report, migration, output)
    raise typer.Exit(Exit.NOTHING if report.passed else Exit.CHANGES)


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
