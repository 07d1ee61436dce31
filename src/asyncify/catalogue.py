"""All rule packs of one run, indexed by the dotted paths that they speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from asyncify.errors import RuleError
from asyncify.rule import (
    ANY_ARGUMENTS,
    ANY_ATTRIBUTE,
    Accepts,
    ExceptionRule,
    Form,
    Pack,
    PackType,
    Rule,
    Signature,
    ValueRule,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is known of libraries. All look-ups take canonical paths (see `canonical`) and answer None if unknown."""

    packs: tuple[Pack, ...]
    roots: frozenset[str]  # import roots of which some pack speaks
    aliases: Mapping[str, str]
    rules: Mapping[str, Rule]  # by id
    by_call: Mapping[str, Rule]
    types: Mapping[str, PackType]
    exceptions: Mapping[str, ExceptionRule]
    values: Mapping[str, ValueRule]
    accepts: Mapping[str, tuple[Accepts, ...]]
    handed: Mapping[str, tuple[Rule, ...]]  # path -> rules for which its calls count if they are given what they name

    def canonical(self, dotted: str) -> str:
        """`requests.api.get` -> `requests.get`: the longest declared prefix is replaced, to the end."""
        for _ in range(8):
            head, tail = dotted, ""
            while head not in self.aliases:
                head, dot, last = head.rpartition(".")
                if not dot:
                    return dotted
                tail = f".{last}{tail}"
            dotted = self.aliases[head] + tail
        return dotted

    def rule_for(self, path: str) -> Rule | None:
        """The rule of a callable; a method is looked up along the bases of its type.

        Where no rule names the method, a rule for `TYPE.*` holds for each public method that is neither an
        attribute nor listed under `not_waiting`.
        """
        rule = self.by_call.get(path)
        owner, _, name = path.rpartition(".")
        if rule is not None or owner not in self.types:
            return rule
        lineage = tuple(self.lineage(owner))
        for kind in lineage:
            if (rule := self.by_call.get(f"{kind.id}.{name}")) is not None:
                return rule
        if name.startswith("_") or any(name in kind.not_waiting or name in kind.attributes for kind in lineage):
            return None
        return next((self.by_call[f"{kind.id}.*"] for kind in lineage if f"{kind.id}.*" in self.by_call), None)

    def exception_for(self, path: str) -> ExceptionRule | None:
        """What becomes of an exception class, which may be one of those below `PATH.*`."""
        owner, _, name = path.rpartition(".")
        rule = self.exceptions.get(path)
        if rule is not None or (rule := self.exceptions.get(f"{owner}.*")) is None:
            return rule
        classes = tuple(text.replace("{name}", name) for text in rule.catches)
        return replace(rule, path=path, catches=classes, raises=rule.raises.replace("{name}", name))

    def value_for(self, path: str) -> ValueRule | None:
        """What becomes of a constant or function that is named."""
        owner, _, name = path.rpartition(".")
        rule = self.values.get(path)
        if rule is not None or (rule := self.values.get(f"{owner}.*")) is None:
            return rule
        return replace(rule, path=path, becomes=rule.becomes.replace("{name}", name))

    def lineage(self, type_id: str) -> Iterator[PackType]:
        """The pack type and its bases, nearest first."""
        kind = self.types.get(type_id)
        while kind is not None:
            yield kind
            kind = self.types.get(kind.base) if kind.base else None

    def attribute_type(self, type_id: str, attribute: str) -> str | None:
        """The pack type of `instance.attribute`, along the bases.

        Where a type declares ANY_ATTRIBUTE, that stands for each public attribute not listed under `keeps`.
        """
        lineage = tuple(self.lineage(type_id))
        for kind in lineage:
            if attribute in kind.attributes:
                return kind.attributes[attribute]
        if attribute.startswith("_") or any(attribute in kind.keeps for kind in lineage):
            return None
        return next((kind.attributes[ANY_ATTRIBUTE] for kind in lineage if ANY_ATTRIBUTE in kind.attributes), None)

    def knows_member(self, type_id: str, name: str) -> bool:
        """Does some rule or declaration say what becomes of `instance.name`? Special names are Python's own."""
        if name.startswith("__"):
            return True
        kind = self.types.get(type_id)
        while kind is not None:
            held = {member.removesuffix("()") for member in (*kind.held, *kind.iterated)}
            if name in held | kind.keeps or name in kind.attributes or f"{kind.id}.{name}" in self.by_call:
                return True
            if ANY_ATTRIBUTE in kind.attributes and not name.startswith("_"):
                return True
            kind = self.types.get(kind.base) if kind.base else None
        return False

    def takes(self, path: str, slot: str | None, form: Form) -> bool:
        """Does outside code at `path` cope with the asynchronous `form` of what it is given in `slot`?

        `slot` is the name of the slot, or the place of a positional argument in digits; None for a decorator.
        """
        argument = int(slot) if slot is not None and slot.isdecimal() else slot
        return any(form in entry.forms and entry.is_filled_by(argument) for entry in self.accepts_of(path))

    def lets_override(self, path: str, form: Form) -> bool:
        """May a method that overrides the outside method at `path` have the asynchronous `form`?"""
        owner = path.rpartition(".")[0]
        if owner in self.types and self.types[owner].derivable and form is Form.COROUTINE_FUNCTION:
            rule = self.rule_for(path)
            return rule is not None and rule.waits is not None
        entries = (*self.accepts_of(path), *self.accepts_of(f"{owner}.*"))
        return any(entry.overrides and form in entry.forms for entry in entries)

    def decorated_into(self, path: str) -> str | None:
        """The pack type of what the decorator at `path` makes of a function; None: it stays a function."""
        return next((entry.gives for entry in self.accepts_of(self.canonical(path)) if entry.gives), None)

    def accepts_of(self, path: str) -> tuple[Accepts, ...]:
        """What is declared of a callable; a method is looked up along the bases of its type."""
        owner, _, name = path.rpartition(".")
        if path in self.accepts:
            return self.accepts[path]
        found = (self.accepts.get(f"{kind.id}.{name}") for kind in self.lineage(owner))
        return next((entries for entries in found if entries), ())


