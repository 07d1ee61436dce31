"""How well does asyncify know what must become async? Compared with what maintainers made async by hand.

python benchmarks/accuracy.py [--labels DIR] [--pairs FILE] [--twin NAME] [--bare] [--list]

Fetches pinned packages that carry, or come in pairs as, a sync and an async twin of the same code (twins.toml), takes
the async side away, colours what is left and compares. Without --labels the labels are derived from the async twins.
`--pairs` takes other packages, listed as in twins.toml.

A function counts as wanted async if it waits and nothing but being a constructor or special method keeps it sync:
the maintainers, too, found ways round callbacks, properties and decorators. `--strict` counts only those that
asyncify would rewrite today, `--certain` leaves out calls that were resolved by a rare method name alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_dir
from twin_labels import Label, derive_labels, read_labels
from twins import LIST, Twin, fetch, load_twins, make_input

from asyncify.catalogue import Catalogue
from asyncify.colour import colour
from asyncify.colour.colouring import Colour
from asyncify.entries import entry_functions
from asyncify.index import summarise_project
from asyncify.infer import infer
from asyncify.loader import load_catalogue
from asyncify.project import load_project

WANTED = frozenset({Colour.ASYNC, Colour.ALREADY})  # an entry keeps its plain form, as the maintainers' commands did
WITHOUT_THOUGHT = frozenset({"fork", "history"})  # styles whose sync side was written with no thought of async


@dataclass(frozen=True, slots=True)
class Score:
    """Functions that are rightly and wrongly called async and sync."""

    hit: int = 0
    alarm: int = 0
    miss: int = 0
    rest: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.hit + other.hit, self.alarm + other.alarm, self.miss + other.miss, self.rest + other.rest)

    @property
    def precision(self) -> float:
        return self.hit / (self.hit + self.alarm) if self.hit + self.alarm else 1.0

    @property
    def recall(self) -> float:
        return self.hit / (self.hit + self.miss) if self.hit + self.miss else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    @property
    def mcc(self) -> float:
        """Matthews correlation; not a number where one side is empty."""
        product = (self.hit + self.alarm) * (self.hit + self.miss) * (self.rest + self.alarm) * (self.rest + self.miss)
        if not product:
            return float("nan")
        return float((self.hit * self.rest - self.alarm * self.miss) / product**0.5)

    def row(self, name: str) -> str:
        counts = f"{self.hit:5} {self.alarm:5} {self.miss:5} {self.rest:5}"
        return f"{name:24} {counts}  {self.precision:.3f}  {self.recall:.3f}  {self.f1:.3f}  {self.mcc:.3f}"


@dataclass(frozen=True, slots=True)
class Options:
    labels: Path | None
    folder: Path
    bare: bool
    strict: bool
    certain: bool
    everything: bool


def predict(project: Path, catalogue: Catalogue, options: Options) -> set[tuple[str, str]]:
    """(file, qualname) of the functions that asyncify wants to be async."""
    loaded = load_project(project)
    index = infer(summarise_project(loaded, cache=False), catalogue)
    entries = entry_functions(loaded, index.functions)
    found = colour(index, catalogue, entries=entries, colour_perhaps=not options.certain, barriers=options.strict)
    wanted = [name for name, verdict in found.verdicts.items() if verdict.colour in WANTED]
    return {(index.functions[name].place.path, index.functions[name].qualname) for name in wanted}


def score(labels: list[Label], wanted: set[tuple[str, str]]) -> tuple[Score, list[str]]:
    counts: Counter[tuple[bool, bool]] = Counter()
    wrong: list[str] = []
    for label in labels:
        is_wanted = (label.file, label.qualname) in wanted
        counts[label.is_async, is_wanted] += 1
        if label.is_async != is_wanted:
            kind = "missing" if label.is_async else "noisy"
            wrong.append(f"    {kind:8} {label.file}:{label.line} {label.qualname}")
    result = Score(counts[True, True], counts[False, True], counts[True, False], counts[False, False])
    return result, sorted(wrong)


def measure(
    twin: Twin, catalogue: Catalogue, options: Options, known: dict[str, list[Label]]
) -> tuple[Score, list[str]]:
    source = fetch(twin.sync, options.folder)
    if options.labels is not None:
        labels = known.get(twin.name, [])
    else:
        labels = derive_labels(twin, source, fetch(twin.asynchronous, options.folder))
    if not options.everything:
        labels = [label for label in labels if label.is_needed or not label.is_async]
    with tempfile.TemporaryDirectory() as work:
        make_input(twin, source, Path(work), bare=options.bare)
        wanted = predict(Path(work), catalogue, options)
    return score(labels, wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, help="folder with labels.jsonl that people checked")
    parser.add_argument("--pairs", type=Path, default=LIST, help="other packages, listed as in twins.toml")
    parser.add_argument("--folder", type=Path, default=Path(user_cache_dir("asyncify")) / "twins", help="for downloads")
    parser.add_argument("--twin", action="append", help="only this one; may be repeated")
    parser.add_argument("--bare", action="store_true", help="strip all annotations from the input first")
    parser.add_argument("--strict", action="store_true", help="count only what would be rewritten today")
    parser.add_argument("--certain", action="store_true", help="leave out guesses by rare method names")
    parser.add_argument("--everything", action="store_true", help="also async functions that await nothing")
    parser.add_argument("--list", action="store_true", help="name every miss and false alarm")
    given = parser.parse_args()
    options = Options(given.labels, given.folder, given.bare, given.strict, given.certain, given.everything)
    known = read_labels(options.labels) if options.labels else {}
    catalogue = load_catalogue()
    scores: list[tuple[Twin, Score]] = []
    print(f"{'twin':24} {'hit':>5} {'alarm':>5} {'miss':>5} {'rest':>5}  prec   recall F1     MCC")
    for twin in load_twins(given.pairs):
        if given.twin and twin.name not in given.twin:
            continue
        result, wrong = measure(twin, catalogue, options, known)
        scores.append((twin, result))
        print(f"{result.row(twin.name)}  {twin.grade} {twin.style}", flush=True)
        if given.list:
            print("\n".join(wrong))
    report(scores)


def report(scores: list[tuple[Twin, Score]]) -> None:
    everything = sum((result for _, result in scores), Score())
    ordinary = sum((result for twin, result in scores if twin.grade in "AB"), Score())
    innocent = sum((result for twin, result in scores if twin.style in WITHOUT_THOUGHT), Score())
    print(everything.row("all"))
    print(ordinary.row("grades A and B"))
    print(innocent.row("fork and history"))
    print("last line: precision and recall over grades A and B, mcc over the styles fork and history")
    print(
        f"accuracy: precision {ordinary.precision:.3f} recall {ordinary.recall:.3f} mcc {innocent.mcc:.3f} "
        f"twins {len(scores)}"
    )


if __name__ == "__main__":
    main()
