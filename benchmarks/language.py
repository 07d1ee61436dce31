"""The language table: each construct with its rewrite or refusal, both sides run. `--show TEXT` prints rows by name."""

from __future__ import annotations

import argparse
import resource
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent / "tests"
MEMORY = 2_000_000_000  # bytes; a row that never ends is wrong, and must not take the machine with it
sys.path.insert(0, str(TESTS))

from asyncify.rule_examples import migrate_text, result_text  # noqa: E402
from support import SHIPPED, check_construct, load_constructs  # noqa: E402


def main() -> int:
    """Print the table by family; the exit code is 1 if a row is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", metavar="TEXT", help="only rows whose name has this text, with what becomes of them")
    parser.add_argument("--wrong", action="store_true", help="print only wrong rows, in full")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    counts = {"rewritten": 0, "refused": 0, "wrong": 0}
    for table in sorted((TESTS / "language").glob("*.toml")):
        rows = [row for row in load_constructs(table) if not arguments.show or arguments.show in row["name"]]
        if rows and not arguments.wrong:
            print(f"\n{table.stem}")
        for row in rows:
            ending, trouble = _ending(row)
            counts[ending] += 1
            if arguments.wrong and ending == "wrong":
                print(f"\n=== {table.stem}: {row['name']}\n{trouble}")
            elif not arguments.wrong:
                print(f"  {ending:9}  {row['name']}{': ' + row['because'] if 'because' in row else ''}")
            if arguments.show:
                _show(row, trouble)
    print(f"\nlanguage: {sum(counts.values())} constructs, " + ", ".join(f"{n} {name}" for name, n in counts.items()))
    return 1 if counts["wrong"] else 0


def _ending(row: dict[str, Any]) -> tuple[str, str]:
    try:
        check_construct(row)
    except Exception as error:
        return "wrong", f"{type(error).__name__}: {error}"
    return ("refused" if "because" in row else "rewritten"), ""


def _show(row: dict[str, Any], trouble: str) -> None:
    before = row["before"].lstrip("\n")
    migration = migrate_text(before, SHIPPED)
    print(result_text(migration, before))
    for outcome in migration.plan.outcomes:
        print(f"    {outcome.place} {outcome.what}: {outcome.ending} {outcome.reason or ''} {outcome.detail}")
    print(trouble)


if __name__ == "__main__":
    raise SystemExit(main())
