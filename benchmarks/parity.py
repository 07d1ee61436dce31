"""What the measures of parity share: a form is a small module with a `run`, executed as it is and as migrated."""

from __future__ import annotations

import argparse
import asyncio
import inspect
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from types import CodeType, ModuleType
from typing import Any

from asyncify.loader import load_catalogue
from asyncify.plan.step import Ending
from asyncify.rule_examples import migrate_text, result_text
from asyncify.support.assemble import assemble


@dataclass(frozen=True)
class Form:
    """One module to be run both ways. `differs`: words of the warning where a difference is known; `plain`: a module
    for the new library that is the old one word by word, and does something else without an error."""

    section: str
    name: str
    text: str
    differs: str = ""
    plain: str = ""


@dataclass(frozen=True)
class Seen:
    """What one run showed: what the server knows of it, and the value or the handlers that the error reaches."""

    traces: tuple[Any, ...]
    outcome: str
    error: BaseException | None = None


@dataclass(frozen=True)
class Verdict:
    """What came out (equal, reported or wrong), with what there is to read about it."""

    word: str
    trouble: str
    after: str


@dataclass(frozen=True)
class Library:
    """The library that forms use. `original` names its error classes; those of `renamed` modules take their place.

    `below` has the names that a `.*` in the pack's table stands for.
    """

    pack: str
    original: Callable[[str], type[BaseException]]
    renamed: Mapping[str, ModuleType]
    below: tuple[str, ...] = ()


Run = Callable[[CodeType, tuple[str, ...] | None], Seen]  # the compiled form, and the helpers of the migrated one


def judge(form: Form, run: Run) -> Verdict:
    """Migrate one form and run both."""
    migration = migrate_text(form.text, catalogue())
    after = result_text(migration, form.text)
    if migration.faults:
        return Verdict("wrong", f"fault: {migration.faults[0]}", "\n".join(each.text for each in migration.rewrites))
    support = migration.plan.support
    old = run(compile(form.text, form.name, "exec"), None)
    new = run(compile(after, form.name, "exec"), support.names if support else ())
    refused = [outcome for outcome in migration.plan.outcomes if outcome.ending is Ending.REFUSED]
    texts = [warning.text for warning in migration.plan.warnings] + [outcome.detail for outcome in refused]
    if trouble := _difference(old, new):
        is_told = bool(form.differs) and any(form.differs in text for text in texts)
        return Verdict("reported" if is_told else "wrong", trouble, after)
    if refused:
        return Verdict("reported", "; ".join(f"{each.what}: {each.reason} {each.detail}" for each in refused), after)
    if form.differs:
        return Verdict("wrong", f"said to differ ({form.differs}), but is equal", after)
    return Verdict("equal", "", after)


def run_form(
    code: CodeType,
    helpers: tuple[str, ...] | None,
    given: Mapping[str, str],
    describe: Callable[[Any], str],
    describe_error: Callable[[BaseException], str],
) -> tuple[str, BaseException | None]:
    """What the form's `run` gives back or raises, in words; it is given the arguments that it names.

    `helpers` are those of the support module. A coroutine that nobody awaited is part of the words.
    """
    module = ModuleType("form")
    sys.modules["form"] = module
    if helpers:
        sys.modules["_aio"] = support_module(helpers)
    raised: BaseException | None = None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            exec(code, module.__dict__)
            outcome = describe(_finished(module.__dict__["run"], given))
        except Exception as error:
            raised, outcome = error, describe_error(error)
    lost = [str(warning.message) for warning in warned if issubclass(warning.category, RuntimeWarning)]
    return f"{outcome} {lost}" if lost else outcome, raised


@cache
def support_module(helpers: tuple[str, ...]) -> ModuleType:
    """The support module with these helpers, as a project has it."""
    module = ModuleType("_aio")
    sys.modules["_aio"] = module
    exec(compile(assemble(frozenset(helpers)), "_aio.py", "exec"), module.__dict__)
    return module


