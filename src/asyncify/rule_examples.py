"""Runs the examples of rule packs through the whole flow. `asyncify rules test` and pytest use the same code."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asyncify.api import Migration, analyse_project, carry_out
from asyncify.catalogue import Catalogue
from asyncify.config import Config
from asyncify.plan.concurrency.setting import Which
from asyncify.project import Project, Source
from asyncify.rule import Example, Rule, Style

FILE = "example.py"


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example and what was wrong with it: "missing" (nothing changed), "noisy" (something did), "wrong"
    (something else came out), or None."""

    file: str
    rule: str
    example: str
    trouble: str | None


def check_examples(catalogue: Catalogue) -> Iterator[ExampleResult]:
    """Check each example of each rule. Whole files go in, whole files come out; nothing is run."""
    for pack in catalogue.packs:
        for rule in pack.rules:
            for example in rule.examples:
                yield ExampleResult(pack.file, rule.id, example.name, _trouble(rule, example, catalogue))


def migrate_text(
    text: str, catalogue: Catalogue, concurrency: Which = Which.OFF, style: Style = Style.FAITHFUL
) -> Migration:
    """Migrate one file that exists in memory only. What a rule does is seen best where nothing is gathered."""
    source = Source(FILE, text.encode(), "utf-8", text)
    project = Project(Path("/"), (source,), (), is_single_file=True)
    config = Config(path=Path("/"), concurrency=concurrency, style=style, cache=False)
    return carry_out(analyse_project(project, config, catalogue), config, catalogue)


def result_text(migration: Migration, text: str) -> str:
    """The file after the migration."""
    return next((rewrite.text for rewrite in migration.rewrites if rewrite.path == FILE), text)


def _trouble(rule: Rule, example: Example, catalogue: Catalogue) -> str | None:
    before = example.before.lstrip("\n")
    migration = migrate_text(before, catalogue)
    if migration.faults:
        return f"wrong: {migration.faults[0]}"
    after = result_text(migration, before)
    if example.after is None:
        if after != before:
            return f"noisy: it should stay as it is, but became\n{after}"
        reasons = {str(outcome.reason) for outcome in migration.plan.outcomes if outcome.reason}
        if example.because in reasons:
            return None
        return f"wrong: it stays for {', '.join(sorted(reasons)) or 'no reason'}, not for {example.because}"
    if after == example.after.lstrip("\n"):
        return None
    return "missing: nothing changed" if after == before else f"wrong: it became\n{after}"
