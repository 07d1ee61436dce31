"""The command line: arguments -> api -> words and exit code."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from asyncify import __version__
from asyncify.advise_cli import ADVISE_EPILOG, advise_command
from asyncify.command import (
    EPILOG,
    CacheOption,
    ColourOption,
    ConcurrencyOption,
    ExcludeOption,
    Exit,
    PathArgument,
    ProfileOption,
    RulesOption,
    StyleOption,
    analysed,
    config_of,
    fail,
    leave_on_faults,
    migrated,
    notice,
    stderr_console,
    tell_unread,
    told_errors,
    wants_colour,
)
from asyncify.config import find_pyproject
from asyncify.diff import coloured, diff_prefix, unified_diff
from asyncify.proof_cli import BENCH_EPILOG, VERIFY_EPILOG, bench, verify
from asyncify.report.data import plan_as_json
from asyncify.report.explanation import explain_function, near_functions
from asyncify.report.terminal import plan_in_words
from asyncify.rules_cli import rules_app
from asyncify.writing.apply import apply_changes
from asyncify.writing.undo import undo as undo_changes

YOUNG_OBJECTS = 200_000  # what an analysis makes lives until the end: looking through it often would cost seconds
MAX_LINE = 10_000  # of output that is no terminal: nothing is cut there

app = typer.Typer(
    name="asyncify",
    help="Migrate a synchronous Python project to asyncio, and prove that it still does the same.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(rules_app, name="rules")


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", "-V", help="Show the version and exit.")] = False,
) -> None:
    """Migrate a synchronous Python project to asyncio, and prove that it still does the same."""
    if version:
        sys.stdout.write(f"asyncify {__version__}\n")
        raise typer.Exit(Exit.NOTHING)


@app.command(epilog=f"Example: asyncify diff . | git apply    {EPILOG}")
def diff(
    path: PathArgument,
    rules: RulesOption = None,
    profile: ProfileOption = None,
    exclude: ExcludeOption = None,
    cache: CacheOption = True,
    concurrency: ConcurrencyOption = None,
    style: StyleOption = None,
    color: ColourOption = None,
) -> None:
    """Show what `apply` would change, as a diff that git apply and patch take. Nothing is written."""
    migration = migrated(config_of(path, rules, profile, exclude, cache, concurrency, style))
    text = unified_diff(migration.changes, prefix=diff_prefix(migration.analysis.project.root, Path.cwd()))
    if wants_colour(color):
        Console(force_terminal=True, soft_wrap=True).print(coloured(text), end="")
    else:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    notice(migration)
    leave_on_faults(migration)
    raise typer.Exit(Exit.CHANGES if migration.changes else Exit.NOTHING)


@app.command(epilog=f"Example: asyncify apply src/service    {EPILOG}")
def apply(
    path: PathArgument,
    rules: RulesOption = None,
    profile: ProfileOption = None,
    exclude: ExcludeOption = None,
    cache: CacheOption = True,
    concurrency: ConcurrencyOption = None,
    style: StyleOption = None,
    allow_dirty: Annotated[bool, typer.Option(help="Write even over uncommitted changes.")] = False,
) -> None:
    """Rewrite the project in place: all files or none. `asyncify undo` gives back what was there."""
    config = config_of(path, rules, profile, exclude, cache, concurrency, style)
    migration = migrated(config)
    leave_on_faults(migration)
    root_folder = migration.analysis.project.root
    if migration.changes:
        with told_errors():
            apply_changes(root_folder, migration.changes, allow_dirty=allow_dirty)
    for change in migration.changes:
        sys.stdout.write(f"{'wrote' if change.before is None else 'changed'} {change.path}\n")
    notice(migration)
    if migration.changes:
        stderr_console().print(f"To take it back: asyncify undo {path}", highlight=False)


@app.command(epilog=f"Example: asyncify undo src/service    {EPILOG}")
def undo(
    path: PathArgument = Path(),
    force: Annotated[bool, typer.Option(help="Undo even files that were edited since.")] = False,
) -> None:
    """Give back, byte for byte, what the last `apply` replaced; also after a crash half-way."""
    with told_errors():
        restored = undo_changes(path.resolve() if path.is_dir() else path.resolve().parent, force=force)
    for name in restored.paths:
        sys.stdout.write(f"restored {name}\n")


@app.command(
    epilog=f"Example: asyncify plan . --format json | jq '.calls[] | select(.ending == \"refused\")'    {EPILOG}"
)
def plan(
    path: PathArgument,
    rules: RulesOption = None,
    profile: ProfileOption = None,
    exclude: ExcludeOption = None,
    cache: CacheOption = True,
    concurrency: ConcurrencyOption = None,
    style: StyleOption = None,
    format: Annotated[str, typer.Option("--format", "-f", help="text or json.")] = "text",
) -> None:
    """Show each function that turns async and why, and each call that is left alone and why."""
    if format not in {"text", "json"}:
        fail(f"--format {format}: choose text or json")
    analysis = analysed(config_of(path, rules, profile, exclude, cache, concurrency, style))
    if format == "json":
        sys.stdout.buffer.write(plan_as_json(analysis.plan, analysis.index, analysis.waiting()) + b"\n")
    else:
        Console(soft_wrap=True, highlight=False).print(plan_in_words(analysis.plan, analysis.index))
    tell_unread(analysis)


@app.command(epilog=f"Example: asyncify explain src/app.py:Client.fetch    {EPILOG}")
def explain(
    target: Annotated[str, typer.Argument(metavar="PATH:QUALNAME", help="A function, such as app.py:Client.fetch.")],
    project: Annotated[
        Path | None, typer.Option(help="The project's root; default: the folder of the nearest pyproject.toml.")
    ] = None,
    rules: RulesOption = None,
    profile: ProfileOption = None,
) -> None:
    """Show the chain of calls that makes one function async, or what holds it back."""
    file, colon, qualname = target.rpartition(":")
    if not colon or not qualname:
        fail(f"{target}: name a file and a function, such as app.py:Client.fetch")
    root_folder = (project or _project_of(Path(file) if Path(file).is_file() else Path.cwd() / "_")).resolve()
    analysis = analysed(config_of(root_folder, rules, profile, None, True))
    path = _inside(Path(file), root_folder)
    id_ = f"{path}::{qualname}"
    if id_ not in analysis.index.functions:
        near = near_functions(path, qualname, analysis.index)
        what = "function" if Path(file).is_file() else "file"
        asked = f"did you mean {' or '.join(near)}?" if near else f"see `asyncify plan {root_folder}`"
        fail(f"{target}: there is no such {what} in {root_folder}; {asked}")
    tree = explain_function(id_, analysis.plan.verdicts, analysis.waiting(), analysis.index)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = MAX_LINE
    console.print(tree)


app.command(epilog=BENCH_EPILOG)(bench)
app.command("advise", epilog=ADVISE_EPILOG)(advise_command)
app.command(epilog=VERIFY_EPILOG)(verify)


def _project_of(file: Path) -> Path:
    """The folder of the nearest pyproject.toml, else the one that holds the file's topmost package."""
    declared = find_pyproject(file)
    if declared is not None:
        return declared.parent
    folder = file.resolve().parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _inside(file: Path, root_folder: Path) -> str:
    """A path as the project names it."""
    resolved = file.resolve()
    return (resolved.relative_to(root_folder) if resolved.is_relative_to(root_folder) else file).as_posix()


def main() -> None:
    """The console script."""
    gc.set_threshold(YOUNG_OBJECTS)
    app()
