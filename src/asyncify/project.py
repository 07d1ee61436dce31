"""load: the only reader of the user's tree. Config -> Project of Sources; never imports or runs the user's code."""

from __future__ import annotations

import hashlib
import io
import os
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pathspec

from asyncify.errors import ConfigError

NEVER_READ = frozenset(
    {".git", ".hg", ".svn", ".asyncify", ".venv", "venv", "__pycache__", ".tox", ".nox", ".eggs", "node_modules",
     ".mypy_cache", ".ruff_cache", ".pytest_cache", "site-packages"}
)  # fmt: skip
BUILT = frozenset({"build", "dist"})  # left out as well, unless they are packages
SUFFIXES = (".py", ".pyw")
TEST_FOLDERS = frozenset({"test", "tests", "testing"})
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file as it was read. `text` has its line ends as they are; `data` are the very bytes."""

    path: str  # relative to the project's root, forward slashes
    data: bytes
    encoding: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    def encode(self, text: str) -> bytes:
        """Changed text as bytes of the same encoding, with the BOM if there was one."""
        body = text.encode(self.encoding)
        return BOM + body if self.data.startswith(BOM) else body


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be decoded: named, and left alone."""

    path: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Project:
    """The Python files below one root. For a single file the root is its folder and `sources` holds just it."""

    root: Path
    sources: tuple[Source, ...]
    unreadable: tuple[Unreadable, ...]
    is_single_file: bool
    stubs: tuple[Source, ...] = ()  # `.pyi` files beside the sources
    package: str = ""  # the dotted name of the package whose folder the root is; empty if it is none


