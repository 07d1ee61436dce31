"""What can be seen of a thread pool in the text of its function: where it is made and closed, and what it is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from asyncify.infer.facts import Call
from asyncify.plan.scene import pack_paths
from asyncify.plan.tree import ScopeNode, Tree

POOL = "concurrent.futures.ThreadPoolExecutor"
LIMITS = frozenset({"max_workers"})
IGNORED = frozenset({"thread_name_prefix"})
GIVES_WORK = frozenset({"map", "submit"})
BLOCKS = (ast.Module, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Text:
    """A file's tree and its calls by span."""

    tree: Tree
    calls: Mapping[tuple[int, int, int, int], Call]


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool that one function makes and closes: by `with`, or under a name that is shut down by hand."""

    made: Call
    node: ast.Call
    block: ast.With | None
    function: ScopeNode
    work: tuple[Call, ...]  # calls of `map` and `submit`
    shutdowns: tuple[Call, ...]


def pools_of(text: Text, call: Call) -> Pool | None:
    """The pool that this call makes, if all that its function does with it is to give it work and to close it."""
    if pack_paths(call) != [POOL] or call.scope is None:
        return None
    node = text.tree.expression(call.place)
    if not isinstance(node, ast.Call):
        return None
    name, block = _bound(text.tree, node)
    function = text.tree.scope(node)
    if name is None or isinstance(function, BLOCKS):
        return None
    region = block if block is not None else function
    uses = [n for n in ast.walk(region) if isinstance(n, ast.Name) and n.id == name.id and n is not name]
    calls = [_call_on(text, use) for use in uses]
    found = [each for each in calls if each is not None]
    if len(found) < len(calls) or any(text.tree.scope(use) is not function for use in uses):
        return None
    work = tuple(each for each in found if method_of(each) in GIVES_WORK)
    shutdowns = tuple(each for each in found if method_of(each) == "shutdown")
    if not work or (block is None and not shutdowns):
        return None
    return Pool(call, node, block, function, work, shutdowns)


def _bound(tree: Tree, node: ast.Call) -> tuple[ast.Name | None, ast.With | None]:
    """The name of the pool, and the block that closes it."""
    parent = tree.parent(node)
    if isinstance(parent, ast.withitem):
        block = tree.parent(parent)
        if isinstance(block, ast.With) and isinstance(parent.optional_vars, ast.Name):
            return parent.optional_vars, block
        return None, None
    is_plain = isinstance(parent, ast.Assign) and parent.value is node and len(parent.targets) == 1
    if isinstance(parent, ast.Assign) and is_plain and isinstance(parent.targets[0], ast.Name):
        return parent.targets[0], None
    return None, None


def _call_on(text: Text, use: ast.Name) -> Call | None:
    """The call of a method of the pool, if that is what the name is used for."""
    attribute = text.tree.parent(use)
    outer = text.tree.parent(attribute) if isinstance(attribute, ast.Attribute) else None
    if not isinstance(use.ctx, ast.Load) or not isinstance(outer, ast.Call) or outer.func is not attribute:
        return None
    call = text.calls.get(text.tree.place(outer).span)
    return call if call is not None and method_of(call) in GIVES_WORK | {"shutdown"} else None


def method_of(call: Call) -> str:
    """Which method of a pool is called; "" for any other call."""
    paths = pack_paths(call)
    return paths[0].rpartition(".")[2] if len(paths) == 1 and paths[0].startswith(f"{POOL}.") else ""


def limit_of(node: ast.Call) -> ast.expr | None:
    """The pool's limit, if that is all that the pool is given."""
    keywords = [k for k in node.keywords if k.arg not in IGNORED]
    if len(node.args) + len(keywords) != 1:
        return None
    if node.args:
        return None if isinstance(node.args[0], ast.Starred) else node.args[0]
    return keywords[0].value if keywords[0].arg in LIMITS else None


def is_without_limit(node: ast.Call) -> bool:
    """Is it left to the pool how many threads it makes?"""
    return not node.args and all(k.arg in IGNORED for k in node.keywords)


def work_of(text: Text, call: Call) -> tuple[str, ...]:
    """Ids of the functions that the pool is given to run; none where that cannot be seen."""
    node = text.tree.expression(call.place)
    if not isinstance(node, ast.Call) or not node.args or isinstance(node.args[0], ast.Lambda | ast.Starred):
        return ()
    first = call.passes[0] if call.passes else None
    return first.functions if first is not None and first.slot == "0" else ()


def names_in(node: ast.AST) -> Iterator[ast.Name]:
    """All names below a node."""
    return (n for n in ast.walk(node) if isinstance(n, ast.Name))
