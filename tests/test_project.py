"""load reads what belongs to the project and nothing else, and keeps every byte."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from asyncify.errors import ConfigError
from asyncify.project import Source, Unreadable, decode, load_project
from trees import write_files

POSIX = pytest.mark.skipif(os.name != "posix", reason="links and names of POSIX")


def paths(root: Path, *exclude: str) -> list[str]:
    return [source.path for source in load_project(root, exclude).sources]


def write(root: Path, *names: str) -> None:
    write_files(root, dict.fromkeys(names, b""))


def test_python_files_are_found_sorted_with_forward_slashes(tmp_path: Path) -> None:
    write(tmp_path, "b.py", "a/c.py", "a.py", "gui.pyw", "readme.txt", "stub.pyi", "a/no.pyc")

    assert paths(tmp_path) == ["a.py", "a/c.py", "b.py", "gui.pyw"]


def test_folders_that_are_never_ours_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "a.py", ".venv/x.py", "node_modules/x.py", "__pycache__/x.py", ".git/x.py", ".asyncify/x.py")
    write(tmp_path, "build/x.py", "dist/x.py", "pkg/site-packages/x.py", ".tox/x.py", "x.egg-info/x.py")

    assert paths(tmp_path) == ["a.py"]


def test_an_environment_of_any_name_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "myenv/pyvenv.cfg", "myenv/lib/python3.12/x.py")

    assert paths(tmp_path) == ["a.py"]


def test_a_package_named_like_an_output_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path, "src/pkg/build/__init__.py", "src/pkg/build/x.py", "build/lib/pkg/x.py")

    assert paths(tmp_path) == ["src/pkg/build/__init__.py", "src/pkg/build/x.py"]


def test_a_single_file_has_its_folder_for_a_root(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "b.py")

    project = load_project(tmp_path / "a.py")

    assert project.root == tmp_path.resolve()
    assert [source.path for source in project.sources] == ["a.py"]
    assert project.is_single_file


@pytest.mark.parametrize("name", ["missing.py", "notes.txt"])
def test_what_cannot_be_a_project_is_an_error(tmp_path: Path, name: str) -> None:
    write(tmp_path, "notes.txt")

    with pytest.raises(ConfigError, match=name):
        load_project(tmp_path / name)


GITIGNORES = [
    ["ignored.py"],
    ["/a.py"],
    ["sub/"],
    ["sub"],
    ["*.py", "!a.py"],
    ["sub/*", "!sub/keep.py"],
    ["sub/", "!sub/keep.py"],
    ["deep/**/x.py"],
    ["**/x.py"],
    ["deep/*/x.py"],
    ["/deep/er"],
    ["er/x.py"],
    ["# comment", "", "\\#a.py", "a.py   "],
    ["[ab].py"],
    ["!a.py"],
    ["a b.py"],
    ["SUB/"],
]
TREE = ("a.py", "b.py", "a b.py", "ignored.py", "#a.py", "sub/keep.py", "sub/x.py", "deep/x.py", "deep/er/x.py",
        "deep/er/more/x.py", "er/x.py", "other/sub/x.py")  # fmt: skip


def not_ignored_by_git(root: Path) -> list[str]:
    command = ["git", "-C", root, "ls-files", "--others", "--exclude-standard", "-z", "--", "*.py"]
    done = subprocess.run(command, capture_output=True, check=True)
    return sorted(os.fsdecode(name) for name in done.stdout.split(b"\0") if name)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    subprocess.run(["git", "-C", root, "init", "-q"], check=True)
    write(root, *TREE)
    return root


@pytest.mark.parametrize("lines", GITIGNORES, ids=" ".join)
def test_gitignore_means_what_it_means_to_git(repository: Path, lines: list[str]) -> None:
    (repository / ".gitignore").write_text("\n".join(lines) + "\n", "utf-8")

    assert paths(repository) == not_ignored_by_git(repository)


@pytest.mark.parametrize("place", ["deep", "deep/er", "sub"])
@pytest.mark.parametrize("lines", GITIGNORES, ids=" ".join)
def test_a_root_inside_the_repository_obeys_the_files_above(repository: Path, lines: list[str], place: str) -> None:
    (repository / ".gitignore").write_text("\n".join(lines) + "\n", "utf-8")
    expected = not_ignored_by_git(repository / place)
    is_root_ignored = subprocess.run(["git", "-C", repository, "check-ignore", "-q", place]).returncode == 0

    assert paths(repository / place) == (paths(repository / place) if is_root_ignored else expected)


def test_a_root_that_is_ignored_itself_is_read_because_the_user_named_it(repository: Path) -> None:
    (repository / ".gitignore").write_text("sub/\n", "utf-8")

    assert paths(repository / "sub") == ["keep.py", "x.py"]


def test_a_gitignore_in_a_folder_counts_from_there_and_wins(repository: Path) -> None:
    (repository / ".gitignore").write_text("x.py\n", "utf-8")
    (repository / "deep/.gitignore").write_text("!x.py\n/er/more\n", "utf-8")

    assert paths(repository) == not_ignored_by_git(repository)


def test_the_private_exclude_file_of_the_repository_counts(repository: Path) -> None:
    (repository / ".git/info/exclude").write_text("/sub/\n", "utf-8")

    assert paths(repository) == not_ignored_by_git(repository)


def test_exclude_patterns_are_in_the_same_syntax_and_final(repository: Path) -> None:
    (repository / ".gitignore").write_text("!b.py\n", "utf-8")

    assert paths(repository, "/sub/", "x.py", "b.py") == ["#a.py", "a b.py", "a.py", "ignored.py"]


def test_a_gitignore_above_the_repository_does_not_count(repository: Path) -> None:
    (repository.parent / ".gitignore").write_text("*\n", "utf-8")

    assert paths(repository) == sorted(TREE)


def test_without_a_repository_the_files_above_do_not_count(tmp_path: Path) -> None:
    write(tmp_path, "project/a.py")
    (tmp_path / ".gitignore").write_text("*\n", "utf-8")

    assert paths(tmp_path / "project") == ["a.py"]


@POSIX
def test_links_out_of_the_folder_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "project/a.py", "outside/x.py")
    (tmp_path / "project/link.py").symlink_to(tmp_path / "outside/x.py")
    (tmp_path / "project/linked").symlink_to(tmp_path / "outside")

    assert paths(tmp_path / "project") == ["a.py"]


@POSIX
def test_a_file_is_read_once_whatever_links_lead_to_it(tmp_path: Path) -> None:
    write(tmp_path, "pkg/a.py")
    (tmp_path / "also.py").symlink_to("pkg/a.py")
    (tmp_path / "alias").symlink_to("pkg")

    assert paths(tmp_path) == ["pkg/a.py"]


@POSIX
def test_links_that_go_round_or_nowhere_do_no_harm(tmp_path: Path) -> None:
    write(tmp_path, "pkg/a.py")
    (tmp_path / "pkg/loop").symlink_to(tmp_path)
    (tmp_path / "pkg/self.py").symlink_to("self.py")
    (tmp_path / "pkg/gone.py").symlink_to("nowhere.py")

    project = load_project(tmp_path)

    assert [source.path for source in project.sources] == ["pkg/a.py"]
    assert project.unreadable == ()


@POSIX
def test_a_root_that_is_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path, "project/a.py")
    (tmp_path / "link").symlink_to("project")

    assert paths(tmp_path / "link") == ["a.py"]


@POSIX
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()

    assert paths(tmp_path) == ["a.py"]


@contextmanager
def without_rights() -> Iterator[None]:
    """As nobody, where the tests run as root, who may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@POSIX
