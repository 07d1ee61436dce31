"""Settings come from the nearest pyproject.toml and from flags; a wrong one is named with file, key and hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncify.config import Config, load_config
from asyncify.errors import ConfigError
from asyncify.plan.concurrency.setting import Which
from trees import write_files


def project(root: Path, pyproject: str) -> Path:
    return write_files(root, {"pyproject.toml": pyproject.encode()})


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert load_config(tmp_path) == Config(path=tmp_path)


def test_the_file_sets_what_it_names(tmp_path: Path) -> None:
    text = """
        [project]
        requires-python = ">=3.11"
        [tool.asyncify]
        rules = ["more", "../shared.toml"]
        profiles = ["psycopg"]
        exclude = ["vendored/"]
        support = "aio"
        unsafe = true
        concurrency = "off"
        limits = { http = 20 }
        cache = false
        jobs = 4
    """
    root = project(tmp_path, text)

    assert load_config(root) == Config(
        path=root,
        rules=(root / "more", root / "../shared.toml"),
        profiles=("psycopg",),
        exclude=("vendored/",),
        support="aio",
        unsafe=True,
        concurrency=Which.OFF,
        limits=(("http", 20),),
        cache=False,
        jobs=4,
        python=(3, 11),
        file=root / "pyproject.toml",
    )


def test_flags_win_and_lists_are_joined(tmp_path: Path) -> None:
    text = '[tool.asyncify]\nrules = ["a"]\nexclude = ["a"]\nsupport = "a"\nunsafe = true\njobs = 2\n'
    root = project(tmp_path, text)

    config = load_config(root, rules=(Path("b"),), exclude=("b",), support="b", unsafe=False, cache=False, jobs=3)

    assert (config.rules, config.exclude) == ((root / "a", Path("b")), ("a", "b"))
    assert (config.support, config.unsafe, config.cache, config.jobs) == ("b", False, False, 3)


def test_the_nearest_file_above_is_taken_and_the_repository_is_the_limit(tmp_path: Path) -> None:
    project(tmp_path, "[tool.asyncify]\nunsafe = true\n")
    inside = write_files(tmp_path / "repository", {"pkg/mod.py": b""})

    assert load_config(inside / "pkg/mod.py").unsafe
    (inside / ".git").mkdir()
    assert not load_config(inside / "pkg/mod.py").unsafe
    project(inside, "[tool.asyncify]\njobs = 7\n")
    assert load_config(inside / "pkg").jobs == 7


@pytest.mark.parametrize(
    ("line", "key", "hint"),
    [
        ("exlude = []", "tool.asyncify.exlude: unknown key", "did you mean 'exclude'?"),
        ('concurrency = "most"', "tool.asyncify.concurrency", "one of off, safe, all"),
        ("limits = { http = 0 }", "tool.asyncify.limits", "numbers above 0"),
        ("limits = { htp = 1 }", "tool.asyncify.limits", "some of default, http"),
        ("zzz = 1", "tool.asyncify.zzz: unknown key", "the keys are cache, concurrency"),
        ('exclude = "x"', "tool.asyncify.exclude: 'x'", "a list of patterns"),
        ("rules = [1]", "tool.asyncify.rules: [1]", "a list of files or folders"),
        ('support = "a b"', "tool.asyncify.support: 'a b'", "a name"),
        ("unsafe = 1", "tool.asyncify.unsafe: 1", "true or false"),
        ('cache = "no"', "tool.asyncify.cache: 'no'", "true or false"),
        ("jobs = 0", "tool.asyncify.jobs: 0", "a number above 0"),
        ("jobs = true", "tool.asyncify.jobs: True", "a number above 0"),
    ],
)
def test_a_setting_that_cannot_be_taken_is_named(tmp_path: Path, line: str, key: str, hint: str) -> None:
    root = project(tmp_path, f"[tool.asyncify]\n{line}\n")

    with pytest.raises(ConfigError) as caught:
        load_config(root)

    assert str(caught.value).startswith(f"{root / 'pyproject.toml'}: {key}")
    assert hint in str(caught.value)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"pyproject\.toml: cannot be read"):
        load_config(project(tmp_path, "[tool"))


def test_a_table_has_to_be_a_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"write \[tool\.asyncify\]"):
        load_config(project(tmp_path, "[tool]\nasyncify = 1\n"))


@pytest.mark.parametrize(
    ("declared", "floor"),
    [
        (">=3.11", (3, 11)),
        (">=3.7", (3, 9)),
        (">3.10", (3, 10)),
        (">=3.12.4,<4", (3, 12)),
        ("==3.13.*", (3, 13)),
        ("~=3.10", (3, 10)),
        ("!=3.9.*,!=3.10.*", (3, 11)),
        ("<3.12,>=3.10", (3, 10)),
        ("^3.11 || ^3.12", (3, 9)),
    ],
)
def test_the_floor_is_the_oldest_python_that_the_project_admits(
    tmp_path: Path, declared: str, floor: tuple[int, int]
) -> None:
    assert load_config(project(tmp_path, f'[project]\nrequires-python = "{declared}"\n')).python == floor


@pytest.mark.parametrize(("declared", "floor"), [("^3.11", (3, 11)), ("~3.12", (3, 12)), (">=3.10,<4.0", (3, 10))])
def test_poetry_has_signs_of_its_own(tmp_path: Path, declared: str, floor: tuple[int, int]) -> None:
    assert load_config(project(tmp_path, f'[tool.poetry.dependencies]\npython = "{declared}"\n')).python == floor


def test_a_python_that_cannot_be_served_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"requires-python: '<3\.9' admits no Python"):
        load_config(project(tmp_path, '[project]\nrequires-python = "<3.9"\n'))
