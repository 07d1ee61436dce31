"""What can be seen of a thread pool in the text of its function: where it is made and closed, and what it is given."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from asyncify.infer.facts import Call, FileFacts, Use
from asyncify.place import Place
from asyncify.plan.scene import pack_paths
from asyncify.plan.tree import ScopeNode, Tree

POOL = "concurrent.futures.ThreadPoolExecutor"
THREAD_LOCAL = "threading.local"
LIMITS = frozenset({"max_workers"})
IGNORED = frozenset({"thread_name_prefix"})
PREPARES = frozenset({"initializer", "initargs"})
GIVES_WORK = frozenset({"map", "submit"})
BLOCKS = (ast.Module, ast.ClassDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Text:
    """A file's tree, its calls by span, and where it uses what the calls make."""

    tree: Tree
    calls: Mapping[tuple[int, int, int, int], Call]
    uses: tuple[Use, ...] = ()
    elsewhere: frozenset[Place] = frozenset()  # calls that make what another file uses
    locals: frozenset[str] = frozenset()  # functions (ids) that use data of their thread


def text_of(tree: Tree, facts: FileFacts, files: Iterable[FileFacts]) -> Text:
    """A file as pools are looked for in it."""
    calls = {call.place.span: call for call in facts.calls}
    if not any(pack_paths(call) == [POOL] for call in facts.calls):
        return Text(tree, calls)
    uses = tuple(use for use in facts.uses if POOL in use.types)
    all_uses = [use for other in files for use in other.uses]
    others = {place for use in all_uses if use.place.path != facts.path for place in use.origins}
    if any(use.crowded and POOL in use.types for use in all_uses):
        others |= {place for use in uses for place in use.origins}
    known = {use.scope for other in files for use in other.uses if THREAD_LOCAL in use.types and use.scope}
    return Text(tree, calls, uses, frozenset(others), frozenset(known))


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool that one function makes and closes, by `with`, or under a name that is shut down by hand; or one that an
    attribute or the module holds."""

    made: Call
    node: ast.Call
    block: ast.With | None
    functions: tuple[ScopeNode, ...]  # in which it is given work
    work: tuple[Call, ...]  # calls of `map` and `submit`
    shutdowns: tuple[Call, ...]
    is_held: bool = False

    @property
    def scopes(self) -> frozenset[str | None]:
        """The functions in which somebody waits for it."""
        return frozenset(call.scope for call in (*self.work, *self.shutdowns))

    @property
    def prepares(self) -> tuple[str, ...]:
        """Ids of the functions that prepare a thread."""
        return tuple(id_ for passed in self.made.passes if passed.slot == "initializer" for id_ in passed.functions)


def pools_of(text: Text, call: Call) -> Pool | None:
    """The pool that this call makes, if all that its function does with it is to give it work and to close it."""
    if pack_paths(call) != [POOL]:
        return None
    node = text.tree.expression(call.place)
    if not isinstance(node, ast.Call):
        return None
    return _local(text, call, node) if call.scope is not None and _is_local(text, node) else _held(text, call, node)


def _is_local(text: Text, node: ast.Call) -> bool:
    name, block = _bound(text.tree, node)
    return name is not None and (block is not None or not isinstance(text.tree.scope(node), BLOCKS))


def _held(text: Text, call: Call, node: ast.Call) -> Pool | None:
    """A pool that an attribute, or a name of the module, holds for the functions of one file."""
    parent = text.tree.parent(node)
    is_bound = isinstance(parent, ast.Assign | ast.AnnAssign) and parent.value is node
    uses = [use for use in text.uses if call.place in use.origins and use.place != call.place]
    if not is_bound or call.place in text.elsewhere or any(use.origins != (call.place,) for use in uses):
        return None
    found: list[Call] = []
    for use in uses:
        value = text.tree.expression(use.place)
        if not isinstance(value, ast.Name | ast.Attribute) or not isinstance(value.ctx, ast.Load):
            continue
        used = _call_on(text, value)
        if used is None or used.scope is None or isinstance(text.tree.scope(value), BLOCKS):
            return None
        found.append(used)
    work = tuple(each for each in found if method_of(each) in GIVES_WORK)
    shutdowns = tuple(each for each in found if method_of(each) == "shutdown")
    if not work or any(_is_left_alone(text, each) for each in work):
        return None
    nodes = [text.tree.expression(each.place) for each in work]
    functions = dict.fromkeys(text.tree.scope(each) for each in nodes if each is not None)
    return Pool(call, node, None, tuple(functions), work, shutdowns, is_held=True)


def _is_left_alone(text: Text, call: Call) -> bool:
    """Does nobody look at what comes of the work? As a task it would not outlive the event loop."""
    node = text.tree.expression(call.place)
    return node is None or isinstance(text.tree.parent(node), ast.Expr)


def _local(text: Text, call: Call, node: ast.Call) -> Pool | None:
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
    return Pool(call, node, block, (function,), work, shutdowns)


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


def _call_on(text: Text, use: ast.Name | ast.Attribute) -> Call | None:
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
    keywords = [k for k in node.keywords if k.arg not in IGNORED | PREPARES]
    if len(node.args) + len(keywords) != 1:
        return None
    if node.args:
        return None if isinstance(node.args[0], ast.Starred) else node.args[0]
    return keywords[0].value if keywords[0].arg in LIMITS else None


def is_without_limit(node: ast.Call) -> bool:
    """Is it left to the pool how many threads it makes?"""
    return not node.args and all(k.arg in IGNORED | PREPARES for k in node.keywords)


def may_prepare(text: Text, pool: Pool) -> bool:
    """Can what is done once for each thread be done once for each place under the limit? Not if it sets data of its
    thread."""
    if not any(k.arg == "initializer" for k in pool.node.keywords):
        return True
    return bool(pool.prepares) and text.locals.isdisjoint(pool.prepares)


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
