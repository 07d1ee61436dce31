"""Which calls take every item of what they are given before they go on?"""

from __future__ import annotations

import ast

from asyncify.colour.outside import TAKE_ALL_METHODS
from asyncify.plan.tree import Tree

TAKE_ALL = frozenset({"list", "tuple", "set", "frozenset", "sum", "min", "max", "sorted", "dict"})


def takes_all(tree: Tree, consumer: ast.Call, node: ast.expr) -> bool:
    """Does this call take every item of its argument before it goes on?"""
    if isinstance(consumer.func, ast.Attribute):
        return consumer.func.attr in TAKE_ALL_METHODS and node in consumer.args
    return builtin(consumer.func) in TAKE_ALL and consumer.args[:1] == [node]


def builtin(function: ast.expr) -> str:
    """The name of what is called, if it is no more than a name."""
    return function.id if isinstance(function, ast.Name) else ""
