"""What names hold where ways part and meet: branches, loops, isinstance."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from asyncify.index.binding import Binding
from asyncify.index.recorder import dotted
from asyncify.index.scope import assigned_names
from asyncify.index.summary import NOTHING

Env = dict[str, int]
CONTAINER_TYPES = frozenset({"dict", "list", "tuple", "set", "frozenset"})
BUILTIN_TYPES = CONTAINER_TYPES | {"str", "bytes", "bytearray", "int", "float", "bool", "complex"}


class Branches(Binding):
    """The environment is copied where ways part, and joined where they meet."""

    def body(self, statements: Iterable[ast.stmt]) -> None:
        raise NotImplementedError

    def _branch(self, statements: Iterable[ast.stmt], env: Env) -> Env | None:
        """Walk a body that starts with `env`; what holds at its end, None if it does not get there."""
        self.scope.env = dict(env)
        self.scope.alive = True
        self.body(statements)
        return self.scope.env if self.scope.alive else None

    def _meet(self, ends: Iterable[Env | None], fallback: Env) -> None:
        scope = self.scope
        reached = [end for end in ends if end is not None]
        scope.alive = bool(reached)
        if len(reached) <= 1:
            scope.env = reached[0] if reached else fallback
            return
        first, *others = reached
        merged = dict(first)
        for other in others:
            for name, cell in other.items():
                known = merged.get(name, 0)
                if known != cell:
                    merged[name] = self._joined(name, known, cell)
        scope.env = merged

    def _joined(self, name: str, left: int, right: int) -> int:
        return self.join([left, right])

    def _narrow(self, test: ast.expr) -> None:
        """`isinstance(x, C)` holds from here on: x may be a C; if C is a builtin type, it is nothing else."""
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            for value in test.values:
                self._narrow(value)
            return
        if not (isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id == "isinstance"):
            return
        if len(test.args) != 2 or self.scope.kind != "function":
            return
        if isinstance(test.args[0], ast.Attribute):
            self._narrow_attribute(test.args[0], test.args[1])
            return
        if not isinstance(test.args[0], ast.Name) or test.args[0].id not in self.scope.env:
            return
        name, kinds = test.args[0].id, test.args[1]
        names = [dotted(kind) for kind in (kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])]
        if all(kind in BUILTIN_TYPES and kind not in self.names for kind in names):
            self._narrow_to_builtin(name, any(kind in CONTAINER_TYPES for kind in names))
            return
        found = self._instances(kinds)
        if found:
            self.scope.env[name] = self.join([self.scope.env[name], found])

    def _narrow_attribute(self, node: ast.Attribute, kinds: ast.expr) -> None:
        """The same for `self.x`, which is kept in the environment under its dotted text until it is assigned to."""
        text = dotted(node)
        found = self._instances(kinds) if text else NOTHING
        if found:
            self.scope.env[text] = self.join([self.scope.env.get(text, NOTHING), found])
            self.narrowed.add(node.attr)

    def _instances(self, kinds: ast.expr) -> int:
        """What an object of one of these classes is."""
        quiet, self.quiet = self.quiet, True
        found = [self.annotation(kind) for kind in (kinds.elts if isinstance(kinds, ast.Tuple) else [kinds])]
        self.quiet = quiet
        return self.join(found)

    def _narrow_to_builtin(self, name: str, may_be_container: bool) -> None:
        """No object of the project from here on: at most a list, dict or the like that holds some."""
        cell = self.scope.env[name]
        target = NOTHING
        if may_be_container and cell:
            target = self.cell()
            self.guards += (cell, target)
        self.scope.env[name] = target

    def _loop(self, statements: list[ast.stmt], orelse: list[ast.stmt], enter: Callable[[], None]) -> None:
        scope = self.scope
        if scope.kind != "function":
            enter()
            self.body(statements)
            self.body(orelse)
            return
        changing = {name for name in assigned_names(statements) if name in scope.env}
        for name in sorted(changing):
            phi = self.cell()
            self.copy(scope.env[name], phi)
            scope.env[name] = phi
            scope.versions.setdefault(name, []).append(phi)
        before = scope.env
        scope.env = dict(before)
        enter()
        end = self._branch(statements, scope.env) or scope.env
        for name in sorted(changing):
            self.copy(end.get(name, 0), before[name])
        self._meet([before, end], before)
        if orelse:
            end_of_else = self._branch(orelse, scope.env)
            self._meet([before, end_of_else], before)

    def _match(self, node: ast.Match) -> None:
        subject = self.expression(node.subject)
        before = self.scope.env
        ends: list[Env | None] = [before]
        for case in node.cases:
            self.scope.env = dict(before)
            self._pattern(case.pattern, subject)
            if case.guard is not None:
                self.expression(case.guard)
            if self.scope.kind == "function":
                ends.append(self._branch(case.body, self.scope.env))
            else:
                self.body(case.body)
        if self.scope.kind == "function":
            self._meet(ends, before)

    def _pattern(self, pattern: ast.pattern, subject: int) -> None:
        if isinstance(pattern, ast.MatchClass):
            subject = self.join([subject, self.annotation(pattern.cls)])
            for part in [*pattern.patterns, *pattern.kwd_patterns]:
                self._pattern(part, NOTHING)
        elif isinstance(pattern, ast.MatchAs):
            if isinstance(pattern.pattern, ast.MatchClass):
                subject = self.join([subject, self.annotation(pattern.pattern.cls)])
            elif pattern.pattern is not None:
                self._pattern(pattern.pattern, subject)
            if pattern.name:
                self.bind(pattern.name, subject)
        elif isinstance(pattern, ast.MatchOr):
            for part in pattern.patterns:
                self._pattern(part, subject)
        elif isinstance(pattern, ast.MatchSequence):
            for index, part in enumerate(pattern.patterns):
                self._pattern(part, self.item(subject, index))
        elif isinstance(pattern, ast.MatchMapping):
            for key, part in zip(pattern.keys, pattern.patterns, strict=True):
                self._pattern(part, self.item(subject, self.key(key)))
