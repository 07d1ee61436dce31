"""Decides what becomes of a library's classes where they are named: caught, raised, annotated, compared."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from asyncify.infer.facts import TargetKind, Use
from asyncify.plan.generators import is_entered
from asyncify.plan.indirect import value_of
from asyncify.plan.iterated import RULE as ITERATED
from asyncify.plan.iterated import decide_iterated
from asyncify.plan.locals import is_local_name
from asyncify.plan.naming import renamed
from asyncify.plan.remarks import reworded
from asyncify.plan.scene import NOTHING, Decided, Scene
from asyncify.plan.step import Ending, EnterAsync, FlattenCatch, Hole, Outcome, Step, Substitute
from asyncify.reason import Reason
from asyncify.rule import ExceptionRule, Form, PackType

EXCEPTION_RULE = "exception-class"
VALUE_RULE = "library-value"
TYPE_RULE = "library-type"
ENTERED = "library-object-entered"
ENTER = "__enter__"
WHY_EXCEPTION = "The new library raises classes of its own; a handler of the old ones would not see them."
WHY_TYPE = "The value is of another class now."
WHY_ENTERED = "The resource closes asynchronously."
WHY_CONSTANT = "The old library is not imported any more."
WHY_VALUE = "It is called through a variable, so the variable has to hold the asynchronous one."
WHY_HANDED = "Whoever gets it calls it without await."
CARRIED = frozenset({"request", "response"})
OF_PROJECT = frozenset({TargetKind.FUNCTION, TargetKind.CLASS})
WHY_RESPONSE = "Not every exception of the new library carries a response."


def decide_use(scene: Scene, use: Use) -> Decided:
    """Classes of a migrating library are renamed wherever they are named, their objects entered as they want to be;
    other uses need no decision."""
    if use.types:
        return _decide_entered(scene, use) + decide_iterated(scene, use)
    if len(use.symbols) != 1:
        return NOTHING
    symbol = use.symbols[0]
    node = scene.node_of(use.place)
    if node is None or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return NOTHING
    exception = scene.catalogue.exception_for(symbol)
    if exception is not None and exception.pack in scene.migrating:
        return _decide_exception(scene, use, node, exception)
    value = value_of(scene.tree, scene.catalogue, node, symbol, scene.indirect)
    if value is not None and value.pack in scene.migrating:
        action = Substitute(value.template, helpers=value.helpers)
        return Decided((Step(use.place, action, value.rule, WHY_VALUE),))
    constant = scene.catalogue.value_for(symbol)
    if constant is not None and constant.pack in scene.migrating and _is_whole(scene, node):
        return Decided((Step(use.place, Substitute(constant.becomes), VALUE_RULE, WHY_CONSTANT),))
    if _is_handed_out(scene, node, symbol):
        rule = scene.catalogue.by_call[symbol]
        step = Step(use.place, Substitute("{aio}.blocking({it})"), rule.id, WHY_HANDED)
        outcome = Outcome(use.place, symbol, Ending.BRIDGED, rule.id, Reason.CALLBACK_OUTSIDE)
        return Decided((step,), (outcome,))
    kind = scene.catalogue.types.get(symbol)
    if kind is not None and kind.pack in scene.migrating and kind.becomes is not None and _is_whole(scene, node):
        return _decide_type(scene, use, node, kind)
    return NOTHING


def _decide_entered(scene: Scene, use: Use) -> Decided:
    """`with session:` of an object that has become one which is entered asynchronously."""
    node = scene.node_of(use.place)
    kinds = [kind for name in use.types if (kind := scene.catalogue.types.get(name)) and kind.pack in scene.migrating]
    kinds = [kind for kind in kinds if kind.enters_async]
    if not kinds or node is None or not is_entered(scene, node):
        return NOTHING
    if any(ENTER in scene.derived.members.get(kind.id, ()) for kind in kinds):
        return NOTHING  # the project's own way of entering
    if scene.runs_in_loop(use.scope):
        return Decided((Step(use.place, EnterAsync(), TYPE_RULE, WHY_ENTERED),))
    if isinstance(node, ast.Call) or (isinstance(node, ast.Name) and is_local_name(scene.tree, node)):
        return NOTHING  # an object of a function that stays as it is
    return Decided(outcomes=(Outcome(use.place, kinds[0].id, Ending.REFUSED, ENTERED, Reason.STUCK_CALLER),))


def entered_packs(scene: Scene, decided: Decided) -> Iterator[tuple[str, Outcome]]:
    """Packs of which an object is entered where it cannot be entered asynchronously: they cannot migrate."""
    for outcome in decided.outcomes:
        if outcome.rule == ENTERED or (outcome.rule == ITERATED and outcome.reason is not None):
            yield scene.catalogue.types[outcome.what].pack, outcome


def _is_whole(scene: Scene, node: ast.expr) -> bool:
    """Is the library's name written here, and not a variable that holds what it stands for?"""
    return bool(scene.tree.imported(node))


