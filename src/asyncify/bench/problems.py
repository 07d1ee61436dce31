"""What is wrong with a scenario, although its keys and types are right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import UNSET

from asyncify.bench.databases import KINDS, is_postgres
from asyncify.bench.declared import Service
from asyncify.bench.forms import short_form
from asyncify.bench.latency import Latency, problem_of
from asyncify.bench.patterns import path_pattern
from asyncify.bench.scenario import CallCase, Case, CommandCase, HttpCase, Scenario, Table
from asyncify.bench.templates import holes
from asyncify.bench.ways import read_way

TARGET = re.compile(r"(?:[A-Za-z_][\w.]*:|\.)[A-Za-z_]\w*(?:\(\))*(?:\.[A-Za-z_]\w*(?:\(\))*)*")
CONSTANT = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
REQUEST_PARTS = {"body", "query", "headers"}
REGEX_HINT = "escape what is meant literally"

Problem = tuple[str, str, str]  # key, what is wrong, what to do


def problems(scenario: Scenario) -> Iterator[Problem]:
    """All of them, in the order of the keys."""
    if not scenario.cases:
        yield "case", "no case to run", "add a [[case]] with name and kind"
    names = [case.name for case in scenario.cases]
    for index, case in enumerate(scenario.cases):
        key = f"case[{index}]"
        if names.count(case.name) > 1:
            yield f"{key}.name", f"{case.name!r} is used twice", "give every case a name of its own"
        yield from _case_problems(key, case)
    yield from _level_problems("levels", scenario.levels)
    if not scenario.levels:
        yield "levels", "no level to run", "write callers = requests, such as 10 = 40"
    if scenario.timeout <= 0:
        yield "timeout", "must be more than 0", "name the seconds that one request may take"
    for target in scenario.constants:
        if not CONSTANT.fullmatch(target):
            yield f"constants.{target}", f"{target!r} names nothing", "write package.module:NAME"
    for index, table in enumerate(scenario.tables):
        yield from _table_problems(f"table[{index}]", table, scenario)
        yield from _table_problems(f"table[{index}].short", short_form(table), scenario)
    for index, service in enumerate(scenario.services):
        yield from _service_problems(f"service[{index}]", service)
    for key, latency in (
        ("model.latency", scenario.model.latency),
        ("model.embeddings_latency", scenario.model.embeddings_latency),
        ("handshake", scenario.handshake),
    ):
        yield from _latency_problems(key, latency)
    for index, database in enumerate(scenario.databases):
        if not database.url.startswith(("sqlite:///", *KINDS)):
            hint = "write sqlite:///path/from/project, or postgresql: for a server that is started"
            yield f"database[{index}].url", f"{database.url!r} is of no known kind", hint
    served = [database.name for database in scenario.databases if is_postgres(database)]
    for name in sorted({name for name in served if served.count(name) > 1}):
        yield "database", f"two are named {name!r}", "give each a name of its own"
    for index, pattern in enumerate(scenario.ignore.logs):
        yield from _regex_problems(f"ignore.logs[{index}]", pattern)


def _case_problems(key: str, case: Case) -> Iterator[Problem]:
    if isinstance(case, CommandCase):
        if not case.command:
            yield f"{key}.command", "nothing to run", 'write it in parts: ["python", "-m", "package"]'
        return
    if isinstance(case, CallCase):
        for target in (case.callable, *(given.callable for given in case.inputs if given.callable)):
            yield from _target_problems(f"{key}.callable", target)
        if case.callable.startswith(".") and "$new" not in case.object:
            yield f"{key}.object", "is not there", 'write object = {"$new" = "package.module:Class", args = []}'
        if not case.inputs:
            yield f"{key}.input", "no input", "leave the key out to call without arguments"
        return
    if bool(case.app) == bool(case.command):
        yield key, "needs either app or command", "name the ASGI app, or the command that starts the server"
    elif case.app:
        yield from _target_problems(f"{key}.app", case.app)
    elif not any("{port}" in part for part in case.command):
        yield f"{key}.command", "does not say where to listen", "put {port} where the command takes the port"
    yield from _request_problems(key, case)


def _request_problems(key: str, case: HttpCase) -> Iterator[Problem]:
    if not case.requests:
        yield f"{key}.request", "no request to make", "add a [[case.request]] with method and path"
    for index, request in enumerate(case.requests):
        if not request.path.startswith("/"):
            yield f"{key}.request[{index}].path", f"{request.path!r} is no path", "begin it with /"
        if request.json is not UNSET and request.body is not None:
            yield f"{key}.request[{index}]", "has both json and body", "keep one of them"


def _table_problems(key: str, table: Table, scenario: Scenario) -> Iterator[Problem]:
    cases = {case.name: case for case in scenario.cases}
    if [other.name for other in scenario.tables].count(table.name) > 1:
        yield f"{key}.name", f"{table.name!r} is used twice", "give every table a name of its own"
    if table.case not in cases:
        yield f"{key}.case", f"there is no case {table.case!r}", f"choose from {', '.join(map(repr, cases))}"
    if table.server and not isinstance(cases.get(table.server), HttpCase):
        yield f"{key}.server", f"{table.server!r} is no case of kind http", "name one that is"
    if table.kind == "arrivals" and (not table.rates or min(table.rates) <= 0):
        yield f"{key}.rates", "no arrivals to make", "name requests a second, such as [20.0, 40.0]"
    if table.cpu and not isinstance(cases.get(table.case), CallCase):
        yield f"{key}.cpu", "only a case of kind call can spend it", "leave it out"
    if table.wait is not None and table.wait <= 0:
        yield f"{key}.wait", "must be more than 0", "name the seconds that a request waits in all"
    if table.repeats < 1 or table.requests < 1 or table.seconds <= 0:
        yield key, "repeats, requests and seconds must be more than 0", "leave out what is not meant"
    yield from _level_problems(f"{key}.levels", table.levels)
    for text in table.ways if table.kind == "together" else ():
        if read_way(text) is None:
            yield f"{key}.ways", f"{text!r} is no way to run", "write serial, 10 threads, server, limit 50 or unlimited"
    for path, latency in table.waits.items():
        yield from _latency_problems(f"{key}.waits.{path}", latency)


def _level_problems(key: str, levels: dict[int, int]) -> Iterator[Problem]:
    for callers, count in levels.items():
        if not 1 <= callers <= count:
            yield f"{key}.{callers}", f"{count} requests for {callers} callers", "ask for one request a caller or more"


def _service_problems(key: str, service: Service) -> Iterator[Problem]:
    yield from _latency_problems(f"{key}.latency", service.latency)
    if service.json is not UNSET and service.text is not None:
        yield key, "has both json and text", "keep one of them"
    known = set(path_pattern(service.path).groupindex)
    for what, pattern in service.when.items():
        if what.partition(".")[0] not in REQUEST_PARTS:
            yield f"{key}.when", f"{what!r} is no part of a request", "begin it with body., query. or headers."
        wrong = list(_regex_problems(f"{key}.when.{what}", pattern))
        yield from wrong
        known |= set() if wrong else set(re.compile(pattern).groupindex)
    answer = None if service.json is UNSET else service.json
    for hole in sorted(holes([answer, service.text, service.headers])):
        if hole not in known and hole.partition(".")[0] not in REQUEST_PARTS:
            yield key, f"nothing fills {{{hole}}}", "name it in path or in a group of when, or take it from body."


def _latency_problems(key: str, latency: Latency) -> Iterator[Problem]:
    problem = problem_of(latency)
    if problem:
        yield key, problem, "name seconds, 0 or more: 0.5, {median = 0.5, p99 = 2.0} or {recorded = [0.4, 0.6]}"


def _regex_problems(key: str, pattern: str) -> Iterator[Problem]:
    try:
        re.compile(pattern)
    except re.error as error:
        yield key, f"not a regular expression: {error}", REGEX_HINT


def _target_problems(key: str, target: str) -> Iterator[Problem]:
    if not TARGET.fullmatch(target):
        yield key, f"{target!r} names nothing", "write package.module:name"
