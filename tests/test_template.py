"""Signatures, bindings and templates of rule packs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from asyncify.rule import ANY_ARGUMENTS, Signature, Slot, SlotKind
from asyncify.template import (
    bind,
    free_names,
    holes,
    parse_signature,
    parse_template,
    support_names,
)

GET = parse_signature("requests.get(url, params=None, **kwargs)")


def test_a_signature_names_its_slots() -> None:
    signature = parse_signature("pkg.mod.func(a, /, b=1, *args, k=None, **kw)")

    assert signature == Signature(
        "pkg.mod.func",
        (
            Slot("a", SlotKind.POSITIONAL_ONLY),
            Slot("b", SlotKind.POSITIONAL_OR_KEYWORD, "1"),
            Slot("args", SlotKind.VAR_POSITIONAL),
            Slot("k", SlotKind.KEYWORD_ONLY, "None"),
            Slot("kw", SlotKind.VAR_KEYWORD),
        ),
    )
    assert (signature.owner, signature.name) == ("pkg.mod", "func")


def test_a_path_alone_takes_any_arguments() -> None:
    assert parse_signature("pkg.func").slots == ANY_ARGUMENTS
    assert parse_signature("pkg.func()").slots == ()
    assert parse_signature("pkg.Type.*").path == "pkg.Type.*"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pkg..func()", "not a dotted path"),
        ("pkg.func(a", "closing parenthesis"),
        ("pkg.func(a) -> int", "closing parenthesis"),
        ("pkg.func(a, a)", "names a parameter twice"),
        ("pkg.func(a=1, b)", "not a list of parameters"),
        ("pkg.func(a: int)", "annotations"),
        ("pkg.func(): 0\ndef g()", "not a list of parameters"),
        ("", "not a dotted path"),
    ],
)
def test_a_bad_signature_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_signature(text)


@pytest.mark.parametrize(
    ("positional", "keywords", "stars", "expected"),
    [
        (1, (), (False, False), {"url": 0}),
        (2, ("timeout",), (False, False), {"url": 0, "params": 1, "timeout": "timeout"}),
        (0, ("params", "url"), (False, False), {"params": "params", "url": "url"}),
        (0, (), (False, False), None),
        (0, ("params",), (False, True), {"params": "params"}),
        (0, (), (True, False), {}),
        (1, ("url",), (False, False), None),
        (3, (), (False, False), None),
    ],
)
def test_arguments_find_their_slots(
    positional: int, keywords: tuple[str, ...], stars: tuple[bool, bool], expected: dict[str, int | str] | None
) -> None:
    assert bind(GET, positional, keywords, *stars) == expected


def test_extra_positional_arguments_go_where_the_first_of_them_goes() -> None:
    signature = parse_signature("pool.map(fn, *iterables, timeout=None)")

    assert bind(signature, 3, ("timeout",), False, False) == {"fn": 0, "iterables": 1, "timeout": "timeout"}
    assert bind(signature, 1, (), False, False) == {"fn": 0}
    assert bind(signature, 1, ("chunks",), False, False) is None


def test_a_positional_only_slot_is_not_filled_by_name() -> None:
    assert bind(parse_signature("time.sleep(seconds, /)"), 0, ("seconds",), False, False) is None
    assert bind(parse_signature("time.sleep(seconds, /)"), 0, (), False, True) is None
    assert bind(parse_signature("p.f(a, /, **kw)"), 1, ("b",), False, False) == {"a": 0, "b": "b"}


PARAMETERS = ("a, b=1", "a, /, b", "*args, k", "a, *, k=0, **kw", "a, b=2, /, c=3, *rest, d, e=5, **more", "")


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_calls_fit_exactly_when_python_says_so(parameters: str) -> None:
    scope: dict[str, Callable[..., None]] = {}
    exec(f"def function({parameters}): pass", {}, scope)
    ours = parse_signature(f"m.function({parameters})")
    for positional in range(6):
        for keywords in ((), ("a",), ("k",), ("d",), ("b", "d"), ("a", "k"), ("z",), ("d", "e", "z")):
            try:
                scope["function"](*range(positional), **dict.fromkeys(keywords, 0))
                fits = True
            except TypeError:
                fits = False

            assert (bind(ours, positional, keywords, False, False) is not None) == fits, (positional, keywords)


def test_holes_are_listed_once_and_in_order() -> None:
    assert holes("await {aio}.{name}({url}, {*}, {url})") == ("aio", "name", "url", "*")
    assert holes("f({}, {'a': 1})") == ()


def test_support_names_follow_the_called_name() -> None:
    assert support_names("await {aio}.get({aio}.Response)") == ("get", "Response")
    assert support_names("{aio}.{name}({*})", "post") == ("post",)
    assert support_names("{aio}.{name}({*})") == ()


def test_free_names_are_those_that_an_import_has_to_bring() -> None:
    tree = parse_template("await asyncio.gather(*[len(x) for x in {items}], key=lambda y: y)")

    assert free_names(tree) == {"asyncio"}


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("await {url", "not a valid Python expression"),
        ("return {url}", "not a valid Python expression"),
        ("f(x=1, {*})", "not a valid Python expression"),
        ("f('{url}')", "inside a string"),
        ("await {*}", "nowhere else"),
        ("f([{*}])", "nowhere else"),
    ],
)
def test_a_bad_template_is_refused(template: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_template(template)
