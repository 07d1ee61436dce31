"""Which loops are gathered, which are left and why: `python benchmarks/loops.py`, or with a name for one in full.

Each loop has the answer of somebody who looked at it; each is run before and after on a virtual clock. Wrong is a loop
that is gathered although its calls are not independent, or that does something else than before, or that is left
without a reason."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from asyncify.loader import load_catalogue
from asyncify.plan.concurrency.setting import Which
from asyncify.plan.step import Gathering
from asyncify.rule_examples import migrate_text, result_text
from support import Seen, run_text

LOOPS = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Classified:
    """One loop: what became of it, why it was left, what is wrong."""

    name: str
    independent: bool
    gathered: bool
    why: str
    wrong: str
    text: str


def load_loops() -> list[dict[str, Any]]:
    """The rows of the table, each a whole file."""
    document = tomllib.loads(LOOPS.read_text("utf-8"))
    return [{**row, "before": document["prelude"].lstrip() + "\n\n" + row["before"]} for row in document["loop"]]


def classify(row: dict[str, Any]) -> Classified:
    """Migrate one loop and run it on both sides."""
    migration = migrate_text(row["before"], load_catalogue(), Which.SAFE)
    text = result_text(migration, row["before"])
    found = migration.plan.gatherings
    gathered = any(each.gathered for each in found)
    wrong = "; ".join(map(str, migration.faults)) or _difference(row["before"], text, migration.plan.support, gathered)
    if gathered and not row["independent"]:
        wrong = wrong or "gathered, but not independent"
    why = _reasons(found)
    if not gathered and found and not why:
        wrong = wrong or "left without a reason"
    return Classified(row["name"], row["independent"], gathered, why, wrong, text)


def _difference(before: str, after: str, support: Any, gathered: bool) -> str:
    old, new = run_text(before), run_text(after, support.names if support else ())
    if old != new:
        return f"{_shown(old)} became {_shown(new)}"
    if gathered and new.seconds >= old.seconds:
        return f"gathered, and not faster: {old.seconds} s, then {new.seconds} s"
    return ""


def _shown(seen: Seen) -> str:
    return f"{seen.value!r} {seen.error} {seen.printed!r}"


def _reasons(found: tuple[Gathering, ...]) -> str:
    reasons = [f"line {(g.because or g.place).line}: {g.why}" for g in found if not g.gathered]
    return "; ".join(reasons)


def _words(each: Classified) -> str:
    return "independent" if each.gathered else each.why or "its statements need each other"


def main() -> int:
    """Print the table, last line: the totals. 1 if something is wrong."""
    rows = [row for row in load_loops() if not sys.argv[1:] or row["name"] in sys.argv[1:]]
    classified = [classify(row) for row in rows]
    for each in classified:
        ending = "gathered" if each.gathered else "left"
        print(f"{'WRONG' if each.wrong else 'ok':5} {ending:8} {each.name}: {each.wrong or _words(each)}")
        if sys.argv[1:]:
            print(each.text)
    gathered = sum(each.gathered for each in classified)
    wrong = sum(bool(each.wrong) for each in classified)
    missed = sum(each.independent and not each.gathered for each in classified)
    print(f"independent, but left: {missed}")
    print(
        f"loops: {len(classified)}, {gathered} gathered, {len(classified) - gathered} left with reason, {wrong} wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
