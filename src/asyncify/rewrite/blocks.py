"""Statements that change as a whole: blocks held open by `async with`, unrolled blocks, entry points split in two."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from asyncify.plan.step import MakeFactory, SplitEntry

Statement = cst.BaseStatement
MOST_COLUMNS = 88  # of a call with forwarded arguments


def held_block(
    opener: cst.BaseExpression, name: str, first: Statement, body: Sequence[Statement], *, keep: bool
) -> cst.With:
    """`async with OPENER as NAME:` in the stead of `first`, round it (where it is kept) and the statements after it."""
    item = cst.WithItem(item=opener, asname=cst.AsName(name=cst.Name(name)))
    lines = getattr(first, "leading_lines", ())
    inner = [first.with_changes(leading_lines=()), *body] if keep else list(body)
    header = cst.TrailingWhitespace()
    if not keep and isinstance(first, cst.SimpleStatementLine):
        header = first.trailing_whitespace
    if inner:
        inner[0] = _without_blank_lines(inner[0])
    return cst.With(
        items=[item],
        body=cst.IndentedBlock(body=inner or [_pass()], header=header),
        asynchronous=cst.Asynchronous(),
        leading_lines=lines,
    )


def _without_blank_lines(statement: Statement) -> Statement:
    lines = list(getattr(statement, "leading_lines", ()))
    while lines and lines[0].comment is None:
        lines.pop(0)
    return statement.with_changes(leading_lines=lines) if hasattr(statement, "leading_lines") else statement


def unrolled(statement: cst.With) -> list[Statement]:
    """The statements of a `with` block without the block."""
    body = statement.body
    if isinstance(body, cst.SimpleStatementSuite):
        return [cst.SimpleStatementLine(body=body.body, leading_lines=statement.leading_lines)]
    first, *rest = cst.ensure_type(body, cst.IndentedBlock).body
    lines = [*statement.leading_lines, *getattr(first, "leading_lines", ())]
    return [first.with_changes(leading_lines=lines), *rest]


def yielded_from(statement: cst.SimpleStatementLine) -> cst.BaseExpression | None:
    """The `yield from` of a statement that is nothing else."""
    only = statement.body[0] if len(statement.body) == 1 else None
    return only.value if isinstance(only, cst.Expr) else None


def each_yielded(statement: cst.SimpleStatementLine, *, plain: bool) -> cst.For:
    """`yield from X` -> `async for item in X: yield item`, or a plain `for`."""
    value = cst.ensure_type(yielded_from(statement), cst.Yield)
    return cst.For(
        target=cst.Name("item"),
        iter=cst.ensure_type(value.value, cst.From).item,
        body=cst.IndentedBlock(
            body=[_line(cst.Expr(cst.Yield(cst.Name("item"))))], header=statement.trailing_whitespace
        ),
        asynchronous=None if plain else cst.Asynchronous(),
        leading_lines=statement.leading_lines,
    )


def async_function(name: str, node: cst.Lambda) -> cst.FunctionDef:
    """`lambda ARGUMENTS: VALUE` -> `async def NAME(ARGUMENTS): return VALUE`."""
    body = cst.IndentedBlock(body=[_line(cst.Return(node.body))])
    return cst.FunctionDef(cst.Name(name), node.params, body, asynchronous=cst.Asynchronous())


def with_functions(functions: Sequence[tuple[Statement, bool]], statement: Statement) -> list[Statement]:
    """The functions before the statement, or in its stead."""
    lines = getattr(statement, "leading_lines", ())
    first, *others = [function for function, _ in functions]
    before = [
        first.with_changes(leading_lines=lines),
        *(other.with_changes(leading_lines=[_empty()]) for other in others),
    ]
    if any(replaces for _, replaces in functions):
        return before
    return [*before, statement.with_changes(leading_lines=[_empty()])]


def _empty() -> cst.EmptyLine:
    return cst.EmptyLine(indent=False)


def split_entry(function: cst.FunctionDef, action: SplitEntry, support: str) -> list[Statement]:
    """The async twin that holds the body, and the synchronous shell that runs it in an event loop."""
    kept = len(function.decorators) - action.moved
    twin = function.with_changes(
        name=cst.Name(action.twin),
        asynchronous=cst.Asynchronous(),
        decorators=function.decorators[kept:],
        leading_lines=function.leading_lines,
        lines_after_decorators=[],
    )
    call = _wrapped(cst.Call(func=cst.Name(action.twin), args=_forwarded(function.params)))
    run = cst.Call(func=cst.parse_expression(action.runner.replace("{aio}", support)), args=[cst.Arg(call)])
    shell = function.with_changes(
        decorators=function.decorators[:kept],
        body=cst.IndentedBlock(body=[*_docstring(function), _line(cst.Return(run))]),
        leading_lines=[cst.EmptyLine(indent=False)] * (2 if _is_top_level(function) else 1),
    )
    return [twin, shell]


def _wrapped(call: cst.Call) -> cst.Call:
    """With each argument on a line of its own where they are many."""
    if len(cst.Module([]).code_for_node(call)) <= MOST_COLUMNS:
        return call
    next_line = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    last_line = cst.ParenthesizedWhitespace(indent=True)
    *first, last = call.args
    return call.with_changes(
        whitespace_before_args=next_line,
        args=[
            *(arg.with_changes(comma=cst.Comma(whitespace_after=next_line)) for arg in first),
            last.with_changes(comma=cst.Comma(whitespace_after=last_line)),
        ],
    )


def split_constructor(function: cst.FunctionDef, action: MakeFactory, support: str) -> list[Statement]:
    """The shell of a constructor, the async method that does its work, and the class method that awaits that."""
    self_name = _first_parameter(function.params).value
    forwarded = _forwarded(function.params)[1:]
    work = _wrapped(cst.Call(cst.Attribute(cst.Name(self_name), cst.Name(action.twin)), forwarded))
    run = cst.Call(cst.parse_expression(action.runner.replace("{aio}", support)), [cst.Arg(work)])
    documented = _docstring(function)
    shell = function.with_changes(body=cst.IndentedBlock(body=[*documented, _line(cst.Expr(run))]))
    body = function.body
    if documented and isinstance(body, cst.IndentedBlock):
        body = body.with_changes(body=body.body[1:])
    method = {"leading_lines": [_empty()], "lines_after_decorators": ()}
    twin = function.with_changes(
        name=cst.Name(action.twin), asynchronous=cst.Asynchronous(), body=body, decorators=(), **method
    )
    return [shell, twin, _factory(function, action, work, self_name).with_changes(**method)]


def _factory(function: cst.FunctionDef, action: MakeFactory, work: cst.Call, self_name: str) -> cst.FunctionDef:
    made = cst.parse_statement(f"{self_name} = cls.__new__(cls)")
    given = cst.parse_statement(f"return {self_name}")
    returns = cst.Annotation(cst.parse_expression(action.result)) if action.result else None
    return function.with_changes(
        name=cst.Name(action.create),
        params=_with_first(function.params, cst.Param(cst.Name("cls"))),
        body=cst.IndentedBlock(body=[made, _line(cst.Expr(cst.Await(work))), given]),
        decorators=[cst.Decorator(cst.Name("classmethod"))],
        returns=returns,
        asynchronous=cst.Asynchronous(),
    )


def _first_parameter(parameters: cst.Parameters) -> cst.Name:
    return (*parameters.posonly_params, *parameters.params)[0].name


def _with_first(parameters: cst.Parameters, first: cst.Param) -> cst.Parameters:
    field = "posonly_params" if parameters.posonly_params else "params"
    old, *others = getattr(parameters, field)
    return parameters.with_changes(**{field: [old.with_changes(name=first.name, annotation=None), *others]})


def _is_top_level(function: cst.FunctionDef) -> bool:
    return len(function.leading_lines) >= 2 or not function.leading_lines


def _docstring(function: cst.FunctionDef) -> list[Statement]:
    if function.get_docstring() is None or not isinstance(function.body, cst.IndentedBlock):
        return []
    return [function.body.body[0]]


def _forwarded(parameters: cst.Parameters) -> list[cst.Arg]:
    arguments = [cst.Arg(p.name) for p in (*parameters.posonly_params, *parameters.params)]
    if isinstance(parameters.star_arg, cst.Param):
        arguments.append(cst.Arg(parameters.star_arg.name, star="*"))
    for parameter in parameters.kwonly_params:
        arguments.append(cst.Arg(parameter.name, keyword=parameter.name, equal=_equal()))
    if parameters.star_kwarg is not None:
        arguments.append(cst.Arg(parameters.star_kwarg.name, star="**"))
    return arguments


def _equal() -> cst.AssignEqual:
    none = cst.SimpleWhitespace("")
    return cst.AssignEqual(whitespace_before=none, whitespace_after=none)


def _line(statement: cst.BaseSmallStatement) -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine(body=[statement])


def _pass() -> cst.SimpleStatementLine:
    return _line(cst.Pass())


def split_with(node: cst.With, asynchronous: list[bool]) -> cst.With:
    """`with a, b:` of both colours becomes nested blocks, in the order in which they were entered."""
    runs: list[tuple[bool, list[cst.WithItem]]] = []
    for item, is_async in zip(node.items, asynchronous, strict=True):
        item = item.with_changes(comma=cst.MaybeSentinel.DEFAULT)
        if runs and runs[-1][0] == is_async:
            runs[-1][1].append(item)
        else:
            runs.append((is_async, [item]))
    body = node.body
    for is_async, items in reversed(runs):
        keyword = cst.Asynchronous() if is_async else None
        block = cst.With(items=items, body=body, asynchronous=keyword)
        body = cst.IndentedBlock(body=[block])
    return block.with_changes(leading_lines=node.leading_lines)
