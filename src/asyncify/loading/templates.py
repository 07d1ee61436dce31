"""Checks of the templates that a section holds: holes, syntax and the names that they take for granted."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from asyncify.loading.section import Section, did_you_mean
from asyncify.rule import Signature, Slot, SlotKind
from asyncify.template import free_names, holes, is_dotted, parse_signature, parse_template


def read_signatures(section: Section, key: str = "call") -> tuple[Signature, ...]:
    """The signatures under `key`, each a correct one; `of` names the type or module that all of them belong to."""
    found = []
    owner = section.optional("of")
    prefix = f"{read_path(section, 'of', owner)}." if owner else ""
    for text in section.one_or_many(key):
        try:
            found.append(parse_signature(prefix + text))
        except ValueError as error:
            raise section.fault(key, f"bad signature: {error}", text) from None
    return tuple(found)


def read_path(section: Section, key: str, text: str) -> str:
    """`text` if it is a dotted path."""
    if not is_dotted(text):
        raise section.fault(key, f"{text!r} is not a dotted path", text)
    return text


def read_imports(section: Section, key: str = "imports") -> tuple[str, ...]:
    """The modules that templates may name."""
    return tuple(read_path(section, key, text) for text in section.strings(key))


def check_template(
    section: Section,
    key: str,
    template: str,
    known: Iterable[str],
    imports: Sequence[str] | None = None,
) -> ast.expr | None:
    """Refuse a template with holes that are not `known`, that does not parse, or that names what is not imported.

    `imports` None leaves the names alone. The template as parsed, unless the section is trusted.
    """
    if section.trusted:
        return None
    allowed = frozenset(known)
    for hole in holes(template):
        if hole not in allowed:
            hint = did_you_mean(hole, allowed) or f"; known here: {', '.join(sorted(allowed))}"
            raise section.fault(key, f"nothing fills the hole {{{hole}}}{hint}", f"{{{hole}}}")
    try:
        tree = parse_template(template)
    except ValueError as error:
        raise section.fault(key, f"bad template: {error}", template) from None
    if imports is not None:
        roots = {module.partition(".")[0] for module in imports}
        for name in sorted(free_names(tree) - roots):
            raise section.fault(key, f"the template names {name}, which no import brings in; add it to imports", name)
    return tree


def common_slots(signatures: Sequence[Signature]) -> tuple[Slot, ...]:
    """The slots that every one of the signatures has."""
    first, *others = signatures
    shared = [{slot.name for slot in other.slots} for other in others]
    return tuple(slot for slot in first.slots if all(slot.name in names for names in shared))


def takes_any_keyword(signatures: Sequence[Signature]) -> bool:
    return all(any(slot.kind is SlotKind.VAR_KEYWORD for slot in each.slots) for each in signatures)
