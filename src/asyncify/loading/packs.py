"""One rule pack: TOML text -> Pack."""

from __future__ import annotations

import re
import tomllib
from pathlib import PurePath

from asyncify.errors import RuleError
from asyncify.loading.declarations import read_accepts, read_aliases, read_exceptions, read_type
from asyncify.loading.rules import check_examples, read_rule
from asyncify.loading.section import Section
from asyncify.loading.templates import read_path
from asyncify.rule import Pack

SECTIONS = frozenset({"pack", "aliases", "type", "rule", "exceptions", "accepts"})
PACK_KEYS = frozenset({"id", "summary", "source", "target", "requires", "drops", "replaces"})


def read_pack(text: str, file: str, *, examples: bool) -> Pack:
    """The checked pack; `examples` says whether the examples of its rules are checked too."""
    whole = Section(file, text, "file", 0, _parse(text, file))
    whole.only(SECTIONS, ("pack",))
    head = _table(whole, "pack")
    head.only(PACK_KEYS, ("id", "summary", "source"))
    name = head.string("id")
    if name != PurePath(file).stem:
        raise head.fault("id", f"the id is the name of the file without .toml: {PurePath(file).stem!r}", name)
    rules = []
    for section in whole.sections("rule"):
        rule = read_rule(section, name)
        if examples:
            check_examples(section, rule)
        rules.append(rule)
    return Pack(
        id=name,
        file=file,
        summary=head.string("summary"),
        source=tuple(read_path(head, "source", root) for root in head.one_or_many("source")),
        target=head.optional("target"),
        requires=_requirements(head, "requires"),
        drops=_requirements(head, "drops"),
        aliases=read_aliases(_table(whole, "aliases")),
        types=tuple(read_type(section, name) for section in whole.sections("type")),
        rules=tuple(rules),
        exceptions=tuple(read_exceptions(_table(whole, "exceptions"), name)),
        accepts=tuple(entry for section in whole.sections("accepts") for entry in read_accepts(section)),
        replaces=head.strings("replaces"),
    )


def _parse(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        place = f"{file}:{at[1]}" if at else file
        raise RuleError(f"{place}: not valid TOML: {error}") from None


def _table(whole: Section, key: str) -> Section:
    values = whole.values.get(key, {})
    if not isinstance(values, dict):
        raise whole.fault(key, f"a table is needed here; write [{key}]")
    return Section(whole.file, whole.text, key, 0, values, whole)


def _requirements(head: Section, key: str) -> tuple[str, ...]:
    lines = head.strings(key)
    for line in lines:
        if not re.match(r"[A-Za-z0-9][\w.-]*", line):
            raise head.fault(key, f"{line!r} is not a requirement", line)
    return lines
