"""Does asyncify get through programs that nobody chose, twice the same, and to code that compiles?

python benchmarks/programs.py [--count N] [--seed S] [--jobs J]

Takes files of the standard library and made-up programs, puts calls that wait into their functions, and carries each
through load -> plan -> rewrite -> check, in memory, twice. Counts as failed: an exception, two runs that differ in
plan or text, a rewritten file that does not compile or in which the check finds a fault. Nothing of it is run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from program_makers import Program, library_programs, made_up_programs

from asyncify.api import Migration, analyse, carry_out
from asyncify.catalogue import Catalogue
from asyncify.config import Config
from asyncify.loader import load_catalogue
from asyncify.report.data import plan_as_json

MADE_UP = 0.4  # of all programs
CHUNK = 8


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a program. `trouble` is why it failed, in words."""

    name: str
    is_parsed: bool = True
    changed: int = 0
    trouble: str = ""


def try_program(program: Program) -> Result:
    """Carry one program through everything, twice."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "program.py")
            file.write_bytes(program.text.encode())
            first, second = _migrated(file), _migrated(file)
            return _judged(program, first, second)
    except Exception:  # that there is none is what is measured
        return Result(program.name, trouble=traceback.format_exc(limit=-6))


@cache
def _catalogue() -> Catalogue:
    return load_catalogue()


def _migrated(file: Path) -> Migration:
    config = Config(path=file, cache=False)
    return carry_out(analyse(config, _catalogue()), config, _catalogue())


def _judged(program: Program, first: Migration, second: Migration) -> Result:
    if first.analysis.unparsed:
        return Result(program.name, is_parsed=False)
    plans = [plan_as_json(m.plan, m.analysis.index, m.analysis.waiting()) for m in (first, second)]
    texts = [[(rewrite.path, rewrite.text) for rewrite in migration.rewrites] for migration in (first, second)]
    if plans[0] != plans[1] or texts[0] != texts[1] or first.changes != second.changes:
        return Result(program.name, trouble="two runs differ")
    if first.faults:
        return Result(program.name, trouble="\n".join(map(str, first.faults)))
    for change in first.changes:
        if change.path.endswith(".py") and change.after is not None:
            compile(change.after, change.path, "exec", dont_inherit=True)
    return Result(program.name, changed=len(first.changes))


def all_programs(count: int, seed: int) -> list[Program]:
    made_up = int(count * MADE_UP)
    return [*library_programs(count - made_up, seed), *made_up_programs(made_up, seed)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="write the programs that fail into this folder")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    programs = all_programs(given.count, given.seed)
    kinds: Counter[str] = Counter()
    with ProcessPoolExecutor(given.jobs) as pool:
        for program, result in zip(programs, pool.map(try_program, programs, chunksize=CHUNK), strict=True):
            kinds["failed" if result.trouble else "planned" if result.is_parsed else "unparsed"] += 1
            kinds["changed"] += result.changed > 0
            if result.trouble:
                print(f"{program.name}: {result.trouble}\n", flush=True)
            if result.trouble and given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                (given.keep / program.name.replace("/", "_")).write_text(program.text, "utf-8")
    print(f"{kinds['changed']} of {len(programs)} were rewritten")
    print(
        f"programs: {len(programs)}, {kinds['planned']} planned, {kinds['unparsed']} unparsed, {kinds['failed']} failed"
    )
    sys.exit(1 if kinds["failed"] else 0)


if __name__ == "__main__":
    main()
