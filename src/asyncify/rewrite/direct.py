"""Statements without a cursor: the call that runs one, and the blocks and statements that go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import libcst as cst

from asyncify.plan.edits import Layout, RunDirectly
from asyncify.rewrite.fill import bare, parenthesised

Statement = cst.BaseStatement
INNER = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
END = cst.ParenthesizedWhitespace(indent=True)


def direct_call(
    action: RunDirectly, filled: Mapping[str, cst.BaseExpression], values: Sequence[cst.BaseExpression], old: cst.Call
) -> cst.Await:
    """`await RECEIVER.METHOD(QUERY, *VALUES)`, over several lines where the old call was or the action says so."""
    query = bare(filled["query"])
    arguments = [cst.Arg(respelled(query, action.pieces) if action.pieces else query), *map(cst.Arg, values)]
    if action.keyword:
        name, _, _ = action.keyword.partition("=")
        none = cst.SimpleWhitespace("")
        equal = cst.AssignEqual(whitespace_before=none, whitespace_after=none)
        arguments.append(cst.Arg(filled["keyword"], keyword=cst.Name(name), equal=equal))
    function = cst.Attribute(parenthesised(filled["receiver"]), cst.Name(action.method))
    if action.layout is Layout.HANGING:
        return cst.Await(_on_a_line(function, arguments))
    if isinstance(old.whitespace_before_args, cst.ParenthesizedWhitespace) or action.layout is Layout.ROWS:
        return cst.Await(_over_several_lines(function, arguments))
    return cst.Await(cst.Call(function, arguments))


class _Speller(cst.CSTTransformer):
    def __init__(self, pieces: Iterable[str]) -> None:
        super().__init__()
        self._pieces = iter(pieces)

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.SimpleString:
        return updated_node.with_changes(value=next(self._pieces))


def respelled(query: cst.BaseExpression, pieces: Sequence[str]) -> cst.BaseExpression:
    """The literal with the text of its parts exchanged; what stands between them is kept."""
    return cast(cst.BaseExpression, query.visit(_Speller(pieces)))


def _on_a_line(function: cst.BaseExpression, arguments: list[cst.Arg]) -> cst.Call:
    *others, last = arguments
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    separated = [
        *(argument.with_changes(comma=comma) for argument in others),
        last.with_changes(whitespace_after_arg=END),
    ]
    return cst.Call(function, separated, whitespace_before_args=INNER)


def _over_several_lines(function: cst.BaseExpression, arguments: list[cst.Arg]) -> cst.Call:
    inner, end = INNER, END
    *others, last = arguments
    separated = [argument.with_changes(comma=cst.Comma(whitespace_after=inner)) for argument in others]
    separated.append(last.with_changes(comma=cst.Comma(), whitespace_after_arg=end))
    return cst.Call(function, separated, whitespace_before_args=inner)


def without_items(node: cst.With, dropped: Sequence[bool]) -> cst.With:
    """The block without these of its items, of which some is left."""
    items = [item for item, is_dropped in zip(node.items, dropped, strict=True) if not is_dropped]
    items[-1] = items[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return node.with_changes(items=items)


def held_open(made: cst.SimpleStatementLine, tried: cst.Try) -> cst.With:
    """`name = VALUE` and `try: ... finally: ...` -> `async with VALUE as name: ...`."""
    assign = cst.ensure_type(made.body[0], cst.Assign)
    name = cst.ensure_type(assign.targets[0].target, cst.Name)
    body: cst.BaseSuite = tried.body
    if tried.handlers or tried.orelse is not None:
        inner = tried.with_changes(finalbody=None, leading_lines=())
        body = cst.IndentedBlock(body=[inner])
    return cst.With(
        items=[cst.WithItem(assign.value, cst.AsName(name))],
        body=body,
        asynchronous=cst.Asynchronous(),
        leading_lines=made.leading_lines,
    )


def enclosed(opener: cst.BaseExpression, first: Statement, body: Sequence[Statement]) -> cst.With:
    """`async with OPENER:` round the statements, with the lines before the first of them before it."""
    lines = getattr(first, "leading_lines", ())
    inner = [body[0].with_changes(leading_lines=()), *body[1:]]
    return cst.With(
        items=[cst.WithItem(opener)],
        body=cst.IndentedBlock(body=inner),
        asynchronous=cst.Asynchronous(),
        leading_lines=lines,
    )


def untried(statement: cst.Try) -> list[Statement]:
    """What was tried, without the `try`."""
    first, *rest = cst.ensure_type(statement.body, cst.IndentedBlock).body
    lines = [*statement.leading_lines, *getattr(first, "leading_lines", ())]
    return [first.with_changes(leading_lines=lines), *rest]


def following(removed: Sequence[Statement], statement: Statement, *, is_first: bool) -> Statement:
    """The statement behind those that go, with the lines before them; without blank ones at the head of a block."""
    own = list(getattr(statement, "leading_lines", ()))
    lines = [line for gone in removed for line in getattr(gone, "leading_lines", ())]
    lines += own if not removed or any(line.comment is not None for line in own) or not lines else []
    while is_first and lines and lines[0].comment is None:
        lines.pop(0)
    return statement.with_changes(leading_lines=lines)
