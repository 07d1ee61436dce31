"""setup.py is a program: it is read, never run and never edited, and what should change in it is told."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from asyncify.dependencies.swap import Swap, name_of

KEYWORDS = frozenset({"install_requires", "requires", "extras_require", "tests_require"})


def notes_on(source: bytes, swap: Swap) -> Iterator[str]:
    """A line for each requirement that should go."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        yield "cannot be parsed; look yourself whether it lists requirements"
        return
    for line, text in sorted(_strings(tree)):
        if name_of(text) in swap.dropped_names:
            what = f"replace it with {', '.join(swap.requires)}" if swap.requires else "remove it"
            yield f"line {line} lists {text!r}, which nothing uses any more; {what}"


def lists_requirements(source: bytes) -> bool:
    """Does it hand requirements to `setup`?"""
    return any(keyword.encode() in source for keyword in KEYWORDS)


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines and values of strings in a list, tuple or set: everywhere else a word is just a word."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            for item in node.elts:
                if isinstance(item, ast.Constant) and isinstance(item.value, str):
                    yield item.lineno, item.value
