"""What an async generator may not hold although a plain one does: `return None`."""

from __future__ import annotations

import libcst as cst


def without_return_of_none(function: cst.FunctionDef) -> cst.FunctionDef:
    """The same function; if it is a generator of its own, each `return None` is a `return`, which says the same."""
    finder = _Yields()
    function.body.visit(finder)
    if not finder.found:
        return function
    body = function.body.visit(_PlainReturns())
    assert isinstance(body, cst.BaseSuite)
    return function.with_changes(body=body)


class _Yields(cst.CSTVisitor):
    """Does a body yield itself? Functions and lambdas inside it have bodies of their own."""

    found = False

    def visit_Yield(self, node: cst.Yield) -> bool:
        self.found = True
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_Lambda(self, node: cst.Lambda) -> bool:
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False


class _PlainReturns(cst.CSTTransformer):
    def leave_Return(self, original_node: cst.Return, updated_node: cst.Return) -> cst.Return:
        value = updated_node.value
        if not isinstance(value, cst.Name) or value.value != "None":
            return updated_node
        return updated_node.with_changes(value=None, whitespace_after_return=cst.SimpleWhitespace(""))

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False
