"""f-strings that print their own source text, `f"{x=}"`."""

from __future__ import annotations

import libcst as cst

NOTHING = cst.Module([])


def self_documented(
    original: cst.FormattedStringExpression, updated: cst.FormattedStringExpression
) -> cst.FormattedStringExpression | cst.FlattenSentinel[cst.BaseFormattedStringContent]:
    """`{f()=}` whose expression has changed still prints `f()=`, as text before the value."""
    if updated.equal is None or original.expression.deep_equals(updated.expression):
        return updated
    spaces = _code(original.whitespace_before_expression), _code(original.whitespace_after_expression)
    text = NOTHING.code_for_node(original.expression).join(spaces)
    assert original.equal is not None
    text += NOTHING.code_for_node(original.equal)
    shown = updated.conversion if updated.conversion or updated.format_spec is not None else "r"
    value = updated.with_changes(equal=None, conversion=shown)
    return cst.FlattenSentinel([cst.FormattedStringText(text.replace("{", "{{").replace("}", "}}")), value])


def _code(whitespace: cst.BaseParenthesizableWhitespace) -> str:
    return whitespace.value if isinstance(whitespace, cst.SimpleWhitespace) else ""
