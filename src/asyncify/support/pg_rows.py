"""Cursors whose rows are read by the names of the columns."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import Any

from asyncify.support.pg_cursor import Column, Cursor


class DictRow(list[Any]):
    """A row read by number or by name."""

    def __init__(self, names: dict[str, int], values: tuple[Any, ...]) -> None:
        super().__init__(values)
        self._index = names

    @classmethod
    def _maker(cls, description: tuple[Column, ...]) -> Callable[[tuple[Any, ...]], Any]:
        names = {column.name: number for number, column in enumerate(description)}
        return lambda values: cls(names, values)

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key if isinstance(key, (int, slice)) else self._index[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key if isinstance(key, (int, slice)) else self._index[key], value)

    def __contains__(self, key: object) -> bool:
        return key in self._index

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._index else default

    def keys(self) -> Iterator[str]:
        return iter(self._index)

    def values(self) -> Iterator[Any]:
        return iter(self)

    def items(self) -> Iterator[tuple[str, Any]]:
        return ((name, self[name]) for name in self._index)

    def copy(self) -> dict[str, Any]:  # type: ignore[override]
        return dict(self.items())


class DictCursor(Cursor):
    """Its rows are lists that are also read by name."""

    _maker = staticmethod(DictRow._maker)


class RealDictRow(dict[str, Any]):
    """A row as a dict."""

    @classmethod
    def _maker(cls, description: tuple[Column, ...]) -> Callable[[tuple[Any, ...]], Any]:
        names = [column.name for column in description]
        return lambda values: cls(zip(names, values, strict=True))


class RealDictCursor(Cursor):
    """Its rows are dicts."""

    _maker = staticmethod(RealDictRow._maker)


class NamedTupleCursor(Cursor):
    """Its rows are named tuples."""

    @staticmethod
    def _maker(description: tuple[Column, ...]) -> Callable[[tuple[Any, ...]], Any]:
        record = namedtuple("Record", [_field_name(column.name) for column in description])  # type: ignore[misc]
        return lambda values: record(*values)


def _field_name(name: str) -> str:
    """A column's name as that of an attribute."""
    cleaned = re.sub(r"\W", "_", name, flags=re.ASCII)
    return f"f{cleaned}" if cleaned[:1] in {"_", ""} or cleaned[0].isdigit() else cleaned
