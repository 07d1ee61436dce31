"""Holes in strings: `{n}` in what is sent, `{name}` and `{body.key}` in what the stand-in answers.

Standard library only: the measured process uses it too, on any Python from 3.8 on.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable  # noqa: UP035

HOLE = re.compile(r"\{([A-Za-z_]\w*(?:\.[\w-]+)*)\}")


def fill(template: Any, value_of: Callable[[str], Any]) -> Any:
    """The template with every hole filled, in keys of no table but in all values; a lone hole keeps its type."""
    if isinstance(template, dict):
        return {key: fill(value, value_of) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [fill(value, value_of) for value in template]
    if not isinstance(template, str):
        return template
    lone = HOLE.fullmatch(template)
    if lone:
        return value_of(lone[1])
    return HOLE.sub(lambda hole: str(value_of(hole[1])), template)


def fill_number(template: Any, number: int) -> Any:
    """The template with `{n}` replaced; any other text in braces stays as it is."""
    if isinstance(template, dict):
        return {key: fill_number(value, number) for key, value in template.items()}
    if isinstance(template, (list, tuple)):
        return [fill_number(value, number) for value in template]
    return template.replace("{n}", str(number)) if isinstance(template, str) else template


def holes(template: Any) -> frozenset[str]:
    """The names of all holes in a template."""
    if isinstance(template, dict):
        return frozenset().union(*map(holes, template.values()))
    if isinstance(template, (list, tuple)):
        return frozenset().union(*map(holes, template))
    return frozenset(HOLE.findall(template)) if isinstance(template, str) else frozenset()


def look_up(value: Any, key: str) -> Any:
    """The value at a dotted key of nested tables and lists; KeyError if there is none."""
    for part in key.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise KeyError(key)
    return value


def without(value: Any, ignored: tuple[str, ...]) -> Any:
    """A copy of nested tables and lists without what the dotted keys name; `*` stands for any key or index."""
    for key in ignored:
        value = _drop(value, key.split("."))
    return value


def without_order(value: Any, unordered: tuple[str, ...]) -> Any:
    """A copy in which every list that a dotted key names is sorted; `*` stands for any key or index."""
    for key in unordered:
        value = _sort(value, key.split("."))
    return value


def _sort(value: Any, parts: list[str]) -> Any:
    if not parts:
        text = json.JSONEncoder(sort_keys=True, default=repr).encode
        return sorted(value, key=text) if isinstance(value, list) else value
    if isinstance(value, dict):
        return {name: _sort(item, parts[1:]) if parts[0] in {"*", name} else item for name, item in value.items()}
    if isinstance(value, list):
        return [_sort(item, parts[1:]) if parts[0] in {"*", str(i)} else item for i, item in enumerate(value)]
    return value


def _drop(value: Any, parts: list[str]) -> Any:
    if isinstance(value, dict):
        return _kept({name: (item, parts) for name, item in value.items()})
    if isinstance(value, list):
        return list(_kept({str(index): (item, parts) for index, item in enumerate(value)}).values())
    return value


def _kept(items: dict[str, tuple[Any, list[str]]]) -> dict[str, Any]:
    kept = {}
    for name, (item, parts) in items.items():
        if parts[0] not in {"*", name}:
            kept[name] = item
        elif len(parts) > 1:
            kept[name] = _drop(item, parts[1:])
    return kept
