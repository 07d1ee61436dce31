"""The edits of one file that take statements, clauses and blocks away, by where these start."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from asyncify.plan.edits import DropHandler, Enclose, HoldOpen, Remove
from asyncify.plan.step import Step
from asyncify.rewrite.blocks import unrolled
from asyncify.rewrite.direct import untried

Start = tuple[int, int]


class BlockEdits:
    """Knows which statements go, which `try` and `with` lose their last clause or item, and what is enclosed."""

    def __init__(self) -> None:
        self.removed: dict[Start, Step] = {}
        self.held_open: dict[Start, tuple[Step, HoldOpen]] = {}
        self.enclosed: dict[Start, tuple[Step, Enclose]] = {}
        self._handlers: dict[Start, Step] = {}
        self._emptied: set[Start] = set()

    def take(self, step: Step, start: Start) -> bool:
        """Keep the step if it is one of these edits."""
        action = step.action
        if isinstance(action, Remove):
            self.removed[start] = step
        elif isinstance(action, DropHandler):
            self._handlers[start] = step
        elif isinstance(action, HoldOpen):
            self.held_open[start] = (step, action)
        elif isinstance(action, Enclose):
            self.enclosed[start] = (step, action)
        else:
            return False
        return True

    def touched(self) -> set[Start]:
        """Where statements start that change as a whole."""
        return {*self.removed, *self.held_open, *self.enclosed, *self._emptied}

    def empty(self, start: Start) -> None:
        """The block that starts here is to be replaced by its body."""
        self._emptied.add(start)

    def replaced(self, start: Start, statement: cst.BaseStatement) -> Sequence[cst.BaseStatement] | None:
        """What stands in the stead of a block that has been emptied."""
        if start not in self._emptied:
            return None
        return untried(statement) if isinstance(statement, cst.Try) else unrolled(cst.ensure_type(statement, cst.With))

    def without_handlers(self, start: Start, handlers: Sequence[Start], node: cst.Try) -> tuple[cst.Try, list[Step]]:
        """The `try` that starts here, less those of its `except` clauses that go, and the steps that say so."""
        steps = [self._handlers.get(handler) for handler in handlers]
        kept = [handler for handler, step in zip(node.handlers, steps, strict=True) if step is None]
        done = [step for step in steps if step is not None]
        if done and not kept and node.finalbody is None:
            self.empty(start)
            return node, done
        return (node.with_changes(handlers=kept) if done else node), done
