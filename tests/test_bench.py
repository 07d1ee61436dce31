"""Whole benchmarks: a small synchronous project and its asynchronous twin, over HTTP and called directly."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from rich.console import Console

from asyncify.bench import load_scenario, read_report, report_json, report_table, run_bench
from asyncify.bench.asked import Load, Run, Tree, current_python
from asyncify.bench.declared import Ignore, Model, Service
from asyncify.bench.measure import start_bench
from asyncify.bench.report import Report
from asyncify.bench.samples import Measurement, Side
from asyncify.bench.scenario import CallCase, HttpCase, Input, Request, Scenario, Table
from asyncify.bench.stage import Stage
from asyncify.bench.ways import OWN_BEFORE
from asyncify.errors import ConfigError
from trees import snapshot, write_files

SAMPLE = Path(__file__).parent.parent / "sample_project"
WAIT = 0.1  # seconds, of each of the two services
SYNC_CLIENT = """\
import os
import requests

session = requests.Session()

def ask(name, note=""):
    user = session.get(os.environ["SHOP"] + "/users/" + name, headers={"X-Key": "k"}, timeout=5).json()
    bill = session.post(os.environ["SHOP"] + "/bill", json={"user": user["id"], "note": note}, timeout=5).json()
    return {"user": user["id"], "bill": bill["note"]}
"""
ASYNC_CLIENT = """\
import os
import aiohttp

session = None

async def ask(name, note=""):
    global session
    session = session or aiohttp.ClientSession()
    async with session.get(os.environ["SHOP"] + "/users/" + name, headers={"X-Key": "k"}) as response:
        user = await response.json()
    async with session.post(os.environ["SHOP"] + "/bill", json={"user": user["id"], "note": note}) as response:
        bill = await response.json()
    return {"user": user["id"], "bill": bill["note"]}

async def close():
    await session.close()
"""
SYNC_APP = """\
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from shop.client import ask

def answer(request):
    return JSONResponse(ask(request.path_params["name"], request.query_params["note"]))

app = Starlette(routes=[Route("/ask/{name}", answer)])
"""
ASYNC_APP = """\
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from shop.client import ask, close

@asynccontextmanager
async def lifespan(app):
    yield
    await close()

async def answer(request):
    return JSONResponse(await ask(request.path_params["name"], request.query_params["note"]))

