"""Signatures and templates of rule packs: what they say, whether they hold together, and how a call fills the slots."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Mapping
from functools import lru_cache

from asyncify.rule import ANY_ARGUMENTS, Signature, Slot, SlotKind

HOLE = re.compile(r"\{(\*|[A-Za-z_]\w*)\}")
COMMON_HOLES = frozenset({"*", "self", "name", "aio"})  # filled for every call, whatever its signature
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
COLLECTING = frozenset({SlotKind.VAR_POSITIONAL, SlotKind.VAR_KEYWORD})  # slots that take several arguments
ANY_METHOD = ".*"

_PLACEHOLDER = "_hole_"
_ALL = "_hole_all_arguments"
_BUILTINS = frozenset(dir(builtins))


def holes(template: str) -> tuple[str, ...]:
    """The names of the template's holes in order of appearance, each once; `*` stands for `{*}`."""
    return tuple(dict.fromkeys(HOLE.findall(template)))


def support_names(template: str, name: str | None = None) -> tuple[str, ...]:
    """The NAMEs of `{aio}.NAME` in the template; `{aio}.{name}` counts as `name` if one is given."""
    filled = template.replace("{name}", name) if name else template
    return tuple(dict.fromkeys(re.findall(r"\{aio\}\.([A-Za-z_]\w*)", filled)))


def is_dotted(text: str) -> bool:
    """Is `text` a dotted path of identifiers?"""
    return DOTTED.fullmatch(text) is not None


def parse_signature(text: str) -> Signature:
    """`pkg.func(a, b=1, *args, k=None, **kw)` as data; ValueError says what is wrong with it.

    Without parentheses the callable takes any arguments. A path that ends in `.*` means every public method of
    a type that no other rule names.
    """
    path, parenthesis, rest = text.strip().partition("(")
    path = path.rstrip()
    if not is_dotted(path.removesuffix(ANY_METHOD)):
        raise ValueError(f"{path!r} is not a dotted path")
    if not parenthesis:
        return Signature(path, ANY_ARGUMENTS)
    if not rest.endswith(")"):
        raise ValueError("the closing parenthesis is missing, or something follows it")
    return Signature(path, _parse_slots(rest[:-1]) if rest != ")" else ())


def bind(
    signature: Signature, positional: int, keywords: tuple[str, ...], has_star: bool, has_double_star: bool
) -> Mapping[str, int | str] | None:
    """Which argument fills which slot: a positional index or a keyword; None when the call does not fit.

    `positional` counts the arguments before any `*iterable`. A var-positional slot names the index of the first
    argument that it collects; a keyword that a var-keyword slot collects stands under its own name. Slots left to
    their default, or perhaps filled by `*iterable` or `**mapping`, are not in the answer.
    """
    bound = _bind_positional(signature, positional)
    if bound is None:
        return None
    kinds = {slot.name: slot.kind for slot in signature.slots}
    takes_any = SlotKind.VAR_KEYWORD in kinds.values()
    for keyword in keywords:
        by_name = kinds.get(keyword) in {SlotKind.POSITIONAL_OR_KEYWORD, SlotKind.KEYWORD_ONLY}
        if (by_name and keyword in bound) or not (by_name or takes_any):
            return None
        bound.setdefault(keyword, keyword)
    if any(_is_missing(slot, bound, has_star, has_double_star) for slot in signature.slots):
        return None
    return bound


def parse_template(template: str) -> ast.expr:
    """The template as an expression in which each hole is a name; ValueError if it is not one, or a hole is lost."""
    source = HOLE.sub(lambda hole: _ALL if hole[1] == "*" else f"{_PLACEHOLDER}{hole[1]}", template)
    try:
        tree = ast.parse(source, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"it is not a valid Python expression once its holes are filled: {error.msg}") from None
    nodes = tuple(ast.walk(tree))
    if sum(_is_placeholder(node) for node in nodes) != len(HOLE.findall(template)):
        raise ValueError("a hole stands inside a string, where it is never filled")
    arguments = [argument for node in nodes if isinstance(node, ast.Call) for argument in node.args]
    if any(isinstance(node, ast.Name) and node.id == _ALL and node not in arguments for node in nodes):
        raise ValueError("{*} stands for the arguments of a call and can stand nowhere else")
    return tree


def free_names(tree: ast.expr) -> frozenset[str]:
    """The names that a parsed template takes from outside: no holes, no builtins, nothing it binds itself."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    bound.update(node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))
    return frozenset(
        node.id for node in names if not node.id.startswith(_PLACEHOLDER) and node.id not in bound | _BUILTINS
    )


@lru_cache(maxsize=256)  # many callables take the same few parameters
def _parse_slots(text: str) -> tuple[Slot, ...]:
    try:
        (function,) = ast.parse(f"def _({text}): 0").body
    except (SyntaxError, ValueError):
        raise ValueError(f"({text}) is not a list of parameters") from None
    if not isinstance(function, ast.FunctionDef) or len(function.body) != 1:
        raise ValueError(f"({text}) is not a list of parameters")
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(plain) - len(arguments.defaults)) + [_source(node) for node in arguments.defaults]
    found = [
        Slot(
            argument.arg,
            SlotKind.POSITIONAL_ONLY if argument in arguments.posonlyargs else SlotKind.POSITIONAL_OR_KEYWORD,
            default,
        )
        for argument, default in zip(plain, defaults, strict=True)
    ]
    if arguments.vararg:
        found.append(Slot(arguments.vararg.arg, SlotKind.VAR_POSITIONAL))
    for argument, node in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(Slot(argument.arg, SlotKind.KEYWORD_ONLY, _source(node) if node else None))
    if arguments.kwarg:
        found.append(Slot(arguments.kwarg.arg, SlotKind.VAR_KEYWORD))
    if len({slot.name for slot in found}) < len(found):
        raise ValueError(f"({text}) names a parameter twice")
    if ":" in text and any(isinstance(node, ast.arg) and node.annotation for node in ast.walk(arguments)):
        raise ValueError("annotations have no place in a signature")
    return tuple(found)


def _source(node: ast.expr) -> str:
    return repr(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def _bind_positional(signature: Signature, positional: int) -> dict[str, int | str] | None:
    bound: dict[str, int | str] = {}
    for slot in signature.slots:
        if len(bound) == positional:
            return bound
        if slot.kind is SlotKind.VAR_POSITIONAL:
            bound[slot.name] = len(bound)
            return bound
        if slot.kind in {SlotKind.KEYWORD_ONLY, SlotKind.VAR_KEYWORD}:
            return None
        bound[slot.name] = len(bound)
    return bound if len(bound) == positional else None


def _is_missing(slot: Slot, bound: Mapping[str, int | str], has_star: bool, has_double_star: bool) -> bool:
    if slot.name in bound or slot.default is not None or slot.kind in COLLECTING:
        return False
    if slot.kind is SlotKind.POSITIONAL_ONLY:
        return not has_star
    if slot.kind is SlotKind.KEYWORD_ONLY:
        return not has_double_star
    return not (has_star or has_double_star)


def _is_placeholder(node: ast.AST) -> bool:
    name = getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "arg", None)
    return isinstance(name, str) and name.startswith(_PLACEHOLDER)
