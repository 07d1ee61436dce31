"""Collects what is decided of the cursors of one file."""

from __future__ import annotations

import ast

from asyncify.place import Place
from asyncify.plan.edits import DropHandler, DropItem, Remove
from asyncify.plan.scene import Scene, pack_paths
from asyncify.plan.step import Action, Ending, Outcome, Step

RULE = "psycopg2-direct"
WHY = "The statement needs no cursor: its text says which values it takes, and the code which rows it reads."
Span = tuple[int, int, int, int]


class Found:
    """Steps and outcomes, the calls that need no other decision, and the places that are removed."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.steps: list[Step] = []
        self.outcomes: list[Outcome] = []
        self.settled: set[Span] = set()
        self.gone: list[Place] = []

    def step(self, node: ast.AST, action: Action, why: str = WHY) -> None:
        self.steps.append(Step(self.scene.tree.place(node), action, RULE, why))

    def settle(self, node: ast.AST) -> None:
        """This call of the library ends converted."""
        call = self.scene.calls.get(self.scene.tree.place(node).span)
        if call is not None and call.place.span not in self.settled:
            self.settled.add(call.place.span)
            rule = self.scene.rule_of(call)
            name = rule.id if rule is not None else RULE
            self.outcomes.append(Outcome(call.place, ", ".join(pack_paths(call)), Ending.CONVERTED, name))

    def remove(self, statement: ast.stmt) -> None:
        self.step(statement, Remove())
        self.gone.append(self.scene.tree.place(statement))
        if isinstance(statement, ast.Expr | ast.Assign):
            self.settle(statement.value)

    def is_removed(self, statement: ast.stmt) -> bool:
        return self.scene.tree.place(statement) in self.gone

    def drop_handler(self, handler: ast.ExceptHandler) -> None:
        self.step(handler, DropHandler())
        self.gone.append(self.scene.tree.place(handler))
        for call in ast.walk(handler):
            if isinstance(call, ast.Call):
                self.settle(call)

    def drop(self, item: ast.expr) -> None:
        self.step(item, DropItem())
        self.gone.append(self.scene.tree.place(item))
        self.settle(item)
