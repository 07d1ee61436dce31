"""One harness for migrations: what goes in, what must come out, and both are run and compared."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from asyncify.api import Migration
from asyncify.catalogue import Catalogue
from asyncify.loader import load_catalogue
from asyncify.rule_examples import migrate_text, result_text
from asyncify.support.assemble import assemble
from virtual_time import counted_sleeps, run_virtually

SHIPPED = load_catalogue()


@dataclass
class Seen:
    """What running a module's `run()` showed."""

    value: Any = None
    error: tuple[str, str] | None = None
    printed: str = ""
    seconds: float = field(default=0.0, compare=False)


def migrated(before: str, catalogue: Catalogue = SHIPPED) -> tuple[Migration, str]:
    """Migrate one file; also: the input prints back as it was, the output parses, a second run changes nothing."""
    before = textwrap.dedent(before).lstrip("\n")
    migration = migrate_text(before, catalogue)

    assert migration.faults == (), "\n".join([*map(str, migration.faults), *(r.text for r in migration.rewrites)])
    return migration, result_text(migration, before)


def check_migration(before: str, after: str | None = None, **given: Any) -> Migration:
    """`before` becomes `after` (where that is given), and `run(**given)` does the same in both."""
    before = textwrap.dedent(before).lstrip("\n")
    migration, text = migrated(before)
    if after is not None:
        assert textwrap.dedent(after).lstrip("\n") == text
    names = migration.plan.support.names if migration.plan.support else ()

    old, new = run_text(before, **given), run_text(text, names, **given)

    assert old == new, f"{old}\n{new}\n{text}"
    return migration


def check_unchanged(before: str, because: str) -> Migration:
    """Nothing changes, and `because` is among the reasons."""
    before = textwrap.dedent(before).lstrip("\n")
    migration, text = migrated(before)

    assert before == text
    assert because in {str(outcome.reason) for outcome in migration.plan.outcomes}
    return migration


def run_text(text: str, helpers: tuple[str, ...] = (), **given: Any) -> Seen:
    """Import the text as a module and run its `run`, in virtual time."""
    with imported(text, helpers) as module:
        seen = Seen()
        out = io.StringIO()
        with contextlib.redirect_stdout(out), counted_sleeps() as slept:
            try:
                result = module.run(**given)
                if inspect.iscoroutine(result):
                    result, seen.seconds = run_virtually(result)
                seen.value = result
            except Exception as error:
                seen.error = (type(error).__name__, str(error))
        seen.seconds += sum(slept)
        seen.printed = out.getvalue()
        return seen


@contextlib.contextmanager
def imported(text: str, helpers: tuple[str, ...] = ()) -> Iterator[ModuleType]:
    """A module made of this text, with its support module beside it; both are forgotten afterwards."""
    with TemporaryDirectory() as folder:
        Path(folder, "example.py").write_text(text, "utf-8")
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
