"""Carries out the steps of one file on its LibCST tree."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import cast

import libcst as cst
from libcst.metadata import PositionProvider

from asyncify.plan.edits import DropItem, Enclose, Respell, RunDirectly
from asyncify.plan.step import (
    EnterAsync,
    FanOutElements,
    FanOutLoop,
    FanOutRow,
    FlattenCatch,
    Hoist,
    Hold,
    IterateAsync,
    Listify,
    MakeAsync,
    MakeFactory,
    SplitEntry,
    Step,
    Substitute,
    Unroll,
    YieldEach,
)
from asyncify.rewrite.block_edits import BlockEdits
from asyncify.rewrite.blocks import (
    Statement,
    async_function,
    each_yielded,
    held_block,
    split_constructor,
    split_entry,
    split_with,
    unrolled,
    with_functions,
    yielded_from,
)
from asyncify.rewrite.direct import direct_call, enclosed, following, held_open, respelled, without_items
from asyncify.rewrite.fill import bare, fill, spliced_elements, with_await_in_parentheses
from asyncify.rewrite.formatted import self_documented
from asyncify.rewrite.gathering import gathered_elements, gathered_loop, gathered_row, kept_value, returned
from asyncify.rewrite.generators import without_return_of_none
from asyncify.rewrite.spans import Columns, Span, span_of

Start = tuple[int, int]


class StepsTransformer(cst.CSTTransformer):
    """Applies every step at its place. `missed()` names the steps whose place was not found."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, steps: Sequence[Step], columns: Columns, support: str) -> None:
        super().__init__()
        self._support = support
        self._expressions: dict[Span, Step] = {}
        self._flags: dict[tuple[type, Span], Step] = {}
        self._functions: dict[Start, Step] = {}
        self._withs: dict[Start, Step] = {}
        self._edits = BlockEdits()
        self._holds: dict[Start, tuple[Step, Hold, Span]] = {}
        self._started: dict[Start, Start] = {}  # the statement that makes an empty list -> the loop that fills it
        self._generators: dict[Span, Step] = {}  # by the span of the element
        self._loops: dict[Start, tuple[Step, FanOutLoop]] = {}
        self._rows: dict[Start, tuple[Step, FanOutRow]] = {}
        self._kept: dict[Start, FanOutLoop] = {}  # statements that keep the value of a round
        self._keeping: dict[Start, Statement] = {}
        self._behind: dict[Start, int] = {}  # how many statements of a loop stand behind those that wait
        self._hoisted: dict[Start, list[tuple[Statement, bool]]] = {}  # before, or in the stead of, a statement
        self._wanted: set[Span] = set()
        self._filled: dict[Span, cst.BaseExpression] = {}
        self._openers: dict[Span, cst.BaseExpression] = {}
        self._spliced: set[cst.Tuple] = set()
        self._yields: dict[cst.BaseExpression, bool] = {}  # -> is it a plain loop?
        self._pending = set(steps)
        self._columns = columns
        self._lines = sorted({step.place.line for step in steps})
        for step in steps:
            self._sort(step, columns.span(step.place))

    def _sort(self, step: Step, span: Span) -> None:
        action = step.action
        if self._edits.take(step, span[:2]):
            if isinstance(action, Enclose):
                self._wanted.add(self._columns.span(action.receiver))
        elif isinstance(action, Substitute):
            self._expressions[span] = step
            self._wanted.update(self._columns.span(hole.place) for hole in action.holes)
        elif isinstance(action, FlattenCatch | Hoist | Respell):
            self._expressions[span] = step
        elif isinstance(action, RunDirectly):
            self._expressions[span] = step
            wanted = (action.receiver, action.query, *action.values, action.call)
            self._wanted.update(self._columns.span(place) for place in wanted)
        elif isinstance(action, FanOutElements):
            (self._generators if action.is_generator else self._expressions)[span] = step
            self._wanted.update(self._columns.span(hole.place) for hole in action.holes)
        elif isinstance(action, FanOutLoop):
            self._loops[span[:2]] = (step, action)
            self._wanted.update(self._columns.span(hole.place) for hole in action.holes)
            if action.starts is not None:
                self._started[self._columns.span(action.starts)[:2]] = span[:2]
            if action.value is not None:
                self._kept[self._columns.span(action.last)[:2]] = action
        elif isinstance(action, FanOutRow):
            self._rows[span[:2]] = (step, action)
        elif isinstance(action, Hold):
            self._expressions[span] = step
            self._wanted.update(self._columns.span(hole.place) for hole in action.holes)
            self._holds[self._columns.span(action.first)[:2]] = (step, action, span)
        elif isinstance(action, MakeAsync | SplitEntry | MakeFactory):
            self._functions[span[:2]] = step
        elif isinstance(action, Unroll):
            self._withs[span[:2]] = step
        else:
            self._flags[type(action), span] = step

    def on_visit(self, node: cst.CSTNode) -> bool:
        """Statements without a step in them are not walked: most of a file stays as it is."""
        if isinstance(node, cst.BaseStatement) and not self._has_step(node):
            return False
        return super().on_visit(node)

    def _has_step(self, node: cst.BaseStatement) -> bool:
        decorators = getattr(node, "decorators", ())
        start = self.get_metadata(PositionProvider, decorators[0] if decorators else node).start.line
        end = self.get_metadata(PositionProvider, node).end.line
        at = bisect_left(self._lines, start)
        return at < len(self._lines) and self._lines[at] <= end

    def missed(self) -> list[Step]:
        return sorted(self._pending, key=lambda step: step.order)

    def _span(self, node: cst.CSTNode) -> Span:
        """The node's span as `ast` counts it: tuples and generator expressions own their parentheses."""
        span = span_of(self.get_metadata(PositionProvider, node))
        if not isinstance(node, cst.Tuple | cst.GeneratorExp) or not node.lpar:
            return span
        opening = span_of(self.get_metadata(PositionProvider, node.lpar[-1]))
        closing = span_of(self.get_metadata(PositionProvider, node.rpar[0]))
        return *opening[:2], *closing[2:]

    def _done(self, step: Step) -> None:
        self._pending.discard(step)

    # ------------------------------------------------------------------ expressions

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode:
        result = cast(cst.CSTNode, super().on_leave(original_node, updated_node))
        if not isinstance(original_node, cst.BaseExpression) or not isinstance(result, cst.BaseExpression):
            return result
        span = self._span(original_node)
        step = self._expressions.get(span)
        if isinstance(original_node, cst.GeneratorExp):
            step = self._generators.get(self._span(original_node.elt), step)
        if step is not None:
            self._done(step)
            result = self._replaced(step, span, result)
        if span in self._wanted:
            self._filled[span] = result
        return result

    def _replaced(self, step: Step, span: Span, node: cst.BaseExpression) -> cst.BaseExpression:
        action = step.action
        if isinstance(action, Hold):
            holes = {hole.name: self._filled[self._columns.span(hole.place)] for hole in action.holes}
            self._openers[span] = self._fill(action.template, node, holes, action.drop)
            return cst.Name(action.name)
        if isinstance(action, FlattenCatch):
            return self._caught(action, node)
        if isinstance(action, Hoist):
            function = async_function(action.name, cst.ensure_type(node, cst.Lambda))
            self._hoisted.setdefault(self._columns.span(action.statement)[:2], []).append((function, action.replaces))
            return cst.Name(action.name)
        if isinstance(action, FanOutElements):
            return self._gathered(action, node)
        if isinstance(action, Respell):
            return respelled(node, action.pieces)
        if isinstance(action, RunDirectly):
            return self._with_parentheses_of(node, self._run(action, span, node))
        assert isinstance(action, Substitute)
        holes = {hole.name: self._filled[self._columns.span(hole.place)] for hole in action.holes}
        return self._with_parentheses_of(node, self._fill(action.template, node, holes, action.drop))

    def _run(self, action: RunDirectly, span: Span, node: cst.BaseExpression) -> cst.BaseExpression:
        place = self._columns.span(action.call)
        old = node if place == span else self._filled[place]
        filled = {name: self._filled[self._columns.span(getattr(action, name))] for name in ("receiver", "query")}
        if action.keyword:
            filled["keyword"] = self._fill(action.keyword.partition("=")[2], node, {}, ())
        values = [self._filled[self._columns.span(value)] for value in action.values]
        call = direct_call(action, filled, values, cst.ensure_type(old, cst.Call))
        return self._fill(action.wrap, call, {}, ())

    def _gathered(self, action: FanOutElements, node: cst.BaseExpression) -> cst.BaseExpression:
        filled = {hole.name: self._filled[self._columns.span(hole.place)] for hole in action.holes}
        function, result = gathered_elements(node, action, {"aio": cst.Name(self._support), **filled})
        if function is not None:
            self._hoisted.setdefault(self._columns.span(action.statement)[:2], []).append((function, False))
        return result

    def _fill(
        self, template: str, node: cst.BaseExpression, holes: dict[str, cst.BaseExpression], drop: tuple[str, ...]
    ) -> cst.BaseExpression:
        holes = {"it": bare(node), "aio": cst.Name(self._support), **holes}
        return fill(template, holes, node if isinstance(node, cst.Call) else None, drop)

    def _with_parentheses_of(self, old: cst.BaseExpression, new: cst.BaseExpression) -> cst.BaseExpression:
        if not old.lpar or new.lpar:
            return new
        return new.with_changes(lpar=old.lpar, rpar=old.rpar)

    def _caught(self, action: FlattenCatch, node: cst.BaseExpression) -> cst.BaseExpression:
        classes = [cst.parse_expression(text.replace("{aio}", self._support)) for text in action.classes]
        if len(classes) == 1:
            return classes[0]
        spliced = cst.Tuple(elements=[cst.Element(value) for value in classes])
        self._spliced.add(spliced)
        return spliced

    def leave_Tuple(self, original_node: cst.Tuple, updated_node: cst.Tuple) -> cst.BaseExpression:
        if not any(element.value in self._spliced for element in updated_node.elements):
            return updated_node
        return updated_node.with_changes(elements=spliced_elements(updated_node, self._spliced))

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        return with_await_in_parentheses(updated_node, "value")

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
        return with_await_in_parentheses(updated_node, "value")

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        return with_await_in_parentheses(updated_node, "func")

    def leave_Await(self, original_node: cst.Await, updated_node: cst.Await) -> cst.BaseExpression:
        return with_await_in_parentheses(updated_node, "expression")

    # ------------------------------------------------------------------ flags

    def leave_For(self, original_node: cst.For, updated_node: cst.For) -> cst.BaseStatement:
        found = self._loops.get(self._span(original_node)[:2])
        if found is not None:
            starts = [self._span(statement)[:2] for statement in original_node.body.body]
            self._behind[self._span(original_node)[:2]] = (
                len(starts) - 1 - starts.index(self._columns.span(found[1].last)[:2])
            )
        if self._flagged(IterateAsync, original_node.iter):
            return updated_node.with_changes(asynchronous=cst.Asynchronous())
        return updated_node

    def leave_CompFor(self, original_node: cst.CompFor, updated_node: cst.CompFor) -> cst.CompFor:
        if self._flagged(IterateAsync, original_node.iter):
            return updated_node.with_changes(asynchronous=cst.Asynchronous())
        return updated_node

    def leave_Expr(self, original_node: cst.Expr, updated_node: cst.Expr) -> cst.BaseSmallStatement:
        step = self._expressions.get(self._span(original_node.value))
        name = step.action.name if step is not None and isinstance(step.action, RunDirectly) else ""
        return cst.Assign([cst.AssignTarget(cst.Name(name))], updated_node.value) if name else updated_node

    def leave_FormattedStringExpression(
        self, original_node: cst.FormattedStringExpression, updated_node: cst.FormattedStringExpression
    ) -> cst.FormattedStringExpression | cst.FlattenSentinel[cst.BaseFormattedStringContent]:
        return self_documented(original_node, updated_node)

    def leave_GeneratorExp(self, original_node: cst.GeneratorExp, updated_node: cst.GeneratorExp) -> cst.BaseExpression:
        if self._flagged(Listify, original_node.elt):
            return cst.ListComp(elt=updated_node.elt, for_in=updated_node.for_in)
        return updated_node

    def leave_With(self, original_node: cst.With, updated_node: cst.With) -> cst.BaseStatement:
        asynchronous = [self._flagged(EnterAsync, item.item) for item in original_node.items]
        dropped = [self._flagged(DropItem, item.item) for item in original_node.items]
        if all(dropped):
            self._edits.empty(self._span(original_node)[:2])
            return updated_node
        if any(dropped):
            updated_node = without_items(updated_node, dropped)
            asynchronous = [flag for flag, is_dropped in zip(asynchronous, dropped, strict=True) if not is_dropped]
        if not any(asynchronous) or updated_node.asynchronous is not None:
            return updated_node
        if all(asynchronous):
            return updated_node.with_changes(asynchronous=cst.Asynchronous())
        return split_with(updated_node, asynchronous)

    def leave_Try(self, original_node: cst.Try, updated_node: cst.Try) -> cst.BaseStatement:
        starts = [self._span(handler)[:2] for handler in original_node.handlers]
        result, done = self._edits.without_handlers(self._span(original_node)[:2], starts, updated_node)
        for step in done:
            self._done(step)
        return result

    def _flagged(self, kind: type, node: cst.BaseExpression) -> bool:
        return self._flag(kind, node) is not None

    def _flag(self, kind: type, node: cst.BaseExpression) -> Step | None:
        step = self._flags.get((kind, self._span(node)))
        if step is not None:
            self._done(step)
        return step

    def leave_Yield(self, original_node: cst.Yield, updated_node: cst.Yield) -> cst.BaseExpression:
        step = self._flag(YieldEach, original_node) if isinstance(updated_node.value, cst.From) else None
        if step is not None and isinstance(step.action, YieldEach):
            self._yields[updated_node] = step.action.plain
        return updated_node

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.BaseStatement:
        step = self._functions.get(self._span(original_node)[:2])
        if step is None or not isinstance(step.action, MakeAsync):
            return updated_node
        self._done(step)
        name = updated_node.name if step.action.rename is None else cst.Name(step.action.rename)
        keyword = updated_node.asynchronous if step.action.plain else updated_node.asynchronous or cst.Asynchronous()
        function = updated_node if step.action.plain else without_return_of_none(updated_node)
        return function.with_changes(asynchronous=keyword, name=name)

    # ------------------------------------------------------------------ blocks

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.BaseSuite:
        body = self._assembled(original_node.body, updated_node.body)
        return updated_node if body is None else updated_node.with_changes(body=body or [cst.parse_statement("pass")])

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:
        body = self._assembled(original_node.body, updated_node.body)
        return updated_node if body is None else updated_node.with_changes(body=body)

    def _assembled(self, originals: Sequence[cst.CSTNode], updates: Sequence[cst.CSTNode]) -> list[Statement] | None:
        starts = [self._span(node)[:2] for node in originals]
        touched = self._holds.keys() | self._withs.keys() | self._functions.keys() | self._hoisted.keys()
        touched |= self._edits.touched()
        touched |= self._loops.keys() | self._started.keys() | self._rows.keys() | self._kept.keys()
        if not self._yields and not any(start in touched for start in starts):
            return None
        return self._joined(starts, [cast(Statement, node) for node in updates])

    def _joined(self, starts: Sequence[Start], statements: Sequence[Statement]) -> list[Statement]:
        result: list[Statement] = []
        removed: list[Statement] = []
        at = 0
        while at < len(statements):
            if starts[at] not in self._edits.enclosed and (step := self._edits.removed.get(starts[at])):
                self._done(step)
                removed.append(statements[at])
                at += 1
                continue
            taken, replaced = self._enclosed_at(at, starts, statements) or self._joined_at(at, starts, statements)
            if removed and replaced:
                replaced = [following(removed, replaced[0], is_first=not result), *replaced[1:]]
                removed = []
            result.extend(replaced)
            at += taken
        return result

    def _enclosed_at(
        self, at: int, starts: Sequence[Start], statements: Sequence[Statement]
    ) -> tuple[int, Sequence[Statement]] | None:
        if starts[at] not in self._edits.enclosed:
            return None
        step, action = self._edits.enclosed.pop(starts[at])
        self._done(step)
        end = starts.index(self._columns.span(action.last)[:2]) + 1
        opener = fill(action.template, {"self": self._filled[self._columns.span(action.receiver)]}, None)
        inner = self._joined(starts[at:end], statements[at:end])
        return end - at, [enclosed(opener, inner[0], inner)]

    def _joined_at(
        self, at: int, starts: Sequence[Start], statements: Sequence[Statement]
    ) -> tuple[int, Sequence[Statement]]:
        start, statement = starts[at], statements[at]
        if start in self._rows:
            return self._row_at(at, starts, statements)
        if start in self._started:
            loop = cst.ensure_type(statements[at + 1], cst.For)
            return 2, self._loop_at(self._started[start], loop, is_first=at == 0, filled=statement)
        if start in self._kept:
            statement = self._without_value(start, cst.ensure_type(statement, cst.SimpleStatementLine))
        if start in self._loops and isinstance(statement, cst.For):
            return 1, self._loop_at(start, statement, is_first=at == 0)
        if start in self._hoisted:
            return 1, with_functions(self._hoisted.pop(start), statement)
        if start in self._holds:
            return self._hold_at(at, starts, statements)
        if (block := self._edits.replaced(start, statement)) is not None:
            return 1, block
        if start in self._edits.held_open:
            return self._held_at(at, starts, statements)
        step = self._withs.get(start)
        if step is not None and isinstance(statement, cst.With):
            self._done(step)
            return 1, unrolled(statement)
        step = self._functions.get(start)
        if step is not None and isinstance(step.action, SplitEntry) and isinstance(statement, cst.FunctionDef):
            self._done(step)
            return 1, split_entry(statement, step.action, self._support)
        if step is not None and isinstance(step.action, MakeFactory) and isinstance(statement, cst.FunctionDef):
            self._done(step)
            return 1, split_constructor(statement, step.action, self._support)
        value = yielded_from(statement) if isinstance(statement, cst.SimpleStatementLine) else None
        if isinstance(statement, cst.SimpleStatementLine) and value is not None and value in self._yields:
            return 1, (each_yielded(statement, plain=self._yields[value]),)
        return 1, (statement,)

    def _held_at(
        self, at: int, starts: Sequence[Start], statements: Sequence[Statement]
    ) -> tuple[int, Sequence[Statement]]:
        step, action = self._edits.held_open[starts[at]]
        end = starts.index(self._columns.span(action.tried)[:2])
        for gone in (step, *(self._edits.removed[between] for between in starts[at + 1 : end])):
            self._done(gone)
        made = cst.ensure_type(statements[at], cst.SimpleStatementLine)
        return end - at + 1, [held_open(made, cst.ensure_type(statements[end], cst.Try))]

    def _row_at(
        self, at: int, starts: Sequence[Start], statements: Sequence[Statement]
    ) -> tuple[int, Sequence[Statement]]:
        step, action = self._rows[starts[at]]
        self._done(step)
        last = starts.index(self._columns.span(action.last)[:2])
        return last - at + 1, [gathered_row(statements[at : last + 1], action, self._support)]

    def _without_value(self, start: Start, statement: cst.SimpleStatementLine) -> Statement:
        """Where a round ends: it gives back the value that the statement keeps, which follows in the loop."""
        action = self._kept[start]
        value, self._keeping[start] = kept_value(statement, action.result)
        return returned(action, value).with_changes(
            leading_lines=statement.leading_lines, trailing_whitespace=statement.trailing_whitespace
        )

    def _loop_at(
        self, start: Start, loop: cst.For, *, is_first: bool, filled: Statement | None = None
    ) -> Sequence[Statement]:
        step, action = self._loops[start]
        self._done(step)
        last = self._columns.span(action.last)[:2]
        body = list(cst.ensure_type(loop.body, cst.IndentedBlock).body)
        at = len(body) - self._behind[start]
        if action.value is not None:
            first, rest = body[:at], [self._keeping[last], *body[at:]]
        else:
            first, rest = [*body[:at], returned(action, None)], body[at:]
        holes = {hole.name: self._filled[self._columns.span(hole.place)] for hole in action.holes}
        holes["aio"] = cst.Name(self._support)
        function = fill(action.tasks.function, holes, None) if action.tasks.function else None
        return gathered_loop(loop, action, first, rest, function, self._support, is_first=is_first, filled=filled)

    def _hold_at(
        self, at: int, starts: Sequence[Start], statements: Sequence[Statement]
    ) -> tuple[int, Sequence[Statement]]:
        _, action, span = self._holds[starts[at]]
        last = starts.index(self._columns.span(action.last)[:2])
        inside = self._joined(starts[at + 1 : last + 1], statements[at + 1 : last + 1])
        opener = self._openers[span]
        return last - at + 1, [held_block(opener, action.name, statements[at], inside, keep=action.keep)]
