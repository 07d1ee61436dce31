"""setup.cfg: install_requires and extras_require, line by line, with all else kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from asyncify.dependencies.swap import (
    Swap,
    conflicts,
    is_for_development,
    name_of,
    names_of,
    parse,
    place_in,
    replacements,
)

SECTION = re.compile(r"\[(?P<name>[^\]]+)\]")
KEY = re.compile(r"(?P<key>[A-Za-z0-9_.\-]+)(?P<sign>\s*[=:]\s*)(?P<value>.*?)\s*\Z", re.DOTALL)
LINE = re.compile(r"(?P<indent>\s*)(?P<requirement>.*?)(?P<rest>\s+#.*|\s*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _List:
    """One list; `first` is the line of its key, `numbers` are the lines of its requirements."""

    key: str
    first: int
    numbers: tuple[int, ...]
    inline: str  # what stands beside the key
    is_main: bool
    is_runtime: bool


def swap_in(text: str, swap: Swap) -> tuple[str, tuple[str, ...]]:
    """The text with every list of requirements swapped, and what is left for the reader to do."""
    lines = text.splitlines(keepends=True)
    notes: list[str] = []
    for found in _lists(lines):
        requirements = [_requirement(lines[number]) for number in found.numbers]
        for index, new in replacements(requirements, swap).items():
            number = found.numbers[index]
            lines[number] = "".join(_with_requirement(lines[number], line) for line in new)
        notes += [f"{found.key} holds {line!r}, which is too old" for line in conflicts(requirements, swap)]
        if found.inline and parse(found.inline):
            for new in replacements([found.inline], swap).values():
                lines[found.first] = lines[found.first].replace(found.inline, _beside_key(lines[found.first], new))
        elif any(name_of(part) in swap.dropped_names for part in found.inline.split(";")):
            notes.append(f"{found.key} on one line is not edited; replace {found.inline!r} by hand")
    return "".join(lines), tuple(notes)


def runtime_names(text: str) -> frozenset[str]:
    """Names that are required where the project runs, or may be, as an extra."""
    lines = text.splitlines(keepends=True)
    found = [entry for entry in _lists(lines) if entry.is_runtime]
    requirements = [_requirement(lines[number]) for entry in found for number in entry.numbers]
    return names_of([*requirements, *(entry.inline for entry in found)])


def has_main_list(text: str) -> bool:
    """Is there a list of what the project always needs?"""
    return any(found.is_main for found in _lists(text.splitlines(keepends=True)))


def add(text: str, requirement: str) -> str | None:
    """The text with one more line in install_requires; None if there is no such list."""
    lines = text.splitlines(keepends=True)
    main = next((found for found in _lists(lines) if found.is_main and not found.inline), None)
    if main is None:
        return None
    requirements = [_requirement(lines[number]) for number in main.numbers]
    place = place_in(requirements, requirement)
    number = [*main.numbers, (main.numbers or (main.first,))[-1] + 1][place]
    pattern = lines[main.numbers[0]] if main.numbers else "    \n"
    if not lines[number - 1].endswith("\n"):
        lines[number - 1] += _end(text)
    indent = pattern[: len(pattern) - len(pattern.lstrip(" \t"))] or "    "
    lines.insert(number, indent + requirement + _end(text))
    return "".join(lines)


def _lists(lines: list[str]) -> Iterator[_List]:
    section = ""
    for number, line in enumerate(lines):
        if match := SECTION.match(line):
            section = match["name"]
            continue
        key = KEY.match(line)
        if key is None or line[:1].isspace():
            continue
        is_main = section == "options" and key["key"] == "install_requires"
        if not is_main and section != "options.extras_require":
            continue
        if key["value"].startswith("file:"):
            continue
        inline = re.split(r"\s+#", key["value"])[0]
        numbers = tuple(n for n in _continued(lines, number + 1) if _requirement(lines[n]))
        is_runtime = is_main or not is_for_development(key["key"])
        yield _List(f"{section}.{key['key']}", number, numbers, inline, is_main, is_runtime)


def _continued(lines: list[str], number: int) -> Iterator[int]:
    while number < len(lines) and (lines[number][:1].isspace() or lines[number][:1] in "#;"):
        yield number
        number += 1


def _requirement(line: str) -> str:
    match = LINE.match(line)
    text = match["requirement"] if match else ""
    return "" if text.startswith(("#", ";")) else text


def _with_requirement(line: str, requirement: str) -> str:
    match = LINE.match(line)
    return f"{match['indent']}{requirement}{match['rest']}" if match else line


def _beside_key(line: str, new: tuple[str, ...]) -> str:
    return new[0] if len(new) == 1 else "".join(f"{_end(line)}    {requirement}" for requirement in new)


def _end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
