"""One harness for the language table and the rules: migrate one file, run it before and after, compare."""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import io
import sys
import textwrap
import tomllib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from asyncify.api import Migration
from asyncify.catalogue import Catalogue
from asyncify.loader import load_catalogue
from asyncify.plan.step import Ending
from asyncify.rule_examples import migrate_text, result_text
from asyncify.support.assemble import assemble
from virtual_time import counted_sleeps, run_virtually, virtual_loops

SHIPPED = load_catalogue()


@dataclass
class Seen:
    """What running a module's `run()` showed."""

    value: Any = None
    error: tuple[str, str] | None = None
    printed: str = ""
    seconds: float = field(default=0.0, compare=False)
    blocked: float = field(default=0.0, compare=False)  # seconds for which `time.sleep` held the thread


def migrated(before: str, catalogue: Catalogue = SHIPPED) -> tuple[Migration, str]:
    """Migrate one file; also: the input prints back as it was, the output parses, a second run changes nothing."""
    before = textwrap.dedent(before).lstrip("\n")
    migration = migrate_text(before, catalogue)

    assert migration.faults == (), "\n".join([*map(str, migration.faults), *(r.text for r in migration.rewrites)])
    return migration, result_text(migration, before)


def check_migration(before: str, after: str | None = None, **given: Any) -> Migration:
    """`before` becomes `after` (where that is given), `run(**given)` does the same in both, and nothing of it blocks
    or was left any more."""
    migration, new = _migrated_and_run(before, after, given)

    left = [outcome for outcome in migration.plan.outcomes if outcome.ending is not Ending.CONVERTED]
    assert not left, f"{left}\n{_text(migration, before)}"
    assert not new.blocked, f"something still blocks for {new.blocked} s\n{_text(migration, before)}"
    return migration


def check_refusal(before: str, because: str, after: str | None = None, **given: Any) -> Migration:
    """Something cannot be awaited because of `because`; what becomes of the rest does the same as before."""
    migration, _ = _migrated_and_run(before, after, given)

    reasons = {str(outcome.reason) for outcome in migration.plan.outcomes}
    assert because in reasons, f"{reasons}\n{_text(migration, before)}"
    return migration


def check_unchanged(before: str, because: str) -> Migration:
    """Nothing changes, and `because` is among the reasons."""
    before = textwrap.dedent(before).lstrip("\n")
    migration, text = migrated(before)

    assert before == text
    reasons = {str(outcome.reason) for outcome in migration.plan.outcomes}
    assert because in reasons, f"{reasons}"
    return migration


def load_constructs(table: Path) -> list[dict[str, Any]]:
    """The rows of one file of the language table, each with the file's `prelude` before it unless it is `alone`."""
    document = tomllib.loads(table.read_text("utf-8"))
    prelude = document.get("prelude", "")
    rows = document["construct"]
    return [row if row.get("alone") else {**row, "before": f"{prelude}\n\n{row['before']}"} for row in rows]


def check_construct(construct: dict[str, Any]) -> Migration:
    """One row of the language table: `after` or no more than `before` for a rewrite, `because` for a refusal
    (`partly` where the code round the refusal changes)."""
    before, after, because = construct["before"], construct.get("after"), construct.get("because")
    if because is None:
        return check_migration(before, after)
    if after is None and not construct.get("partly"):
        return check_unchanged(before, because)
    return check_refusal(before, because, after)


def _migrated_and_run(before: str, after: str | None, given: dict[str, Any]) -> tuple[Migration, Seen]:
    before = textwrap.dedent(before).lstrip("\n")
    migration, text = migrated(before)
    if after is not None:
        assert textwrap.dedent(after).lstrip("\n") == text
    names = migration.plan.support.names if migration.plan.support else ()

    old, new = run_text(before, **given), run_text(text, names, **given)

    assert old == new, f"{old}\n{new}\n{text}"
    return migration, new


def _text(migration: Migration, before: str) -> str:
    return result_text(migration, textwrap.dedent(before).lstrip("\n"))


def run_text(text: str, helpers: tuple[str, ...] = (), **given: Any) -> Seen:
    """Import the text as a module and run its `run`, in virtual time; a coroutine that nobody awaits is an error."""
    seen = Seen()
    out = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, _watched(out, seen):
        warnings.simplefilter("always")
        try:
            with imported(text, helpers) as module:
                seen.value = _finished(module.run(**given), seen)
        except Exception as error:
            seen.error = (type(error).__name__, str(error))
        gc.collect()
    seen.printed = out.getvalue()
    lost = [str(warning.message) for warning in warned if issubclass(warning.category, RuntimeWarning)]
    assert not lost, f"{lost}\n{text}"
    return seen


@contextlib.contextmanager
def _watched(out: io.StringIO, seen: Seen) -> Iterator[None]:
    with contextlib.redirect_stdout(out), counted_sleeps() as slept, virtual_loops():
        yield
    seen.blocked = sum(slept)
    seen.seconds += seen.blocked


def _finished(result: Any, seen: Seen) -> Any:
    """The result, awaited or iterated to its end."""
    if inspect.isasyncgen(result):
        result = _listed(result)
    if inspect.iscoroutine(result):
        result, seen.seconds = run_virtually(result)
    return list(result) if inspect.isgenerator(result) else result


async def _listed(generator: Any) -> list[Any]:
    return [item async for item in generator]


@contextlib.contextmanager
def imported(text: str, helpers: tuple[str, ...] = ()) -> Iterator[ModuleType]:
    """A module made of this text, with its support module beside it; both are forgotten afterwards."""
    with TemporaryDirectory() as folder:
        Path(folder, "example.py").write_bytes(text.encode())
        if helpers:
            Path(folder, "_aio.py").write_text(assemble(frozenset(helpers)), "utf-8")
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            yield importlib.import_module("example")
        finally:
            sys.path.remove(folder)
            for name in ("example", "_aio"):
                sys.modules.pop(name, None)
