"""Fills a template's holes with nodes, adding parentheses only where Python needs them."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from typing import cast

import libcst as cst

HOLE = re.compile(r"\{(\*|[a-z_][a-z0-9_]*)\}", re.IGNORECASE)
ALL = "_hole_all_arguments"
ATOMS = (
    cst.Name,
    cst.Attribute,
    cst.Call,
    cst.Subscript,
    cst.SimpleString,
    cst.FormattedString,
    cst.List,
    cst.Dict,
    cst.Set,
    cst.ListComp,
    cst.SetComp,
    cst.DictComp,
)


def fill(
    template: str,
    holes: Mapping[str, cst.BaseExpression],
    call: cst.Call | None,
    drop: tuple[str, ...] = (),
) -> cst.BaseExpression:
    """The template's expression with its holes filled.

    `call` gives the arguments for `{*}`, less the keywords in `drop`. Raises KeyError for a hole that nothing
    fills.
    """
    filler = _Filler(holes, _kept(call.args, drop) if call else (), call)
    return cast(cst.BaseExpression, _parsed(template).visit(filler))


@lru_cache(maxsize=512)
def _parsed(template: str) -> cst.BaseExpression:
    return cst.parse_expression(HOLE.sub(lambda hole: ALL if hole[1] == "*" else f"_hole_{hole[1]}", template))


def parenthesised(node: cst.BaseExpression) -> cst.BaseExpression:
    """The node as it may stand before a dot, a call or a subscript."""
    if isinstance(node, ATOMS) or node.lpar:
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def with_await_in_parentheses(node: cst.BaseExpression, field: str) -> cst.BaseExpression:
    """The node, with parentheses round an await in this field, which binds less than what stands behind it."""
    inner = getattr(node, field)
    if isinstance(inner, cst.Await) and not inner.lpar:
        return node.with_changes(**{field: parenthesised(inner)})
    return node


def spliced_elements(node: cst.Tuple, spliced: Container[cst.BaseExpression]) -> list[cst.BaseElement]:
    """The elements of a tuple with those of its `spliced` tuples in their stead, each only once."""
    elements: dict[str, cst.BaseElement] = {}
    for element in node.elements:
        is_spliced = isinstance(element.value, cst.Tuple) and element.value in spliced
        for candidate in cst.ensure_type(element.value, cst.Tuple).elements if is_spliced else (element,):
            code = cst.Module([]).code_for_node(candidate.value)
            elements.setdefault(code, candidate.with_changes(comma=cst.MaybeSentinel.DEFAULT))
    return list(elements.values())


def bare(node: cst.BaseExpression) -> cst.BaseExpression:
    """The node without parentheses round it."""
    return node.with_changes(lpar=[], rpar=[]) if node.lpar else node


def _kept(arguments: Sequence[cst.Arg], drop: tuple[str, ...]) -> tuple[cst.Arg, ...]:
    kept = [argument for argument in arguments if not (argument.keyword and argument.keyword.value in drop)]
    if kept and len(kept) < len(arguments) and kept[-1] is not arguments[-1]:
        last = arguments[-1]
        kept[-1] = kept[-1].with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg)
    return tuple(kept)


class _Filler(cst.CSTTransformer):
    def __init__(
        self, holes: Mapping[str, cst.BaseExpression], arguments: tuple[cst.Arg, ...], call: cst.Call | None
    ) -> None:
        super().__init__()
        self.holes = holes
        self.arguments = arguments
        self.call = call

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.BaseExpression:
        """A quoted annotation may name the support module."""
        support = self.holes.get("aio")
        if not isinstance(support, cst.Name) or "_hole_aio" not in updated_node.value:
            return updated_node
        return updated_node.with_changes(value=updated_node.value.replace("_hole_aio", support.value))

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        name = updated_node.value
        if not name.startswith("_hole_") or name == ALL:
            return updated_node
        return self.holes[name.removeprefix("_hole_")]

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:
        return updated_node.with_changes(value=parenthesised(updated_node.value))

    def leave_Subscript(self, original_node: cst.Subscript, updated_node: cst.Subscript) -> cst.BaseExpression:
        return updated_node.with_changes(value=parenthesised(updated_node.value))

    def leave_Await(self, original_node: cst.Await, updated_node: cst.Await) -> cst.BaseExpression:
        return updated_node.with_changes(expression=parenthesised(updated_node.expression))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        updated_node = updated_node.with_changes(func=parenthesised(updated_node.func))
        if not any(_is_all(argument) for argument in updated_node.args):
            return updated_node
        if len(updated_node.args) == 1 and self.call is not None:
            return self._with_layout(updated_node.func)
        arguments: list[cst.Arg] = []
        for argument in updated_node.args:
            arguments.extend(self.arguments if _is_all(argument) else (argument,))
        if self.call is not None and self.arguments and _is_over_several_lines(self.call):
            return self._over_several_lines(updated_node, arguments)
        return updated_node.with_changes(args=_separated(arguments))

    def _over_several_lines(self, node: cst.Call, arguments: list[cst.Arg]) -> cst.Call:
        """One argument a line, as the call was written."""
        assert self.call is not None
        between = cst.Comma(whitespace_after=self.call.whitespace_before_args)
        *others, last = arguments
        separated = [
            argument
            if _ends_line(argument) and argument is not self.arguments[-1]
            else argument.with_changes(comma=between)
            for argument in others
        ]
        end = {"comma": self.arguments[-1].comma, "whitespace_after_arg": self.arguments[-1].whitespace_after_arg}
        return node.with_changes(
            args=[*separated, last.with_changes(**end)], whitespace_before_args=self.call.whitespace_before_args
        )

    def _with_layout(self, function: cst.BaseExpression) -> cst.Call:
        assert self.call is not None
        layout = {} if self.arguments else {"whitespace_before_args": cst.SimpleWhitespace("")}
        return self.call.with_changes(func=function, args=self.arguments, lpar=[], rpar=[], **layout)


def _is_over_several_lines(call: cst.Call) -> bool:
    return isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace)


def _ends_line(argument: cst.Arg) -> bool:
    return isinstance(argument.comma, cst.Comma) and isinstance(
        argument.comma.whitespace_after, cst.ParenthesizedWhitespace
    )


def _is_all(argument: cst.Arg) -> bool:
    return isinstance(argument.value, cst.Name) and argument.value.value == ALL


def _separated(arguments: list[cst.Arg]) -> list[cst.Arg]:
    """Commas between the arguments; behind the last only where the text had one over several lines."""
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    *others, last = arguments
    separated = [
        argument if isinstance(argument.comma, cst.Comma) else argument.with_changes(comma=comma) for argument in others
    ]
    if isinstance(last.comma, cst.Comma) and isinstance(last.comma.whitespace_after, cst.SimpleWhitespace):
        last = last.with_changes(comma=cst.MaybeSentinel.DEFAULT)
    return [*separated, last]