app = Starlette(routes=[Route("/ask/{name}", answer)], lifespan=lifespan)
"""
BEFORE = {"shop/__init__.py": "", "shop/client.py": SYNC_CLIENT, "shop/web.py": SYNC_APP}
AFTER = {"shop/__init__.py": "", "shop/client.py": ASYNC_CLIENT, "shop/web.py": ASYNC_APP}
SERVICES = (
    Service(path="/users/{name}", latency=WAIT, json={"id": "u-{name}"}),
    Service(path="/bill", method="POST", latency=WAIT, json={"note": "{body.note}"}),
)
DIRECT = CallCase(
    name="direct", callable="shop.client:ask", inputs=(Input(args=("ada", "n{n}")), Input(kwargs={"name": "bob"}))
)
HTTP = HttpCase(name="web", app="shop.web:app", requests=(Request(path="/ask/ada?note=n{n}"),))
CALLERS = 60


def write_tree(folder: Path, files: Mapping[str, str]) -> Path:
    return write_files(folder, {path: text.encode() for path, text in files.items()})


def run(
    folder: Path, scenario: Scenario, after: Mapping[str, str] = AFTER, before: Mapping[str, str] = BEFORE
) -> Report:
    trees = write_tree(folder / "before", before), write_tree(folder / "after", after)
    return run_bench(*trees, scenario, on_progress=lambda stage: None)


def scenario(*cases: CallCase | HttpCase, levels: Mapping[int, int], ignore: Ignore | None = None) -> Scenario:
    return Scenario(
        cases=cases,
        tables=tuple(Table(name=case.name, case=case.name) for case in cases),
        levels=dict(levels),
        env={"SHOP": "{services}"},
        services=SERVICES,
        ignore=ignore or Ignore(),
    )


def find(report: Report, case: str, side: Side, callers: int) -> Measurement:
    key = (case, side, callers)
    return next(item for item in report.measurements if (item.case, item.side, item.callers) == key)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def progress() -> list[Stage]:
    return []


@pytest.fixture(scope="module")
def report(folder: Path, progress: list[Stage]) -> Report:
    """Both ways to run, alone and with more callers than a server has threads."""
    plan = scenario(HTTP, DIRECT, levels={1: 4, CALLERS: 120})
    trees = write_tree(folder / "before", BEFORE), write_tree(folder / "after", AFTER)
    return run_bench(*trees, plan, on_progress=progress.append)


def test_equal_twins_pass(report: Report) -> None:
    assert report.differences == ()
    assert report.faults == ()
    assert report.passed


def test_every_sample_is_kept(report: Report) -> None:
    assert [len(item.samples) for item in report.measurements] == [4, 4, 120, 120] * 2
    for item in report.measurements:
        assert [sample.number for sample in item.samples] == list(range(len(item.samples)))
        assert {sample.outcome for sample in item.samples} == {"200" if item.case == "web" else "returned"}


def test_each_way_to_run_is_named(report: Report) -> None:
    names = [(item.side.value, item.runner) for item in report.measurements if item.case == "direct"]

    expected = [("before", "1 caller"), ("after", "1 task"), ("before", "60 threads"), ("after", "60 tasks")]
    assert names == expected


def test_no_figure_is_better_than_its_bound(report: Report) -> None:
    for item in report.measurements:
        assert item.wait == pytest.approx(2 * WAIT, rel=0.01)
        assert item.share is not None
        assert 0 < item.share <= 1


def test_the_servers_threads_are_found_to_be_the_limit(report: Report) -> None:
    before, after = find(report, "web", Side.BEFORE, CALLERS), find(report, "web", Side.AFTER, CALLERS)
    notes = {note.measurement: note.text for note in report.notes}

    assert before.stand_in.peak_in_flight == 40
    assert before.share is not None
    assert before.share <= 40 / CALLERS
    assert after.stand_in.peak_in_flight > 40
    assert before.name in notes or "noisy machine" in notes


def test_the_table_says_what_was_found(report: Report) -> None:
    console = Console(file=io.StringIO(), width=160, record=True)
    console.print(report_table(report))
    text = console.export_text()

    gain = next(gain for gain in report.gains if (gain.table, gain.callers) == ("web", CALLERS))
    assert str(gain) in text
    assert "after: 60 tasks" in text
    assert "equal: 248 answers and 496 calls to services are the same before and after." in text


def test_the_json_holds_the_whole_report(report: Report) -> None:
    data = report_json(report)

    assert read_report(data) == report
    assert report_json(read_report(data)) == data


def test_the_trees_are_not_touched(report: Report, folder: Path) -> None:
    for name, files in (("before", BEFORE), ("after", AFTER)):
        expected = {path for file in files for path in (file, str(Path(file).parent))}
        assert set(snapshot(folder / name)) == expected


def test_progress_names_every_measurement(report: Report, progress: list[Stage]) -> None:
    assert str(progress[1]) == "1/8 web, before: 4 requests by 1 caller"
    assert str(progress[8]) == "8/8 direct, after: 120 requests by 60 callers"
    assert progress[1].seconds_left is not None
    assert progress[8].left == "2 s left"


WRONG = [
    ("a swapped argument", ('"user": user["id"], "note": note', '"user": note, "note": user["id"]'), "answers"),
    ("a dropped header", (', headers={"X-Key": "k"}', ""), "traffic"),
    ("an exception", ("    return", "    raise ValueError(name)\n    return"), "answers"),
]


@pytest.mark.parametrize(("edit", "what"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_migration_fails(tmp_path: Path, edit: tuple[str, str], what: str) -> None:
    wrong = AFTER | {"shop/client.py": ASYNC_CLIENT.replace(*edit)}
    assert wrong != AFTER

    report = run(tmp_path, scenario(DIRECT, levels={1: 1}), after=wrong)

    assert what in {difference.what for difference in report.differences}
    assert not report.passed


def test_what_may_differ_is_named(tmp_path: Path) -> None:
    random = {
        side: files
        | {"shop/client.py": files["shop/client.py"].replace('"bill": bill', f'"on": "{side}", "bill": bill')}
        for side, files in (("before", BEFORE), ("after", AFTER))
    }
    plan = scenario(DIRECT, levels={1: 1}, ignore=Ignore(answers=("value.on",)))

    report = run(tmp_path, plan, random["after"], random["before"])

    assert report.passed


def test_without_a_level_of_one_caller_the_wait_is_measured_apart(tmp_path: Path) -> None:
    report = run(tmp_path, scenario(DIRECT, levels={2: 4}))

    assert [item.callers for item in report.measurements] == [2, 2]
    assert {round(item.wait, 3) for item in report.measurements} == {2 * WAIT}


TOGETHER = """\
import asyncio, os, aiohttp
async def get(session, name):
    async with session.get(os.environ["SHOP"] + "/users/" + name) as response:
        return await response.json()