def _is_handed_out(scene: Scene, node: ast.expr, symbol: str) -> bool:
    """Is this a waiting method of a migrated object that goes to code which calls it without await?"""
    rule = scene.catalogue.by_call.get(symbol)
    if rule is None or rule.waits is None or rule.pack not in scene.migrating or symbol in scene.indirect:
        return False
    if not isinstance(node, ast.Attribute) or symbol.rpartition(".")[0] not in scene.catalogue.types:
        return False
    parent = scene.tree.parent(node)
    outer = scene.tree.parent(parent) if isinstance(parent, ast.keyword) else parent
    if not isinstance(outer, ast.Call) or outer.func is node:
        return False
    path = scene.catalogue.canonical(scene.tree.imported(outer.func))
    slot = parent.arg if isinstance(parent, ast.keyword) else str(outer.args.index(node))
    if path == "functools.partial" or scene.catalogue.takes(path, slot, Form.COROUTINE_FUNCTION):
        return False
    call = scene.calls.get(scene.tree.place(outer).span)
    return call is None or not any(target.kind in OF_PROJECT for target in call.targets)


def _decide_exception(scene: Scene, use: Use, node: ast.expr, rule: ExceptionRule) -> Decided:
    if is_annotation(scene, node):
        return Decided((Step(use.place, Substitute(rule.catches[0]), EXCEPTION_RULE, WHY_EXCEPTION),))
    if _is_raised_or_base(scene, node):
        return Decided((Step(use.place, Substitute(rule.raises), EXCEPTION_RULE, WHY_EXCEPTION),))
    classes = _caught(scene, node, rule)
    if rule.pack in scene.lingering:
        classes = (*classes, ast.unparse(node))
    step = Step(use.place, FlattenCatch(classes), EXCEPTION_RULE, WHY_EXCEPTION)
    warnings = tuple(reworded(scene, node, rule, EXCEPTION_RULE))
    return Decided((step, *_response_steps(scene, node)), warnings=warnings)


def _caught(scene: Scene, node: ast.expr, rule: ExceptionRule) -> tuple[str, ...]:
    """What to catch here, less what a handler before this one catches already."""
    handler = next((a for a in scene.tree.ancestors(node) if isinstance(a, ast.ExceptHandler | ast.stmt)), None)
    block = scene.tree.parent(handler) if isinstance(handler, ast.ExceptHandler) else None
    if not isinstance(handler, ast.ExceptHandler) or not isinstance(block, ast.Try):
        return rule.catches
    at = block.handlers.index(handler)
    earlier = [found for other in block.handlers[:at] for found in _rules_named(scene, other)]
    beside = [*earlier, *_rules_named(scene, handler)]
    classes = rule.catches_after if any(other.path == rule.after for other in beside) else rule.catches
    taken = {name for other in earlier for name in other.catches}
    return tuple(name for name in classes if name not in taken) or classes


def _rules_named(scene: Scene, handler: ast.ExceptHandler) -> list[ExceptionRule]:
    """The rules of the exception classes that a handler names."""
    named = ast.walk(handler.type) if handler.type is not None else ()
    symbols = [use.symbols[0] for name in named if (use := _use_at(scene, name)) and len(use.symbols) == 1]
    return [found for symbol in symbols if (found := scene.catalogue.exception_for(symbol)) is not None]


def _use_at(scene: Scene, node: ast.AST) -> Use | None:
    return scene.uses.get(scene.tree.place(node).span) if isinstance(node, ast.expr) else None


def _is_raised_or_base(scene: Scene, node: ast.expr) -> bool:
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.Raise | ast.ClassDef):
        return True
    return isinstance(parent, ast.Call) and parent.func is node


def is_annotation(scene: Scene, node: ast.AST) -> bool:
    """Does it stand in an annotation?"""
    child: ast.AST = node
    for ancestor in scene.tree.ancestors(node):
        if isinstance(ancestor, ast.arg | ast.AnnAssign) and ancestor.annotation is child:
            return True
        if isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef):
            return ancestor.returns is child
        child = ancestor
    return False


def _response_steps(scene: Scene, node: ast.expr) -> tuple[Step, ...]:
    """`error.response` and `error.request` in a handler that may see exceptions without one."""
    handler = next((a for a in scene.tree.ancestors(node) if isinstance(a, ast.ExceptHandler | ast.stmt)), None)
    if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
        return ()
    steps = []
    for attribute in ast.walk(handler):
        if not isinstance(attribute, ast.Attribute) or attribute.attr not in CARRIED:
            continue
        if isinstance(attribute.value, ast.Name) and attribute.value.id == handler.name:
            action = Substitute(
                f"{{aio}}.{attribute.attr}_of({{self}})", (Hole("self", scene.tree.place(attribute.value)),)
            )
            steps.append(Step(scene.tree.place(attribute), action, EXCEPTION_RULE, WHY_RESPONSE))
    return tuple(steps)


def _decide_type(scene: Scene, use: Use, node: ast.expr, kind: PackType) -> Decided:
    parent = scene.tree.parent(node)
    if isinstance(parent, ast.Call) and parent.func is node:
        return NOTHING  # a constructor call has a rule of its own
    if isinstance(parent, ast.Attribute) and not scene.catalogue.knows_member(kind.id, parent.attr):
        return NOTHING  # a constant of the class, which the new one need not have
    assert kind.becomes is not None
    action = Substitute(kind.becomes) if "{" in kind.becomes else renamed(scene, node, kind.becomes)
    return Decided((Step(use.place, action, TYPE_RULE, WHY_TYPE),))