def load_project(path: Path, exclude: tuple[str, ...] = ()) -> Project:
    """Read a folder or a single file.

    Files that .gitignore or `exclude` (patterns in the same syntax, seen from `path`) name are left out, and so is
    what only a link leads to: inside the folder it is read under its own name, outside it is not the project's.
    Raises ConfigError if there is nothing there to read.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder")
    real = path.resolve()
    if real.is_dir():
        return _read(real, _Walk(real, exclude).run(), is_single_file=False)
    if path.suffix not in SUFFIXES and real.suffix not in SUFFIXES:
        raise ConfigError(f"{path}: not a Python file; name a .py file or a folder")
    return _read(real.parent, [real.name], is_single_file=True)


@cache
def is_test(path: str) -> bool:
    """Is this a file of tests, by the conventions that pytest and unittest follow?"""
    pure = PurePosixPath(path)
    if TEST_FOLDERS & set(pure.parts[:-1]):
        return True
    return pure.name.startswith("test_") or pure.stem.endswith("_test") or pure.name == "conftest.py"


def decode(path: str, data: bytes) -> Source | Unreadable:
    """Bytes to a Source, by the encoding that the file declares."""
    body = data.removeprefix(BOM)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        return Unreadable(path, body[: error.start].count(b"\n") + 1, str(error))
    except (SyntaxError, LookupError) as error:
        return Unreadable(path, _line_that_is_not_utf8(body), str(error))
    if "\0" in text:
        return Unreadable(path, text[: text.index("\0")].count("\n") + 1, "not a text file: it holds a null character")
    return Source(path, data, encoding, text)


def _line_that_is_not_utf8(body: bytes) -> int:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return body[: error.start].count(b"\n") + 1
    return 1


def _read(root: Path, paths: Iterable[str | Unreadable], *, is_single_file: bool) -> Project:
    found = [path if isinstance(path, Unreadable) else _read_file(root, path) for path in paths]
    sources = (file for file in found if isinstance(file, Source))
    unreadable = (file for file in found if isinstance(file, Unreadable))
    ordered = tuple(sorted(sources, key=lambda source: source.path))
    stubs = (_read_file(root, f"{each.path}i") for each in ordered if (root / f"{each.path}i").is_file())
    return Project(
        root,
        ordered,
        tuple(sorted(unreadable, key=lambda unread: unread.path)),
        is_single_file,
        tuple(stub for stub in stubs if isinstance(stub, Source)),
        _package_of(root),
    )


def _package_of(root: Path) -> str:
    """The name by which code inside the folder imports it."""
    names: list[str] = []
    while (root / "__init__.py").is_file() and root.name.isidentifier():
        names.append(root.name)
        root = root.parent
    return ".".join(reversed(names))


def _read_file(root: Path, path: str) -> Source | Unreadable:
    try:
        return decode(path, (root / path).read_bytes())
    except OSError as error:
        return Unreadable(path, 1, error.strerror or str(error))


@dataclass(frozen=True, slots=True)
class _Ignore:
    """The patterns of one .gitignore; they speak of paths below `base`."""

    base: str
    spec: pathspec.GitIgnoreSpec

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """True: left out; False: taken in again; None: not spoken of."""
        below = path[len(self.base.rstrip("/")) + 1 :].replace(os.sep, "/")
        return self.spec.check_file(f"{below}/" if is_folder else below).include


class _Walk:
    """Finds the Python files below one folder."""

    def __init__(self, root: Path, exclude: tuple[str, ...]) -> None:
        self._root = root
        self._exclude = _Ignore(str(root), pathspec.GitIgnoreSpec.from_lines(exclude))

    def run(self) -> Iterator[str | Unreadable]:
        """Their paths, and folders that cannot be listed."""
        yield from self._folder(str(self._root), _rules_above(self._root))

    def _folder(self, folder: str, ignored: tuple[_Ignore, ...]) -> Iterator[str | Unreadable]:
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield Unreadable(self._relative(folder), 1, error.strerror or str(error))
            return
        if folder != str(self._root) and _is_not_ours(Path(folder).name, {entry.name for entry in found}):
            return
        ignored += tuple(_rules_of(folder, Path(folder, ".gitignore")))
        for entry in found:
            is_folder = entry.is_dir(follow_symlinks=False)
            is_wanted = entry.name not in NEVER_READ if is_folder else _is_python_file(entry)
            if not is_wanted or self._is_left_out(entry.path, ignored, is_folder):
                continue
            if is_folder:
                yield from self._folder(entry.path, ignored)
            else:
                yield self._relative(entry.path)

    def _is_left_out(self, path: str, ignored: tuple[_Ignore, ...], is_folder: bool) -> bool:
        if self._exclude.verdict(path, is_folder=is_folder):
            return True
        return _is_ignored(path, ignored, is_folder=is_folder)

    def _relative(self, path: str) -> str:
        return Path(path).relative_to(self._root).as_posix()


def _is_python_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) and entry.name.endswith(SUFFIXES)


def _is_not_ours(name: str, content: set[str]) -> bool:
    """Is the folder an environment, or what a build left behind?"""
    if name.endswith(".egg-info") or "pyvenv.cfg" in content:
        return True
    return name in BUILT and "__init__.py" not in content


def _rules_above(root: Path) -> tuple[_Ignore, ...]:
    """Patterns of the repository round `root`, outermost first; none if they leave out `root` itself, which the
    user asked for."""
    repository = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if repository is None:
        return ()
    ignored = tuple(_rules_of(str(repository), repository / ".git/info/exclude"))
    between = [folder for folder in reversed(root.parents) if folder.is_relative_to(repository)]
    for folder, inner in pairwise((*between, root)):
        ignored += tuple(_rules_of(str(folder), folder / ".gitignore"))
        if _is_ignored(str(inner), ignored, is_folder=True):
            return ()
    return ignored


def _rules_of(base: str, file: Path) -> Iterator[_Ignore]:
    try:
        lines = file.read_text("utf-8-sig", "replace").splitlines()
    except OSError:  # most often there is none
        return
    yield _Ignore(base, pathspec.GitIgnoreSpec.from_lines(lines))


def _is_ignored(path: str, ignored: tuple[_Ignore, ...], *, is_folder: bool) -> bool:
    """What the innermost file says that speaks of the path."""
    verdicts = (rules.verdict(path, is_folder=is_folder) for rules in reversed(ignored))
    return next((verdict for verdict in verdicts if verdict is not None), False)
