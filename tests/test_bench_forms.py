"""Which tables a run has, in full and in short form, and what each of them measures."""

from __future__ import annotations

import pytest

from asyncify.bench.agenda import FULL, SHORT, Pace, Planned, agenda, alone, traced
from asyncify.bench.asked import Load
from asyncify.bench.forms import cut, left_out, short_form, tables_of
from asyncify.bench.scenario import CallCase, CommandCase, HttpCase, Input, Request, Scenario, Short, Table
from asyncify.bench.ways import OWN_AFTER, OWN_BEFORE, read_way

WEB = HttpCase(name="web", app="shop.web:app", requests=(Request(path="/"),))
CALL = CallCase(name="call", callable="shop:ask", inputs=(Input(args=(1,)), Input(args=(2,)), Input(args=(3,))))
TOOL = CommandCase(name="tool", command=("python", "-V"))
LEVELS = Table(
    name="levels",
    case="web",
    levels={1: 4, 1000: 1000},
    repeats=3,
    timeline=4,
    short=Short(levels={1: 2}, repeats=1),
)
TOGETHER = Table(
    name="at once",
    case="call",
    kind="together",
    requests=100,
    server="web",
    ways=("serial", "serial, no keep-alive", "server", "limit 50", "uvloop"),
    timeline=2,
    short=Short(ways=("serial", "limit 50"), timeline=0),
)
ARRIVALS = Table(name="arrivals", case="web", kind="arrivals", rates=(10.0, 20.5), seconds=4.0, full=True)
SCENARIO = Scenario(cases=(WEB, CALL, TOOL), tables=(LEVELS, TOGETHER, ARRIVALS))


def planned(*, full: bool, has_uvloop: bool = True) -> list[Planned]:
    pace = FULL if full else SHORT
    return agenda(SCENARIO, tables_of(SCENARIO, full=full), pace=pace, repeats=None, has_uvloop=has_uvloop)


def in_words(one: Planned) -> str:
    return f"{one.table.name}: {one.case.name}, {one.way.name}, {one.load.count} by {one.load.callers}"


def test_a_full_run_has_all_tables_and_a_short_one_their_short_form() -> None:
    assert tables_of(SCENARIO, full=True) == SCENARIO.tables
    assert [table.name for table in tables_of(SCENARIO, full=False)] == ["levels", "at once"]
    assert left_out(SCENARIO, tables_of(SCENARIO, full=False)) == ("arrivals",)
    assert left_out(SCENARIO, SCENARIO.tables) == ()
    short = short_form(LEVELS)
    assert (short.levels, short.repeats, short.timeline) == ({1: 2}, 1, 4)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (LEVELS, "Short form: only 2 by 1 callers, none by 1,000; repeats 1 in place of 3. --full fills all of it."),
        (
            TOGETHER,
            "Short form: without the ways “serial, no keep-alive”, “server”, “uvloop”; timeline 0 in place of 2. "
            "--full fills all of it.",
        ),
        (ARRIVALS, ""),
        (
            Table(name="x", case="web", rates=(1.0, 2.5), short=Short(rates=(1.0,), wait=0.5)),
            "Short form: wait 0.5; without the rates 2.5. --full fills all of it.",
        ),
        (Table(name="x", case="web", repeats=2, short=Short(repeats=2)), ""),
    ],
)
def test_every_cut_is_said(table: Table, said: str) -> None:
    assert cut(table, short_form(table)) == said
    assert cut(table, table) == ""


def test_what_is_measured_in_order() -> None:
    assert [in_words(one) for one in planned(full=False)] == [
        "levels: web, as it is, 2 by 1",
        "levels: web, migrated, 2 by 1",
        "at once: call, serial, 100 by 100",
        "at once: call, limit 50, 100 by 100",
    ]
    assert [in_words(one) for one in planned(full=True)[12:]] == [
        "at once: call, serial, 100 by 100",
        "at once: call, serial, no keep-alive, 100 by 100",
        "at once: web, server, 100 by 100",
        "at once: call, limit 50, 100 by 100",
        "at once: call, uvloop, 100 by 100",
        "arrivals: web, as it is, 40 by 40",
        "arrivals: web, migrated, 40 by 40",
        "arrivals: web, as it is, 82 by 82",
        "arrivals: web, migrated, 82 by 82",
    ]
    assert not any(one.way.uses_uvloop for one in planned(full=True, has_uvloop=False))


def at_once(text: str, count: int, pace: Pace) -> Planned:
    way = read_way(text)
    assert way is not None
    return Planned(TOGETHER, CALL, way, Load("together", count, count, way.limit), pace)


@pytest.mark.parametrize(
    ("text", "count", "pace", "wait", "made"),
    [
        ("10 threads", 100, SHORT, 0.5, 100),  # ten rounds of half a second
        ("10 threads", 100, SHORT, 0.6, 20),  # six seconds are too many: two rounds
        ("10 threads", 100, FULL, 6.0, 100),
        ("10 threads", 100, FULL, 6.1, 30),
        ("serial", 100, SHORT, 1.0, 3),  # each kind of request at least once, as it tells how long each waits
        ("unlimited", 100, SHORT, 9.0, 100),  # one round is the least
    ],
)
def test_what_would_take_too_long_is_measured_in_part(
    text: str, count: int, pace: Pace, wait: float, made: int
) -> None:
    assert at_once(text, count, pace).in_part(wait).count == made


def test_one_caller_tells_how_long_a_request_waits() -> None:
    assert at_once("serial", 3, FULL).is_alone
    assert not at_once("serial, no keep-alive", 3, FULL).is_alone
    assert not at_once("10 threads", 3, FULL).is_alone
    probe = alone(at_once("limit 50", 100, FULL))
    assert (probe.way, probe.load) == (OWN_AFTER, Load("closed", 1, 3))


def test_timelines_are_of_what_can_be_traced() -> None:
    tables = (LEVELS, TOGETHER, Table(name="tool", case="tool", timeline=3), Table(name="none", case="web"))

    found = [(one.table.name, one.way, one.load.limit) for one in traced(SCENARIO, tables)]

    assert found == [
        ("levels", OWN_BEFORE, None),
        ("levels", OWN_AFTER, None),
        ("at once", OWN_BEFORE, 1),
        ("at once", OWN_AFTER, None),
    ]


def test_any_project_has_tables() -> None:
    scenario = Scenario(cases=(WEB, CALL))

    assert [table.name for table in tables_of(scenario, full=False)] == ["web", "call"]
    kinds = [(table.name, table.kind) for table in tables_of(scenario, full=True)]
    assert kinds == [
        ("web", "levels"),
        ("call", "levels"),
        ("web: requests that wait 500 ms", "levels"),
        ("web: arrivals at random", "arrivals"),
        ("call: requests that wait 500 ms", "levels"),
        ("call: 1,000 requests of 2 s", "together"),
    ]
