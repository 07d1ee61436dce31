"""The support module holds the helpers in use and what they need, and reads as if written by hand."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from asyncify.errors import RuleError
from asyncify.support.assemble import SOURCES, assemble, needs, public_names

ROOT = Path(__file__).parent.parent
COMBINATIONS = [
    *(frozenset({name}) for name in sorted(public_names())),
    frozenset({"get", "json_of"}),
    frozenset({"Session", "run", "bounded_map"}),
    public_names(),
]


def _defined(text: str) -> set[str]:
    return {
        node.name
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }


def test_every_source_is_assembled() -> None:
    folder = ROOT / "src" / "asyncify" / "support"

    assert {path.stem for path in folder.glob("*.py")} == {*SOURCES, "__init__", "assemble"}


@pytest.mark.parametrize("names", COMBINATIONS, ids=lambda names: "+".join(sorted(names))[:40])
def test_a_module_stands_on_its_own(names: frozenset[str]) -> None:
    text = assemble(names)
    namespace: dict[str, object] = {"__name__": "_aio"}
    sys.modules["_aio"] = type(sys)("_aio")
    exec(compile(text, "_aio.py", "exec"), namespace)

    assert names <= namespace.keys()
    assert "asyncify" not in text
    assert "requests" not in {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith("import ")}


def test_what_is_not_needed_is_left_out() -> None:
    assert _defined(assemble(frozenset({"settle"}))) == {"settle"}
    assert _defined(assemble(frozenset({"bounded_map"}))) == {"bounded_map"}
    assert len(assemble(frozenset({"bounded_map", "run"})).splitlines()) < 110
    assert _defined(assemble(frozenset({"get"}))).isdisjoint({"Adapter", "Retry", "TaskPool", "post", "lifespan"})


def test_needs_names_the_distribution_to_install() -> None:
    assert needs(frozenset({"run", "bounded_map", "TaskPool"})) == frozenset()
    assert needs(frozenset({"get"})) == needs(frozenset({"json_of"})) == {"aiohttp"}


def test_the_same_names_give_the_same_text() -> None:
    assert assemble(frozenset({"run", "get"})) == assemble(frozenset({"get", "run"}))


@pytest.mark.parametrize("name", ["no_such_helper", "_client", "asyncio"])
def test_a_name_that_is_no_helper_is_refused(name: str) -> None:
    with pytest.raises(RuleError, match=name):
        assemble(frozenset({name}))


def test_the_text_is_formatted_and_its_imports_are_in_order(tmp_path: Path) -> None:
    for number, names in enumerate(COMBINATIONS):
        (tmp_path / f"aio_{number}.py").write_text(assemble(names), "utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", str(tmp_path)]
    formatted = subprocess.run([*ruff, "format", "--check", *config], capture_output=True, text=True, check=False)
    linted = subprocess.run(
        [*ruff, "check", "--ignore", "ASYNC109,UP041", *config], capture_output=True, text=True, check=False
    )

    assert (formatted.returncode, linted.returncode) == (0, 0), formatted.stdout + linted.stdout


def test_no_helper_goes_by_the_name_of_another_module() -> None:
    """A traceback names the module in which the class can be found; pickles look it up there."""
    text = assemble(public_names())

    assert "__module__" not in text
