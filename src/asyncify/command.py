"""What the commands share: options, exit codes, and how trouble and progress are told."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as RichProgress

from asyncify.api import Analysis, Migration, analyse, migrate
from asyncify.bench.stage import Stage
from asyncify.config import Config, load_config
from asyncify.errors import AsyncifyError
from asyncify.plan.concurrency.setting import Which
from asyncify.report.terminal import summary_line
from asyncify.rule import Style
from asyncify.writing.journal import pending


class Exit(IntEnum):
    """Exit codes of every command."""

    NOTHING = 0  # nothing to do, or done
    CHANGES = 1  # there is something to do (diff), or a check failed (bench, rules test)
    ERROR = 2  # bad input, or a tree that could not be written


TELL_EVERY = 15.0  # seconds between two lines of progress where there is no terminal
EPILOG = "Exit codes: 0 nothing to do or done, 1 there are changes or a check failed, 2 error."
PathArgument = Annotated[Path, typer.Argument(metavar="PATH", help="A project folder or a single Python file.")]
RulesOption = Annotated[
    list[Path] | None, typer.Option("--rules", help="A rule pack, or a folder of them, of your own.")
]
ProfileOption = Annotated[
    list[str] | None, typer.Option("--profile", help="Take the packs of this profile, which has other targets.")
]
ExcludeOption = Annotated[
    list[str] | None, typer.Option("--exclude", help="Leave out paths that match (gitignore syntax).")
]
CacheOption = Annotated[bool, typer.Option("--cache/--no-cache", help="Keep what was learnt of unchanged files.")]
ConcurrencyOption = Annotated[
    Which | None,
    typer.Option(help="What runs side by side: nothing, what only reads (the default), or writes as well."),
]
StyleOption = Annotated[
    Style | None,
    typer.Option(help="Helpers that do what the old library did (the default), or the new library's own forms."),
]
PythonOption = Annotated[
    str | None, typer.Option(help="The interpreter that has what the project needs; default: the one of asyncify.")
]
ColourOption = Annotated[bool | None, typer.Option("--color/--no-color", help="Default: colour on a terminal only.")]
Ask = Callable[[str], None]


@contextmanager
def told_errors() -> Iterator[None]:
    """Tell an error of asyncify's in one line, and leave with its exit code."""
    try:
        yield
    except AsyncifyError as error:
        fail(str(error))


def fail(message: str) -> None:
    """Tell what is wrong and leave."""
    sys.stderr.write(f"asyncify: error: {message}\n")
    raise typer.Exit(Exit.ERROR)


def config_of(
    path: Path,
    rules: list[Path] | None,
    profiles: list[str] | None,
    exclude: list[str] | None,
    cache: bool,
    concurrency: Which | None = None,
    style: Style | None = None,
) -> Config:
    """Options and configuration files, merged."""
    with told_errors():
        return load_config(
            path,
            rules=tuple(rules or ()),
            profiles=tuple(profiles or ()),
            exclude=tuple(exclude or ()),
            concurrency=concurrency,
            style=style,
            cache=cache,
        )


def stderr_console() -> Console:
    """Where words go that are not the result."""
    return Console(stderr=True, soft_wrap=True)


@contextmanager
def showing_stages() -> Iterator[Callable[[Stage], None]]:
    """Show how far a run has come and how long it will take; where there is no terminal, in a line now and then."""
    console = stderr_console()
    if not console.is_terminal:
        yield _told_now_and_then()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"))
    with RichProgress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, left="")

        def show(stage: Stage) -> None:
            bar.update(
                task,
                description=str(stage),
                left=stage.left,
                completed=max(0, stage.number - 1),
                total=stage.of or None,
            )

        yield show


def _told_now_and_then() -> Callable[[Stage], None]:
    told = time.monotonic()

    def tell(stage: Stage) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            sys.stderr.write(f"{stage}{stage.left and f' ({stage.left})'}\n")

    return tell


@contextmanager
def showing_progress() -> Iterator[Ask]:
    """Show what is being done, on a terminal only."""
    console = stderr_console()
    if not console.is_terminal:
        yield _told_slowly
        return
    with console.status("starting") as status:
        yield status.update


def _told_slowly(_: str) -> None:
    """Not a terminal: progress would only fill a log."""


def migrated(config: Config) -> Migration:
    """The migration, in memory."""
    with told_errors():
        _refuse_pending(config)
        with showing_progress() as progress:
            return migrate(config, progress=progress)


def analysed(config: Config) -> Analysis:
    """The plan, nothing rewritten."""
    with told_errors(), showing_progress() as progress:
        return analyse(config, progress=progress)


def _refuse_pending(config: Config) -> None:
    trouble = pending(config.path.resolve() if config.path.is_dir() else config.path.resolve().parent)
    if trouble is not None:
        raise AsyncifyError(trouble)


def notice(migration: Migration) -> None:
    """Tell what was not read, the notes, and the plan in one line."""
    console = stderr_console()
    tell_unread(migration.analysis)
    for note in migration.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    console.print(summary_line(migration.plan))


def tell_unread(analysis: Analysis) -> None:
    """Name the files that could not be read or parsed."""
    faults = [(fault.path, fault.line, fault.why) for fault in analysis.project.unreadable]
    faults += [(fault.path, fault.line, fault.why) for fault in analysis.unparsed]
    for path, line, why in sorted(faults):
        sys.stderr.write(f"{path}:{line}: not read: {why}\n")


def leave_on_faults(migration: Migration) -> None:
    """Leave if the result did not pass its own checks."""
    if not migration.faults:
        return
    for fault in migration.faults:
        sys.stderr.write(f"asyncify: fault: {fault}\n")
    sys.stderr.write(
        "asyncify: error: nothing is written: the result did not pass its own checks (a bug of asyncify's)\n"
    )
    raise typer.Exit(Exit.ERROR)


def wants_colour(color: bool | None) -> bool:
    """Was colour asked for, or is this a terminal?"""
    return sys.stdout.isatty() if color is None else color
