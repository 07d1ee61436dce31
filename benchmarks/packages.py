"""Migrate real packages that use requests: how much is converted, what is left and why, and whether it is sound."""

from __future__ import annotations

import argparse
import ast
import shutil
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from package_checks import Environment, environment_for, home_of, modules_below
from twins import fetch

from asyncify.api import Migration, migrate
from asyncify.change import Change
from asyncify.colour.colouring import Colour
from asyncify.config import Config
from asyncify.place import Place, place_of
from asyncify.plan.step import Ending, Plan

LIST = Path(__file__).with_name("packages.toml")
KEPT = Path(tempfile.gettempdir(), "asyncify-packages")
VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})


@dataclass(frozen=True, slots=True)
class _Checks:
    """What a package is checked with."""

    environment: Environment
    module: str


@dataclass(frozen=True, slots=True)
class Package:
    """One row of packages.toml."""

    pin: str
    style: str
    module: str

    @property
    def name(self) -> str:
        return self.pin.partition("==")[0]


@dataclass(slots=True)
class Result:
    """What a package showed. `wrong` is whatever must not be, in words."""

    package: Package
    files: int = 0
    functions: int = 0
    endings: Counter[Ending] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    imported: str = ""
    unused: int | None = None
    wrong: list[str] = field(default_factory=list)


def load_packages() -> list[Package]:
    with LIST.open("rb") as stream:
        rows = tomllib.load(stream)["package"]
    return [Package(row["pin"], row["style"], row["module"]) for row in rows]


def main() -> int:
    """Print a line for each package and what is wrong with it; the exit code is 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these packages")
    parser.add_argument("--keep", type=Path, default=KEPT, help="where downloads are kept (default: %(default)s)")
    parser.add_argument("--results", type=Path, help="leave the migrated packages here")
    parser.add_argument("--fast", action="store_true", help="do not install dependencies, import, or run mypy")
    arguments = parser.parse_args()
    environments = None if arguments.fast else arguments.keep / "environments"
    packages = [p for p in load_packages() if not arguments.names or p.name.lower() in map(str.lower, arguments.names)]
    print(
        f"{'package':22}{'files':>6}{'async':>7}{'converted':>11}{'bridged':>9}{'refused':>9}{'seconds':>9}{'imported':>13}{'unused':>8}"
    )
    results = []
    for package in packages:
        with tempfile.TemporaryDirectory() as work:
            copy = (arguments.results or Path(work)) / package.name
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(fetch(package.pin, arguments.keep), copy)
            results.append(_measure(package, copy, environments))
        _show(results[-1])
    endings = sum((result.endings for result in results), Counter[Ending]())
    wrong = sum(len(result.wrong) for result in results)
    print(
        f"\npackages: {len(results)} packages, {sum(r.functions for r in results)} functions async, "
        f"{endings[Ending.CONVERTED]} calls converted, {endings[Ending.REFUSED]} refused, "
        f"{sum(r.unused or 0 for r in results)} coroutines unused, {wrong} faults"
    )
    return 1 if wrong else 0


def _show(result: Result) -> None:
    ends = result.endings
    print(
        f"{result.package.name:22}{result.files:6}{result.functions:7}{ends[Ending.CONVERTED]:11}"
        f"{ends[Ending.BRIDGED]:9}{ends[Ending.REFUSED]:9}{result.seconds:9.1f}{result.imported:>13}"
        f"{'' if result.unused is None else result.unused:>8}",
        flush=True,
    )
    if result.reasons:
        print(" " * 6 + "left: " + ", ".join(f"{count} {reason}" for reason, count in result.reasons.most_common()))
    for line in result.wrong:
        print(f"    ! {line}")


def _measure(package: Package, copy: Path, environments: Path | None) -> Result:
    result = Result(package)
    checks = _Checks(environment_for(package.pin, environments), package.module) if environments else None
    home = home_of(copy, package.module)
    try:
        unloadable = checks.environment.failing_imports(home, modules_below(home, package.module)) if checks else {}
        unused = checks.environment.unused_coroutines(home, [_entry(home, package.module)]) if checks else []
        started = time.perf_counter()
        migration = migrate(Config(path=copy, cache=False))
    except Exception:
        result.wrong.append(traceback.format_exc())
        return result
    result.seconds = time.perf_counter() - started
    result.files = len(migration.analysis.project.sources)
    plan = migration.plan
    result.functions = sum(verdict.colour is Colour.ASYNC for verdict in plan.verdicts.values())
    result.endings = Counter(outcome.ending for outcome in plan.outcomes)
    result.reasons = Counter(f"{o.ending} {o.reason}" for o in plan.outcomes if o.ending is not Ending.CONVERTED)
    result.wrong += [str(fault) for fault in migration.faults]
    result.wrong += _unexplained(migration)
    _write(copy, migration.changes)
    result.wrong += _uncompilable(copy, migration.changes)
    result.wrong += _restless(copy)
    if checks is not None:
        _loads(checks, result, copy, unloadable)
        _awaits(checks, result, copy, unused)
    return result


def _write(copy: Path, changes: tuple[Change, ...]) -> None:
    for change in changes:
        (copy / change.path).write_bytes(change.after or b"")


def _unexplained(migration: Migration) -> Iterator[str]:
    """Calls of requests' functions of which the plan says nothing, or that stand there still without a reason."""
    plan = migration.plan
    told = {outcome.place: outcome for outcome in plan.outcomes}
    after = {change.path: change.after for change in migration.changes}
    for source in migration.analysis.project.sources:
        calls = list(requests_calls(source.path, source.text))
        yield from (f"{place}: no word about this call of requests" for place in calls if place not in told)
        data = after.get(source.path)
        if data is None:
            continue
        left = len(list(requests_calls(source.path, data.decode(source.encoding))))
        reasons = _left_with_reason(plan, set(calls))
        if left > reasons:
            yield f"{source.path}: {left} calls of requests are left, with {reasons} reasons"