def reached_handlers(error: BaseException, library: Library, helpers: tuple[str, ...] | None) -> set[str]:
    """The handlers that see the error: those of the library's classes (`helpers` None: before the migration; else as
    the pack's table maps them), or of the builtin class that it is where there is none."""
    found = set()
    for name, catches in _exceptions(library.pack, library.below).items():
        classes = (library.original(name),) if helpers is None else _classes(catches, library, helpers)
        if isinstance(error, classes):
            found.add(name)
    return found or {next((kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"), "")}


def error_helpers(library: Library) -> frozenset[str]:
    """The helpers that the pack's table of exceptions names: with them, `reached_handlers` finds all classes."""
    texts = (text for catches in _exceptions(library.pack, library.below).values() for text in catches)
    return frozenset(text.split(".")[1] for text in texts if text.startswith("{aio}."))


def parse_arguments(description: str | None) -> argparse.Namespace:
    """The arguments that the measures of parity take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--show", metavar="TEXT", default="", help="only forms whose name has this text, in full")
    parser.add_argument("--wrong", action="store_true", help="print what is wrong in full")
    return parser.parse_args()


def count_verdicts(
    title: str, forms: Sequence[Form], judge_form: Callable[[Form], Verdict], arguments: argparse.Namespace
) -> int:
    """Print the count of each section; the exit code is 1 if a form is wrong."""
    shown = [form for form in forms if arguments.show in f"{form.section} {form.name}"]
    total: Counter[str] = Counter()
    for section in dict.fromkeys(form.section for form in shown):
        counts: Counter[str] = Counter()
        for form in shown:
            if form.section == section:
                verdict = judge_form(form)
                counts[verdict.word] += 1
                _print_form(form, verdict, arguments)
        print(f"{section}: {counts.total()} forms, {_words(counts)}", flush=True)
        total += counts
    print(f"\n{title}: {total.total()} forms, {_words(total)}")
    return 1 if total["wrong"] else 0


@cache
def catalogue() -> Any:
    """All rule packs, read once."""
    return load_catalogue()


def _finished(run: Callable[..., Any], given: Mapping[str, str]) -> Any:
    result = run(**{name: given[name] for name in inspect.signature(run).parameters})
    return asyncio.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Any) -> Any:
    return await result


def _difference(old: Seen, new: Seen) -> str:
    if old.traces != new.traces:
        return f"left {_only(old.traces, new.traces)} / {_only(new.traces, old.traces)}"
    if old.outcome != new.outcome:
        return f"got {old.outcome[:600]} {old.error!r} / {new.outcome[:600]} {new.error!r}"
    return ""


def _only(these: tuple[Any, ...], those: tuple[Any, ...]) -> str:
    return str([each for each in these if each not in those])[:600]


def _print_form(form: Form, verdict: Verdict, arguments: argparse.Namespace) -> None:
    if arguments.show or (arguments.wrong and verdict.word == "wrong"):
        print(f"\n=== {verdict.word}: {form.section}: {form.name}\n{form.text}\n--- after\n{verdict.after}")
    if verdict.word == "wrong" or arguments.show:
        print(f"{verdict.word}: {form.section}: {form.name}: {verdict.trouble}")


def _words(counts: Counter[str]) -> str:
    return f"{counts['equal']} equal, {counts['reported']} reported, {counts['wrong']} wrong"


def _classes(texts: tuple[str, ...], library: Library, helpers: tuple[str, ...]) -> tuple[type[BaseException], ...]:
    found = []
    for text in texts:
        owner, _, path = text.partition(".")
        module = support_module(helpers) if owner == "{aio}" else library.renamed[owner]
        try:
            found.append(attrgetter(path)(module))
        except AttributeError:  # a helper that this form does not use
            continue
    return tuple(found)


@cache
def _exceptions(pack: str, below: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for rule in (rule for each in catalogue().packs if each.id == pack for rule in each.exceptions):
        path = rule.path.removeprefix(f"{pack}.")
        for name in below if path.endswith(".*") else ("",):
            catches = tuple(text.replace("{name}", name) for text in rule.catches)
            table[path.removesuffix("*") + name] = catches
    return table
