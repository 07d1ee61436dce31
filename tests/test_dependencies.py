"""Dependency files are edited where the dropped name stood, with all else kept to the byte."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from asyncify.dependencies import DependencyEdit, Swap, change_dependencies, swap_dependencies
from trees import snapshot, write_files

REQUIRES = ("aiohttp>=3.12",)
DROPS = ("requests",)


def edit(
    root: Path, files: dict[str, str], requires: tuple[str, ...] = REQUIRES, drops: tuple[str, ...] = DROPS
) -> DependencyEdit:
    write_files(root, {path: text.encode() for path, text in files.items()})
    before = snapshot(root)
    result = change_dependencies(root, requires, drops)
    assert snapshot(root) == before  # nothing is written here
    return result


def edited(
    root: Path, path: str, before: str, requires: tuple[str, ...] = REQUIRES, drops: tuple[str, ...] = DROPS
) -> str:
    """The text after, for a project with one dependency file."""
    changes = edit(root, {path: before}, requires, drops).changes
    assert [change.path for change in changes] in ([], [path])
    return (changes[0].after or b"").decode() if changes else before


PYPROJECT = """\
[project]  # ours
name = "x"
dependencies = [
    "fastapi>=0.115",     # the web
    'requests[socks]>=2.31',  # calls
    # about six
    "six",
]

[project.optional-dependencies]
http = ["requests", "x"]
dev = [ "pytest", "requests" ]

[dependency-groups]
test = [
  {include-group = "base"},
  "requests==2.31",
]

[tool.uv]
dev-dependencies = ["Requests"]
"""


def test_pyproject_lists_keep_position_style_and_comments(tmp_path: Path) -> None:
    expected = (
        PYPROJECT.replace("'requests[socks]>=2.31'", "'aiohttp>=3.12'")
        .replace('["requests", "x"]', '["aiohttp>=3.12", "x"]')
        .replace('"pytest", "requests"', '"pytest", "aiohttp>=3.12"')
        .replace('"requests==2.31"', '"aiohttp>=3.12"')
        .replace('["Requests"]', '["aiohttp>=3.12"]')
    )

    assert edited(tmp_path, "pyproject.toml", PYPROJECT) == expected


def test_line_ends_and_bom_are_kept(tmp_path: Path) -> None:
    before = "\ufeff" + PYPROJECT.replace("\n", "\r\n")

    after = edited(tmp_path, "pyproject.toml", before)

    assert after.startswith("\ufeff[project]")
    assert after.count("\r\n") == after.count("\n") == before.count("\n")


def test_an_edit_with_nothing_to_do_changes_nothing(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": PYPROJECT,
        "requirements.txt": "requests\n",
        "setup.cfg": "[options]\ninstall_requires =\n  requests\n",
    }

    assert edit(tmp_path, files, (), ()) == DependencyEdit()
    assert edit(tmp_path, files, ("Requests>=2",), ()) == DependencyEdit()
    assert edit(tmp_path, files, (), ("nothing-like-it",)) == DependencyEdit()


def test_a_second_edit_finds_nothing_to_do(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": PYPROJECT,
        "requirements.txt": "requests  # x\n",
        "setup.cfg": "[options]\ninstall_requires =\n  requests\n",
    }
    first = edit(tmp_path, files)

    assert len(first.changes) == 3
    assert edit(tmp_path, {change.path: (change.after or b"").decode() for change in first.changes}).changes == ()


def array(*lines: str) -> str:
    return "[project]\ndependencies = [\n" + "".join(f"    {line}\n" for line in lines) + "]\n"


NEW = '"aiohttp>=3.12",'
MAIN_CASES = {
    "is there already": (['"aiohttp",  # a', '"requests",  # r', '"six",'], ['"aiohttp",  # a', '"six",']),
    "the only one": (['"requests",'], [NEW]),
    "no trailing comma": (['"requests"'], ['"aiohttp>=3.12"']),
    "a marker": (["\"requests ; python_version<'4'\","], ["\"aiohttp>=3.12 ; python_version<'4'\","]),
    "two markers": (
        ["\"requests==1; os_name=='nt'\",", "\"requests>=2; os_name!='nt'\","],
        ["\"aiohttp>=3.12; os_name=='nt'\",", "\"aiohttp>=3.12; os_name!='nt'\","],
    ),
    "an address": (['"requests @ git+https://example.org/r.git",'], [NEW]),
    "like names stay": (['"requests-mock",', '"types-requests",', '"requests",'],
                        ['"requests-mock",', '"types-requests",', NEW]),
    "sorted": (['"b",', '"d",'], [NEW, '"b",', '"d",']),
    "not sorted": (['"z",', '"d",  # d'], ['"z",', '"d",  # d', NEW]),
}  # fmt: skip


@pytest.mark.parametrize("name", MAIN_CASES)
def test_the_main_list(tmp_path: Path, name: str) -> None:
    before, after = MAIN_CASES[name]

    assert edited(tmp_path, "pyproject.toml", array(*before)) == array(*after)


LIST_CASES = {
    "empty": ("[project]\ndependencies = []\n", '[project]\ndependencies = ["aiohttp>=3.12"]\n'),
    "no list": (
        '[project]\nname = "x"\n\n[tool.x]\ny = 1\n',
        '[project]\nname = "x"\ndependencies = ["aiohttp>=3.12"]\n\n[tool.x]\ny = 1\n',
    ),
    "for development only is not enough": (
        '[project]\ndependencies = ["six"]\n[dependency-groups]\ndev = ["requests"]\n',
        '[project]\ndependencies = ["six", "aiohttp>=3.12"]\n[dependency-groups]\ndev = ["aiohttp>=3.12"]\n',
    ),
    "an extra is enough": (
        '[project]\nname = "x"\n[project.optional-dependencies]\nhttp = ["requests"]\n',
        '[project]\nname = "x"\n[project.optional-dependencies]\nhttp = ["aiohttp>=3.12"]\n',
    ),
}


@pytest.mark.parametrize("name", LIST_CASES)
def test_where_the_lists_of_pyproject_are_not_alike(tmp_path: Path, name: str) -> None:
    before, after = LIST_CASES[name]
    tomllib.loads(after)

    assert edited(tmp_path, "pyproject.toml", before) == after


POETRY = """\
[tool.poetry]
name = "x"

