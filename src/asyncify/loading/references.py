"""What packs say of one another, and of asyncify's own folders: types, aliases, hooks and support functions."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from importlib import resources

from asyncify.catalogue import Catalogue
from asyncify.errors import RuleError
from asyncify.loading.section import did_you_mean
from asyncify.rule import Pack, PackType, Rule
from asyncify.template import ANY_METHOD, support_names

SUPPORT = "asyncify.support"
HOOKS = "asyncify.rewrite.hooks"


def check_references(catalogue: Catalogue, packs: Iterable[Pack]) -> None:
    """All the checks below: of the whole catalogue, and of the code that `packs` need."""
    check_paths(catalogue)
    check_types(catalogue)
    check_code(packs)


def check_types(catalogue: Catalogue) -> None:
    """Refuse names of types that no pack declares, bases in a circle, and paths that their pack does not speak for."""
    for kind in catalogue.types.values():
        for key, named in _types_named_by(kind):
            _check_type(catalogue, named, _at(catalogue, kind.pack, f"type {kind.id}", key))
        _check_lineage(catalogue, kind)
    for rule in catalogue.rules.values():
        _check_rule_types(catalogue, rule)
        _check_instead(catalogue, rule)
        _check_handed(catalogue, rule)


def check_paths(catalogue: Catalogue) -> None:
    """Refuse declarations that nothing would find: their path is an alias, or lies outside the pack's `source`."""
    for pack in catalogue.packs:
        for what, path in _declared_paths(pack):
            canonical = catalogue.canonical(path)
            if canonical != path:
                raise RuleError(f"{pack.file}: {what}: {path} is declared an alias; write {canonical}")
            if "." in path and not any(path == root or path.startswith(f"{root}.") for root in pack.source):
                raise RuleError(
                    f"{pack.file}: {what}: {path} lies outside of what the pack speaks for; add its root to source"
                )
        for alias in pack.aliases:
            if catalogue.canonical(alias) in catalogue.aliases:
                raise RuleError(f"{pack.file}: aliases, {alias}: the aliases go in a circle")


def check_code(packs: Iterable[Pack]) -> None:
    """Refuse support functions and hooks that asyncify does not have, unless it has none at all."""
    support, hooks = public_support_names(), hook_names()
    for pack in packs:
        for what, template, name in _templates(pack):
            for needed in support_names(template, name):
                if support and needed not in support:
                    hint = did_you_mean(needed, support)
                    raise RuleError(f"{pack.file}: {what}: asyncify.support has no public {needed}{hint}")
        for rule in pack.rules:
            if rule.hook and hooks and rule.hook.replace("-", "_") not in hooks:
                hint = did_you_mean(rule.hook, hooks)
                raise RuleError(f"{pack.file}: rule {rule.id}, hook: asyncify.rewrite.hooks has no {rule.hook}{hint}")


def public_support_names() -> frozenset[str]:
    """The public names at the top level of the support sources, which are read, not imported."""
    return frozenset(
        name
        for text in _sources(SUPPORT).values()
        for node in ast.parse(text).body
        for name in _names_bound_by(node)
        if not name.startswith("_")
    )


def hook_names() -> frozenset[str]:
    return frozenset(_sources(HOOKS))


def _sources(package: str) -> dict[str, str]:
    files = resources.files(package).iterdir()
    return {
        file.name.removesuffix(".py"): file.read_text("utf-8")
        for file in files
        if file.name.endswith(".py") and not file.name.startswith("_")
    }


def _names_bound_by(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.If | ast.Try):
        for inner in ast.iter_child_nodes(node):
            if isinstance(inner, ast.stmt):
                yield from _names_bound_by(inner)


def _types_named_by(kind: PackType) -> Iterator[tuple[str, str]]:
    for key, named in (("enters", kind.enters), ("yields", kind.yields), ("base", kind.base)):
        if named:
            yield key, named
    for attribute, named in kind.attributes.items():
        yield f"attributes, {attribute}", named


