"""Reading one file: what is kept, what cannot be read, and the cache between runs."""

from __future__ import annotations

import ast
import sys
import sysconfig
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from asyncify.index import ParseFault, Summary, summarise, summarise_project
from asyncify.index.cache import Cache
from asyncify.project import Source, load_project


def read(text: str, path: str = "app.py") -> Summary:
    summary = summarise(Source(path, text.encode(), "utf-8", text))
    assert isinstance(summary, Summary), summary
    return summary


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own cache stays as it is."""
    monkeypatch.setattr("asyncify.index.cache.user_cache_dir", lambda *_: str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_functions_are_named_as_python_names_them() -> None:
    summary = read(
        "class A:\n    class B:\n        def m(self):\n            def inner(): ...\n            return lambda: 1\n"
        "def f(): ...\nasync def g():\n    yield 1\n"
    )

    names = {fact.qualname: (fact.is_async, fact.is_generator) for fact in summary.functions}
    assert names == {
        "A.B.m": (False, False),
        "A.B.m.<locals>.inner": (False, False),
        "A.B.m.<locals>.<lambda>": (False, False),
        "f": (False, False),
        "g": (True, True),
    }


def test_places_count_bytes_as_ast_does() -> None:
    text = 'def f(x):\n    return x["ä"] + g("é", x.fetch())\n'
    summary = read(text)

    wanted = {
        (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
    }
    numbers = memoryview(summary.sites).cast("I")
    assert {tuple(numbers[at : at + 4]) for at in range(0, len(numbers), 8)} == wanted


def test_imports_of_all_kinds() -> None:
    summary = read(
        "import a, b.c, d.e as f\nfrom . import g\nfrom ..h import i as j\nfrom k import *\n"
        "try:\n    import fast as m\nexcept ImportError:\n    import slow as m\n__all__ = ['a', 'g']\n"
    )

    assert [(fact.module, fact.name, fact.level, fact.bound) for fact in summary.imports if fact.bound] == [
        ("a", "", 0, "a"), ("b", "", 0, "b"), ("d.e", "", 0, "f"), ("", "g", 1, "g"), ("h", "i", 2, "j"),
        ("fast", "", 0, "m"), ("slow", "", 0, "m"),
    ]  # fmt: skip
    assert summary.stars == (("k", 0),)
    assert summary.exports == ("a", "g")


def test_attributes_and_fields_of_a_class() -> None:
    [cls] = read(
        "class C(Base[int], metaclass=M):\n    x: int\n    y: str = ''\n    def __init__(self):\n        self.a = f()\n"
        "    def other(self):\n        self.b = 1\n        def late():\n            self.c = g()\n"
    ).classes

    assert (cls.bases, cls.keywords) == (("Base",), ("metaclass",))
    assert cls.fields == ("x", "y")
    assert cls.attributes == ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "line"),
    [("def f(:\n", 1), ("x = 1\nprint 'a'\n", 2), ("x = '\0'\n", 1)],
    ids=["brackets", "print", "null"],
)
def test_what_cannot_be_parsed_is_reported(text: str, line: int) -> None:
    fault = summarise(Source("bad.py", text.encode(), "utf-8", text))

    assert isinstance(fault, ParseFault)
    assert (fault.path, fault.line) == ("bad.py", line)
    assert fault.why


def test_what_is_nested_too_deeply_is_reported() -> None:
    text = "x = " + "(" * 150 + "1" + ")" * 150 + "\ny = " + "-" * 50_000 + "1\n"

    assert isinstance(summarise(Source("deep.py", text.encode(), "utf-8", text)), ParseFault)


def write_project(root: Path) -> Path:
    root.mkdir()
    for name in ("a", "b", "c"):
        (root / f"{name}.py").write_text(f"import {name}x\ndef {name}():\n    return {name}x.run()\n")
    (root / "bad.py").write_text("def (\n")
    return root


def test_the_cache_answers_for_what_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_project(tmp_path / "project")
    first = summarise_project(load_project(root))
    (root / "b.py").write_text("def changed(): ...\n")
    parsed: list[str] = []
    monkeypatch.setattr(
        "asyncify.index.build.summarise", lambda source: parsed.append(source.path) or summarise(source)
    )
    second = summarise_project(load_project(root))

    assert parsed == ["b.py"]
    assert [fault.path for fault in second.faults] == ["bad.py"]
    assert [summary.functions[0].name for summary in second.summaries] == ["a", "changed", "c"]
    assert second.summaries[0] == first.summaries[0]


def test_without_cache_nothing_is_written(tmp_path: Path, cache_folder: Path) -> None:
    summarise_project(load_project(write_project(tmp_path / "project")), cache=False)

    assert not cache_folder.exists()


@pytest.mark.parametrize("damage", [b"", b"\x93nonsense", b"\xff" * 100], ids=["empty", "cut short", "noise"])
def test_a_damaged_cache_counts_as_empty(tmp_path: Path, damage: bytes) -> None:
    project = load_project(write_project(tmp_path / "project"))
    wanted = summarise_project(project)
    Cache(project.root).file.write_bytes(damage)

    assert summarise_project(project) == wanted


def test_the_cache_of_another_version_counts_as_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = load_project(write_project(tmp_path / "project"))
    summarise_project(project)
    assert Cache(project.root).load()
    monkeypatch.setattr("asyncify.index.cache.__version__", "another")

    assert Cache(project.root).load() == {}


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, cache_folder: Path) -> None:
    cache_folder.write_text("a file where the folder should be")
    project = load_project(write_project(tmp_path / "project"))

    assert len(summarise_project(project).summaries) == 3


def test_a_run_that_is_killed_leaves_the_old_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = load_project(write_project(tmp_path / "project"))
    summarise_project(project)
    before = Cache(project.root).file.read_bytes()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("asyncify.index.cache.Path.replace", die)
    (project.root / "a.py").write_text("x = 1\n")
    with pytest.raises(KeyboardInterrupt):
        summarise_project(load_project(project.root))

    assert Cache(project.root).file.read_bytes() == before


def _save(root: str, folder: str) -> int:
    project = load_project(Path(root))
    cache = Cache(project.root, Path(folder))
    for _ in range(20):
        known = {source.path: (source.digest, b"", summarise(source)) for source in project.sources}
        cache.save(known)
        assert len(cache.load()) == len(known)
    return len(cache.load())


def test_two_runs_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(_save, [str(root)] * 2, [str(tmp_path / "shared")] * 2))

    assert results == [4, 4]
    assert [file.suffix for file in (tmp_path / "shared").iterdir()] == [".summaries"]


def test_processes_do_not_change_the_result(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    for number in range(20):
        (root / f"m{number}.py").write_text(f"import m{(number + 1) % 20} as n\ndef f(): return n.f()\n")
    project = load_project(root)

    assert summarise_project(project, cache=False, jobs=2) == summarise_project(project, cache=False)


def test_reads_the_standard_library() -> None:
    library = Path(sysconfig.get_path("stdlib"))
    read_files = 0
    for file in sorted(library.glob("[a-f]*.py")):
        text = file.read_text("utf-8")
        summary = summarise(Source(file.name, text.encode(), "utf-8", text))
        assert isinstance(summary, Summary), (file, summary)
        tree = ast.parse(text)
        defined = sum(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for node in ast.walk(tree))
        assert len(summary.functions) == defined, file
        read_files += 1

    assert read_files > 20, sys.path


def test_one_changed_file_of_many_is_read_again_and_does_not_rewrite_the_cache(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    for number in range(150):
        (root / f"m{number}.py").write_text(f"x = {number}\n")
    summarise_project(load_project(root))
    before = Cache(root).file.read_bytes()
    (root / "m7.py").write_text("def f():\n    return g()\n")

    summaries = summarise_project(load_project(root)).summaries

    assert [summary.path for summary in summaries if summary.functions] == ["m7.py"]
    assert Cache(root).file.read_bytes() == before
