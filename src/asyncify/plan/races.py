"""State that several tasks may see, read before an await and written after it: found and said, with a lock proposed."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from asyncify.infer.facts import Function
from asyncify.plan.scene import Decided, Scene
from asyncify.plan.step import Hold, IterateAsync, Step, Substitute, Warned
from asyncify.plan.tree import FunctionNode

CHECK = "race-check-then-act"
COUNT = "race-read-then-write"
LOCAL = "race-thread-local"
THREAD_LOCAL = "threading.local"
OBJECTS = frozenset({"self", "cls"})
CONSTRUCTORS = frozenset({"__init__", "__new__", "__post_init__"})
CHANGES = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"}
)
WORDS = {
    CHECK: "`{name}` is looked at before the await in line {line} and written after it: another task may look "
    "meanwhile and do the same again. {lock}",
    COUNT: "`{name}` is read before the await in line {line} and written after it: what another task writes meanwhile "
    "is lost. {lock}",
}
OF_OBJECT = "Hold an asyncio.Lock of the object round both."
OF_MODULE = "Hold an asyncio.Lock of the module round both."
SHARED_BY_TASKS = (
    "All tasks of an event loop run in one thread and see the same values here. Use a contextvars.ContextVar for what "
    "belongs to one call."
)


@dataclass(frozen=True, slots=True)
class _Access:
    name: str
    node: ast.expr
    at: tuple[int, int]  # where it happens: a write after all that its statement works out
    kind: str  # the rule for which a read counts, "" for a write


def find_races(scene: Scene, steps: Iterable[Step]) -> Decided:
    """Warnings for the functions of one file that will be awaited."""
    awaits = _awaits(scene, steps)
    found: list[Warned] = []
    for id_ in scene.functions:
        function = scene.index.functions[id_]
        node = scene.tree.function(function.place)
        if node is not None and scene.runs_in_loop(id_) and awaits:
            found += _in_function(scene, function, node, awaits)
    return Decided(warnings=(*found, *_thread_locals(scene)))


def _awaits(scene: Scene, steps: Iterable[Step]) -> list[ast.AST]:
    """The expressions and statements that will wait."""
    found: list[ast.AST] = [
        node for node in ast.walk(scene.tree.module) if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]
    for step in steps:
        is_await = isinstance(step.action, Substitute) and "await " in step.action.template
        node = scene.node_of(step.place) if is_await or isinstance(step.action, Hold | IterateAsync) else None
        found += [node] if node is not None else []
    return found


def _in_function(
    scene: Scene, function: Function, node: FunctionNode, awaits: list[ast.AST]
) -> Iterator[Warned]:  # fmt: skip
    if function.qualname.rpartition(".")[2] in CONSTRUCTORS:
        return
    own = {id(n) for n in ast.walk(node) if scene.tree.scope(n) is node}
    waits = sorted(_start(wait) for wait in awaits if id(wait) in own)
    accesses = [access for access in _accesses(scene, node) if id(access.node) in own] if waits else []
    writes = [access for access in accesses if not access.kind]
    said: set[str] = set()
    for read in (access for access in accesses if access.kind):
        for write in writes:
            between = next((at for at in waits if read.at < at <= write.at), None)
            if between is None or read.name != write.name or read.name in said:
                continue
            if _is_guarded(scene, node, read.node, write.node) or not _can_follow(scene, node, read.node, write.node):
                continue
            said.add(read.name)
            lock = OF_OBJECT if read.name.partition(".")[0] in OBJECTS else OF_MODULE
            text = WORDS[read.kind].format(name=read.name, line=between[0], lock=lock)
            yield Warned(scene.tree.place(read.node), read.kind, text)


def _start(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _accesses(scene: Scene, function: FunctionNode) -> Iterator[_Access]:
    """Reads that decide something or that a write is worked out from, and writes, of what outlives the call."""
    shared = _globals(scene, function)
    for node in ast.walk(function):
        if not isinstance(node, ast.Name | ast.Attribute):
            continue
        name = _shared_name(node, shared)
        if name is None:
            continue
        if _is_written(scene, node):
            statement = scene.tree.statement(node)
            yield _Access(name, node, (statement.end_lineno or 0, statement.end_col_offset or 0), "")
            if isinstance(statement, ast.AugAssign) and _is_inside(node, statement.target):
                yield _Access(name, node, _start(node), COUNT)
        elif kind := _decides(scene, node, name):
            yield _Access(name, node, _start(node), kind)


def _globals(scene: Scene, function: FunctionNode) -> frozenset[str]:
    """Names of the module that its top level binds to something that can change, as this function sees them."""
    module = {
        target.id
        for statement in scene.tree.module.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Name)
    }
    declared = {name for n in ast.walk(function) if isinstance(n, ast.Global) for name in n.names}
    bound = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}
    return frozenset(module - (bound - declared))


def _shared_name(node: ast.Name | ast.Attribute, shared: frozenset[str]) -> str | None:
    if isinstance(node, ast.Name):
        return node.id if node.id in shared else None
    is_own = isinstance(node.value, ast.Name) and node.value.id in OBJECTS
    return ast.unparse(node) if is_own else None


def _is_written(scene: Scene, node: ast.expr) -> bool:
    """Is it bound anew, or changed in place?"""
    if not isinstance(node.ctx, ast.Load):  # type: ignore[attr-defined]
        return True
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return not isinstance(parent.ctx, ast.Load)
    if isinstance(parent, ast.Attribute) and parent.value is node:
        outer = scene.tree.parent(parent)
        return isinstance(outer, ast.Call) and outer.func is parent and parent.attr in CHANGES
    return False


def _decides(scene: Scene, node: ast.expr, name: str = "") -> str:
    """The rule for which this read counts, if it stands in a condition or gives a name, or `name` itself, its value."""
    inner: ast.AST = node
    for ancestor in scene.tree.ancestors(node):
        if isinstance(ancestor, ast.If | ast.While | ast.IfExp) and ancestor.test is inner:
            return CHECK
        if isinstance(ancestor, ast.Assign | ast.AnnAssign | ast.NamedExpr) and ancestor.value is inner:
            targets: Sequence[ast.expr] = ancestor.targets if isinstance(ancestor, ast.Assign) else [ancestor.target]
            if any(ast.unparse(target) == name for target in targets):
                return COUNT
            if kind := _use_of_name(scene, ancestor, targets):
                return kind
        if isinstance(ancestor, ast.stmt):
            return ""
        inner = ancestor
    return ""


def _use_of_name(scene: Scene, binding: ast.AST, targets: Sequence[ast.expr]) -> str:
    """What the value that is kept in a name is then used for: a condition, or the value of another write."""
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    uses = [
        n
        for n in ast.walk(scene.tree.scope(binding))
        if isinstance(n, ast.Name) and n.id in names and isinstance(n.ctx, ast.Load) and _start(n) > _start(binding)
    ]
    uses = [use for use in uses if binding not in scene.tree.ancestors(use)]  # not in `name = f(name)` itself
    for use in uses:
        if (kind := _decides(scene, use)) == CHECK:
            return kind
    written = [scene.tree.statement(use) for use in uses]
    return COUNT if any(isinstance(s, ast.Assign | ast.AugAssign) and _is_kept(s) for s in written) else ""


def _is_kept(statement: ast.Assign | ast.AugAssign) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)


def _is_inside(node: ast.AST, outer: ast.AST) -> bool:
    return any(n is node for n in ast.walk(outer))


def _is_guarded(scene: Scene, function: FunctionNode, *nodes: ast.expr) -> bool:
    """Do both stand in one block that is entered asynchronously, as a lock of tasks is?"""
    blocks = [_blocks(scene, function, node) for node in nodes]
    return bool(set.intersection(*blocks))


def _blocks(scene: Scene, function: FunctionNode, node: ast.expr) -> set[ast.AST]:
    found: set[ast.AST] = set()
    for ancestor in scene.tree.ancestors(node):
        if ancestor is function:
            return found
        if isinstance(ancestor, ast.AsyncWith) or (isinstance(ancestor, ast.With) and _holds_lock(scene, ancestor)):
            found.add(ancestor)
    return found


def _holds_lock(scene: Scene, block: ast.With) -> bool:
    return any(scene.tree.place(item.context_expr) in scene.following.waits for item in block.items)


def _can_follow(scene: Scene, function: FunctionNode, read: ast.expr, write: ast.expr) -> bool:
    """Can the write come after the read in one run: do they not stand in different branches of one `if`?"""
    branches = dict(_branches(scene, function, read))
    return all(branches.get(key, branch) == branch for key, branch in _branches(scene, function, write))


def _branches(scene: Scene, function: FunctionNode, node: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    inner: ast.AST = node
    for ancestor in scene.tree.ancestors(node):
        if ancestor is function:
            return
        if isinstance(ancestor, ast.If):
            branch = "body" if inner in ancestor.body else "orelse" if inner in ancestor.orelse else "test"
            if branch != "test":
                yield ancestor, branch
        inner = ancestor


def _thread_locals(scene: Scene) -> Iterator[Warned]:
    """Each `threading.local()` once, where a function that is awaited uses it first."""
    said: set[str] = set()
    for use in scene.facts.uses:
        node = scene.node_of(use.place) if THREAD_LOCAL in use.types and scene.runs_in_loop(use.scope) else None
        if node is not None and (text := ast.unparse(node)) not in said:
            said.add(text)
            yield Warned(use.place, LOCAL, SHARED_BY_TASKS)
