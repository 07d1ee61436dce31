"""The command line: arguments -> api -> words and exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from asyncify import __version__
from asyncify.api import Analysis, Migration, analyse, migrate
from asyncify.bench_cli import bench_migration, show_report
from asyncify.config import Config, find_pyproject, load_config
from asyncify.diff import coloured, diff_prefix, unified_diff
from asyncify.errors import AsyncifyError
from asyncify.report.data import plan_as_json
from asyncify.report.terminal import plan_in_words, summary_line, verdict_tree
from asyncify.rules_cli import rules_app
from asyncify.writing.apply import apply_changes
from asyncify.writing.journal import pending
from asyncify.writing.undo import undo as undo_changes


class Exit(IntEnum):
    """Exit codes of every command."""

    NOTHING = 0  # nothing to do, or done
    CHANGES = 1  # there is something to do (diff), or a check failed (bench, rules test)
    ERROR = 2  # bad input, or a tree that could not be written


EPILOG = "Exit codes: 0 nothing to do or done, 1 there are changes or a check failed, 2 error."
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

PathArgument = Annotated[Path, typer.Argument(metavar="PATH", help="A project folder or a single Python file.")]
RulesOption = Annotated[
    list[Path] | None, typer.Option("--rules", help="A rule pack, or a folder of them, of your own.")
]
ExcludeOption = Annotated[
    list[str] | None, typer.Option("--exclude", help="Leave out paths that match (gitignore syntax).")
]
CacheOption = Annotated[bool, typer.Option("--cache/--no-cache", help="Keep what was learnt of unchanged files.")]
ColourOption = Annotated[bool | None, typer.Option("--color/--no-color", help="Default: colour on a terminal only.")]
Ask = Callable[[str], None]


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
    exclude: ExcludeOption = None,
    cache: CacheOption = True,
    color: ColourOption = None,
) -> None:
    """Show what `apply` would change, as a diff that git apply and patch take. Nothing is written."""
    migration = _migrated(_config(path, rules, exclude, cache))
    text = unified_diff(migration.changes, prefix=diff_prefix(migration.analysis.project.root, Path.cwd()))
    if _wants_colour(color):
        Console(force_terminal=True, soft_wrap=True).print(coloured(text), end="")
    else:
        sys.stdout.buffer.write(text)
        sys.stdout.buffer.flush()
    _notice(migration)
    _leave_on_faults(migration)
    raise typer.Exit(Exit.CHANGES if migration.changes else Exit.NOTHING)


@app.command(epilog=f"Example: asyncify apply src/service    {EPILOG}")
def apply(
    path: PathArgument,
    rules: RulesOption = None,
    exclude: ExcludeOption = None,
    cache: CacheOption = True,
    allow_dirty: Annotated[bool, typer.Option(help="Write even over uncommitted changes.")] = False,
) -> None:
    """Rewrite the project in place: all files or none. `asyncify undo` gives back what was there."""
    config = _config(path, rules, exclude, cache)
    migration = _migrated(config)
    _leave_on_faults(migration)
    root_folder = migration.analysis.project.root
    if migration.changes:
        with _errors():
            apply_changes(root_folder, migration.changes, allow_dirty=allow_dirty)
    for change in migration.changes:
        sys.stdout.write(f"{'wrote' if change.before is None else 'changed'} {change.path}\n")
    _notice(migration)
    if migration.changes:
        _stderr().print(f"To take it back: asyncify undo {path}", highlight=False)


@app.command(epilog=f"Example: asyncify undo src/service    {EPILOG}")
def undo(
    path: PathArgument = Path(),
    force: Annotated[bool, typer.Option(help="Undo even files that were edited since.")] = False,
) -> None:
    """Give back, byte for byte, what the last `apply` replaced; also after a crash half-way."""
    with _errors():
        restored = undo_changes(path.resolve() if path.is_dir() else path.resolve().parent, force=force)
    for name in restored.paths:
        sys.stdout.write(f"restored {name}\n")


@app.command(
    epilog=f"Example: asyncify plan . --format json | jq '.calls[] | select(.ending == \"refused\")'    {EPILOG}"
)
def plan(
    path: PathArgument,
    rules: RulesOption = None,
    exclude: ExcludeOption = None,
    cache: CacheOption = True,
    format: Annotated[str, typer.Option("--format", "-f", help="text or json.")] = "text",
) -> None:
    """Show each function that turns async and why, and each call that is left alone and why."""
    if format not in {"text", "json"}:
        _fail(f"--format {format}: choose text or json")
    analysis = _analysed(_config(path, rules, exclude, cache))
    if format == "json":
        sys.stdout.buffer.write(plan_as_json(analysis.plan, analysis.index) + b"\n")
    else:
        Console(soft_wrap=True, highlight=False).print(plan_in_words(analysis.plan, analysis.index))
    _unread(analysis)


@app.command(epilog=f"Example: asyncify explain src/app.py:Client.fetch    {EPILOG}")
def explain(
    target: Annotated[str, typer.Argument(metavar="PATH:QUALNAME", help="A function, such as app.py:Client.fetch.")],
    project: Annotated[
        Path | None, typer.Option(help="The project's root; default: the folder of the nearest pyproject.toml.")
    ] = None,
    rules: RulesOption = None,
) -> None:
    """Show the chain of calls that makes one function async, or what holds it back."""
    file, colon, qualname = target.rpartition(":")
    if not colon or not Path(file).is_file():
        _fail(f"{target}: name a file and a function, such as app.py:Client.fetch")
    root_folder = (project or _project_of(Path(file))).resolve()
    analysis = _analysed(_config(root_folder, rules, None, True))
    id_ = f"{Path(file).resolve().relative_to(root_folder).as_posix()}::{qualname}"
    if id_ not in analysis.index.functions:
        _fail(f"{target}: there is no such function; see `asyncify plan {root_folder}`")
    verdict = analysis.plan.verdicts.get(id_)
    if verdict is None:
        sys.stdout.write(f"{qualname} stays as it is: nothing that it calls is known to wait.\n")
        return
    Console(soft_wrap=True, highlight=False).print(verdict_tree(verdict, analysis.index))


@app.command(epilog=f"Example: asyncify bench sample_project --output report.json    {EPILOG}")
def bench(
    path: PathArgument,
    rules: RulesOption = None,
    exclude: ExcludeOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write every sample to this JSON file.")] = None,
) -> None:
    """Run the project as it is and as migrated (a copy: the tree is not touched), compare and measure both.

    This runs the project's code, each measurement in a process of its own.
    """
    migration = _migrated(_config(path, rules, exclude, True))
    _leave_on_faults(migration)
    with _errors(), _progress() as progress:
        report = bench_migration(migration, output, progress)
    show_report(report, migration, output)
    raise typer.Exit(Exit.NOTHING if report.passed else Exit.CHANGES)


def _project_of(file: Path) -> Path:
    """The folder of the nearest pyproject.toml, else the one that holds the file's topmost package."""
    declared = find_pyproject(file)
    if declared is not None:
        return declared.parent
    folder = file.resolve().parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


