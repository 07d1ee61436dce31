"""What to benchmark: read from bench.toml or pyproject.toml, or suggested by an ASGI app."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncify.bench.find_main import FUNCTION
from asyncify.bench.scenario import CallCase, CommandCase, HttpCase, Request, Scenario
from asyncify.bench.settings import load_scenario
from asyncify.errors import ConfigError
from trees import write_files

CASE = """
[[case]]
name = "ask"
kind = "call"
callable = "shop:ask"
"""
SERVICE = '\n[[service]]\npath = "/orders/{id}"\n'

REFUSED = [
    ("a key that is unknown", CASE + "speed = 3", "bench.toml: case[0]: ", "unknown field `speed`"),
    ("a kind that is unknown", CASE.replace('"call"', '"grpc"'), "bench.toml: case[0].kind: ", "grpc"),
    ("a value of a wrong type", "timeout = 'long'" + CASE, "bench.toml: timeout: ", "Expected `float`"),
    ("no case", "case = []", "bench.toml: case: ", "add a [[case]]"),
    ("no TOML", "case = [", "bench.toml: ", "not valid TOML"),
    ("a name used twice", CASE + CASE, "bench.toml: case[0].name: ", "of its own"),
    ("a callable that names nothing", CASE.replace("shop:", "shop."), "bench.toml: case[0].callable: ", "module:name"),
    ("no request", '[[case]]\nname="a"\nkind="http"\napp="a:b"\nrequest=[]', "case[0].request: ", "[[case.request]]"),
    (
        "a path without a slash",
        '[[case]]\nname="a"\nkind="http"\napp="a:b"\nrequest=[{path="x"}]',
        "case[0].request[0].path: ",
        "begin it with /",
    ),
    ("more callers than requests", "levels = {10 = 5}" + CASE, "bench.toml: levels.10: ", "one request a caller"),
    ("a wait below nothing", CASE + SERVICE + "latency = -1", "service[0].latency: ", "0 or more"),
    ("a hole that nothing fills", CASE + SERVICE + 'json = "{idd}"', "service[0]: ", "nothing fills {idd}"),
    ("a broken pattern", CASE + SERVICE + 'when = {"body.a" = "("}', "service[0].when.body.a: ", "escape"),
    ("a part that requests lack", CASE + SERVICE + 'when = {"boddy.a" = ""}', "service[0].when: ", "begin it with"),
    ("two bodies", CASE + SERVICE + 'json = 1\ntext = "1"', "service[0]: ", "keep one"),
]


@pytest.mark.parametrize(("text", "where", "hint"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refuses(tmp_path: Path, text: str, where: str, hint: str) -> None:
    (tmp_path / "bench.toml").write_text(text)

    with pytest.raises(ConfigError) as refused:
        load_scenario(tmp_path)

    assert where in str(refused.value)
    assert hint in str(refused.value)


def test_reads_every_key(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text(
        'levels = {1 = 2, 5 = 10}\nenv = {URL = "{services}/v1"}\nignore = {answers = ["body.id"]}' + CASE + SERVICE
    )

    scenario = load_scenario(tmp_path)

    assert scenario.levels == {1: 2, 5: 10}
    assert scenario.env == {"URL": "{services}/v1"}
    assert scenario.ignore.answers == ("body.id",)
    assert scenario.cases == (CallCase(name="ask", callable="shop:ask"),)
    assert [service.path for service in scenario.services] == ["/orders/{id}"]


def test_pyproject_holds_the_same_keys(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(CASE.replace("[[case]]", "[[tool.asyncify.bench.case]]"))

    assert load_scenario(tmp_path) == Scenario(cases=(CallCase(name="ask", callable="shop:ask"),))


def test_a_refusal_names_the_table_of_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.asyncify.bench]\ncase = []")

    with pytest.raises(ConfigError, match=r"^pyproject\.toml: tool\.asyncify\.bench: case: "):
        load_scenario(tmp_path)


def test_an_app_suggests_its_plain_routes(tmp_path: Path) -> None:
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "web.py").write_text(
        "from fastapi import FastAPI\n"
        "app = FastAPI()\n"
        "@app.get('/health')\ndef health(): ...\n"
        "@app.get('/orders/{id}')\ndef order(id: int): ...\n"
        "@app.get('/search')\ndef search(text: str): ...\n"
        "@app.get('/list')\ndef list_all(limit: int = 10): ...\n"
        "@app.post('/orders')\ndef add(): ...\n"
    )

    expected = HttpCase(name="app", app="shop.web:app", requests=(Request(path="/health"), Request(path="/list")))
    assert load_scenario(tmp_path).cases == (expected,)


MAIN = "def main():\n    return 0\n"
PROGRAMS = [
    ("a console script", {"pyproject.toml": '[project.scripts]\nshop = "shop.cli:app.run"\n', "tool.py": MAIN},
     ("python", "-c", "import sys; from shop.cli import app; sys.exit(app.run())")),
    ("a package that can be run", {"src/shop/__main__.py": "print(1)\n", "tool.py": MAIN}, ("python", "-m", "shop")),
    ("a main that is run", {"a.py": MAIN, "shop/tool.py": f"{MAIN}if __name__ == '__main__':\n    main()\n"},
     ("python", "-m", "shop.tool")),
    ("a main", {"tests/tool.py": MAIN, "src/shop/tool.py": MAIN},
     ("python", "-c", FUNCTION.format(module="shop.tool"))),
]  # fmt: skip


@pytest.mark.parametrize(("files", "command"), [case[1:] for case in PROGRAMS], ids=[case[0] for case in PROGRAMS])
def test_a_program_is_found(tmp_path: Path, files: dict[str, str], command: tuple[str, ...]) -> None:
    write_files(tmp_path, {name: text.encode() for name, text in files.items()})

    assert load_scenario(tmp_path).cases == (CommandCase(name="main", command=command),)


def test_a_project_without_an_app_is_told_what_to_write(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text("def main(path): ...\n")

    with pytest.raises(ConfigError, match=r"no ASGI app or main found .* write a bench\.toml"):
        load_scenario(tmp_path)
