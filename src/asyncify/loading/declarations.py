"""`[[type]]`, `[exceptions]`, `[values]`, `[[accepts]]` and `[aliases]`: what a pack declares beside its rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from asyncify.loading.section import Section
from asyncify.loading.templates import check_template, read_imports, read_path, read_signatures
from asyncify.rule import ANY_ARGUMENTS, ANY_ATTRIBUTE, Accepts, ExceptionRule, Form, PackType, ValueRule
from asyncify.template import ANY_METHOD

TYPE_KEYS = frozenset(field.name for field in fields(PackType)) - {"pack"}
EXCEPTION_KEYS = frozenset({"catches", "raises", "imports", "after", "catches_after", "wording", "bases"})
NAMES = re.compile(r"(.*\.)\{([^{}]+)\}")
ACCEPTS_KEYS = frozenset({"call", "of", "slot", "forms", "gives", "overrides", "injects"})
MEMBER = re.compile(r"[A-Za-z_]\w*(\(\))?")
OWN = "self"


def read_aliases(section: Section) -> dict[str, str]:
    """Other spellings of paths."""
    aliases = {}
    for alias in section.values:
        path = aliases[read_path(section, alias, alias)] = read_path(section, alias, section.string(alias))
        if alias == path:
            raise section.fault(alias, "a path is no alias of itself")
    return aliases


def read_type(section: Section, pack: str) -> PackType:
    """A class whose instances are followed."""
    section.only(TYPE_KEYS, ("id",))
    own = read_path(section, "id", section.string("id"))
    becomes = section.optional("becomes")
    if becomes is not None:
        check_template(section, "becomes", becomes, ("aio",))
    found = PackType(
        id=own,
        pack=pack,
        becomes=becomes,
        keeps=_members(section, "keeps"),
        held=_held(section, "held"),
        iterated=_held(section, "iterated"),
        direct=_held(section, "direct"),
        differs=section.mapping("differs"),
        cautions=section.mapping("cautions"),
        attributes=_attributes(section, own),
        enters=_optional_type(section, "enters", own),
        enters_async=section.flag("enters_async"),
        iterates_async=section.flag("iterates_async"),
        yields=_optional_type(section, "yields", own),
        base=_optional_type(section, "base", own),
        not_waiting=_members(section, "not_waiting"),
        derivable=section.flag("derivable"),
        lacks=_members(section, "lacks"),
        sealed=_members(section, "sealed"),
    )
    if found.derivable and becomes is None:
        raise section.fault("becomes", "a type that classes may be derived from says what it becomes")
    for name in sorted(found.lacks & {*found.keeps, *(member.removesuffix("()") for member in found.held)}):
        raise section.fault("lacks", f"{name!r} is also declared as a member that has a counterpart", name)
    for name in sorted(found.cautions.keys() - found.keeps):
        raise section.fault("cautions", f"{name!r} is not among the members that it keeps", name)
    if found.enters_async and found.enters is None:
        raise section.fault("enters", "a type that is entered with `async with` says what it enters as")
    if found.base == own:
        raise section.fault("base", "a type is not its own base")
    return found


def read_exceptions(section: Section, pack: str) -> Iterator[ExceptionRule]:
    """The classes of `[exceptions]`, where each path holds a table of its own."""
    for path, values in section.values.items():
        holes = _check_wildcard(section, path)
        if not isinstance(values, dict):
            raise section.fault(path, "a table with catches and raises is needed here")
        entry = Section(section.file, section.text, "exceptions", 0, values, section.parent, section.trusted)
        for key in values:
            if key not in EXCEPTION_KEYS:
                raise section.fault(path, f"unknown key {key!r}; known are {', '.join(sorted(EXCEPTION_KEYS))}", key)
        imports = read_imports(entry)
        catches, raises = entry.one_or_many("catches"), entry.string("raises")
        after, narrowed = entry.optional("after"), entry.strings("catches_after")
        if (after is None) == bool(narrowed):
            raise section.fault(path, "`after` and `catches_after` stand together or not at all", path)
        bases = {name: tuple(text.split(", ")) for name, text in entry.mapping("bases").items()}
        keyed = [("raises", raises), *(("catches", each) for each in catches)]
        for key, template in (*keyed, *(("catches_after", each) for each in narrowed)):
            check_template(entry, key, template, holes, imports=imports)
        wording = entry.optional("wording")
        yield ExceptionRule(path, pack, catches, raises, imports, after, bases, wording, tuple(narrowed))


def read_values(section: Section, pack: str) -> Iterator[ValueRule]:
    """Constants and functions that are named, not called."""
    for key in section.values:
        becomes = section.string(key)
        for path in _spelled_out(key):
            check_template(section, key, becomes, _check_wildcard(section, path))
            yield ValueRule(path, pack, becomes)


def _spelled_out(path: str) -> Iterator[str]:
    """`acme.{a,b}` stands for `acme.a` and `acme.b`."""
    found = NAMES.fullmatch(path)
    if found is None:
        yield path
        return
    yield from (found[1] + name.strip() for name in found[2].split(","))


def _check_wildcard(section: Section, path: str) -> tuple[str, ...]:
    """The holes of a template for this path; only below `.*` names differ."""
    read_path(section, path, path.removesuffix(ANY_METHOD))
    return ("aio", "name") if path.endswith(ANY_METHOD) else ("aio",)


def read_accepts(section: Section) -> Iterator[Accepts]:
    """What takes asynchronous forms: one entry for each path under `call`."""
    section.only(ACCEPTS_KEYS, ("call", "forms"))
    forms = frozenset(section.checked_word("forms", word, Form) for word in section.one_or_many("forms"))
    slot, overrides = section.optional("slot"), section.flag("overrides")
    if overrides and slot is not None:
        raise section.fault("overrides", "a method that is overridden has no slot")
    injects = section.flag("injects")
    if injects and slot is None:
        raise section.fault("injects", "the slot is needed whose function is meant")
    gives = _optional_type(section, "gives", "")
    if gives is not None and (slot is not None or overrides):
        raise section.fault("gives", "only a decorator, which has no slot, makes something else of a function")
    for signature in read_signatures(section):
        is_spelled_out = signature.slots != ANY_ARGUMENTS
        if slot is not None and is_spelled_out and all(slot != each.name for each in signature.slots):
            raise section.fault("slot", f"{signature.path} has no slot {slot!r}", slot)
        read = signature if is_spelled_out else None
        yield Accepts(signature.path, slot, forms, read, overrides, injects, gives)


def _members(section: Section, key: str) -> frozenset[str]:
    names = section.strings(key)
    for name in names:
        if not name.isidentifier():
            raise section.fault(key, f"{name!r} is not the name of a member", name)
    return frozenset(names)


def _held(section: Section, key: str) -> dict[str, str]:
    held = section.mapping(key)
    for member, template in held.items():
        if not MEMBER.fullmatch(member):
            raise section.fault(key, f"{member!r} is neither `name` nor `name()`", member)
        known = ("self", "aio", "name", "*") if member.endswith("()") else ("self", "aio", "name")
        check_template(section, key, template, known, imports=())
    return held


def _attributes(section: Section, own: str) -> dict[str, str]:
    found = {}
    for attribute, text in section.mapping("attributes").items():
        if not attribute.isidentifier() and attribute != ANY_ATTRIBUTE:
            raise section.fault("attributes", f"{attribute!r} is neither an attribute nor *", attribute)
        found[attribute] = own if text == OWN else read_path(section, "attributes", text)
    return found


def _optional_type(section: Section, key: str, own: str) -> str | None:
    text = section.optional(key)
    if text is None or text == OWN:
        return text and own
    return read_path(section, key, text)
