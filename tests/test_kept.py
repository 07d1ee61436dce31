"""What is kept between runs: the answers are those of a run that keeps nothing, whatever is edited in between."""

from __future__ import annotations

import ast
import random
import sysconfig
import textwrap
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from asyncify.colour import colour
from asyncify.index import summarise_project
from asyncify.infer import infer
from asyncify.infer.facts import Index
from asyncify.infer.graph import Graph
from asyncify.infer.kept import _Solved
from asyncify.infer.link import Solver
from asyncify.project import load_project
from support import SHIPPED, load_constructs

TABLES = Path(__file__).parent / "language"
MODULES = ("http/client.py", "smtplib.py", "socketserver.py", "threading.py", "functools.py", "contextlib.py")
SILENT = ("# a comment", "'a text'", "", "pass", "3.14")  # what inference does not see
LOUD = (
    "import time; time.sleep(1)",
    "print(len([1]))",
    "_new = Exception",
    "def _added(x): return x.close()",
    "raise ValueError",
)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncify.index.cache.user_cache_dir", lambda *_: str(tmp_path / "cache"))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for name in MODULES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes((Path(sysconfig.get_path("stdlib")) / name).read_bytes())
    return root


def analyse(root: Path, cache: bool) -> Index:
    project = load_project(root)
    return infer(summarise_project(project, cache=cache), SHIPPED, project.root if cache else None)


def everything(index: Index) -> dict[str, object]:
    assert index.graph is not None
    return {
        "functions": dict(index.functions),
        "files": {path: index.files[path] for path in index.files},
        "families": index.families,
        "imports": dict(index.imports),
        "verdicts": dict(colour(index, SHIPPED).verdicts),
        "wishes": dict(colour(index, SHIPPED, barriers=False).verdicts),
        "graph": {name: getattr(index.graph, name) for name in index.graph.__slots__ if name != "objects"},
    }


def edit(file: Path, dice: random.Random, line: str) -> None:
    """Put a line before some statement that stands on a line of its own, in a body."""
    text = file.read_text("utf-8")
    bodies = [node.body for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    statements = [part for body in bodies for part in body[1:] if not getattr(part, "decorator_list", ())]
    at = dice.choice(statements)
    lines = text.splitlines(keepends=True)
    lines.insert(at.lineno - 1, f"{' ' * at.col_offset}{line}\n")
    changed = "".join(lines)
    ast.parse(changed)
    file.write_text(changed, "utf-8")


def refuse(*_: object) -> None:
    raise AssertionError("solved again")


@pytest.mark.parametrize("seed", range(3))
def test_answers_are_those_of_a_cold_run_after_any_edits(tree: Path, seed: int) -> None:
    dice = random.Random(seed)
    analyse(tree, cache=True)
    for _ in range(4):
        edit(tree / dice.choice(MODULES), dice, dice.choice(SILENT + LOUD))

        assert everything(analyse(tree, cache=True)) == everything(analyse(tree, cache=False))


@pytest.mark.parametrize("line", SILENT)
def test_what_inference_does_not_see_is_not_solved_again(
    tree: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    analyse(tree, cache=True)
    edit(tree / "smtplib.py", random.Random(line), line)
    cold = everything(analyse(tree, cache=False))
    monkeypatch.setattr(Solver, "solve", refuse)

    assert everything(analyse(tree, cache=True)) == cold


@pytest.mark.parametrize(
    "change",
    [
        lambda root: edit(root / "smtplib.py", random.Random(1), LOUD[0]),
        lambda root: (root / "more.py").write_text("import smtplib\n"),
        lambda root: (root / "functools.py").unlink(),
        lambda root: (root / "functools.py").rename(root / "other.py"),
    ],
    ids=["a call", "a new file", "a file less", "another name"],
)
def test_what_others_may_see_is_solved_again(
    tree: Path, change: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    analyse(tree, cache=True)
    change(tree)
    monkeypatch.setattr(Solver, "solve", refuse)

    with pytest.raises(AssertionError, match="solved again"):
        analyse(tree, cache=True)


def test_other_rules_solve_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analyse(tree, cache=True)
    monkeypatch.setattr("test_kept.SHIPPED", replace(SHIPPED, packs=SHIPPED.packs[1:]))
    monkeypatch.setattr(Solver, "solve", refuse)

    with pytest.raises(AssertionError, match="solved again"):
        analyse(tree, cache=True)


@pytest.mark.parametrize("damage", [b"", b"\x00", b"half"])
def test_a_damaged_file_counts_as_none(tree: Path, tmp_path: Path, damage: bytes) -> None:
    cold = everything(analyse(tree, cache=True))
    (kept,) = (tmp_path / "cache").glob("*.solved")
    kept.write_bytes(damage or kept.read_bytes()[:-9])

    assert everything(analyse(tree, cache=True)) == cold


def test_a_kept_solution_says_the_same_of_every_construct(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """All programs of the language table, as one project."""
    root = tmp_path / "project"
    root.mkdir()
    rows = [row for table in sorted(TABLES.glob("*.toml")) for row in load_constructs(table)]
    for number, row in enumerate(rows):
        (root / f"program_{number}.py").write_text(textwrap.dedent(row["before"]), "utf-8")
    cold = everything(analyse(root, cache=True))
    monkeypatch.setattr(Solver, "solve", refuse)

    assert everything(analyse(root, cache=True)) == cold


def test_all_of_the_graph_is_kept() -> None:
    made_anew = {"objects", "ids", "number_of"}

    assert {field.name for field in fields(Graph)} - made_anew <= set(_Solved.__struct_fields__)
