"""What the measures of real packages share: fetch one, migrate a copy, drive both in own processes, compare."""

from __future__ import annotations

import argparse
import ast
import asyncio
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

KEPT = Path(tempfile.gettempdir(), "asyncify-packages")
SECONDS = 240


def parse_arguments(description: str | None, packages: Path) -> argparse.Namespace:
    """The arguments that these measures take; `packages` is the list that stands in the repository."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", help="only these packages")
    parser.add_argument("--keep", type=Path, default=KEPT, help="where downloads are kept (default: %(default)s)")
    parser.add_argument("--list", type=Path, default=packages, help="a table of packages and calls (default: ours)")
    parser.add_argument("--drive", nargs=2, metavar=("PIN", "FOLDER"), help=argparse.SUPPRESS)
    return parser.parse_args()


def compare_all(title: str, script: Path, arguments: argparse.Namespace) -> int:
    """Print each difference between the packages of the list and what becomes of them; 1 if there is one.

    `script` drives one package if it is called with --drive.
    """
    chosen = [row for row in _rows(arguments.list) if not arguments.names or _name(row) in arguments.names]
    calls = differences = 0
    endings: Counter[str] = Counter()
    for client in chosen:
        print(f"{client['pin']}: {len(client['calls'])} calls", flush=True)
        found = _compare(client, arguments, script, endings)
        calls += len(client["calls"])
        differences += len(found)
        for line in found:
            print(f"    ! {line}")
    print(f"\n{title}: {len(chosen)} packages, {calls} calls, {differences} differences{_words(endings)}")
    return 1 if differences else 0


def load_client(packages: Path, pin: str) -> dict[str, Any]:
    """The row of one package."""
    return next(row for row in _rows(packages) if row["pin"] == pin)


def drive(
    client: dict[str, Any],
    folder: str,
    space: dict[str, Any],
    describe: Callable[[Any], Any],
    take_traces: Callable[[], Any],
) -> list[dict[str, Any]]:
    """What `setup` and each of the calls give, in one namespace that begins as `space`.

    `take_traces` tells, as something that JSON can write, what the outside has seen since it was last called.
    """
    sys.path[:0] = [folder, str(Path(folder, "src"))]
    running = _run(client, space, describe, take_traces)
    return asyncio.run(running) if _is_migrated(folder) else _finish(running)


def _rows(packages: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = tomllib.loads(packages.read_text("utf-8"))["client"]
    return rows


def _name(client: dict[str, Any]) -> str:
    name: str = client["pin"].partition("==")[0]
    return name


def _words(endings: Counter[str]) -> str:
    return "".join(f", {count} {ending}" for ending, count in sorted(endings.items()))


def _compare(client: dict[str, Any], arguments: argparse.Namespace, script: Path, endings: Counter[str]) -> list[str]:
    """What the original and the migrated package do differently, in words; adds up the endings of its `library`."""
    from twins import fetch

    from asyncify.api import migrate
    from asyncify.config import Config

    original, *needs = (fetch(pin, arguments.keep) for pin in (client["pin"], *client.get("needs", ())))
    command = [str(script), "--list", str(arguments.list), "--drive", client["pin"]]
    with tempfile.TemporaryDirectory() as work:
        copy = Path(work, original.name)  # a root folder with an __init__.py is a package if its name allows
        shutil.copytree(original, copy)
        migration = migrate(Config(path=copy, cache=False))
        if migration.faults:
            return [str(fault) for fault in migration.faults]
        for change in migration.changes:
            (copy / change.path).write_bytes(change.after or b"")
        if library := client.get("library"):
            outcomes = [each for each in migration.plan.outcomes if each.what.startswith(f"{library}.")]
            endings.update(str(outcome.ending) for outcome in outcomes)
        before, after = (_results([*command, str(folder)], needs) for folder in (original, copy))
    if isinstance(before, str) or isinstance(after, str):
        return [f"it does not run: {run}" for run in (before, after) if isinstance(run, str)]
    if not any(call["traffic"] for call in before):
        return ["the calls sent nothing, so nothing was compared"]
    return [
        f"{expression}: {key}\n        before {old[key]}\n        after  {new[key]}"
        for expression, old, new in zip(client["calls"], before, after, strict=True)
        for key in old
        if old[key] != new[key]
    ]


def _results(command: list[str], needs: list[Path]) -> list[dict[str, Any]] | str:
    """What driving the package in a process of its own gave; its last words if it failed."""
    searched = os.pathsep.join(str(folder) for need in needs for folder in (need, need / "src"))
    command = [sys.executable, "-W", "error::RuntimeWarning", *command]
    environment = {**os.environ, "PYTHONPATH": searched}
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment)
    if done.returncode:
        return done.stderr.strip()[-2000:]
    calls: list[dict[str, Any]] = json.loads(done.stdout.rpartition("\n")[2])
    return calls


# ---------------------------------------------------------------- in the process that drives one package


def _is_migrated(folder: str) -> bool:
    return any(Path(folder).rglob("_aio.py"))


def _finish(coroutine: Any) -> Any:
    """Run a coroutine that never waits: the original must not see an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the original package waited for an event loop")


async def _run(
    client: dict[str, Any], space: dict[str, Any], describe: Callable[[Any], Any], take_traces: Callable[[], Any]
) -> list[dict[str, Any]]:
    space["_settled"] = _settled
    await _executed(client["setup"], space, "exec")
    results = []
    for expression in client["calls"]:
        try:
            value = await _listed(await _executed(expression, space, "eval"))
            ending, result = "result", describe(value)
        except Exception as error:
            ending, result = "raises", describe(error)
        results.append({"ending": ending, "value": result, "traffic": take_traces()})
    return results


async def _executed(text: str, space: dict[str, Any], mode: str) -> Any:
    """Run the text; whatever a call in it gives back is awaited if it can be."""
    tree = ast.fix_missing_locations(_Awaiting().visit(ast.parse(text, mode=mode)))
    code = compile(tree, "<calls>", mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = eval(code, space)
    return await value if inspect.iscoroutine(value) else value


class _Awaiting(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return ast.Await(ast.Call(ast.Name("_settled", ast.Load()), [node], []))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _listed(value: Any) -> Any:
    if hasattr(type(value), "__aiter__"):
        return [item async for item in value]
    return list(value) if hasattr(type(value), "__next__") else value
