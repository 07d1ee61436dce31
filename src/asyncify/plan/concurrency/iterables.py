"""Is what a loop goes over there as a whole, for this loop alone, before its first round?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from asyncify.place import Place
from asyncify.plan.concurrency import known
from asyncify.plan.concurrency.effects import Effects
from asyncify.plan.concurrency.names import is_used_up, parameters, stored, walk_own
from asyncify.plan.concurrency.proof import Region
from asyncify.plan.concurrency.reach import Blocker, Text
from asyncify.plan.tree import FunctionNode

DEPTH = 3
ELSEWHERE = "what it iterates over may be made while it goes, or used up by others"


def lazy_iterable(region: Region, node: ast.expr, depth: int = 0) -> Blocker | None:
    """Why what is iterated over is not known to be there, whole and for this loop alone, before the first round."""
    place = region.tree.place(node)
    runs = [run for run in region.text.runs if run.place == place and run.functions]
    if runs:
        name = runs[0].functions[0].partition("::")[2]
        return region.blocker(node, f"`{name}` runs between the rounds")
    if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict | ast.ListComp | ast.SetComp | ast.DictComp):
        return None
    if isinstance(node, ast.Constant | ast.Attribute | ast.JoinedStr | ast.BinOp):
        return None
    if isinstance(node, ast.Subscript):
        return None
    if isinstance(node, ast.IfExp | ast.BoolOp):
        parts = node.values if isinstance(node, ast.BoolOp) else [node.body, node.orelse]
        return next((found for part in parts if (found := lazy_iterable(region, part, depth))), None)
    if isinstance(node, ast.Name):
        return _lazy_name(region, node, depth)
    if isinstance(node, ast.Call):
        return _lazy_call(region, node, depth)
    return region.blocker(node, ELSEWHERE)


def _lazy_call(region: Region, node: ast.Call, depth: int) -> Blocker | None:
    call = region.text.calls.get(region.tree.place(node).span)
    functions = [t.id for t in call.targets if t.kind == "function"] if call is not None else []
    if functions:
        lazy = any(region.effects.index.functions[id_].is_generator for id_ in functions)
        return region.blocker(node, ELSEWHERE) if lazy or not _returns_whole(region, functions, depth) else None
    if isinstance(node.func, ast.Name) and node.func.id not in region.text.bound:
        if node.func.id in known.MATERIALISES:
            return None
        if node.func.id in known.PASSES_ON:
            return next((found for part in node.args if (found := lazy_iterable(region, part, depth))), None)
    if isinstance(node.func, ast.Attribute):
        method = node.func.attr
        if method in known.WHOLE_METHODS or region.tree.imported(node.func) in known.WHOLE_PATHS:
            return None
    return region.blocker(node, ELSEWHERE)


def _returns_whole(region: Region, functions: Iterable[str], depth: int) -> bool:
    """Do these functions give back something that is there as a whole?"""
    if depth >= DEPTH:
        return False
    for id_ in functions:
        place = region.effects.index.functions[id_].place
        text = region.effects.text(place.path)
        node = text.tree.function(place)
        if node is None:
            return False
        inner = Region(region.effects, text, node, ())
        returns = [n for n in walk_own(node) if isinstance(n, ast.Return) and n.value is not None]
        if not returns or any(lazy_iterable(inner, r.value, depth + 1) for r in returns if r.value is not None):
            return False
    return True


def _lazy_name(region: Region, node: ast.Name, depth: int) -> Blocker | None:
    if depth >= DEPTH:
        return region.blocker(node, ELSEWHERE)
    function = region.function
    values = list(values_of(function, node.id))
    if node.id in parameters(function):
        if _is_lazily_annotated(function, node.id) or _may_get_lazy(region, function, node.id):
            return region.blocker(node, ELSEWHERE)
    elif not values:
        values = list(values_of(region.tree.module, node.id))
        enclosing = [
            a for a in region.tree.ancestors(function) if isinstance(a, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        for outer in enclosing:
            if node.id in parameters(outer):
                return region.blocker(node, ELSEWHERE) if _is_lazily_annotated(outer, node.id) else None
            values = list(values_of(outer, node.id)) or values
        if not values and node.id not in region.text.bound:
            return None  # imported: a constant of another module
    for value in values:
        if value is None:
            return region.blocker(node, ELSEWHERE)
        if not isinstance(value, ast.AST):
            continue
        if lazy_iterable(region, value, depth + 1):
            return region.blocker(node, ELSEWHERE)
    return None


def used_up(region: Region, nodes: Iterable[ast.AST], own: frozenset[str]) -> Blocker | None:
    """Does the code read what changes by being read, such as an iterator that all rounds share? `own` are its own
    names."""
    given = parameters(region.function)
    for name in (n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)):
        if name.id in own or not isinstance(name.ctx, ast.Load):
            continue
        values = [value for value in values_of(region.function, name.id) if isinstance(value, ast.expr)]
        lazy = any(is_used_up(value) for value in values)
        if name.id in given and name.id not in {"self", "cls"}:
            lazy = lazy or _is_lazily_annotated(region.function, name.id)
            lazy = lazy or _may_get_lazy(region, region.function, name.id)
        if lazy:
            return region.blocker(name, f"`{name.id}` may change by being read")
    return None


def values_of(scope: ast.AST, name: str) -> Iterator[ast.expr | str | None]:
    """What the name is bound to: expressions, "" for an element of something, None for what cannot be seen."""
    for each in walk_own(scope):
        if isinstance(each, ast.Assign | ast.AnnAssign):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id == name:
                    yield each.value
                elif not isinstance(target, ast.Attribute | ast.Subscript) and name in stored([target]):
                    yield ""
        elif isinstance(each, ast.For | ast.comprehension) and name in stored([each.target]):
            yield ""
        elif isinstance(each, ast.withitem) and each.optional_vars is not None and name in stored([each.optional_vars]):
            yield None
        elif isinstance(each, ast.NamedExpr) and isinstance(each.target, ast.Name) and each.target.id == name:
            yield each.value


def _is_lazily_annotated(function: FunctionNode, name: str) -> bool:
    arguments = function.args
    if any(each is not None and each.arg == name for each in (arguments.vararg, arguments.kwarg)):
        return False
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if each.arg == name and each.annotation is not None:
            return any(word in ast.unparse(each.annotation) for word in known.LAZY_ANNOTATIONS)
    return False


def _may_get_lazy(region: Region, function: FunctionNode, name: str) -> bool:
    """Does some caller hand over a generator, or something that cannot be seen to be whole?"""
    effects = region.effects
    place = region.tree.place(function)
    ids = {
        id_
        for id_, f in effects.index.functions.items()
        if f.place.path == place.path and f.place.span[:2] == place.span[:2]
    }
    for path, facts in effects.index.files.items():
        for call in facts.calls:
            if any(target.id in ids for target in call.targets) and _hands_lazy(
                effects, path, call.place, function, name
            ):
                return True
    return False


def _hands_lazy(effects: Effects, path: str, place: Place, function: FunctionNode, name: str) -> bool:
    node = effects.text(path).tree.expression(place)
    if not isinstance(node, ast.Call):
        return False
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    at = names.index(name) if name in names else None
    given = [k.value for k in node.keywords if k.arg == name]
    if at is not None:
        shift = 1 if names[:1] in (["self"], ["cls"]) else 0
        given += [a for a in node.args[at - shift : at - shift + 1] if at >= shift]
    return any(_is_lazy_value(effects.text(path), value) for value in given)


def _is_lazy_value(text: Text, value: ast.expr) -> bool:
    if isinstance(value, ast.GeneratorExp):
        return True
    if isinstance(value, ast.Call):
        place = text.tree.place(value)
        return is_used_up(value) or any(run.place == place and run.functions for run in text.runs)
    if isinstance(value, ast.Name):
        scope = text.tree.scope(value)
        return any(
            isinstance(v, ast.expr) and not isinstance(v, ast.Name) and _is_lazy_value(text, v)
            for v in values_of(scope, value.id)
        )
    return False
