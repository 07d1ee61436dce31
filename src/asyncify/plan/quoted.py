"""Annotations in quotes: `"requests.Session | None"` names a library's class as one without quotes does."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import Step, Substitute
from asyncify.plan.tree import Tree

RULE = "library-type"
WHY = "The value is of another class now."


def decide_quoted(scene: Scene) -> Decided:
    """Steps for the quoted annotations of a file that name classes of a migrating library."""
    return Decided(tuple(step for node in quoted_annotations(scene.tree) if (step := _step(scene, node)) is not None))


def quoted_annotations(tree: Tree) -> Iterator[ast.Constant]:
    """The string constants inside annotations, but for those of `Literal`."""
    for node in ast.walk(tree.module):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield from _strings(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield from _strings(node.returns)


def names_in(node: ast.Constant) -> list[ast.expr]:
    """The dotted names in a quoted annotation, from the last to the first; none where it is no expression."""
    try:
        parsed = ast.parse(str(node.value), mode="eval")
    except SyntaxError:
        return []
    inner = {id(part.value) for part in ast.walk(parsed) if isinstance(part, ast.Attribute)}
    names = [part for part in ast.walk(parsed) if isinstance(part, ast.Name | ast.Attribute) and id(part) not in inner]
    return sorted(names, key=lambda part: part.col_offset, reverse=True)


def _strings(annotation: ast.expr) -> Iterator[ast.Constant]:
    if isinstance(annotation, ast.Constant):
        if isinstance(annotation.value, str):
            yield annotation
        return
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).rpartition(".")[2] == "Literal":
        return
    for child in ast.iter_child_nodes(annotation):
        if isinstance(child, ast.expr):
            yield from _strings(child)


def _step(scene: Scene, node: ast.Constant) -> Step | None:
    text = str(node.value)
    if not text.isascii() or {"{", "\\", "\n", '"'} & set(text) or node.lineno != node.end_lineno:
        return None
    changed = text
    for name in names_in(node):
        becomes = _becomes(scene, scene.tree.imported(name))
        if becomes is not None:
            changed = changed[: name.col_offset] + becomes + changed[name.end_col_offset :]
    if changed == text:
        return None
    return Step(scene.tree.place(node), Substitute(f'"{changed}"'), RULE, WHY)


def _becomes(scene: Scene, imported: str) -> str | None:
    path = scene.catalogue.canonical(imported) if imported else ""
    kind = scene.catalogue.types.get(path)
    if kind is not None and kind.pack in scene.migrating:
        return kind.becomes
    error = scene.catalogue.exception_for(path)
    return error.catches[0] if error is not None and error.pack in scene.migrating else None
