"""Stub files (`.pyi`) beside modules, and examples in docstrings: what else says how a function is called."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from asyncify.colour.colouring import Colour, Colouring
from asyncify.infer.facts import Function, Index
from asyncify.plan.annotations import annotation_steps
from asyncify.plan.constructors import is_constructor
from asyncify.plan.definitions import PAIRS, PARTNER, RULE, WHY
from asyncify.plan.generators import is_context_manager
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import FilePlan, ImportNeed, MakeAsync, Step, Substitute, Warned
from asyncify.plan.tree import FunctionNode, Tree
from asyncify.project import Source

EXAMPLE_RULE = "docstring-example"
STUB_RULE = "stub-file"
STUB = "i"  # what a stub's name has behind that of its module
EXAMPLE = re.compile(r"^\s*(?:>>>|\.\.\.) (.*)$", re.MULTILINE)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def decide_examples(scene: Scene) -> Decided:
    """A warning for each docstring with an example that calls, without await, a function which turns async."""
    texts = list(_docstrings(scene.tree))
    if not texts:
        return NOTHING
    turning = {
        id_.rpartition("::")[2].rpartition(".")[2].partition("#")[0]
        for id_, verdict in scene.colouring.verdicts.items()
        if verdict.colour is Colour.ASYNC
    }
    found = [
        Warned(scene.tree.place(text), EXAMPLE_RULE, f"Its example calls {_listed(names)}, which is to be awaited now.")
        for text in texts
        if (names := sorted(turning & _called(str(text.value))))
    ]
    return Decided(warnings=tuple(found))


def _listed(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _docstrings(tree: Tree) -> Iterator[ast.Constant]:
    for node in ast.walk(tree.module):
        first = node.body[0] if isinstance(node, DOCUMENTED) and node.body else None
        text = first.value if isinstance(first, ast.Expr) else None
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and ">>>" in text.value:
            yield text


def _called(docstring: str) -> set[str]:
    return {name for line in EXAMPLE.findall(docstring) for name in re.findall(r"(\w+)\(", line)}


def stub_plans(stubs: Iterable[Source], index: Index, colouring: Colouring) -> Iterator[tuple[FilePlan, list[Warned]]]:
    """For each stub the steps by which it says the same as its module, and where it cannot be made to."""
    functions: dict[str, list[Function]] = {}
    for function in index.functions.values():
        partner = f"{function.owner}.{PARTNER.get(function.qualname.rpartition('.')[2], '')}"
        if Colour.ASYNC in (colouring.colour_of(function.id), colouring.colour_of(partner)):
            functions.setdefault(function.place.path + STUB, []).append(function)
    for stub in stubs:
        turned = {function.qualname: function for function in functions.get(stub.path, ())}
        tree = _parsed(stub) if turned else None
        if tree is None:
            continue
        steps: list[Step] = []
        warnings: list[Warned] = []
        for name, node in _defined(tree.module.body):
            if name in turned and isinstance(node, ast.FunctionDef):
                own = _steps(tree, node, turned[name])
                steps += own
                warnings += [] if own else [Warned(tree.place(node), STUB_RULE, f"`{name}` has another form now.")]
        needs = {need for step in steps if isinstance(step.action, Substitute) for need in step.action.needs}
        yield (
            FilePlan(stub.path, tuple(sorted(steps, key=lambda s: s.order)), ImportNeed(names=tuple(sorted(needs)))),
            warnings,
        )


def _parsed(stub: Source) -> Tree | None:
    try:
        return Tree(stub.path, stub.text)
    except SyntaxError:
        return None


def _defined(body: Iterable[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.stmt]]:
    for statement in body:
        if isinstance(statement, FunctionNode):
            yield prefix + statement.name, statement
        elif isinstance(statement, ast.ClassDef):
            yield from _defined(statement.body, f"{prefix}{statement.name}.")
        elif isinstance(statement, ast.If):
            yield from _defined((*statement.body, *statement.orelse), prefix)


def _steps(tree: Tree, node: ast.FunctionDef, function: Function) -> list[Step]:
    if is_context_manager(function) or is_constructor(function.id):
        return []
    if function.is_generator:
        return annotation_steps(tree, node)
    name = PAIRS.get(node.name) if function.owner else None
    return [Step(tree.place(node), MakeAsync(name), RULE, WHY)]