def test_a_file_or_folder_that_may_not_be_read_is_named() -> None:
    with TemporaryDirectory() as name:  # pytest's own folders are closed to all but their owner
        root = Path(name)
        root.chmod(0o755)
        write(root, "a.py", "b.py", "closed/c.py")
        (root / "b.py").chmod(0)
        (root / "closed").chmod(0)

        with without_rights():
            project = load_project(root)
        (root / "closed").chmod(0o755)

    assert [source.path for source in project.sources] == ["a.py"]
    assert [unread.path for unread in project.unreadable] == ["b.py", "closed"]


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"x = 1\r\ny\n", "utf-8", "x = 1\r\ny\n"),
        (b"\xef\xbb\xbfx\r\n", "utf-8", "x\r\n"),
        (b"\xef\xbb\xbf# coding: utf-8\nx", "utf-8", "# coding: utf-8\nx"),
        (b"# coding: latin-1\n\xe9\r", "iso-8859-1", "# coding: latin-1\n\xe9\r"),
        (b"#!/x\n# -*- coding: cp1252 -*-\n\x80\n", "cp1252", "#!/x\n# -*- coding: cp1252 -*-\n\u20ac\n"),
        (b"", "utf-8", ""),
        (b"a\x0cb\x0b\n", "utf-8", "a\x0cb\x0b\n"),
    ],
)
def test_every_encoding_comes_back_to_the_byte(data: bytes, encoding: str, text: str) -> None:
    source = decode("a.py", data)

    assert isinstance(source, Source)
    assert (source.encoding, source.text) == (encoding, text)
    assert source.encode(source.text) == data


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"x\ny = '\xe9'\n", 2),
        (b"# coding: klingon\n", 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1),
        (b"# coding: ascii\nx\n\xe9\n", 3),
        (b"# coding: rot13\nx\n", 1),
        (b"x\n\0\n", 2),
    ],
)
def test_a_file_that_cannot_be_decoded_is_named_with_its_line(data: bytes, line: int) -> None:
    unread = decode("a.py", data)

    assert isinstance(unread, Unreadable)
    assert (unread.path, unread.line) == ("a.py", line)
    assert unread.why


def test_one_bad_file_does_not_stop_the_rest(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.py": b"a", "b.py": b"\xff", "c.py": b"c"})

    project = load_project(tmp_path)

    assert [source.path for source in project.sources] == ["a.py", "c.py"]
    assert [unread.path for unread in project.unreadable] == ["b.py"]


@POSIX
def test_odd_names_are_read(tmp_path: Path) -> None:
    names = sorted(["größe.py", "a b.py", "new\nline.py", os.fsdecode(b"\xff.py")])
    write(tmp_path, *names)

    assert paths(tmp_path) == names
