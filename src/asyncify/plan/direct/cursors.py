"""Cursors of which every use is known: the statements that they run, and what is read of each."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from asyncify.infer.facts import Call
from asyncify.plan.awaiting import can_await
from asyncify.plan.direct.lines import comments_behind, stands_alone
from asyncify.plan.direct.literal import edited
from asyncify.plan.direct.named import is_named_once, literal_of
from asyncify.plan.direct.reading import read_of
from asyncify.plan.direct.sql import Statement, read_statement
from asyncify.plan.scene import Scene, pack_paths
from asyncify.plan.tree import FunctionNode

CONNECTION = "psycopg2.extensions.connection"
CURSOR = f"{CONNECTION}.cursor"
METHODS = "psycopg2.extensions.cursor."
ROWS = {
    "psycopg2.extras.DictCursor": "{aio}.DictRow",
    "psycopg2.extras.RealDictCursor": "{aio}.RealDictRow",
}


@dataclass(frozen=True, slots=True)
class Ran:
    """One statement that a cursor runs. `read` is the expression that takes its result, in the statement behind it."""

    call: Call
    node: ast.Call
    stands: ast.stmt
    query: ast.expr
    literal: ast.Constant  # the query, or what its name stands for
    pieces: tuple[str, ...]  # the sources of the parts of the literal, with `$1`
    statement: Statement
    values: tuple[ast.expr, ...]
    read: ast.expr | None
    form: str  # what `read` takes: rows, row, value, count; "" without

    @property
    def method(self) -> str:
        return {"rows": "fetch", "row": "fetchrow", "value": "fetchval"}.get(self.form, "execute")


@dataclass(frozen=True, slots=True)
class CursorUse:
    """A cursor that is seen by its own function alone. `block` is the `with` that makes it, `made` else the assignment.

    Without `ran` it is one that cannot go.
    """

    call: Call
    node: ast.Call
    function: FunctionNode
    block: ast.With | None
    made: ast.Assign | None
    record: str
    ran: tuple[Ran, ...]
    closes: tuple[ast.stmt, ...]

    @property
    def owner(self) -> ast.expr:
        """The expression of the connection."""
        assert isinstance(self.node.func, ast.Attribute)
        return self.node.func.value

    @property
    def is_given(self) -> bool:
        """Is the connection an argument, so that code which nobody sees may have begun a transaction on it?"""
        name = self.owner.id if isinstance(self.owner, ast.Name) else ""
        return any(isinstance(node, ast.arg) and node.arg == name for node in ast.walk(self.function.args))

    @property
    def stands(self) -> ast.stmt:
        found = self.block or self.made
        assert found is not None
        return found


def find_cursors(scene: Scene) -> Iterator[CursorUse]:
    """All cursors of a file that are made where one can await."""
    for call in scene.facts.calls:
        if pack_paths(call) != [CURSOR] or not call.certain or call.perhaps or not can_await(scene, call):
            continue
        node = scene.node_of(call.place)
        function = scene.tree.scope(node) if node is not None else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(function, FunctionNode):
            yield _cursor(scene, call, node, function)


def _cursor(scene: Scene, call: Call, node: ast.Call, function: FunctionNode) -> CursorUse:
    block, made, name = _binding(scene, node)
    record = _record(scene, node)
    other = CursorUse(call, node, function, block, made, "", (), ())
    if name is None or record is None or not _is_stable(node.func):
        return other
    where = block.body if block is not None else function.body
    uses = [n for statement in where for n in ast.walk(statement) if isinstance(n, ast.Name) and n.id == name]
    if made is not None:
        uses = [use for use in uses if use not in made.targets]
    if not _is_seen_here_only(scene, function, name, uses, block, made):
        return other
    ran: list[Ran] = []
    closes: list[ast.stmt] = []
    known: set[ast.AST] = set()
    for use in uses:
        statement = scene.tree.statement(use)
        if _is_close(statement, use):
            closes.append(statement)
            known.add(use)
        elif (found := _ran(scene, use, statement, record)) is not None:
            ran.append(found)
            known |= {use, *(n for n in ast.walk(found.read or use) if n in uses)}
    if known != set(uses) or not ran:
        return other
    return CursorUse(call, node, function, block, made, record, tuple(ran), tuple(closes))


def _binding(scene: Scene, node: ast.Call) -> tuple[ast.With | None, ast.Assign | None, str | None]:
    """The `with` or assignment that names the cursor, and its name."""
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.withitem):
        block = scene.tree.parent(parent)
        is_last = isinstance(block, ast.With) and block.items[-1] is parent
        if is_last and isinstance(block, ast.With) and isinstance(parent.optional_vars, ast.Name):
            return block, None, parent.optional_vars.id
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        return None, parent, parent.targets[0].id
    return None, None, None


def _record(scene: Scene, node: ast.Call) -> str | None:
    """The class of its rows, "" for those of the connection; None where the text does not say."""
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if not node.args and not given:
        return ""
    if node.args or set(given) != {"cursor_factory"}:
        return None
    symbols = scene.uses.get(scene.tree.place(given["cursor_factory"]).span)
    return ROWS.get(symbols.symbols[0]) if symbols and len(symbols.symbols) == 1 else None


def _is_stable(node: ast.expr) -> bool:
    """Is it `conn.cursor`, `self.conn.cursor` and the like: names and attributes only?"""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _is_seen_here_only(
    scene: Scene,
    function: FunctionNode,
    name: str,
    uses: list[ast.Name],
    block: ast.With | None,
    made: ast.Assign | None,
) -> bool:
    """Is this the only binding of the name that the uses can see, and do no others see it?"""
    if any(isinstance(use.ctx, ast.Store) or scene.tree.scope(use) is not function for use in uses):
        return False
    if any(isinstance(n, ast.Global | ast.Nonlocal) and name in n.names for n in ast.walk(function)):
        return False
    arguments = [n.arg for n in ast.walk(function.args) if isinstance(n, ast.arg)]
    others = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name and n not in uses]
    if made is not None:
        return name not in arguments and others == made.targets
    return all(
        any(isinstance(a, ast.With) and a is not block and _binds(a, name) for a in scene.tree.ancestors(n))
        for n in others
        if not (isinstance(n.ctx, ast.Store) and isinstance(scene.tree.parent(n), ast.withitem))
    )


def _binds(block: ast.With, name: str) -> bool:
    return any(isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name for item in block.items)


def _is_close(statement: ast.stmt, use: ast.Name) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and _is_member(call.func, use, "close")


def _is_member(node: ast.AST, use: ast.Name, *names: str) -> bool:
    return isinstance(node, ast.Attribute) and node.value is use and node.attr in names


# ---------------------------------------------------------------- statements


def _ran(scene: Scene, use: ast.Name, statement: ast.stmt, record: str) -> Ran | None:
    """The statement that `use.execute(...)` runs, where that is a whole statement of the function."""
    node = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(node, ast.Call) or not _is_member(node.func, use, "execute"):
        return None
    call = scene.calls.get(scene.tree.place(node).span)
    if call is None or pack_paths(call) != [f"{METHODS}execute"] or not can_await(scene, call):
        return None
    if node.keywords or not 1 <= len(node.args) <= 2 or any(isinstance(a, ast.Starred) for a in node.args):
        return None
    query, given = node.args[0], node.args[1] if len(node.args) == 2 else None
    literal = literal_of(scene, query)
    if literal is None or not isinstance(literal.value, str):
        return None
    given = None if isinstance(given, ast.Constant) and given.value is None else given
    found = read_statement(literal.value, takes_values=given is not None)
    values = _values(given, found) if found is not None else None
    pieces = edited(scene.tree.text, literal, found.edits) if found is not None else None
    if found is None or values is None or pieces is None:
        return None
    if found.edits and isinstance(query, ast.Name) and not is_named_once(scene, query):
        return None
    read, form = read_of(scene, use, statement, found, record)
    if comments_behind(scene, statement).strip() or _has_comments(scene, node):
        return None
    if read is not None and not stands_alone(scene, statement):
        return None
    return Ran(call, node, statement, query, literal, pieces, found, values, read, form)


def _values(given: ast.expr | None, statement: Statement) -> tuple[ast.expr, ...] | None:
    """The expression for each `$n`; None where they cannot be told, or would not be evaluated as before."""
    if given is None:
        return ()
    if isinstance(given, ast.Tuple | ast.List):
        if any(isinstance(item, ast.Starred) for item in given.elts):
            return None
        return tuple(given.elts) if statement.keys == tuple(range(len(given.elts))) else None
    if not isinstance(given, ast.Dict):
        return None
    named: dict[int | str, ast.expr] = {}
    for key, value in zip(given.keys, given.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or key.value in named:
            return None
        named[key.value] = value
    if any(key not in named for key in statement.keys):
        return None
    in_order = list(statement.keys) == list(named)
    if not in_order and not all(isinstance(value, ast.Name | ast.Constant) for value in named.values()):
        return None
    return tuple(named[key] for key in statement.keys)


def _has_comments(scene: Scene, node: ast.Call) -> bool:
    source = ast.get_source_segment(scene.tree.text, node) or ""
    if "#" not in source:
        return False
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return any(token.type == tokenize.COMMENT for token in tokens)