# ---------------------------------------------------------------- shared by the commands


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except AsyncifyError as error:
        _fail(str(error))


def _fail(message: str) -> None:
    sys.stderr.write(f"asyncify: error: {message}\n")
    raise typer.Exit(Exit.ERROR)


def _config(path: Path, rules: list[Path] | None, exclude: list[str] | None, cache: bool) -> Config:
    with _errors():
        return load_config(path, rules=tuple(rules or ()), exclude=tuple(exclude or ()), cache=cache)


def _stderr() -> Console:
    return Console(stderr=True, soft_wrap=True)


@contextmanager
def _progress() -> Iterator[Ask]:
    console = _stderr()
    if not console.is_terminal:
        yield _told_slowly
        return
    with console.status("starting") as status:
        yield status.update


def _told_slowly(_: str) -> None:
    """Not a terminal: progress would only fill a log."""


def _migrated(config: Config) -> Migration:
    with _errors():
        _refuse_pending(config)
        with _progress() as progress:
            return migrate(config, progress=progress)


def _analysed(config: Config) -> Analysis:
    with _errors(), _progress() as progress:
        return analyse(config, progress=progress)


def _refuse_pending(config: Config) -> None:
    trouble = pending(config.path.resolve() if config.path.is_dir() else config.path.resolve().parent)
    if trouble is not None:
        raise AsyncifyError(trouble)


def _notice(migration: Migration) -> None:
    console = _stderr()
    _unread(migration.analysis)
    for note in migration.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    console.print(summary_line(migration.plan))


def _unread(analysis: Analysis) -> None:
    faults = [(fault.path, fault.line, fault.why) for fault in analysis.project.unreadable]
    faults += [(fault.path, fault.line, fault.why) for fault in analysis.unparsed]
    for path, line, why in sorted(faults):
        sys.stderr.write(f"{path}:{line}: not read: {why}\n")


def _leave_on_faults(migration: Migration) -> None:
    if not migration.faults:
        return
    for fault in migration.faults:
        sys.stderr.write(f"asyncify: fault: {fault}\n")
    sys.stderr.write(
        "asyncify: error: nothing is written: the result did not pass its own checks (a bug of asyncify's)\n"
    )
    raise typer.Exit(Exit.ERROR)


def _wants_colour(color: bool | None) -> bool:
    return sys.stdout.isatty() if color is None else color


def main() -> None:
    """The console script."""
    app()