async def ask():
    async with aiohttp.ClientSession() as session:
        return await asyncio.gather(*(get(session, name) for name in "abc"))
"""
APART = """\
import os, requests
def ask():
    return [requests.get(os.environ["SHOP"] + "/users/" + name).json() for name in "abc"]
"""
THREE = CallCase(name="three", callable="client:ask")


def test_calls_side_by_side_wait_once(tmp_path: Path) -> None:
    report = run(tmp_path, scenario(THREE, levels={1: 4, 5: 5}), {"client.py": TOGETHER}, {"client.py": APART})

    assert report.passed
    assert find(report, "three", Side.BEFORE, 1).wait == pytest.approx(3 * WAIT)
    assert WAIT <= find(report, "three", Side.AFTER, 5).wait < 1.5 * WAIT
    assert report.gains[0].ratio > 1.5


def test_latencies_are_scaled_alike_before_and_after(tmp_path: Path) -> None:
    """What waits less because its calls run side by side still meets the same services."""
    tables = (
        Table(name="scaled", case="three", wait=0.6, levels={1: 2}),
        Table(name="at once", case="three", kind="together", requests=3, ways=("serial", "unlimited")),
    )
    plan = Scenario(cases=(THREE,), tables=tables, env={"SHOP": "{services}"}, services=SERVICES)
    trees = (
        write_tree(tmp_path / "before", {"client.py": APART}),
        write_tree(tmp_path / "after", {"client.py": TOGETHER}),
    )
    stages: list[Stage] = []

    report = run_bench(*trees, plan, on_progress=stages.append)

    scaled, scaled_after, serial, unlimited = report.measurements
    assert report.passed
    assert scaled.wait == pytest.approx(0.6, rel=0.05)
    assert 0.2 <= scaled_after.wait < 0.3
    assert (serial.wait, serial.shortest_wait) == (pytest.approx(3 * WAIT), pytest.approx(3 * WAIT))
    assert WAIT <= unlimited.wait < 1.5 * WAIT
    assert [stage.text for stage in stages if "how long one" in stage.text] == [
        "three, before: how long one request waits"
    ]


BACKGROUND = """\
import os, time, requests
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse
from starlette.routing import Route

def note(name):
    time.sleep(0.2)
    requests.post(os.environ["SHOP"] + "/bill", json={"note": name}, timeout=5)

def answer(request):
    name = requests.get(os.environ["SHOP"] + "/users/ada", timeout=5).json()["id"]
    return PlainTextResponse(name, background=BackgroundTask(note, request.query_params["note"]))

app = Starlette(routes=[Route("/ask", answer)])
"""


def test_what_goes_on_after_an_answer_is_compared_and_not_waited_for(tmp_path: Path) -> None:
    case = HttpCase(name="web", app="web:app", requests=(Request(path="/ask?note=n{n}"),))

    report = run(tmp_path, scenario(case, levels={1: 2, 4: 4}), {"web.py": BACKGROUND}, {"web.py": BACKGROUND})

    assert report.passed, report
    assert report.compared.calls == 2 * (2 + 4)
    for item in report.measurements:
        assert item.wait == pytest.approx(WAIT, rel=0.05)


def test_a_missing_interpreter_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no-python: cannot be run"):
        run_bench(tmp_path, tmp_path, scenario(DIRECT, levels={1: 1}), on_progress=print, python="/no-python")


@pytest.mark.parametrize("kind", [HttpCase, CallCase])
def test_the_sample_project_runs_as_its_scenario_says(kind: type[HttpCase | CallCase]) -> None:
    plan = load_scenario(SAMPLE)
    quick = Scenario(
        cases=plan.cases, env=plan.env, paths=plan.paths, services=plan.services, model=Model(latency=0.01)
    )
    case = next(case for case in plan.cases if isinstance(case, kind))
    with start_bench(quick) as bench:
        tree = Tree(Side.BEFORE, SAMPLE, current_python())
        taken = bench.measure(Run(tree, case, OWN_BEFORE, Load("closed", 4, 4)))

    assert taken.measurement.stand_in.unknown == {}
    assert {sample.outcome for sample in taken.measurement.samples} <= {"200", "returned"}
