"""Stub files say what their modules say; docstrings whose examples call what is to be awaited are named."""

from __future__ import annotations

from pathlib import Path

from asyncify.api import migrate
from asyncify.config import Config
from trees import write_files

MODULE = """
import time
from contextlib import contextmanager


def wait(n):
    \"\"\"Wait.

    >>> wait(2)
    2
    \"\"\"
    time.sleep(n)
    return n


def numbers(n):
    yield wait(n)


@contextmanager
def opened(n):
    yield wait(n)


def plain(n):
    \"\"\"Nothing.

    >>> plain(2)
    2
    \"\"\"
    return n


class Client:
    def __enter__(self):
        return wait(self)

    def __exit__(self, *args):
        pass
"""
STUB = """
from collections.abc import Iterator
from contextlib import AbstractContextManager

def wait(n: float) -> float: ...
def numbers(n: float) -> Iterator[float]: ...
def opened(n: float) -> AbstractContextManager[float]: ...
def plain(n: int) -> int: ...

class Client:
    def __enter__(self) -> Client: ...
    def __exit__(self, *args: object) -> None: ...
"""
AFTER = """
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager

async def wait(n: float) -> float: ...
def numbers(n: float) -> AsyncIterator[float]: ...
def opened(n: float) -> AbstractContextManager[float]: ...
def plain(n: int) -> int: ...

class Client:
    async def __aenter__(self) -> Client: ...
    async def __aexit__(self, *args: object) -> None: ...
"""


def test_a_stub_follows_its_module(tmp_path: Path) -> None:
    write_files(tmp_path, {"pkg/__init__.py": b"", "pkg/mod.py": MODULE.encode(), "pkg/mod.pyi": STUB.encode()})

    migration = migrate(Config(path=tmp_path, cache=False))

    assert migration.faults == ()
    after = {change.path: (change.after or b"").decode() for change in migration.changes}
    assert after["pkg/mod.pyi"] == AFTER
    warned = [(warned.place.path, warned.place.line, warned.rule) for warned in migration.plan.warnings]
    assert warned == [("pkg/mod.py", 7, "docstring-example"), ("pkg/mod.pyi", 7, "stub-file")]
    for path, text in after.items():
        (tmp_path / path).write_text(text)
    assert migrate(Config(path=tmp_path, cache=False)).changes == ()