def _check_rule_types(catalogue: Catalogue, rule: Rule) -> None:
    where = _at(catalogue, rule.pack, f"rule {rule.id}", "returns")
    owners = [signature.owner for signature in rule.calls]
    if rule.returns and rule.returns != "self":
        _check_type(catalogue, rule.returns, where)
    needs_receiver = rule.returns == "self" or any("{self}" in text for text in (rule.becomes, rule.opens) if text)
    wildcards = [each.owner for each in rule.calls if each.path.endswith(ANY_METHOD)]
    for owner in owners if needs_receiver else wildcards:
        if owner not in catalogue.types:
            hint = did_you_mean(owner, catalogue.types)
            raise RuleError(f"{where}: there is no receiver, since {owner} is no declared type{hint}")


def _check_instead(catalogue: Catalogue, rule: Rule) -> None:
    for slot, path in rule.instead.items():
        if path not in catalogue.by_call:
            where = _at(catalogue, rule.pack, f"rule {rule.id}", f"instead, {slot}")
            raise RuleError(f"{where}: no rule is for {path}{did_you_mean(path, catalogue.by_call)}")


def _check_handed(catalogue: Catalogue, rule: Rule) -> None:
    if rule.handed is None:
        return
    where = _at(catalogue, rule.pack, f"rule {rule.id}", "handed")
    _check_type(catalogue, rule.handed.type, where)
    slots = [slot.name for slot in rule.calls[0].slots]
    if rule.handed.slot not in slots:
        raise RuleError(f"{where}: the call has no slot {rule.handed.slot}{did_you_mean(rule.handed.slot, slots)}")


def _check_type(catalogue: Catalogue, named: str, where: str) -> None:
    if named not in catalogue.types:
        raise RuleError(f"{where}: no loaded pack declares the type {named}{did_you_mean(named, catalogue.types)}")


def _check_lineage(catalogue: Catalogue, kind: PackType) -> None:
    seen = {kind.id}
    base = kind.base
    while base is not None:
        if base in seen:
            raise RuleError(f"{_at(catalogue, kind.pack, f'type {kind.id}', 'base')}: the bases go in a circle")
        seen.add(base)
        base = catalogue.types[base].base if base in catalogue.types else None


def _at(catalogue: Catalogue, pack_id: str, what: str, key: str) -> str:
    file = next(pack.file for pack in catalogue.packs if pack.id == pack_id)
    return f"{file}: {what}, {key}"


def _declared_paths(pack: Pack) -> Iterator[tuple[str, str]]:
    for rule in pack.rules:
        for signature in rule.calls:
            yield f"rule {rule.id}, call", signature.path.removesuffix(ANY_METHOD)
    for kind in pack.types:
        yield f"type {kind.id}", kind.id
    for exception in pack.exceptions:
        yield "exceptions", exception.path.removesuffix(ANY_METHOD)
    for value in pack.values:
        yield "values", value.path.removesuffix(ANY_METHOD)
    for entry in pack.accepts:
        yield "accepts", entry.path.removesuffix(ANY_METHOD)


def _templates(pack: Pack) -> Iterator[tuple[str, str, str | None]]:
    for rule in pack.rules:
        for key, template in (("becomes", rule.becomes), ("opens", rule.opens)):
            if template:
                yield from ((f"rule {rule.id}, {key}", template, signature.name) for signature in rule.calls)
    for kind in pack.types:
        if kind.becomes:
            yield f"type {kind.id}, becomes", kind.becomes, None
        for member, template in (*kind.held.items(), *kind.iterated.items()):
            yield f"type {kind.id}, held {member}", template, member.removesuffix("()")
    for exception in pack.exceptions:
        for template in (*exception.catches, *exception.catches_after, exception.raises):
            yield f"exceptions, {exception.path}", template, None
    for value in pack.values:
        yield f"values, {value.path}", value.becomes, None
