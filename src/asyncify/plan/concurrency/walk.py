"""Reads a piece of code for what others can see of it: what it writes, calls, enters and goes over."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

from asyncify.infer.facts import Call, Target, TargetKind
from asyncify.place import Place
from asyncify.plan.concurrency import known
from asyncify.plan.concurrency.names import is_number_or_text
from asyncify.plan.concurrency.reach import Answers, Blocker, Reach, Text
from asyncify.rule import Wait


class Walk(ast.NodeVisitor):
    """Reads code that belongs to one function. `outside` are its global and nonlocal names; `fresh` those that hold
    nothing but what the code made itself; `own` those that it binds."""

    def __init__(
        self, effects: Answers, text: Text, outside: frozenset[str], fresh: frozenset[str], own: frozenset[str]
    ) -> None:
        self.effects = effects
        self.text = text
        self.tree = text.tree
        self.outside = outside
        self.fresh = fresh
        self.own = own
        self.reach = Reach()
        self.handlers = 0

    def over(self, nodes: Iterable[ast.AST]) -> Reach:
        for node in nodes:
            self.visit(node)
            self._runs_in(node)
        return self.reach

    def _runs_in(self, node: ast.AST) -> None:
        if not isinstance(node, ast.stmt | ast.expr):
            return
        place = self.tree.place(node)
        for run in self.text.runs:
            if place.contains(run.place):
                for id_ in run.functions:
                    self.reach += self.effects.of_function(id_)

    def visit(self, node: ast.AST) -> None:
        names = known.OPERATORS.get(type(node))
        if names is not None:
            place = self.tree.place(node.iter if isinstance(node, ast.comprehension) else node)
            self.reach += self.effects.of_operators(names, place)
        super().visit(node)

    def block(self, node: ast.AST, text: str) -> None:
        self.reach += Reach((Blocker(self.tree.place(node), text),))

    # ---------------------------------------------------------------- what is written

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load) and node.id in self.outside:
            self.block(node, f"it writes `{node.id}`, which others see")
        if isinstance(node.ctx, ast.Load):
            self._read(node, node.id if node.id not in self.own else None)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._written(node)
        if isinstance(node.ctx, ast.Load):
            self._read(node, node.attr)
        self.reach += self.effects.of_property(node.attr)
        self.visit(node.value)

    def _read(self, node: ast.expr, name: str | None) -> None:
        """A function that is named may be called by whoever gets it; some values change by being read."""
        for id_ in self.text.values.get(self.tree.place(node).span, ()):
            self.reach += self.effects.of_function(id_)
        if name is not None and self.effects.is_used_up(name):
            self.block(node, f"`{name}` changes by being read")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._written(node)
        self.visit(node.value)
        self.visit(node.slice)

    def _written(self, node: ast.Attribute | ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Load):
            return
        if not (isinstance(node.value, ast.Name) and node.value.id in self.fresh):
            self.block(node, f"it writes `{ast.unparse(node)}`, which others may see")

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Name) and target.id not in self.fresh:
            scope = self.tree.scope(node)
            if not is_number_or_text(scope, target.id) and not isinstance(node.value, ast.Constant | ast.JoinedStr):
                self.block(node, f"`{target.id}` may be changed in place, and others may see it")
        self.generic_visit(node)

    # ---------------------------------------------------------------- what has its own scope or order

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Its body counts where it is called."""

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Its body counts where it is called."""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.block(node, "it makes a class")

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self.block(node, "it iterates asynchronously")

    def visit_AsyncWith(self, node: ast.AsyncWith) -> None:
        self.block(node, "it enters a block of its own")

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.handlers += 1
        self.generic_visit(node)
        self.handlers -= 1

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            if not self._is_harmless_block(item.context_expr):
                self.block(item.context_expr, f"it enters `{ast.unparse(item.context_expr)}`")
        self.generic_visit(node)

    def _is_harmless_block(self, node: ast.expr) -> bool:
        if not isinstance(node, ast.Call):
            return False
        call = self.text.calls.get(self.tree.place(node).span)
        if call is None:
            return self.tree.imported(node.func) in {"contextlib.suppress", "contextlib.nullcontext"}
        if all(target.kind is TargetKind.PACK for target in call.targets):
            kinds = [self._entered(target.id) for target in call.targets]
            return all(kinds)
        place = self.tree.place(node)
        return any(run.place == place and run.functions for run in self.text.runs)

    def _entered(self, path: str) -> bool:
        rule = self.effects.catalogue.rule_for(path)
        kind = self.effects.catalogue.types.get(rule.returns or "") if rule is not None else None
        return kind is not None and kind.enters is not None and rule is not None and rule.waits in {None, Wait.NETWORK}

    # ---------------------------------------------------------------- calls

    def visit_Call(self, node: ast.Call) -> None:
        for child in (*node.args, *(keyword.value for keyword in node.keywords)):
            self.visit(child.value if isinstance(child, ast.Starred) else child)
        if isinstance(node.func, ast.Attribute):
            self.visit(node.func.value)
        call = self.text.calls.get(self.tree.place(node).span)
        if call is not None and any(target.kind is not TargetKind.OUTSIDE for target in call.targets):
            self._resolved(call, node)
            return
        for passed in call.passes if call is not None else ():
            for id_ in passed.functions:
                self.reach += self.effects.of_function(id_)
        trouble = self._outside_call(node)
        if trouble is not None:
            self.block(node, trouble)

    def _resolved(self, call: Call, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        if not call.certain or call.perhaps or call.lambdas:
            self.block(node, f"`{name}` may be something that asyncify cannot see")
            return
        for target in (*call.targets, *(Target(TargetKind.FUNCTION, i) for p in call.passes for i in p.functions)):
            found = self._of_target(target, node, call.place)
            if self.handlers and found.sleeps:
                found = Reach(found.blockers, found.resources)  # it waits before it tries again
            self.reach += found

    def _of_target(self, target: Target, node: ast.Call, place: Place) -> Reach:
        if target.kind is TargetKind.FUNCTION:
            return self.effects.of_function(target.id)
        if target.kind is TargetKind.CLASS:
            return self.effects.of_class(target.id)
        if target.kind is TargetKind.PACK:
            return self.effects.of_pack_call(target.id, node, place)
        harmless = known.is_pure_path(target.id) or target.id.removeprefix("builtins.") in known.PURE_BUILTINS
        return Reach() if harmless else Reach((Blocker(place, f"nothing is known of `{target.id}`"),))

    def _outside_call(self, node: ast.Call) -> str | None:
        """Why a call of code outside the project is not known to be harmless; None if it is."""
        name = ast.unparse(node.func)
        path = self.tree.imported(node.func)
        if path:
            return self._library_call(path, name)
        if isinstance(node.func, ast.Name):
            return None if self._is_harmless_builtin(name) else known.WORDS.get(name, f"nothing is known of `{name}`")
        if isinstance(node.func, ast.Attribute):
            return self._method_call(node.func, node, name)
        return f"nothing is known of `{name}`"

    def _library_call(self, path: str, name: str) -> str | None:
        if path in known.CLOCKS:
            return f"`{name}` reads the clock, in order"
        if known.is_pure_path(path) or (path.startswith("logging.") and path.rpartition(".")[2] in known.LOG_METHODS):
            return None
        owner, _, method = path.rpartition(".")
        if method in known.LOG_METHODS and owner.rpartition(".")[2].lower().strip("_") in {"log", "logger"}:
            return None
        return f"nothing is known of `{name}`"

    def _is_harmless_builtin(self, name: str) -> bool:
        if name in self.text.bound:
            return False
        value = getattr(builtins, name, None)
        return name in known.PURE_BUILTINS or (isinstance(value, type) and issubclass(value, BaseException))

    def _method_call(self, func: ast.Attribute, node: ast.Call, name: str) -> str | None:
        receiver = func.value
        if func.attr in known.LOG_METHODS and self._is_logger(receiver):
            return None
        if func.attr in known.MUTATING_METHODS and isinstance(receiver, ast.Name) and receiver.id in self.fresh:
            return None
        is_text = isinstance(receiver, ast.Constant | ast.JoinedStr)
        if func.attr in known.PURE_METHODS and (is_text or not self.effects.is_method_of_project(func.attr)):
            reads_nothing = func.attr == "get" and not node.args  # of a queue, say: what comes is gone
            return f"`{name}` may take something out" if reads_nothing else None
        if func.attr in known.MUTATING_METHODS:
            return f"`{name}` changes what others may see"
        return f"nothing is known of `{name}`"

    def _is_logger(self, node: ast.expr) -> bool:
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        return name.lower().strip("_") in {"log", "logger"}
