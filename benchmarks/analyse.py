"""What does it cost to know what every call is? As a ratio to parsing the same files with `ast.parse`.

python benchmarks/analyse.py TREE

Measures CPU time in fresh processes, each of which loads the tree first (not counted): `ast.parse` of all files;
a cold analysis (index, infer, colour) in one process without cache; a second run with the cache and one changed
file, once with a comment and a number added inside a function (`warm`: no other file can tell, so what was solved is
kept) and once with a new function (`grown`: all is solved again); and the wall time of a cold index with one and with
two processes. The peak memory is that of the cold run.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import platformdirs

import asyncify.index.cache as cache_module
from asyncify.colour import colour
from asyncify.garbage import collector_paused
from asyncify.index import summarise_project
from asyncify.infer import infer
from asyncify.loader import load_catalogue
from asyncify.project import Project, Source, load_project

ADDED = "\n\ndef _asyncify_benchmark(value):\n    import time\n    time.sleep(value)\n    return value\n"
MEBI = 1024 * 1024
STEPS = ("parse", "cold", "fill", "warm", "grown", "one", "two")


def analyse(project: Project, *, cache: bool, jobs: int = 1) -> dict[str, object]:
    started = time.process_time()
    with collector_paused():  # as `analyse` of asyncify.api does
        summaries = summarise_project(project, cache=cache, jobs=jobs)
        indexed = time.process_time()
        catalogue = load_catalogue()
        index = infer(summaries, catalogue, project.root if cache else None)
        inferred = time.process_time()
        found = colour(index, catalogue)
        coloured = time.process_time()
    return {
        "index": indexed - started,
        "infer": inferred - indexed,
        "colour": coloured - inferred,
        "functions": len(index.functions),
        "verdicts": len(found.verdicts),
        "faults": [f"{fault.path}:{fault.line}: {fault.why}" for fault in summaries.faults],
        "capped": index.capped or found.capped,
    }


def parse(project: Project) -> dict[str, object]:
    for source in project.sources:
        try:
            ast.parse(source.text)
        except (SyntaxError, ValueError):
            continue
    return {}


def change_one(project: Project, step: str) -> Project:
    """The project with a change to the file in the middle, or the next one that has functions."""
    at, at_line = next(
        (number, line)
        for number in range(len(project.sources) // 2, len(project.sources))
        if (line := line_in_function(project.sources[number].text))
    )
    old = project.sources[at]
    lines = old.text.splitlines(keepends=True)
    if step == "warm":
        indent = " " * (len(lines[at_line - 1]) - len(lines[at_line - 1].lstrip()))
        lines[at_line - 1 : at_line - 1] = [f"{indent}# a remark\n", f"{indent}0.5\n"]
    else:
        lines.append(ADDED)
    text = "".join(lines)
    new = Source(old.path, text.encode(old.encoding), old.encoding, text)
    return dataclasses.replace(project, sources=(*project.sources[:at], new, *project.sources[at + 1 :]))


def line_in_function(text: str) -> int:
    """The line of the last statement of some function whose body starts on a line of its own; 0 if there is none."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return 0
    bodies = [(node.lineno, node.body[-1]) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found = (last.lineno for first, last in bodies if last.lineno > first and not hasattr(last, "decorator_list"))
    return next(found, 0)


def run_step(step: str, tree: Path, folder: Path) -> None:
    """One measured process; prints its figures as JSON."""
    warnings.simplefilter("ignore")
    cache_module.user_cache_dir = lambda *_: str(folder)
    project = load_project(tree)
    if step in {"warm", "grown"}:
        project = change_one(project, step)
    steps: dict[str, Callable[[], dict[str, object]]] = {
        "parse": lambda: parse(project),
        "cold": lambda: analyse(project, cache=False),
        "fill": lambda: analyse(project, cache=True),
        "warm": lambda: analyse(project, cache=True),
        "grown": lambda: analyse(project, cache=True),
        "one": lambda: analyse(project, cache=False),
        "two": lambda: analyse(project, cache=False, jobs=2),
    }
    wall, cpu = time.perf_counter(), time.process_time()
    figures = steps[step]()
    figures["cpu"] = time.process_time() - cpu
    figures["wall"] = time.perf_counter() - wall
    figures["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBI
    figures["files"] = len(project.sources)
    print(json.dumps(figures))


def measure(tree: Path) -> dict[str, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        results = {}
        for step in STEPS:
            command = [sys.executable, __file__, str(tree), "--step", step, "--cache", folder]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            results[step] = json.loads(done.stdout)
            print(f"{step:6} {done.stdout.strip()}", flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument(
        "--cache", type=Path, default=Path(platformdirs.user_cache_dir("asyncify")), help=argparse.SUPPRESS
    )
    given = parser.parse_args()
    if given.step:
        run_step(given.step, given.tree, given.cache)
        return
    found = measure(given.tree)
    base = found["parse"]["cpu"]
    print(f"warm {found['warm']['cpu'] / found['cold']['cpu']:.3f} of cold, grown {found['grown']['cpu'] / base:.2f}x")
    print(f"wall: one process {found['one']['wall']:.2f} s, two {found['two']['wall']:.2f} s")
    print(
        f"analyse: cold {found['cold']['cpu'] / base:.2f}x warm {found['warm']['cpu'] / base:.2f}x "
        f"peak {found['cold']['peak']:.0f} MB files {found['cold']['files']:.0f}"
    )


if __name__ == "__main__":
    main()
