"""What `asyncify verify` found, for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from asyncify.bench.compare import Difference
from asyncify.bench.verify import Checked, Verdict

MOST_DIFF_LINES = 60
MOST_OF_ANSWER = 200  # characters
COLOURS = {"-": "red", "+": "green", "@": "cyan"}


def verdict_in_words(verdict: Verdict) -> RenderableType:
    """What was compared, then each difference as a diff, then one line that says which it was."""
    parts: list[RenderableType] = [_checked(item) for item in verdict.checked]
    if verdict.tests is not None:
        tests = verdict.tests
        before = _passed(tests.passed_before, tests.before, tests.skipped_before)
        after = _passed(tests.passed_after, tests.after, tests.skipped_after)
        parts.append(Text(f"tests: before {before}, after {after}"))
    for difference in verdict.differences:
        parts += difference_in_words(difference)
    for difference in verdict.unsteady:
        parts += unsteady_in_words(difference)
    kinds = sorted({difference.what for difference in verdict.differences})
    if kinds:
        parts.append(Text.assemble(("different: ", "bold red"), ", ".join(kinds)))
    else:
        parts.append(Text.assemble(("equal: ", "bold green"), "both did the same in all that was compared"))
    return Group(*parts)


def _passed(passed: int, count: int, skipped: int) -> str:
    return f"{passed} of {count} pass" + (f" ({skipped} skipped)" if skipped else "")


def difference_in_words(difference: Difference) -> list[RenderableType]:
    """A heading and the first few differences of its kind, coloured as a diff."""
    where = difference.case if difference.what == "tests" else f"{difference.case}, {difference.callers} concurrent"
    heading = Text.assemble(("failed: ", "bold red"), f"{where}: {difference.counted} differ")
    return [heading, *_diff_in_colours(difference)]


def unsteady_in_words(difference: Difference) -> list[RenderableType]:
    """What the original does otherwise by itself: no fault of the migration, and worth knowing."""
    return [Text.assemble(("unsteady: ", "bold yellow"), said_of_unsteady(difference)), *_diff_in_colours(difference)]


def said_of_unsteady(difference: Difference) -> str:
    """One sentence on something that the original does otherwise by itself."""
    return (
        f"{difference.case}, {difference.callers} concurrent: {difference.counted} of the original are "
        "not those that it has for one caller at a time, so threads race in it; after is compared with one caller"
    )


def _diff_in_colours(difference: Difference) -> list[RenderableType]:
    lines = difference.diff.splitlines()
    shown = Text("\n").join(Text(line, style=COLOURS.get(line[:1], "")) for line in lines[:MOST_DIFF_LINES])
    parts: list[RenderableType] = [shown]
    if len(lines) > MOST_DIFF_LINES:
        parts.append(Text(f"... {len(lines) - MOST_DIFF_LINES} more lines", style="dim"))
    return parts


def _checked(item: Checked) -> Text:
    text = Text(
        f"{item.case}, {item.callers} concurrent: {item.answers} answers, {item.calls} calls to services, "
        f"{item.rows} rows, {item.logs} log records"
    )
    if item.failed:
        first = item.failure if len(item.failure) <= MOST_OF_ANSWER else f"{item.failure[:MOST_OF_ANSWER]}..."
        text.append(f"; {item.failed} fail before as well, the first with {first}", style="yellow")
    if item.unknown:
        text.append(f"; answered 404, because no [[service]] says what: {', '.join(item.unknown)}", style="yellow")
    return text