def _left_with_reason(plan: Plan, calls: set[Place]) -> int:
    return sum(outcome.place in calls and outcome.reason is not None for outcome in plan.outcomes)


def requests_calls(path: str, text: str) -> Iterator[Place]:
    """The calls of `requests.get` and its kin, by the imports of this file alone; nothing of asyncify's own is used."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return
    modules, functions = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name for alias in node.names if alias.name == "requests"}
        elif isinstance(node, ast.ImportFrom) and node.module in {"requests", "requests.api"} and not node.level:
            functions |= {alias.asname or alias.name for alias in node.names if alias.name in VERBS}
    bound = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_called(node.func, modules - bound, functions - bound):
            yield place_of(path, node)


def _is_called(called: ast.expr, modules: set[str], functions: set[str]) -> bool:
    if isinstance(called, ast.Name):
        return called.id in functions
    is_verb = isinstance(called, ast.Attribute) and called.attr in VERBS
    return is_verb and isinstance(called.value, ast.Name) and called.value.id in modules  # type: ignore[attr-defined]


def _uncompilable(copy: Path, changes: tuple[Change, ...]) -> Iterator[str]:
    for change in changes:
        if not change.path.endswith(".py"):
            continue
        try:
            compile((copy / change.path).read_bytes(), change.path, "exec", dont_inherit=True)
        except SyntaxError as error:
            yield f"{change.path}:{error.lineno}: {error.msg}"


def _restless(copy: Path) -> Iterator[str]:
    again = migrate(Config(path=copy, cache=False))
    yield from (f"second run: {fault}" for fault in again.faults)
    yield from (f"a second run would change {change.path}" for change in again.changes)


# ---------------------------------------------------------------- does it load, is everything awaited?


def _loads(checks: _Checks, result: Result, copy: Path, before: Mapping[str, str]) -> None:
    """Every module that could be imported before can be imported still."""
    home = home_of(copy, checks.module)
    modules = modules_below(home, checks.module)  # those that fail, too: each import may help the next
    now = checks.environment.failing_imports(home, modules)
    failed = {name: why for name, why in now.items() if name not in before}
    could = [name for name in modules if name not in before]
    result.imported = f"{len(could) - len(failed)} of {len(could)}"
    result.wrong += [f"the migrated {name} does not import: {why}" for name, why in failed.items()]


def _awaits(checks: _Checks, result: Result, copy: Path, before: list[str]) -> None:
    """The type checker finds no coroutine that nobody awaits, but for those which were there before."""
    home = home_of(copy, checks.module)
    found = checks.environment.unused_coroutines(home, [_entry(home, checks.module)])
    result.unused = len(found)
    if len(found) > len(before):
        result.wrong += [f"mypy: a coroutine is not used: {place}" for place in found]


def _entry(home: Path, module: str) -> str:
    return module if (home / module).is_dir() else f"{module}.py"


if __name__ == "__main__":
    sys.exit(main())
