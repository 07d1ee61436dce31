"""Writes the generated parts of README.md: `python docs/generate.py`. A test holds them against the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from asyncify.api import migrate
from asyncify.catalogue import Catalogue
from asyncify.config import load_config
from asyncify.diff import unified_diff
from asyncify.loader import load_catalogue
from asyncify.reason import EXPLANATIONS
from asyncify.rule import Rule

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n)(?:(?!<!-- end -->).)*(<!-- end -->)", re.DOTALL)
SHOWN = ("deskmate/batch.py", "deskmate/retry.py")


def generated(text: str) -> str:
    """The README with each generated block as it has to be."""
    makers = {"diff": sample_diff, "rules": rules_table, "detected": detected_list, "reasons": reasons_table}
    return BLOCK.sub(lambda block: f"{block[1]}{makers[block[2]]()}\n{block[3]}", text)


def sample_diff() -> str:
    """Two files of the sample project, as `asyncify diff sample_project` shows them."""
    migration = migrate(load_config(ROOT / "sample_project", cache=False))
    changes = [change for change in migration.changes if change.path in SHOWN]
    return f"```diff\n{unified_diff(changes, prefix='sample_project/').decode().rstrip()}\n```"


def rules_table() -> str:
    """What is converted, rule by rule."""
    rows = [f"| `{rule.id}` | {_patterns(rule)} | {_result(rule)} |" for rule in _rewriting(load_catalogue())]
    exceptions = len(load_catalogue().exceptions)
    note = f"\n\nBeside these, {exceptions} exception classes are mapped wherever they are caught, raised or named."
    return "\n".join(["| rule | matches | becomes |", "|---|---|---|", *rows]) + note


def detected_list() -> str:
    """Libraries whose waits are known but not converted."""
    names = [
        pack.id
        for pack in load_catalogue().packs
        if any(rule.waits for rule in pack.rules) and all(rule.is_detection_only for rule in pack.rules)
    ]
    return ", ".join(f"`{name}`" for name in sorted(names)) + "."


def reasons_table() -> str:
    """Why something is refused or bridged, and what the reader can do."""
    rows = [f"| `{reason}` | {why} | {cure} |" for reason, (why, cure) in sorted(EXPLANATIONS.items())]
    return "\n".join(["| reason | what stands in the way | what to do |", "|---|---|---|", *rows])


def _rewriting(catalogue: Catalogue) -> Iterator[Rule]:
    for rule in sorted(catalogue.rules.values(), key=lambda rule: (rule.pack, rule.id)):
        if rule.becomes or rule.opens:
            yield rule


def _patterns(rule: Rule) -> str:
    paths = [signature.path for signature in rule.calls]
    shown = ", ".join(f"`{path}`" for path in paths[:3])
    return shown if len(paths) <= 3 else f"{shown} and {len(paths) - 3} more"


def _result(rule: Rule) -> str:
    text = (rule.becomes or rule.opens or "").replace("{aio}", "_aio").replace("{*}", "...")
    return f"`{text}`" + (" or `async with`" if rule.opens else "")


if __name__ == "__main__":
    README.write_text(generated(README.read_text("utf-8")), "utf-8")
