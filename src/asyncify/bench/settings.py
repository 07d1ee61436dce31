"""bench.toml or [tool.asyncify.bench] -> Scenario; without either, what an ASGI app in the project suggests."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from asyncify.bench.find_app import find_default_case
from asyncify.bench.patterns import path_pattern
from asyncify.bench.scenario import CallCase, Case, HttpCase, Scenario, Service
from asyncify.bench.templates import holes
from asyncify.errors import ConfigError

FILE = "bench.toml"
MANUAL = "docs/benchmarks.md lists every key"
TARGET = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*(?:\(\))*(?:\.[A-Za-z_]\w*(?:\(\))*)*")
REQUEST_PARTS = {"body", "query", "headers"}
WHERE = re.compile(r"(.*?)(?: - at `(?:key in )?\$\.?(.*)`)?", re.DOTALL)

Problem = tuple[str, str, str]  # key, what is wrong, what to do


def load_scenario(project_root: Path) -> Scenario:
    """What to run for the project in this folder.

    `bench.toml` wins over `[tool.asyncify.bench]` in pyproject.toml. Where neither is there, the routes of an ASGI
    app that can be called without arguments are taken. Raises ConfigError with file, key and a hint.
    """
    file, table = _read(project_root)
    if table is None:
        return Scenario(cases=(find_default_case(project_root),))
    try:
        scenario = msgspec.convert(table, Scenario, str_keys=True)
    except msgspec.ValidationError as error:
        raise _refusal(file, str(error)) from None
    for key, problem, hint in _problems(scenario):
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


def _problems(scenario: Scenario) -> Iterator[Problem]:
    if not scenario.cases:
        yield "case", "no case to run", "add a [[case]] with name and kind"
    names = [case.name for case in scenario.cases]
    for index, case in enumerate(scenario.cases):
        key = f"case[{index}]"
        if names.count(case.name) > 1:
            yield f"{key}.name", f"{case.name!r} is used twice", "give every case a name of its own"
        yield from _case_problems(key, case)
    for callers, count in scenario.levels.items():
        if not 1 <= callers <= count:
            yield f"levels.{callers}", f"{count} requests for {callers} callers", "ask for one request a caller or more"
    if not scenario.levels:
        yield "levels", "no level to run", "write callers = requests, such as 10 = 40"
    if scenario.timeout <= 0:
        yield "timeout", "must be more than 0", "name the seconds that one request may take"
    for index, service in enumerate(scenario.services):
        yield from _service_problems(f"service[{index}]", service)
    for index, database in enumerate(scenario.databases):
        if not database.url.startswith("sqlite:///"):
            yield f"database[{index}].url", f"{database.url!r} is of no known kind", "write sqlite:///path/from/project"
    for index, pattern in enumerate(scenario.ignore.logs):
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"ignore.logs[{index}]", f"not a regular expression: {error}", "escape what is meant literally"


def _case_problems(key: str, case: Case) -> Iterator[Problem]:
    target, word = (case.app, "app") if isinstance(case, HttpCase) else (case.callable, "callable")
    if not TARGET.fullmatch(target):
        yield f"{key}.{word}", f"{target!r} names nothing", "write package.module:name"
    if isinstance(case, CallCase):
        if not case.inputs:
            yield f"{key}.input", "no input", "leave the key out to call without arguments"
        return
    if not case.requests:
        yield f"{key}.request", "no request to make", "add a [[case.request]] with method and path"
    for index, request in enumerate(case.requests):
        if not request.path.startswith("/"):
            yield f"{key}.request[{index}].path", f"{request.path!r} is no path", "begin it with /"
        if request.json is not msgspec.UNSET and request.body is not None:
            yield f"{key}.request[{index}]", "has both json and body", "keep one of them"


def _service_problems(key: str, service: Service) -> Iterator[Problem]:
    if service.latency < 0:
        yield f"{key}.latency", "is negative", "name seconds, 0 or more"
    if service.json is not msgspec.UNSET and service.text is not None:
        yield key, "has both json and text", "keep one of them"
    known = set(path_pattern(service.path).groupindex)
    for what, pattern in service.when.items():
        if what.partition(".")[0] not in REQUEST_PARTS:
            yield f"{key}.when", f"{what!r} is no part of a request", "begin it with body., query. or headers."
        try:
            known |= set(re.compile(pattern).groupindex)
        except re.error as error:
            yield f"{key}.when.{what}", f"not a regular expression: {error}", "escape what is meant literally"
    answer = None if service.json is msgspec.UNSET else service.json
    for hole in sorted(holes([answer, service.text, service.headers])):
        if hole not in known and hole.partition(".")[0] not in REQUEST_PARTS:
            yield key, f"nothing fills {{{hole}}}", "name it in path or in a group of when, or take it from body."