[tool.poetry.dependencies]
python = "^3.11"
requests = "^2.31"  # calls
six = "*"

[tool.poetry.group.http.dependencies]
"requests" = { version = "^2", optional = true, extras = ["socks"], python = ">=3.9" }

[tool.poetry.group.test.dependencies]
Requests = {git = "https://example.org/r.git"}

[tool.poetry.extras]
http = ["requests", "six"]
"""


def test_poetry_tables_keep_position_and_comments(tmp_path: Path) -> None:
    result = edit(tmp_path, {"pyproject.toml": POETRY})

    expected = (
        POETRY.replace('requests = "^2.31"', 'aiohttp = ">=3.12"')
        .replace(
            '"requests" = { version = "^2", optional = true, extras = ["socks"], python = ">=3.9" }',
            'aiohttp = { version = ">=3.12", optional = true, python = ">=3.9" }',
        )
        .replace('["requests", "six"]', '["aiohttp", "six"]')
    )
    assert (result.changes[0].after or b"").decode() == expected
    assert result.notes == (
        "pyproject.toml: tool.poetry.group.test.dependencies.Requests has a form that is not edited; "
        "replace it with aiohttp>=3.12",
    )


def test_poetry_gains_and_loses(tmp_path: Path) -> None:
    before = '[tool.poetry.dependencies]\npython = "^3.9"\naiohttp = "^3.12"\nrequests = "*"\n\n[tool.x]\n'

    assert edited(tmp_path, "pyproject.toml", before) == before.replace('requests = "*"\n', "")
    before = '[tool.poetry.dependencies]\npython = "^3.9"\n\n[tool.x]\n'
    assert edited(tmp_path, "pyproject.toml", before, drops=()) == before.replace(
        '"^3.9"\n', '"^3.9"\naiohttp = ">=3.12"\n'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# all\n-r base.txt\nrequests==2.31.0  # http\nsix\n", "# all\n-r base.txt\naiohttp>=3.12  # http\nsix\n"),
        ("requests", "aiohttp>=3.12"),
        ("six\r\nrequests[socks] >= 2 ; python_version > '3'\r\n", "six\r\naiohttp>=3.12 ; python_version > '3'\r\n"),
        ("aiohttp\nrequests\nsix\n", "aiohttp\nsix\n"),
        ("b\nc", "aiohttp>=3.12\nb\nc"),
        ("c\nb", "c\nb\naiohttp>=3.12"),
        ("c\r\nb  # x\r\n\r\n# end\r\n", "c\r\nb  # x\r\naiohttp>=3.12\r\n\r\n# end\r\n"),
        ("", "aiohttp>=3.12\n"),
        ("-r base.txt", "-r base.txt\naiohttp>=3.12\n"),
        ("-e .\nrequests_oauthlib\nrequests\n", "-e .\nrequests_oauthlib\naiohttp>=3.12\n"),
    ],
)
def test_requirements(tmp_path: Path, before: str, after: str) -> None:
    assert edited(tmp_path, "requirements.txt", before) == after


LOCKED = "requests==2.31.0 \\\n    --hash=sha256:00\nsix==1 --hash=sha256:11\n"


def test_a_file_with_hashes_is_reported_and_not_edited(tmp_path: Path) -> None:
    result = edit(tmp_path, {"requirements.txt": LOCKED, "requirements.in": "requests\n"})

    assert [change.path for change in result.changes] == ["requirements.in"]
    assert result.notes == ("requirements.txt: is locked and names requests; compile it anew",)


def test_a_compiled_file_is_reported_and_not_edited(tmp_path: Path) -> None:
    result = edit(
        tmp_path,
        {
            "requirements.txt": "# This file is autogenerated by pip-compile\nrequests==2\n",
            "setup.cfg": "[options]\ninstall_requires =\n    requests\n",
        },
    )

    assert [change.path for change in result.changes] == ["setup.cfg"]
    assert result.notes == ("requirements.txt: is locked and names requests; compile it anew",)


def test_what_repeats_the_main_list_gains_the_requirement_too(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": array('"requests",', '"six",'),
        "requirements.txt": "requests\nsix\n",
        "requirements-dev.txt": "pytest\n",
        "requirements/extra.txt": "x\n",
    }

    result = edit(tmp_path, files, drops=())

    assert {change.path: change.after for change in result.changes} == {
        "pyproject.toml": array('"aiohttp>=3.12",', '"requests",', '"six",').encode(),
        "requirements.txt": b"aiohttp>=3.12\nrequests\nsix\n",
    }


def test_each_library_takes_the_place_of_its_own(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"requirements.txt": b"psycopg2-binary\nrequests\n", "requirements-db.txt": b"psycopg2-binary\n"}
    )
    swaps = [Swap(REQUIRES, DROPS), Swap(("asyncpg>=0.30",), ("psycopg2", "psycopg2-binary"))]

    after = {change.path: change.after for change in swap_dependencies(tmp_path, swaps).changes}

    assert after == {"requirements.txt": b"asyncpg>=0.30\naiohttp>=3.12\n", "requirements-db.txt": b"asyncpg>=0.30\n"}


SETUP_CFG = """\
[metadata]
name = x
requires = requests

