"""What a function gave back, as plain JSON values that two runs can be compared by. Standard library only."""

from __future__ import annotations

import dataclasses
import enum
import re
from typing import Any

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
MAX_DEPTH = 20


def plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON values: sets sorted, objects by their public attributes, all else by repr without address."""
    if depth > MAX_DEPTH:
        return "..."
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item, depth + 1) for item in value), key=repr)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "backslashreplace")
    return _object(value, depth)


def raised(error: BaseException) -> Any:
    """What a caller can tell of an exception."""
    return {"raised": type(error).__qualname__, "message": ADDRESS.sub("", str(error))}


def _object(value: Any, depth: int) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
        return plain(fields, depth + 1)
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(), depth + 1)
    public = {name: item for name, item in getattr(value, "__dict__", {}).items() if not name.startswith("_")}
    if public and not isinstance(value, type) and not callable(value):
        return plain(public, depth + 1)
    return ADDRESS.sub("", repr(value))
