"""A class of the new library, named as the file names the old one: `OpenAI` becomes `AsyncOpenAI`."""

from __future__ import annotations

import ast
import re

from asyncify.plan.scene import Scene
from asyncify.plan.step import Substitute

CONSTRUCTED = re.compile(r"((?:\w+\.)+\w+)\(\{\*\}\)")


def constructed(template: str) -> str | None:
    """The class of which a template makes an instance from all arguments as written; None if it does something else."""
    found = CONSTRUCTED.fullmatch(template)
    return found[1] if found is not None else None


def renamed(scene: Scene, node: ast.expr, path: str) -> Substitute:
    """The class at `path` in the stead of the one that `node` names."""
    module, _, name = path.rpartition(".")
    if isinstance(node, ast.Attribute) and scene.tree.imported(node.value) == module:
        return Substitute(f"{ast.unparse(node.value)}.{name}")
    if isinstance(node, ast.Name) and scene.tree.imported(node).rpartition(".")[0] == module:
        return Substitute(name, needs=((module, name),))
    return Substitute(path)