[options]
packages = find:
install_requires =
    fastapi
    # calls
    requests>=2 ; python_version > "3"
    six

[options.extras_require]
http = requests[socks]
test =
\tpytest
\trequests

[tool:pytest]
addopts = requests
"""


def test_setup_cfg_is_edited_line_by_line(tmp_path: Path) -> None:
    after = (
        SETUP_CFG.replace('    requests>=2 ; python_version > "3"', '    aiohttp>=3.12 ; python_version > "3"')
        .replace("http = requests[socks]", "http = aiohttp>=3.12")
        .replace("\trequests", "\taiohttp>=3.12")
    )

    assert edited(tmp_path, "setup.cfg", SETUP_CFG) == after
    assert edited(tmp_path, "setup.cfg", SETUP_CFG.replace("\n", "\r\n")) == after.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "[options]\ninstall_requires =\n  b\n  c\n\n[x]\n",
            "[options]\ninstall_requires =\n  aiohttp>=3.12\n  b\n  c\n\n[x]\n",
        ),
        ("[options]\ninstall_requires =\n  c\n  b", "[options]\ninstall_requires =\n  c\n  b\n  aiohttp>=3.12\n"),
        (
            "[options]\ninstall_requires =\nzip_safe = 1\n",
            "[options]\ninstall_requires =\n    aiohttp>=3.12\nzip_safe = 1\n",
        ),
        ("[options]\ninstall_requires = requests\n", "[options]\ninstall_requires = aiohttp>=3.12\n"),
        ("[options]\ninstall_requires =\n  aiohttp\n  requests\n", "[options]\ninstall_requires =\n  aiohttp\n"),
    ],
)
def test_setup_cfg(tmp_path: Path, before: str, after: str) -> None:
    assert edited(tmp_path, "setup.cfg", before) == after


def test_several_on_one_line_of_setup_cfg_are_reported(tmp_path: Path) -> None:
    result = edit(tmp_path, {"setup.cfg": "[options]\ninstall_requires = requests; six\n"})

    assert result.changes == ()
    assert "replace 'requests; six' by hand" in result.notes[0]


def test_setup_py_is_reported_never_run_and_never_edited(tmp_path: Path) -> None:
    source = 'import boom\nraise SystemExit\nsetup(\n    install_requires=["six",\n        "requests>=2"],\n)\n'

    result = edit(tmp_path, {"setup.py": source})

    assert result.changes == ()
    assert result.notes == (
        "setup.py: line 5 lists 'requests>=2', which nothing uses any more; replace it with aiohttp>=3.12",
        "setup.py: is not edited; add aiohttp>=3.12 to install_requires",
    )


def test_locks_that_no_longer_fit_are_reported(tmp_path: Path) -> None:
    result = edit(tmp_path, {"pyproject.toml": array('"requests",'), "uv.lock": "x", "poetry.lock": "x"})

    assert result.notes == (
        "poetry.lock: no longer fits pyproject.toml; run `poetry lock`",
        "uv.lock: no longer fits pyproject.toml; run `uv lock`",
    )


def test_a_version_that_is_too_old_is_reported(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": array('"aiohttp<3.9",'),
        "requirements.txt": "aiohttp==3.8.1\n",
        "setup.cfg": "[options]\ninstall_requires =\n  aiohttp>=3.0,<4\n",
    }

    result = edit(tmp_path, files)

    assert result.changes == ()
    assert result.notes == (
        "pyproject.toml: project.dependencies holds 'aiohttp<3.9', which is too old",
        "requirements.txt: holds 'aiohttp==3.8.1', which is too old",
    )


def test_without_any_list_the_need_is_reported(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[tool.ruff]\n", "Pipfile": '[packages]\nrequests = "*"\n'}

    result = edit(tmp_path, files)

    assert result.changes == ()
    assert result.notes == (
        "Pipfile: is not edited; it names requests, which nothing uses any more",
        f"{tmp_path.name}: no file lists its requirements; the new code needs aiohttp>=3.12",
    )


@pytest.mark.parametrize(
    ("path", "data"), [("pyproject.toml", b"[project\n"), ("requirements.txt", "requests\n".encode("utf-16"))]
)
def test_a_file_that_cannot_be_read_is_reported_and_left(tmp_path: Path, path: str, data: bytes) -> None:
    write_files(tmp_path, {path: data})

    result = change_dependencies(tmp_path, REQUIRES, DROPS)

    assert result.changes == ()
    assert result.notes[0].startswith(f"{path}: ")
    assert "not edited" in result.notes[0]


def test_a_single_file_has_no_dependency_files(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": b"", "requirements.txt": b"requests\n"})

    assert change_dependencies(tmp_path / "a.py", REQUIRES, DROPS) == DependencyEdit()


def test_pip_reads_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        edited(tmp_path, "requirements.txt", "requests==2 # x\npackaging\n", ("pip>=1",)), "utf-8"
    )
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--no-index",
        "-q",
        "-r",
        str(tmp_path / "requirements.txt"),
    ]

    assert subprocess.run(command, capture_output=True).returncode == 0
