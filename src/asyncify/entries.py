"""Functions that an installed command calls from outside: they are called plainly and have to stay callable so."""

from __future__ import annotations

import ast
import configparser
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from asyncify.place import Place, place_of
from asyncify.project import Project, Source

FILES = ("pyproject.toml", "setup.cfg", "setup.py")
GROUPS = ("console_scripts", "gui_scripts")
TARGET = re.compile(r"(?P<module>[\w.]+)\s*:\s*(?P<attribute>[\w.]+)\s*(?:\[.*\])?")
LINE = re.compile(r"(?P<name>[^=]+?)\s*=\s*(?P<target>.+)")
MAX_HOPS = 8  # imports that are followed from the declared module to the function


@dataclass(frozen=True, slots=True, order=True)
class EntryPoint:
    """A command and the object that it calls. The path of `declared` is relative to the folder of the file."""

    name: str
    module: str
    attribute: str
    declared: Place


def console_scripts(root: Path) -> tuple[EntryPoint, ...]:
    """Commands that the project in `root` declares in pyproject.toml, setup.cfg or, literally, in setup.py.

    setup.py is parsed, never run. A file that cannot be read declares nothing.
    """
    found = (*_from_pyproject(root), *_from_setup_cfg(root), *_from_setup_py(root))
    return tuple(sorted(set(found)))


def entry_functions(project: Project, functions: Collection[str]) -> frozenset[str]:
    """Ids ("path::qualname") of the project's functions that its commands call.

    `functions` are the ids that exist. Declarations are looked for in the root and, as the root may be a folder
    inside the package, above it. Names that a module only imports from another one are followed.
    """
    folder = _declaring_folder(project.root)
    if folder is None:
        return frozenset()
    modules = _modules(project, folder)
    found = (_function(entry, modules, functions) for entry in console_scripts(folder))
    return frozenset(function for function in found if function)


def module_names(path: str, paths: Collection[str]) -> tuple[str, ...]:
    """Dotted names under which a file may be imported, the likeliest first.

    `a/src/pkg/mod.py` is `pkg.mod` if `a/src/pkg` has an `__init__.py` and `a/src` has none; and it is
    what remains after a leading `src/`, for packages without `__init__.py`.
    """
    pure = PurePosixPath(path)
    parts = pure.parts[:-1] if pure.stem == "__init__" else (*pure.parts[:-1], pure.stem)
    start = len(pure.parts) - 1
    while start > 0 and "/".join((*pure.parts[:start], "__init__.py")) in paths:
        start -= 1
    whole = parts[1:] if parts[:1] == ("src",) else parts
    return tuple(dict.fromkeys(".".join(names) for names in (parts[start:], whole, parts) if names))


def _declaring_folder(root: Path) -> Path | None:
    for folder in (root, *root.parents):
        if any((folder / name).is_file() for name in FILES):
            return folder
        if (folder / ".git").exists():
            return None
    return None


def _modules(project: Project, folder: Path) -> Mapping[str, Source]:
    """Files by module name; where two claim a name, the likelier one has it."""
    prefix = project.root.relative_to(folder).as_posix()
    by_path = {str(PurePosixPath(prefix, source.path)): source for source in project.sources}
    # For a root inside a package the files of the packages round it are not in the project.
    packages = {*by_path, *_packages_above(project.root, folder)}
    ranked = [
        (rank, name, source)
        for path, source in sorted(by_path.items())
        for rank, name in enumerate(module_names(path, packages))
    ]
    return {name: source for _, name, source in sorted(ranked, key=lambda entry: entry[0], reverse=True)}


def _packages_above(root: Path, folder: Path) -> Iterator[str]:
    above = (root, *root.parents)
    for package in above[: above.index(folder)]:
        if (package / "__init__.py").is_file():
            yield (package / "__init__.py").relative_to(folder).as_posix()


def _function(entry: EntryPoint, modules: Mapping[str, Source], functions: Collection[str]) -> str | None:
    module, attribute = entry.module, entry.attribute
    for _ in range(MAX_HOPS):
        source = modules.get(module)
        if source is None:
            return None
        number = 1
        id_ = f"{source.path}::{attribute}"
        while f"{source.path}::{attribute}#{number + 1}" in functions:  # the last definition is the one that counts
            number += 1
            id_ = f"{source.path}::{attribute}#{number}"
        if id_ in functions:
            return id_
        step = _imported(source, module, attribute)
        if step is None:
            return None
        module, attribute = step
    return None


def _imported(source: Source, module: str, attribute: str) -> tuple[str, str] | None:
    """Module and name that the first part of `attribute` was imported from."""
    head, dot, tail = attribute.partition(".")
    try:
        tree = ast.parse(source.text)
    except (SyntaxError, ValueError):
        return None
    package = module if PurePosixPath(source.path).stem == "__init__" else module.rpartition(".")[0]
    for node in reversed(tree.body):
        if not isinstance(node, ast.ImportFrom):
            continue
        for alias in node.names:
            if (alias.asname or alias.name) == head:
                return _absolute(node, package), alias.name + dot + tail
    return None


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, node.module] if node.module else kept)


def _from_pyproject(root: Path) -> Iterator[EntryPoint]:
    text = _read(root / "pyproject.toml")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    project, poetry = _table(document, "project"), _table(document, "tool", "poetry")
    groups = _table(project, "entry-points")
    tables = [_table(project, "scripts"), _table(project, "gui-scripts"), _table(poetry, "scripts")]
    tables += [_table(groups, group) for group in GROUPS]
    for table in tables:
        for name, target in table.items():
            target = target.get("reference", target.get("callable")) if isinstance(target, Mapping) else target
            if isinstance(target, str):
                yield from _entry(name, target, _place_in("pyproject.toml", text, name, target))


def _from_setup_cfg(root: Path) -> Iterator[EntryPoint]:
    text = _read(root / "setup.cfg")
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for group in GROUPS:
        for line in parser.get("options.entry_points", group, fallback="").splitlines():
            if match := LINE.fullmatch(line.strip()):
                yield from _entry(match["name"], match["target"], _place_in("setup.cfg", text, *match.groups()))


def _from_setup_py(root: Path) -> Iterator[EntryPoint]:
    try:
        tree = ast.parse(_read(root / "setup.py"))
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in GROUPS:
                    yield from _from_literals(value)


def _from_literals(value: ast.expr) -> Iterator[EntryPoint]:
    """A list of strings, or one string of several lines."""
    items = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
    for item in items:
        if isinstance(item, ast.Constant) and isinstance(item.value, str):
            for line in item.value.splitlines():
                if match := LINE.fullmatch(line.strip()):
                    yield from _entry(match["name"], match["target"], place_of("setup.py", item))


def _entry(name: str, target: str, place: Place) -> Iterator[EntryPoint]:
    if match := TARGET.fullmatch(target.strip()):
        yield EntryPoint(name, match["module"], match["attribute"], place)


def _place_in(path: str, text: str, name: str, target: str) -> Place:
    """The line that holds both, else the one that holds the target."""
    lines = text.splitlines()
    holding = [number for number, line in enumerate(lines) if target in line]
    number = next((number for number in holding if name in lines[number]), holding[0] if holding else 0)
    line = lines[number] if lines else ""
    column = len(line[: max(line.find(target), 0)].encode())
    return Place(path, number + 1, column, number + 1, column + len(target.encode()))


def _read(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError:
        return ""


def _table(value: Mapping[str, object], *path: str) -> Mapping[str, object]:
    for key in path:
        inner = value.get(key)
        value = inner if isinstance(inner, Mapping) else {}
    return value
