"""What cell does a name stand for here?"""

from __future__ import annotations

from asyncify.index.recorder import Recorder
from asyncify.index.scope import Scope
from asyncify.index.summary import NOTHING

NEVER_OF_INTEREST = frozenset({"None", "True", "False", "str", "int", "bool", "float", "bytes", "Any", "object"})


class Names(Recorder):
    """Finds names as Python does: here, in the functions around, in the module, among the builtins."""

    def bind(self, name: str, cell: int) -> None:
        raise NotImplementedError

    def lookup(self, name: str) -> int:
        """The cell that a name stands for in the current scope."""
        scope: Scope | None = self.scope
        assert scope is not None
        cell = scope.env.get(name)
        if cell is not None:
            return cell
        if name in scope.outside:
            return self._outside(scope, name)
        if name in scope.locals:
            return self._any(scope, name)
        scope = scope.parent
        while scope is not None:
            if scope.kind == "function":
                if name in scope.outside:
                    return self._outside(scope, name)
                if name in scope.locals:
                    return self._any(scope, name)
                if name in scope.env:  # parameter of a lambda, variable of a comprehension
                    return scope.env[name]
            elif scope.kind == "module":
                break
            scope = scope.parent
        return self.global_cell(name)

    def global_cell(self, name: str) -> int:
        cell = self.names.get(name) or self.unbound.get(name)
        if cell is None:
            if name in NEVER_OF_INTEREST:
                return NOTHING
            cell = self.unbound[name] = self.cell()
        return cell

    def _outside(self, scope: Scope, name: str) -> int:
        if scope.outside[name] == "global":
            return self.global_cell(name)
        outer = self.nonlocal_scope(scope, name)
        return self._any(outer, name) if outer else self.global_cell(name)

    def nonlocal_scope(self, scope: Scope, name: str) -> Scope | None:
        outer = scope.parent
        while outer is not None and not (outer.kind == "function" and name in outer.locals):
            outer = outer.parent
        return outer

    def _any(self, scope: Scope, name: str) -> int:
        """Whatever the variable holds at any time, for nested functions and for reads before the assignment."""
        cell = scope.any.get(name)
        if cell is None:
            versions = scope.versions.get(name, [])
            cell = self.cell() if scope.alive else self.join(versions)
            scope.any[name] = cell
        return cell
