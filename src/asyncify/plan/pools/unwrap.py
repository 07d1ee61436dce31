"""`asyncio.to_thread(f, x)` and `loop.run_in_executor(None, f, x)` of a function that has become async."""

from __future__ import annotations

import ast

from asyncify.infer.facts import Call
from asyncify.plan.pools.shape import Text
from asyncify.plan.scene import Decided
from asyncify.plan.step import Ending, Hole, Outcome, Step, Substitute
from asyncify.plan.tree import Tree

TO_THREAD = "asyncio.to_thread"
IN_EXECUTOR = "asyncio.AbstractEventLoop.run_in_executor"
IN_THREAD = {TO_THREAD: 0, IN_EXECUTOR: 1}  # -> the argument that is the function
RULE = "work-in-a-thread"
WHY = "The function has become async: it needs no thread."
TAKES_COROUTINES = frozenset({"asyncio.gather", "asyncio.wait_for", "asyncio.shield", "asyncio.create_task"})


def is_unwrapped(text: Text, call: Call) -> bool:
    """Does it stand where the coroutine may stand instead: awaited at once, or given to asyncio as one of a few?"""
    node = text.tree.expression(call.place)
    at = IN_THREAD.get(call.targets[0].id) if len(call.targets) == 1 else None
    if not isinstance(node, ast.Call) or at is None or len(node.args) <= at:
        return False
    if any(isinstance(argument, ast.Starred) for argument in node.args[: at + 1]):
        return False
    if at and not (isinstance(node.args[0], ast.Constant) and node.args[0].value is None):
        return False  # an executor of its own has a limit of its own
    if isinstance(node.args[at], ast.Lambda | ast.Call):
        return False
    parent = text.tree.parent(node)
    if isinstance(parent, ast.Await):
        return True
    return isinstance(parent, ast.Call) and text.tree.imported(parent.func) in TAKES_COROUTINES and node in parent.args


def handed_work(text: Text, call: Call) -> tuple[str, ...]:
    """The functions that would run in the thread; none where that cannot be seen."""
    at = IN_THREAD[call.targets[0].id]
    return next((passed.functions for passed in call.passes if passed.slot == str(at)), ())


def unwrapped(tree: Tree, call: Call, node: ast.Call) -> Decided:
    """The call of the function itself, with the arguments that were given for it."""
    at = IN_THREAD[call.targets[0].id]
    holes = [Hole("function", tree.place(node.args[at]))]
    written: list[str] = []
    for number, argument in enumerate(node.args[at + 1 :]):
        value = argument.value if isinstance(argument, ast.Starred) else argument
        holes.append(Hole(f"a{number}", tree.place(value)))
        written.append(f"{'*' if isinstance(argument, ast.Starred) else ''}{{a{number}}}")
    for number, keyword in enumerate(node.keywords):
        holes.append(Hole(f"k{number}", tree.place(keyword.value)))
        written.append(f"{f'{keyword.arg}=' if keyword.arg else '**'}{{k{number}}}")
    action = Substitute(f"{{function}}({', '.join(written)})", tuple(holes))
    outcome = Outcome(call.place, call.targets[0].id, Ending.CONVERTED, RULE)
    return Decided((Step(call.place, action, RULE, WHY),), (outcome,))
