"""A plan in words, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from asyncify.colour.colouring import Colour, Link
from asyncify.infer.facts import Index
from asyncify.plan.step import Ending, Outcome, Plan
from asyncify.reason import EXPLANATIONS

STYLES = {
    Ending.CONVERTED: "green",
    Ending.OFFLOADED: "green",
    Ending.BRIDGED: "yellow",
    Ending.REFUSED: "red",
}
MADE = {Colour.ASYNC: "turns async", Colour.ENTRY: "keeps a synchronous shell", Colour.STUCK: "stays synchronous"}


def plan_in_words(plan: Plan, index: Index) -> RenderableType:
    """Each function that turns async and why, each call that is not converted and why, warnings, and totals."""
    parts: list[RenderableType] = [*_functions(plan, index), *_left(plan), *_gatherings(plan), *_warnings(plan)]
    parts.append(summary_line(plan))
    return Group(*parts)


def summary_line(plan: Plan) -> Text:
    """`12 functions turn async; 30 calls: 27 converted, 2 bridged, 1 refused`."""
    turning = sum(verdict.colour is Colour.ASYNC for verdict in plan.verdicts.values())
    endings = Counter(outcome.ending for outcome in plan.outcomes)
    text = Text(f"{_count(turning, 'function')} {'turns' if turning == 1 else 'turn'} async; ")
    text.append(_count(sum(endings.values()), "call"))
    text.append(": ")
    shown = [ending for ending in Ending if endings[ending] or ending is Ending.CONVERTED]
    for at, ending in enumerate(shown):
        text.append(", " if at else "")
        text.append(f"{endings[ending]} {ending}", STYLES[ending])
    return text


def _functions(plan: Plan, index: Index) -> Iterator[Text]:
    shown = [verdict for verdict in plan.verdicts.values() if verdict.colour in MADE]
    for verdict in sorted(shown, key=lambda verdict: index.functions[verdict.function].place):
        function = index.functions[verdict.function]
        text = Text(f"{function.place.path}:{function.place.line} ", "bold")
        text.append(f"{function.qualname} {MADE[verdict.colour]}")
        if verdict.because:
            text.append(": " + " -> ".join(link_name(link) for link in verdict.because), "dim")
        if verdict.reason is not None and verdict.colour is Colour.STUCK:
            text.append(f"  [{verdict.reason}] {verdict.detail or EXPLANATIONS[verdict.reason][0]}", "red")
        yield text


def _left(plan: Plan) -> Iterator[Text]:
    for outcome in plan.outcomes:
        if outcome.ending is Ending.CONVERTED:
            continue
        yield outcome_line(outcome)


def outcome_line(outcome: Outcome) -> Text:
    """One call that was not converted: place, what it reaches, reason, and what the reader can do."""
    text = Text(f"{outcome.place} ", "bold")
    text.append(f"{outcome.what} ")
    text.append(str(outcome.ending), STYLES[outcome.ending])
    if outcome.reason is not None:
        what, cure = EXPLANATIONS[outcome.reason]
        text.append(f"  [{outcome.reason}] {outcome.detail or what}")
        text.append(f"  {cure}", "dim")
    return text


def _gatherings(plan: Plan) -> Iterator[Text]:
    """Where waits could run side by side: those that will, and what stands against the others."""
    for gathering in plan.gatherings:
        text = Text(f"{gathering.place} ", "bold")
        text.append(f"{gathering.kind} ")
        if gathering.gathered:
            text.append("side by side", "green")
        else:
            where = f" (line {gathering.because.line})" if gathering.because is not None else ""
            text.append(f"one after another: {gathering.why}{where}", "yellow")
        yield text


def _warnings(plan: Plan) -> Iterable[Text]:
    for warned in plan.warnings:
        text = Text(f"{warned.place} ", "bold")
        text.append("warning ", "yellow")
        text.append(warned.text)
        yield text


def link_name(link: Link) -> str:
    """What a step of a chain reaches: a function by its name, a callable of a library by its path."""
    return link.what.partition("::")[2] or link.what


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
