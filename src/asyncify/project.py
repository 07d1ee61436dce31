"""load: the only reader of the user's tree. Config -> Project of Sources; never imports or runs the user's code."""

from __future__ import annotations

import hashlib
import io
import os
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pathspec

from asyncify.errors import ConfigError

NEVER_READ = frozenset(
    {".git", ".hg", ".svn", ".asyncify", ".venv", "venv", "__pycache__", ".tox", ".nox", ".eggs", "node_modules",
     ".mypy_cache", ".ruff_cache", ".pytest_cache", "build", "dist", "site-packages"}
)  # fmt: skip
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


def load_project(path: Path, exclude: tuple[str, ...] = ()) -> Project:
    """Read a folder or a single file.

    Files that .gitignore or `exclude` (patterns in the same syntax) name are left out, and so are links that
    lead out of the folder. Raises ConfigError if there is nothing there to read.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder")
    if path.is_file():
        if path.suffix not in {".py", ".pyw"}:
            raise ConfigError(f"{path}: not a Python file; name a .py file or a folder")
        return _project(path.parent.resolve(), [path.name], is_single_file=True)
    root = path.resolve()
    return _project(root, sorted(_python_files(root, exclude)), is_single_file=False)


def decode(path: str, data: bytes) -> Source | Unreadable:
    """Bytes to a Source, by the encoding that the file declares."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        body = data.removeprefix(BOM)
        encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        return Source(path, data, encoding, body.decode(encoding))
    except (SyntaxError, LookupError) as error:
        return Unreadable(path, 1, str(error))
    except UnicodeDecodeError as error:
        return Unreadable(path, data[: error.start].count(b"\n") + 1, str(error))


def _project(root: Path, paths: list[str], *, is_single_file: bool) -> Project:
    sources: list[Source] = []
    unreadable: list[Unreadable] = []
    for path in paths:
        try:
            read = decode(path, (root / path).read_bytes())
        except OSError as error:
            read = Unreadable(path, 1, error.strerror or str(error))
        if isinstance(read, Source):
            sources.append(read)
        else:
            unreadable.append(read)
    return Project(root, tuple(sources), tuple(unreadable), is_single_file)


def _python_files(root: Path, exclude: tuple[str, ...]) -> Iterator[str]:
    ignored = [(Path(), pathspec.GitIgnoreSpec.from_lines(exclude))] if exclude else []
    ignored += [(Path(), spec) for spec in _specs_above(root)]
    yield from _walk(root, Path(), ignored, frozenset({os.path.realpath(root)}))


def _specs_above(root: Path) -> Iterator[pathspec.GitIgnoreSpec]:
    """.gitignore files between the repository's root and `root`, their patterns as seen from `root`."""
    if (root / ".git").exists():
        return
    for folder in root.parents:
        file = folder / ".gitignore"
        if file.is_file():
            prefix = root.relative_to(folder).as_posix()
            lines = file.read_text("utf-8", "replace").splitlines()
            yield pathspec.GitIgnoreSpec.from_lines(_below(lines, prefix))
        if (folder / ".git").exists():
            return


def _below(lines: list[str], prefix: str) -> Iterator[str]:
    for line in lines:
        anchored = "/" in line.rstrip("/ ")
        if not anchored:
            yield line
        elif line.lstrip("!/").startswith(f"{prefix}/"):
            negation = "!" if line.startswith("!") else ""
            yield negation + "/" + line.lstrip("!/").removeprefix(f"{prefix}/")


def _walk(
    root: Path, folder: Path, ignored: list[tuple[Path, pathspec.GitIgnoreSpec]], seen: frozenset[str]
) -> Iterator[str]:
    gitignore = root / folder / ".gitignore"
    if gitignore.is_file():
        lines = gitignore.read_text("utf-8", "replace").splitlines()
        ignored = [*ignored, (folder, pathspec.GitIgnoreSpec.from_lines(lines))]
    with os.scandir(root / folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = folder / entry.name
        if entry.is_dir():
            real = os.path.realpath(entry.path)
            skip = entry.name in NEVER_READ or real in seen or not _stays_inside(root, entry)
            if not skip and not _is_ignored(path, ignored, is_folder=True):
                yield from _walk(root, path, ignored, seen | {real})
        elif path.suffix in {".py", ".pyw"} and _stays_inside(root, entry):
            if not _is_ignored(path, ignored, is_folder=False):
                yield path.as_posix()


def _stays_inside(root: Path, entry: os.DirEntry[str]) -> bool:
    return not entry.is_symlink() or Path(os.path.realpath(entry.path)).is_relative_to(root)


def _is_ignored(path: Path, ignored: list[tuple[Path, pathspec.GitIgnoreSpec]], *, is_folder: bool) -> bool:
    result = False
    for base, spec in ignored:
        text = path.relative_to(base).as_posix() + ("/" if is_folder else "")
        check = spec.check_file(text)
        if check.include is not None:
            result = check.include
    return result
