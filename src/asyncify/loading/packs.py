"""One rule pack: TOML text -> Pack."""

from __future__ import annotations

import re
import tomllib
from pathlib import PurePath

from asyncify.errors import RuleError
from asyncify.loading.declarations import read_accepts, read_aliases, read_exceptions, read_type, read_values
from asyncify.loading.rules import read_rule
from asyncify.loading.section import Section
from asyncify.loading.templates import read_path
from asyncify.rule import Pack

SECTIONS = frozenset({"pack", "aliases", "type", "rule", "exceptions", "values", "accepts"})
PACK_KEYS = frozenset(
    {"id", "summary", "source", "target", "requires", "drops", "replaces", "profile", "exhaustive", "one_loop"}
)


def read_pack(text: str, file: str, *, trusted: bool) -> Pack:
    """The checked pack. The templates and examples of one that is `trusted` are taken as they are."""
    whole = Section(file, text, "file", 0, _parse(text, file), trusted=trusted)
    whole.only(SECTIONS, ("pack",))
    head = whole.table("pack")
    head.only(PACK_KEYS, ("id", "summary", "source"))
    name = head.string("id")
    if name != PurePath(file).stem:
        raise head.fault("id", f"the id is the name of the file without .toml: {PurePath(file).stem!r}", name)
    return Pack(
        id=name,
        file=file,
        summary=head.string("summary"),
        source=tuple(read_path(head, "source", root) for root in head.one_or_many("source")),
        target=head.optional("target"),
        requires=_requirements(head, "requires"),
        drops=_requirements(head, "drops"),
        aliases=read_aliases(whole.table("aliases")),
        types=tuple(read_type(section, name) for section in whole.sections("type")),
        rules=tuple(read_rule(section, name) for section in whole.sections("rule")),
        exceptions=tuple(read_exceptions(whole.table("exceptions"), name)),
        values=tuple(read_values(whole.table("values"), name)),
        accepts=tuple(entry for section in whole.sections("accepts") for entry in read_accepts(section)),
        replaces=head.strings("replaces"),
        exhaustive=head.flag("exhaustive"),
        one_loop=head.flag("one_loop"),
        profile=head.optional("profile"),
    )


def _parse(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        place = f"{file}:{at[1]}" if at else file
        raise RuleError(f"{place}: not valid TOML: {error}") from None


def _requirements(head: Section, key: str) -> tuple[str, ...]:
    lines = head.strings(key)
    for line in lines:
        if not re.match(r"[A-Za-z0-9][\w.-]*", line):
            raise head.fault(key, f"{line!r} is not a requirement", line)
    return lines
