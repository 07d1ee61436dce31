"""bench.toml or [tool.asyncify.bench] -> Scenario; without either, what an ASGI app or a `main` suggests."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from asyncify.bench.find_app import find_default
from asyncify.bench.problems import problems
from asyncify.bench.scenario import Scenario
from asyncify.errors import ConfigError

FILE = "bench.toml"
MANUAL = "docs/benchmarks.md lists every key"
WHERE = re.compile(r"(.*?)(?: - at `(?:key in )?\$\.?(.*)`)?", re.DOTALL)


def load_scenario(project_root: Path) -> Scenario:
    """What to run for the project in this folder.

    `bench.toml` wins over `[tool.asyncify.bench]` in pyproject.toml. Where neither is there, the routes of an ASGI
    app that can be called without arguments are taken, else the project's program. Raises ConfigError with file, key
    and a hint.
    """
    file, table = _read(project_root)
    if table is None:
        return find_default(project_root)
    try:
        scenario = msgspec.convert(table, Scenario, str_keys=True)
    except msgspec.ValidationError as error:
        raise _refusal(file, str(error)) from None
    for key, problem, hint in problems(scenario):
        raise ConfigError(f"{file}: {key}: {problem}; {hint}")
    return scenario


def declares_scenario(project_root: Path) -> bool:
    """Does the project itself say what to run?"""
    return _read(project_root)[1] is not None


def _read(root: Path) -> tuple[str, dict[str, Any] | None]:
    if (root / FILE).is_file():
        return FILE, _toml(root / FILE)
    if not (root / "pyproject.toml").is_file():
        return FILE, None
    table = _toml(root / "pyproject.toml").get("tool", {}).get("asyncify", {}).get("bench")
    return "pyproject.toml: tool.asyncify.bench", table


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not valid TOML: {error}; mend it and run again") from None


def _refusal(file: str, message: str) -> ConfigError:
    parts = WHERE.fullmatch(message)
    problem, key = (parts[1], parts[2] or "top level") if parts else (message, "top level")
    return ConfigError(f"{file}: {key}: {problem}; {MANUAL}")