def build_catalogue(packs: Sequence[Pack]) -> Catalogue:
    """Index the packs. Raises RuleError where two of them claim the same rule id, call, type or exception.

    A type whose own path no rule names gets a rule, `TYPE()`, that says only that calling it makes an instance.
    """
    by_call: dict[str, Rule] = {}
    rules: dict[str, Rule] = {}
    types: dict[str, PackType] = {}
    exceptions: dict[str, ExceptionRule] = {}
    values: dict[str, ValueRule] = {}
    accepts: dict[str, tuple[Accepts, ...]] = {}
    handed: dict[str, tuple[Rule, ...]] = {}
    aliases: dict[str, str] = {}
    for pack in packs:
        aliases.update(pack.aliases)
        for rule in pack.rules:
            _claim(rules, rule.id, rule, pack)
            for signature in rule.calls:
                _claim(by_call, signature.path, rule, pack)
            if rule.handed is not None:
                handed[rule.handed.call] = (*handed.get(rule.handed.call, ()), rule)
        for kind in pack.types:
            _claim(types, kind.id, kind, pack)
        for exception in pack.exceptions:
            _claim(exceptions, exception.path, exception, pack)
        for value in pack.values:
            _claim(values, value.path, value, pack)
        for entry in pack.accepts:
            accepts[entry.path] = (*accepts.get(entry.path, ()), entry)
    for kind in types.values():
        if kind.id not in by_call:
            rule = by_call[kind.id] = _constructor(kind)
            rules[rule.id] = rule
    roots = frozenset(root for pack in packs for root in pack.source)
    return Catalogue(tuple(packs), roots, aliases, rules, by_call, types, exceptions, values, accepts, handed)


def _constructor(kind: PackType) -> Rule:
    calls = (Signature(kind.id, ANY_ARGUMENTS),)
    return Rule(f"{kind.id}()", kind.pack, calls, "Calling the class makes an instance.", returns=kind.id)


def _claim(taken: dict[str, _T], key: str, value: _T, pack: Pack) -> None:
    if key in taken:
        raise RuleError(f"{pack.file}: {key} is declared twice; remove one of the two declarations")
    taken[key] = value
