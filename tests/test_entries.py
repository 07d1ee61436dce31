"""Commands are found where they are declared, and so are the functions that they call."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncify.entries import EntryPoint, console_scripts, entry_functions, module_names
from asyncify.place import Place
from asyncify.project import load_project
from trees import write_files

PYPROJECT = """\
[project.scripts]
one = "pkg.cli:main"
"two" = "pkg.cli:Tool.run"
[project.gui-scripts]
three = "pkg.gui : start [gui]"
[project.entry-points.console_scripts]
four = "pkg:main"
[tool.poetry.scripts]
five = "pkg.five:main"
six = {reference = "pkg.six:main", type = "console"}
"""
SETUP_CFG = """\
[options.entry_points]
console_scripts =
    seven = pkg.seven:main
    # eight = pkg.eight:main
gui_scripts = nine = pkg.nine:main
other =
    ten = pkg.ten:main
"""
SETUP_PY = """\
raise SystemExit("never run")
setup(
    entry_points={
        "console_scripts": ["eleven=pkg.eleven:main", f"{x} = y:z"],
        "gui_scripts": '''
            twelve = pkg.twelve:main
        ''',
    },
)
"""


def names(entries: tuple[EntryPoint, ...]) -> dict[str, str]:
    return {entry.name: f"{entry.module}:{entry.attribute}" for entry in entries}


def test_pyproject_declares_commands(tmp_path: Path) -> None:
    write_files(tmp_path, {"pyproject.toml": PYPROJECT.encode()})

    entries = console_scripts(tmp_path)

    assert names(entries) == {
        "one": "pkg.cli:main",
        "two": "pkg.cli:Tool.run",
        "three": "pkg.gui:start",
        "four": "pkg:main",
        "five": "pkg.five:main",
        "six": "pkg.six:main",
    }
    assert EntryPoint("one", "pkg.cli", "main", Place("pyproject.toml", 2, 7, 2, 19)) in entries


def test_setup_cfg_declares_commands(tmp_path: Path) -> None:
    write_files(tmp_path, {"setup.cfg": SETUP_CFG.encode()})

    entries = console_scripts(tmp_path)

    assert names(entries) == {"seven": "pkg.seven:main", "nine": "pkg.nine:main"}
    assert [entry.declared.line for entry in entries] == [5, 3]


def test_setup_py_declares_commands_literally_and_is_not_run(tmp_path: Path) -> None:
    write_files(tmp_path, {"setup.py": SETUP_PY.encode()})

    entries = console_scripts(tmp_path)

    assert names(entries) == {"eleven": "pkg.eleven:main", "twelve": "pkg.twelve:main"}
    assert [entry.declared.line for entry in entries] == [4, 5]


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.cfg", "setup.py"])
def test_a_file_that_cannot_be_read_declares_nothing(tmp_path: Path, name: str) -> None:
    write_files(tmp_path, {name: b"[[[\n(("})

    assert console_scripts(tmp_path) == ()


@pytest.mark.parametrize(
    ("path", "paths", "expected"),
    [
        ("pkg/mod.py", ["pkg/__init__.py"], ("pkg.mod",)),
        ("pkg/__init__.py", ["pkg/__init__.py"], ("pkg",)),
        ("pkg/sub/__init__.py", ["pkg/__init__.py", "pkg/sub/__init__.py"], ("pkg.sub",)),
        ("src/pkg/mod.py", ["src/pkg/__init__.py"], ("pkg.mod", "src.pkg.mod")),
        ("src/pkg/mod.py", [], ("mod", "pkg.mod", "src.pkg.mod")),
        ("lib/python/pkg/mod.py", ["lib/python/pkg/__init__.py"], ("pkg.mod", "lib.python.pkg.mod")),
        ("mod.py", [], ("mod",)),
        ("__init__.py", ["__init__.py"], ()),
    ],
)
def test_module_names(path: str, paths: list[str], expected: tuple[str, ...]) -> None:
    assert module_names(path, paths) == expected


def functions_of(root: Path, files: dict[str, str], functions: set[str], path: str = "") -> frozenset[str]:
    write_files(root, {name: text.encode() for name, text in files.items()})
    return entry_functions(load_project(root / path), functions)


SCRIPT = '[project.scripts]\nx = "pkg.cli:main"\n'


@pytest.mark.parametrize("folder", ["", "src/", "python/lib/"])
def test_the_function_is_found_in_any_layout(tmp_path: Path, folder: str) -> None:
    files = {"pyproject.toml": SCRIPT, f"{folder}pkg/__init__.py": "", f"{folder}pkg/cli.py": ""}
    id_ = f"{folder}pkg/cli.py::main"

    assert functions_of(tmp_path, files, {id_, f"{folder}pkg/__init__.py::main"}) == {id_}


def test_a_package_without_init_is_found(tmp_path: Path) -> None:
    files = {"pyproject.toml": SCRIPT, "src/pkg/cli.py": "", "src/other/cli.py": ""}

    assert functions_of(tmp_path, files, {"src/pkg/cli.py::main", "src/other/cli.py::main"}) == {"src/pkg/cli.py::main"}


@pytest.mark.parametrize("path", ["src/pkg", "src", "src/pkg/cli.py"])
def test_the_declaration_may_stand_above_the_root(tmp_path: Path, path: str) -> None:
    files = {"pyproject.toml": SCRIPT, "src/pkg/__init__.py": "", "src/pkg/cli.py": ""}
    id_ = f"{Path('src/pkg/cli.py').relative_to(path if path != 'src/pkg/cli.py' else 'src/pkg').as_posix()}::main"

    assert functions_of(tmp_path, files, {id_}, path) == {id_}


def test_names_that_are_imported_are_followed(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project.scripts]\nx = "pkg:start"\n',
        "pkg/__init__.py": "from .cli import run as start\n",
        "pkg/cli/__init__.py": "from pkg.cli.app import *\nfrom .app import main as run\n",
        "pkg/cli/app.py": "def main(): ...\n",
    }

    assert functions_of(tmp_path, files, {"pkg/cli/app.py::main"}) == {"pkg/cli/app.py::main"}


def test_imports_in_a_ring_come_to_an_end(tmp_path: Path) -> None:
    files = {"pyproject.toml": SCRIPT, "pkg/__init__.py": "from .cli import main", "pkg/cli.py": "from . import main"}

    assert functions_of(tmp_path, files, set()) == frozenset()


def test_methods_and_later_definitions_are_found(tmp_path: Path) -> None:
    files = {"pyproject.toml": '[project.scripts]\nx = "cli:Tool.run"\ny = "cli:main"\n', "cli.py": ""}
    functions = {"cli.py::Tool.run", "cli.py::main", "cli.py::main#2", "cli.py::main#3"}

    assert functions_of(tmp_path, files, functions) == {"cli.py::Tool.run", "cli.py::main#3"}


def test_an_object_that_is_no_function_is_left_out(tmp_path: Path) -> None:
    files = {"pyproject.toml": SCRIPT, "pkg/cli.py": "main = make_app()\n"}

    assert functions_of(tmp_path, files, {"pkg/cli.py::other"}) == frozenset()
