"""Library callables and modules that are held in variables before they are called."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from asyncify.catalogue import Catalogue
from asyncify.infer.facts import Call, Index, Use
from asyncify.plan.scene import KEEPS_FORM, pack_paths
from asyncify.plan.tree import Tree
from asyncify.rule import Rule

Uses = Mapping[tuple[int, int, int, int], Use]  # by span
PLAIN = re.compile(r"await ([\w.{}]+)\((.*)\)")


@dataclass(frozen=True, slots=True)
class Value:
    """What a variable holds after the migration in the stead of a library's callable or module."""

    template: str
    helpers: tuple[str, ...]
    rule: str
    pack: str


def is_direct(tree: Tree, catalogue: Catalogue, call: Call, uses: Uses) -> bool:
    """Is the callable called by the name under which it is imported, or as a method of an object?"""
    node = tree.expression(call.callee)
    if node is None or call.perhaps:
        return True
    functions = [path for path in pack_paths(call) if path.rpartition(".")[0] not in catalogue.types]
    if functions:
        named = catalogue.canonical(tree.imported(node))
        return functions == [named] or functions == [rule.calls[0].path for rule in catalogue.handed.get(named, ())]
    if isinstance(node, ast.Call):  # `getattr(session, verb)(url)` keeps its form
        return True
    if not isinstance(node, ast.Attribute):
        return False
    receiver = uses.get(tree.place(node.value).span)
    if receiver is None or not receiver.types:
        return False
    return any(path.rpartition(".")[2] == node.attr for path in pack_paths(call))


def indirect_paths(trees: Mapping[str, Tree], index: Index, catalogue: Catalogue) -> frozenset[str]:
    """Pack paths that some call reaches through a variable."""
    found: set[str] = set()
    for file, tree in trees.items():
        uses = {use.place.span: use for use in index.files[file].uses}
        for call in index.files[file].calls:
            if pack_paths(call) and not is_direct(tree, catalogue, call, uses):
                found |= set(pack_paths(call))
    return frozenset(found)


def value_template(rule: Rule, path: str) -> str | None:
    """What a variable that holds the callable becomes; None where the call cannot keep its arguments."""
    found = PLAIN.fullmatch(rule.becomes or "")
    if found is None or "{self}" in found[1]:
        return None
    slots = [f"{{{slot.name}}}" for signature in rule.calls for slot in signature.slots]
    if found[2] != "{*}" and found[2].split(", ") != slots:
        return None
    return found[1].replace("{name}", path.rpartition(".")[2])


def value_of(tree: Tree, catalogue: Catalogue, node: ast.expr, symbol: str, indirect: frozenset[str]) -> Value | None:
    """What becomes of a name that stands for a library's callable or module without calling it; None if nothing."""
    parent = tree.parent(node)
    if isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node):
        return None
    if catalogue.canonical(tree.imported(node)) != symbol:
        return None  # a variable that holds it: the place where it was stored is the one that changes
    rule = catalogue.by_call.get(symbol)
    if rule is not None and symbol in indirect:
        template = value_template(rule, symbol)
        return None if template is None else Value(template, (), rule.id, rule.pack)
    reached = [path for path in indirect if path.rpartition(".")[0] == symbol and path in catalogue.by_call]
    rules = [catalogue.by_call[path] for path in reached]
    if not rules or any(rule.becomes != KEEPS_FORM[1] for rule in rules):
        return None
    helpers = tuple(sorted(path.rpartition(".")[2] for path in reached))
    return Value("{aio}", helpers, rules[0].id, rules[0].pack)
