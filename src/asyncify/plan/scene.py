"""All that a decision about one file may look at, and what a decision is."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from asyncify.catalogue import Catalogue
from asyncify.colour.colouring import RUNS_IN_LOOP, Colour, Colouring
from asyncify.infer.facts import Call, FileFacts, Index, TargetKind, Use
from asyncify.place import Place
from asyncify.plan.derived import Derived
from asyncify.plan.shells import is_wrapped_twin
from asyncify.plan.step import Outcome, Step, Warned
from asyncify.plan.threads.follow import Following
from asyncify.plan.tree import Tree
from asyncify.rule import Rule, Style

KEEPS_FORM = ("await {self}.{name}({*})", "await {aio}.{name}({*})")  # the call stays as written, but for `await`


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided about one thing: edits, endings, warnings. Several are joined with `+`."""

    steps: tuple[Step, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    warnings: tuple[Warned, ...] = ()

    def __add__(self, other: Decided) -> Decided:
        return Decided(self.steps + other.steps, self.outcomes + other.outcomes, self.warnings + other.warnings)


NOTHING = Decided()


def joined(decisions: Iterable[Decided]) -> Decided:
    steps: list[Step] = []
    outcomes: list[Outcome] = []
    warnings: list[Warned] = []
    for decision in decisions:
        steps += decision.steps
        outcomes += decision.outcomes
        warnings += decision.warnings
    return Decided(tuple(steps), tuple(outcomes), tuple(warnings))


@dataclass(frozen=True, slots=True)
class Scene:
    """One file before its decisions are taken. Read-only."""

    path: str
    tree: Tree
    facts: FileFacts
    functions: tuple[str, ...]  # ids of the functions defined in it
    index: Index
    colouring: Colouring
    catalogue: Catalogue
    migrating: frozenset[str]  # ids of packs of which some waiting call is converted
    lingering: frozenset[str]  # ids of packs of which some waiting call stays as it is
    derived: Derived  # what the project's own classes add to those of libraries
    following: Following  # locks, queues and threads that become such of tasks
    indirect: frozenset[str]  # pack paths that some call of the project reaches through a variable
    calls: Mapping[tuple[int, int, int, int], Call]  # by span
    uses: Mapping[tuple[int, int, int, int], Use]  # by span
    style: Style  # how calls are written where the new library's own form would differ for some values
    carries: bool  # some handler of the project reads the response or the request of its error
    keywords: frozenset[str]  # names of keyword arguments in the files that are looked at

    def runs_in_loop(self, scope: str | None) -> bool:
        """Is the body of this function awaited after the migration?"""
        return scope is not None and self.colouring.colour_of(scope) in RUNS_IN_LOOP

    def rule_of(self, call: Call) -> Rule | None:
        """The one rule that speaks for all pack targets of a call; None where there is none, or several.

        A member that is only known at run time (`getattr(session, verb)`) keeps its form, as long as those members
        do that have one.
        """
        found = [(path, rule) for path in pack_paths(call) if (rule := self.catalogue.rule_for(path))]
        if len({rule.id for _, rule in found}) == 1:
            return found[0][1]
        keeping = [(path, rule) for path, rule in found if keeps_form(rule, path)]
        owners = {path.rpartition(".")[0] for path, _ in keeping}
        others = [path for path, rule in found if not keeps_form(rule, path)]
        if any(path.rpartition(".")[0] not in owners for path in others):
            return None
        return next((rule for _, rule in keeping if rule.becomes == KEEPS_FORM[0]), None)

    def types_at(self, node: ast.AST) -> tuple[str, ...]:
        use = self.uses.get(self.tree.place(node).span)
        return use.types if use else ()

    def node_of(self, place: Place) -> ast.expr | None:
        return self.tree.expression(place)


def pack_paths(call: Call) -> list[str]:
    return [target.id for target in call.targets if target.kind is TargetKind.PACK]


def function_ids(call: Call) -> list[str]:
    return [target.id for target in call.targets if target.kind is TargetKind.FUNCTION]


def turning(scene: Scene, call: Call) -> list[str]:
    """The project functions that a call may reach and that turn async."""
    index, colouring = scene.index, scene.colouring
    return [
        id_
        for id_ in function_ids(call)
        if colouring.colour_of(id_) is Colour.ASYNC or is_wrapped_twin(index, colouring, call.scope, id_)
    ]


def keeps_form(rule: Rule, path: str) -> bool:
    """Does the call stay as written, but for `await`?"""
    name = path.rpartition(".")[2]
    becomes = (rule.becomes or "").replace("{name}", name)
    return becomes.startswith((f"await {{self}}.{name}(", f"await {{aio}}.{name}("))


def as_written(template: str, path: str, node: ast.Call) -> str:
    """The template with the called name filled in. A call that keeps its form (`getattr(session, verb)(url)` or
    `self.send(url)` too, where a method is called under another name) is left as it is written."""
    name = path.rpartition(".")[2]
    if not isinstance(node.func, ast.Attribute) or node.func.attr != name:
        template = template.replace("{self}.{name}({*})", "{it}")
    return template.replace("{name}", name)
