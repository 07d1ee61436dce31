"""Find the dependency files of a project and change what has to change, in each where it stands."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from tomlkit.exceptions import TOMLKitError

from asyncify.change import Change
from asyncify.dependencies import pyproject, requirements, setup_cfg, setup_py
from asyncify.dependencies.swap import Swap, name_of

REQUIREMENTS = ("requirements*.txt", "requirements*.in", "*requirements.txt", "*requirements.in",
                "requirements/*.txt", "requirements/*.in")  # fmt: skip
LOCKS = {"poetry.lock": "poetry lock", "uv.lock": "uv lock", "pdm.lock": "pdm lock", "Pipfile.lock": "pipenv lock"}
BY_HAND = ("Pipfile", "environment.yml", "environment.yaml")


@dataclass(frozen=True, slots=True)
class DependencyEdit:
    """Changes of dependency files, and what is left for the reader to do: "file: what"."""

    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Format:
    """How one kind of file is edited; every function takes its text."""

    swap_in: Callable[[str, Swap], tuple[str, tuple[str, ...]]]
    runtime_names: Callable[[str], frozenset[str]]
    has_main_list: Callable[[str], bool]
    add: Callable[[str, str], str | None]


PYPROJECT = _Format(pyproject.swap_in, pyproject.runtime_names, pyproject.has_main_list, pyproject.add)
SETUP_CFG = _Format(setup_cfg.swap_in, setup_cfg.runtime_names, setup_cfg.has_main_list, setup_cfg.add)
RUNTIME = _Format(requirements.swap_in, requirements.names, lambda text: True, requirements.add)
DEVELOPMENT = _Format(requirements.swap_in, lambda text: frozenset(), lambda text: False, requirements.add)


@dataclass(frozen=True, slots=True)
class _File:
    """A dependency file at some stage of its editing."""

    path: str
    data: bytes
    text: str
    notes: tuple[str, ...] = field(default=())
    is_editable: bool = True

    @property
    def format(self) -> _Format:
        if self.path == "pyproject.toml":
            return PYPROJECT
        if self.path == "setup.cfg":
            return SETUP_CFG
        return RUNTIME if requirements.is_runtime(self.path) else DEVELOPMENT

    @property
    def runtime_names(self) -> frozenset[str]:
        return self.format.runtime_names(self.text) if self.is_editable else frozenset()

    @property
    def has_main_list(self) -> bool:
        return self.is_editable and self.format.has_main_list(self.text)

    def with_note(self, note: str, *, is_editable: bool) -> _File:
        return replace(self, notes=(*self.notes, f"{self.path}: {note}"), is_editable=is_editable)


def change_dependencies(root: Path, requires: tuple[str, ...], drops: tuple[str, ...]) -> DependencyEdit:
    """`swap_dependencies` for one library."""
    return swap_dependencies(root, (Swap(requires, drops),))


def swap_dependencies(root: Path, swaps: Iterable[Swap]) -> DependencyEdit:
    """What the dependency files in the folder `root` have to become; nothing is written.

    In every list a name of `drops` gives way to those of `requires` that the list does not name yet. What is then
    required nowhere at run time is added to the main list. Lock files and setup.py are left alone and reported.
    A `root` that is a single file has no dependency files.
    """
    if not root.is_dir():
        return DependencyEdit()
    swaps = tuple(swap for swap in swaps if swap.requires or swap.drops)
    files = [_swapped(file, swaps) for file in _read_files(root)]
    missing: list[str] = []
    for requirement in (line for swap in swaps for line in swap.requires):
        if not _is_required(files, requirement):
            files, is_added = _added(files, requirement)
            missing += [] if is_added else [requirement]
    changes = tuple(Change(file.path, file.data, _encode(file)) for file in files)
    notes = [note for file in files for note in file.notes]
    notes += _notes_beside(root, swaps, missing)
    changed = tuple(sorted(change for change in changes if change.is_needed))
    if any(change.path == "pyproject.toml" for change in changed):
        notes += [f"{lock}: no longer fits pyproject.toml; run `{command}`"
                  for lock, command in LOCKS.items() if (root / lock).exists()]  # fmt: skip
    return DependencyEdit(changed, tuple(dict.fromkeys(notes)))


def _read_files(root: Path) -> Iterator[_File]:
    names = [name for name in ("pyproject.toml", "setup.cfg") if (root / name).is_file()]
    found = {file for pattern in REQUIREMENTS for file in root.glob(pattern) if file.is_file()}
    names += sorted((file.relative_to(root).as_posix() for file in found), key=lambda name: (len(name), name))
    for name in names:
        data = (root / name).read_bytes()
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            yield _File(name, data, "").with_note("is not UTF-8, so it was not edited", is_editable=False)
            continue
        yield _checked(_File(name, data, text.removeprefix("\ufeff")))


def _checked(file: _File) -> _File:
    if file.format in (RUNTIME, DEVELOPMENT) and requirements.is_locked(file.text):
        return replace(file, is_editable=False)
    if file.path != "pyproject.toml":
        return file
    try:
        pyproject.runtime_names(file.text)
    except TOMLKitError as error:
        return file.with_note(f"cannot be read ({error}), so it was not edited", is_editable=False)
    return file


def _swapped(file: _File, swaps: tuple[Swap, ...]) -> _File:
    for swap in swaps:
        if not file.is_editable:
            return _with_lock_note(file, swaps)
        text, notes = file.format.swap_in(file.text, swap)
        file = _if_it_parses(file, text)
        file = replace(file, notes=(*file.notes, *(f"{file.path}: {note}" for note in notes)))
    return file


def _with_lock_note(file: _File, swaps: tuple[Swap, ...]) -> _File:
    listed = {name_of(line.split(" --")[0].rstrip(" \\")) for line in file.text.splitlines()}
    gone = sorted(name for swap in swaps for name in swap.dropped_names if name in listed)
    if not gone:
        return file
    return file.with_note(f"is locked and names {', '.join(gone)}; compile it anew", is_editable=False)


def _if_it_parses(file: _File, text: str) -> _File:
    if file.path == "pyproject.toml":
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError:  # an edit gone wrong must never reach the disk
            return file.with_note("has a form that is not edited; change its dependencies by hand", is_editable=False)
    return replace(file, text=text)


def _is_required(files: list[_File], requirement: str) -> bool:
    return any(name_of(requirement) in file.runtime_names for file in files)


def _added(files: list[_File], requirement: str) -> tuple[list[_File], bool]:
    """One more requirement in the first file that has a main list, and in those that repeat that list."""
    main = next((file for file in files if file.has_main_list), None)
    main = main or next((file for file in files if file.format is PYPROJECT and file.is_editable), None)
    if main is None:
        return files, False
    copies = [file for file in files if file.format is RUNTIME and file.runtime_names & main.runtime_names]
    changed = {file.path: _with_requirement(file, requirement) for file in (main, *copies)}
    is_added = changed[main.path].text != main.text
    return [changed.get(file.path, file) for file in files], is_added


def _with_requirement(file: _File, requirement: str) -> _File:
    text = file.format.add(file.text, requirement)
    return file if text is None else _if_it_parses(file, text)


def _notes_beside(root: Path, swaps: tuple[Swap, ...], missing: list[str]) -> Iterator[str]:
    """What must be done by hand: setup.py, files of other tools, and requirements that found no place."""
    if (root / "setup.py").is_file():
        source = (root / "setup.py").read_bytes()
        yield from (f"setup.py: {note}" for swap in swaps for note in setup_py.notes_on(source, swap))
        if missing and setup_py.lists_requirements(source):
            yield f"setup.py: is not edited; add {', '.join(missing)} to install_requires"
            missing = []
    for name in BY_HAND:
        words = _words(root / name)
        gone = sorted(drop for swap in swaps for drop in swap.dropped_names if drop in words)
        if gone:
            yield f"{name}: is not edited; it names {', '.join(gone)}, which nothing uses any more"
    if missing:
        yield f"{root.name}: no file lists its requirements; the new code needs {', '.join(missing)}"


def _words(file: Path) -> frozenset[str]:
    if not file.is_file():
        return frozenset()
    lines = file.read_text("utf-8", "replace").splitlines()
    return frozenset(line.strip(" -\t\"'").split("=")[0].strip(" \"'<>!~") for line in lines)


def _encode(file: _File) -> bytes:
    bom = b"\xef\xbb\xbf" if file.data.startswith(b"\xef\xbb\xbf") else b""
    return bom + file.text.encode("utf-8") if file.is_editable else file.data
