"""Names of things in the project, such as `package.module:get_agent().run`, and values made from them.

Standard library only: the measured process uses it.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

CALL = "()"
NEW = "$new"  # {"$new": "package.module:Class", "args": [...], "kwargs": {...}} is an object of the project


async def resolve(target: str, owner: Any = None) -> Any:
    """The object that the target names, found inside the event loop: a `()` that gives an awaitable is awaited.

    A target that begins with a dot names something of `owner`.
    """
    found, parts = _start(target, owner)
    for part in parts:
        found = getattr(found, part.replace(CALL, ""))
        for _ in range(part.count(CALL)):
            found = found()
            if inspect.isawaitable(found):
                found = await found
    return found


def resolve_sync(target: str, owner: Any = None) -> Any:
    """The object that the target names."""
    found, parts = _start(target, owner)
    for part in parts:
        found = getattr(found, part.replace(CALL, ""))
        for _ in range(part.count(CALL)):
            found = found()
    return found


def set_constants(constants: dict[str, str]) -> None:
    """Give names of modules other values, such as addresses that are written into the code."""
    for target, value in constants.items():
        module, _, name = target.partition(":")
        owner = importlib.import_module(module)
        getattr(owner, name)  # one that is not there would have no effect
        setattr(owner, name, value)


def build(value: Any) -> Any:
    """The value with every `$new` table replaced by the object that it describes."""
    if isinstance(value, dict):
        if NEW in value:
            args, kwargs = build(value.get("args", [])), build(value.get("kwargs", {}))
            return resolve_sync(value[NEW])(*args, **kwargs)
        return {key: build(item) for key, item in value.items()}
    return [build(item) for item in value] if isinstance(value, list) else value


def _start(target: str, owner: Any) -> tuple[Any, list[str]]:
    if target.startswith("."):
        return owner, target[1:].split(".")
    module, _, path = target.partition(":")
    return importlib.import_module(module), path.split(".")
