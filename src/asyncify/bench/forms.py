"""Which tables a run has: those that are declared, or what any project can show, in full or in short form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from asyncify.bench.scenario import CallCase, HttpCase, Scenario, Table

REPEATS = 2
TIMELINE = 6  # requests
FULL_REQUESTS = 1000
FULL_RATES = (20.0, 40.0)  # arrivals a second; a pool of 40 threads can do 40 requests of 1 s
FULL_WAYS = ("serial", "10 threads", "100 threads", "server", "limit 50", "unlimited", "uvloop")


def tables_of(scenario: Scenario, *, full: bool) -> tuple[Table, ...]:
    """The tables of this run, in the form in which it fills them."""
    declared = scenario.tables or tuple(_default_tables(scenario))
    return declared if full else tuple(short_form(table) for table in declared if not table.full)


def short_form(table: Table) -> Table:
    """The table with what its `short` names in place of its own."""
    return msgspec.structs.replace(table, **_named(table))


def cut(full: Table, run: Table) -> str:
    """What a short form leaves out of the full one, in a sentence; empty where it is whole."""
    parts = [_cut_of(name, getattr(full, name), getattr(run, name)) for name in _named(full)]
    said = "; ".join(part for part in parts if part)
    return f"Short form: {said}. --full fills all of it." if said else ""


def left_out(scenario: Scenario, tables: tuple[Table, ...]) -> tuple[str, ...]:
    """The names of the tables that only a full run has."""
    run = {table.name for table in tables}
    return tuple(table.name for table in tables_of(scenario, full=True) if table.name not in run)


def _named(table: Table) -> dict[str, object]:
    short = table.short
    return {name: value for name in short.__struct_fields__ if (value := getattr(short, name)) is not None}


def _cut_of(name: str, full: Any, run: Any) -> str:
    if full == run:
        return ""
    if isinstance(full, dict):
        return _levels_cut(full, run) if name == "levels" else f"other {name}"
    if isinstance(full, tuple):
        missing = [f"{each:g}" if isinstance(each, float) else f"“{each}”" for each in full if each not in run]
        return f"without the {name} {', '.join(missing)}" if missing else f"other {name}"
    return f"{name} {run:g} in place of {full:g}" if full is not None else f"{name} {run:g}"


def _levels_cut(full: dict[int, int], run: dict[int, int]) -> str:
    counts = {level: run.get(level, 0) for level in full if run.get(level, 0) != full[level]}
    fewer = [f"{count:,} by {level:,}" for level, count in counts.items() if count]
    missing = [f"{level:,}" for level, count in counts.items() if not count]
    parts = [f"only {', '.join(fewer)} callers"] if fewer else []
    return ", ".join([*parts, *([f"none by {' or '.join(missing)}"] if missing else [])])


def _default_tables(scenario: Scenario) -> Iterator[Table]:
    """For each case how it does under load, and with --full the field's usual tables."""
    for case in scenario.cases:
        yield Table(name=case.name, case=case.name, timeline=TIMELINE, repeats=REPEATS)
    for case in scenario.cases:
        yield Table(
            name=f"{case.name}: requests that wait 500 ms",
            case=case.name,
            full=True,
            wait=0.5,
            levels={1: 4, 10: 40, 100: 400, 1000: 1000},
        )
        if not isinstance(case, CallCase):
            yield Table(
                name=f"{case.name}: arrivals at random",
                case=case.name,
                kind="arrivals",
                full=True,
                wait=1.0,
                rates=FULL_RATES,
            )
    call = next((case for case in scenario.cases if isinstance(case, CallCase)), None)
    if call is not None:
        yield Table(
            name=f"{call.name}: {FULL_REQUESTS:,} requests of 2 s",
            case=call.name,
            kind="together",
            full=True,
            wait=2.0,
            requests=FULL_REQUESTS,
            ways=FULL_WAYS,
            server=next((case.name for case in scenario.cases if isinstance(case, HttpCase) and case.app), ""),
        )
