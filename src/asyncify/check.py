"""check: Rewrites -> Faults. A file with a fault is never written."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncify.infer.facts import Call, Implicit, Index, Position, Run, TargetKind
from asyncify.place import place_of
from asyncify.plan.step import Plan
from asyncify.rewrite.module import Rewrite

RUNNERS = (ast.Call, ast.Await, ast.Return, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a rewritten file: a bug of asyncify's, or a case it does not know. `line` counts in the
    new text, from 1."""

    path: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.why}"


def check_text(rewrite: Rewrite) -> tuple[Fault, ...]:
    """Every step found its place, and the new text compiles (it is never run)."""
    faults = [
        Fault(rewrite.path, step.place.line, f"the edit of rule {step.rule} found no place to stand")
        for step in rewrite.missed
    ]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(rewrite.text, rewrite.path, "exec", dont_inherit=True)
    except SyntaxError as error:
        faults.append(Fault(rewrite.path, error.lineno or 1, f"the result does not compile: {error.msg}"))
    return tuple(faults)


def check_rest(again: Plan) -> tuple[Fault, ...]:
    """A second run over the result must find nothing to do."""
    return tuple(
        Fault(file.path, step.place.line, f"a second run would change this again (rule {step.rule})")
        for file in again.files
        for step in file.steps[:1]
    )


def check_awaited(before: Index, after: Index, texts: Mapping[str, str]) -> tuple[Fault, ...]:
    """No call of a function that turned async, and no read of such a property, is left without an await, in any of the
    files of `texts`."""
    turned = {
        id_
        for id_, function in after.functions.items()
        if function.is_async and not function.is_generator and not _was_async(before, id_)
    }
    faults: list[Fault] = []
    for path, text in texts.items():
        facts = after.files.get(path)
        if facts is None:  # a file that this Python cannot parse
            continue
        loose = [call for call in facts.calls if _reaches(call, turned) and call.position is not Position.AWAITED]
        if loose:
            faults += _unawaited(path, text, loose)
        reads = [run for run in facts.runs if run.kind is Implicit.READ and turned.issuperset(run.functions)]
        if reads:
            faults += _unread(path, text, reads)
    return tuple(faults)


def _was_async(before: Index, id_: str) -> bool:
    function = before.functions.get(id_)
    return function is not None and function.is_async


def _reaches(call: Call, turned: set[str]) -> bool:
    """A guess by the name of a method counts only where each candidate is a coroutine function."""
    reached = [target.id in turned for target in call.targets if target.kind is TargetKind.FUNCTION]
    return all(reached) and bool(reached) if call.perhaps else any(reached)


def _unawaited(path: str, text: str, calls: Iterable[Call]) -> list[Fault]:
    parents: dict[tuple[int, int, int, int], ast.AST] = {}
    for parent in ast.walk(ast.parse(text)):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.Call):
                span = (child.lineno, child.col_offset, child.end_lineno or 0, child.end_col_offset or 0)
                parents[span] = parent
    return [
        Fault(path, call.place.line, "a coroutine is left without an await")
        for call in calls
        if not isinstance(parents.get(call.place.span), RUNNERS)
    ]


def _unread(path: str, text: str, reads: Iterable[Run]) -> list[Fault]:
    names = {run.place.span: {id_.rpartition(".")[2] for id_ in run.functions} for run in reads}
    awaited: set[ast.AST] = set()
    faults: list[Fault] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Await | ast.Call):
            awaited |= set(ast.iter_child_nodes(node)) - ({node.func} if isinstance(node, ast.Call) else set())
        is_read = isinstance(node, ast.Attribute) and node.attr in names.get(place_of(path, node).span, ())
        if isinstance(node, ast.Attribute) and is_read and node not in awaited:
            faults.append(Fault(path, node.lineno, "a property is read without an await"))
    return faults
