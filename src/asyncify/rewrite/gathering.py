"""Statements whose waits are gathered: the function that works on one item, and what stands in their stead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import libcst as cst

from asyncify.plan.step import FanOutElements, FanOutLoop, FanOutRow, Tasks
from asyncify.rewrite.blocks import Statement
from asyncify.rewrite.fill import fill

WIDTH = 88


def gathered_elements(
    node: cst.BaseExpression, action: FanOutElements, holes: Mapping[str, cst.BaseExpression]
) -> tuple[cst.FunctionDef | None, cst.BaseExpression]:
    """The function that makes one element (None: there is one already), and what the comprehension becomes."""
    if action.tasks.function is not None:
        function = fill(action.tasks.function, holes, None)
        return None, fill(action.template, {**holes, "function": function}, None)
    made = async_function(action.tasks, [cst.SimpleStatementLine([cst.Return(_element(node))])])
    return made, fill(action.template, {**holes, "function": cst.Name(action.tasks.name)}, None)


def _element(node: cst.BaseExpression) -> cst.BaseExpression:
    if isinstance(node, cst.DictComp):
        return cst.Tuple([cst.Element(node.key), cst.Element(node.value)], lpar=[], rpar=[])
    assert isinstance(node, cst.ListComp | cst.SetComp | cst.GeneratorExp)
    return node.elt


def async_function(tasks: Tasks, body: Sequence[Statement]) -> cst.FunctionDef:
    """`async def NAME(ITEM):` with this body."""
    unpacked = [_parsed(tasks.unpack)] if tasks.unpack else []
    return cst.FunctionDef(
        cst.Name(tasks.name),
        cst.Parameters([cst.Param(cst.Name(tasks.parameter))]),
        cst.IndentedBlock([*unpacked, *body]),
        asynchronous=cst.Asynchronous(),
    )


def kept_value(statement: cst.SimpleStatementLine, result: str) -> tuple[cst.BaseExpression, Statement]:
    """The value that a statement keeps, and the statement with `result` in its stead."""
    statement = statement.with_changes(leading_lines=[], trailing_whitespace=cst.TrailingWhitespace())
    only = statement.body[0]
    name = cst.Name(result)
    if isinstance(only, cst.Assign | cst.AugAssign):
        return only.value, statement.with_changes(body=[only.with_changes(value=name)])
    call = cst.ensure_type(cst.ensure_type(only, cst.Expr).value, cst.Call)
    (argument,) = call.args
    rest = call.with_changes(args=[cst.Arg(name)], whitespace_before_args=cst.SimpleWhitespace(""))
    return argument.value, statement.with_changes(body=[cst.Expr(rest)])


def returned(action: FanOutLoop, value: cst.BaseExpression | None) -> cst.SimpleStatementLine:
    """`return NAMES, VALUE`: what a round gives to what follows in order."""
    values = [*map(cst.Name, action.names), *([value] if value is not None else [])]
    result = values[0] if len(values) == 1 else cst.Tuple([cst.Element(each) for each in values], lpar=[], rpar=[])
    return cst.SimpleStatementLine([cst.Return(result)])


def gathered_loop(
    loop: cst.For,
    action: FanOutLoop,
    first: Sequence[Statement],
    rest: Sequence[Statement],
    function: cst.BaseExpression | None,
    support: str,
    *,
    is_first: bool,
    filled: Statement | None,
) -> list[Statement]:
    """The function of the first part, and the loop over what it gives back. `filled` is the statement that made the
    empty list which is now made in one go."""
    called = function or cst.Name(action.tasks.name)
    helper = "side_by_side" if action.extends else "in_turn"
    template = f'await {support}.{helper}(_f, _i, limit="{action.tasks.limit}")'
    call = _with_names(cst.parse_expression(template), {"_f": called, "_i": loop.iter})
    leading = [*loop.leading_lines, *(_comments(loop) if function is not None else ())]
    if filled is not None:
        line = cst.ensure_type(filled, cst.SimpleStatementLine)
        leading = [*line.leading_lines, *(each for each in leading if each.comment is not None)]
        assign = line.body[0]
        after: Statement = line.with_changes(body=[assign.with_changes(value=call)])
    elif action.extends:
        extend = cst.Call(cst.Attribute(cst.Name(action.extends), cst.Name("extend")), [cst.Arg(call)])
        after = cst.SimpleStatementLine([cst.Expr(extend)])
    else:
        after = loop.with_changes(iter=call, target=_target(action), body=loop.body.with_changes(body=list(rest)))
    if function is not None:
        return [after.with_changes(leading_lines=leading)]
    empty = cst.EmptyLine(indent=False)
    lines = [] if is_first or any(line.comment is None for line in leading[:1]) else [empty]
    made = async_function(action.tasks, first).with_changes(leading_lines=[*lines, *leading])
    return [made, after.with_changes(leading_lines=[empty])]


def _comments(loop: cst.For) -> list[cst.EmptyLine]:
    """Those of a loop whose body goes, each on a line of its own."""
    body = cst.ensure_type(loop.body, cst.IndentedBlock)
    lines = [body.header.comment] if body.header is not None else []
    for statement in body.body:
        lines += [line.comment for line in getattr(statement, "leading_lines", ())]
        trailing = getattr(statement, "trailing_whitespace", None)
        lines += [trailing.comment] if trailing is not None else []
    return [cst.EmptyLine(comment=comment) for comment in lines if comment is not None]


def _target(action: FanOutLoop) -> cst.BaseAssignTargetExpression:
    names = [*action.names, *([action.result] if action.value is not None else [])] or ["_"]
    if len(names) == 1:
        return cst.Name(names[0])
    return cst.Tuple([cst.Element(cst.Name(name)) for name in names], lpar=[], rpar=[])


def gathered_row(statements: Sequence[Statement], action: FanOutRow, support: str) -> Statement:
    """`a = await f()` and `b = await g()` -> `a, b = await together(f(), g())`."""
    names: list[str] = []
    calls: list[cst.BaseExpression] = []
    lines: list[cst.EmptyLine] = []
    for statement in statements:
        line = cst.ensure_type(statement, cst.SimpleStatementLine)
        assign = cst.ensure_type(line.body[0], cst.Assign)
        names.append(cst.ensure_type(assign.targets[0].target, cst.Name).value)
        calls.append(cst.ensure_type(assign.value, cst.Await).expression)
        lines += [each for each in line.leading_lines if each.comment is not None or not lines]
        if line.trailing_whitespace.comment is not None:
            lines.append(cst.EmptyLine(comment=line.trailing_whitespace.comment))
    texts = [cst.Module([]).code_for_node(call) for call in calls]
    slots = {f"_c{at}": call for at, call in enumerate(calls)}
    short = f'{", ".join(names)} = await {support}.together({", ".join(texts)}, limit="{action.limit}")'
    slotted = [*slots, f'limit="{action.limit}"']
    if len(short) <= WIDTH - 8 and not any("\n" in text for text in texts):
        listed = ", ".join(slotted)
    else:
        listed = "\n" + "".join(f"    {slot},\n" for slot in slotted)
    made = _parsed(f"{', '.join(names)} = await {support}.together({listed})")
    return cst.ensure_type(_with_names(made, slots), cst.SimpleStatementLine).with_changes(leading_lines=lines)


def _parsed(text: str) -> cst.SimpleStatementLine:
    return cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine)


class _Names(cst.CSTTransformer):
    def __init__(self, values: Mapping[str, cst.BaseExpression]) -> None:
        super().__init__()
        self.values = values

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.values.get(updated_node.value, updated_node)


def _with_names(node: cst.CSTNode, values: Mapping[str, cst.BaseExpression]) -> cst.BaseExpression:
    return cast(cst.BaseExpression, node.visit(_Names(values)))
