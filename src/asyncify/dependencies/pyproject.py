"""pyproject.toml: lists of PEP 621 and PEP 735, of Poetry, uv, PDM and Hatch, edited with their formatting kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

import tomlkit
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tomlkit.items import Array, String

from asyncify.dependencies.swap import Swap, conflicts, is_for_development, name_of, names_of, place_in, replacements

PLACEHOLDER = "asyncify-placeholder"
ELSEWHERE = frozenset({"git", "path", "url", "file"})  # keys of a Poetry dependency that does not come from an index


@dataclass(frozen=True, slots=True)
class _List:
    where: str
    items: Array
    is_runtime: bool


@dataclass(frozen=True, slots=True)
class _PoetryTable:
    where: str
    items: MutableMapping[str, object]
    is_runtime: bool


def swap_in(text: str, swap: Swap) -> tuple[str, tuple[str, ...]]:
    """The text with every list of requirements swapped, and what is left for the reader to do."""
    document = tomlkit.parse(text)
    notes: list[str] = []
    for found in _lists(document):
        _swap_array(found.items, swap)
        notes += [f"{found.where} holds {line!r}, which is too old" for line in conflicts(_strings(found.items), swap)]
    renames: dict[str, list[tuple[str, str]]] = {}
    for table in _poetry_tables(document):
        notes += _swap_poetry(table, swap, renames)
    for extra in _mapping(_at(document, "tool", "poetry", "extras")).values():
        if isinstance(extra, Array):
            _swap_array(extra, Swap(tuple(str(name_of(line)) for line in swap.requires), swap.drops))
    return _with_renames(tomlkit.dumps(document), renames), tuple(notes)


def runtime_names(text: str) -> frozenset[str]:
    """Names that are required where the project runs, or may be, as an extra."""
    document = tomlkit.parse(text)
    lists = [names_of(_strings(found.items)) for found in _lists(document) if found.is_runtime]
    tables = [table.items for table in _poetry_tables(document) if table.is_runtime]
    return frozenset().union(*lists, *(map(canonicalize_name, table) for table in tables))


def has_main_list(text: str) -> bool:
    """Is there a list of what the project always needs?"""
    document = tomlkit.parse(text)
    return _main_list(document) is not None or bool(_mapping(_at(document, "tool", "poetry", "dependencies")))


def add(text: str, requirement: str) -> str | None:
    """The text with one more requirement in its main list; None if there is no place for it."""
    document = tomlkit.parse(text)
    items = _main_list(document)
    if items is not None:
        items.insert(place_in(_strings(items), requirement), requirement)
        return tomlkit.dumps(document)
    poetry = _at(document, "tool", "poetry", "dependencies")
    if isinstance(poetry, MutableMapping):
        new = Requirement(requirement)
        poetry[new.name] = str(new.specifier) or "*"
        return tomlkit.dumps(document)
    project = _at(document, "project")
    if isinstance(project, MutableMapping) and "dependencies" not in _sequence(project.get("dynamic")):
        project["dependencies"] = [requirement]
        return tomlkit.dumps(document)
    return None


def _lists(document: Mapping[str, object]) -> Iterator[_List]:
    main = _main_list(document)
    if main is not None:
        yield _List("project.dependencies", main, is_runtime=True)
    for path, is_development in (
        (("project", "optional-dependencies"), False),
        (("dependency-groups",), True),
        (("tool", "pdm", "dev-dependencies"), True),
    ):
        for name, items in _mapping(_at(document, *path)).items():
            if isinstance(items, Array):
                where = ".".join((*path, name))
                yield _List(where, items, is_runtime=not (is_development or is_for_development(name)))
    uv = _at(document, "tool", "uv", "dev-dependencies")
    if isinstance(uv, Array):
        yield _List("tool.uv.dev-dependencies", uv, is_runtime=False)
    for name, environment in _mapping(_at(document, "tool", "hatch", "envs")).items():
        for key in ("dependencies", "extra-dependencies"):
            items = _mapping(environment).get(key)
            if isinstance(items, Array):
                yield _List(f"tool.hatch.envs.{name}.{key}", items, is_runtime=False)


def _poetry_tables(document: Mapping[str, object]) -> Iterator[_PoetryTable]:
    poetry = _mapping(_at(document, "tool", "poetry"))
    for key in ("dependencies", "dev-dependencies"):
        table = poetry.get(key)
        if isinstance(table, MutableMapping):
            yield _PoetryTable(f"tool.poetry.{key}", table, is_runtime=key == "dependencies")
    for name, group in _mapping(poetry.get("group")).items():
        table = _mapping(group).get("dependencies")
        if isinstance(table, MutableMapping):
            where = f"tool.poetry.group.{name}.dependencies"
            yield _PoetryTable(where, table, is_runtime=not is_for_development(name))


def _main_list(document: Mapping[str, object]) -> Array | None:
    items = _at(document, "project", "dependencies")
    return items if isinstance(items, Array) else None


def _swap_array(items: Array, swap: Swap) -> None:
    found = replacements(_strings(items), swap)
    for number in sorted(found, reverse=True):
        new = found[number]
        if not new:
            del items[number]
            continue
        is_literal = items[number].as_string().startswith("'")
        items[number] = _string(new[0], is_literal)
        for offset, line in enumerate(new[1:], start=1):
            items.insert(number + offset, _string(line, is_literal))


def _string(text: str, is_literal: bool) -> String:
    return tomlkit.string(text, literal=is_literal and "'" not in text)


def _swap_poetry(table: _PoetryTable, swap: Swap, renames: dict[str, list[tuple[str, str]]]) -> Iterator[str]:
    present = {canonicalize_name(name) for name in table.items}
    missing = [line for line in swap.requires if name_of(line) not in present]
    for name in [name for name in table.items if canonicalize_name(name) in swap.dropped_names]:
        value = table.items[name]
        pairs = [(Requirement(line).name, _poetry_value(value, line)) for line in missing]
        if not pairs:
            del table.items[name]
        elif any(new is None for _, new in pairs):
            yield f"{table.where}.{name} has a form that is not edited; replace it with {', '.join(missing)}"
        else:
            # TOML has no renaming of keys that keeps the place: the value is marked and the line rewritten after.
            mark = f"{PLACEHOLDER}-{len(renames)}"
            table.items[name] = mark
            renames[mark] = [(new_name, str(new)) for new_name, new in pairs]
            missing = []


def _poetry_value(old: object, requirement: str) -> str | None:
    version = json.dumps(str(Requirement(requirement).specifier) or "*")
    if isinstance(old, str):
        return version
    if not isinstance(old, Mapping) or not ELSEWHERE.isdisjoint(old):
        return None
    kept = [f"{key} = {tomlkit.item(old[key]).as_string()}" for key in ("optional", "python", "markers") if key in old]
    return "{ " + ", ".join([f"version = {version}", *kept]) + " }" if kept else version


def _with_renames(text: str, renames: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    for mark, pairs in renames.items():
        line = re.compile(rf'^([ \t]*)(?:[^\s="\']+|"[^"]+"|\'[^\']+\')([ \t]*=[ \t]*)"{mark}"', re.MULTILINE)
        end = "\r\n" if "\r\n" in text else "\n"
        text = line.sub(lambda m, p=pairs, e=end: e.join(f"{m[1]}{name}{m[2]}{value}" for name, value in p), text)  # type: ignore[misc]
    return text


def _strings(items: Array) -> list[str]:
    return [item if isinstance(item, str) else "" for item in items]


def _at(value: object, *path: str) -> object:
    for key in path:
        value = _mapping(value).get(key)
    return value


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) else ()
