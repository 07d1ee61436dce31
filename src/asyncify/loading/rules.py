"""`[[rule]]`: a pattern of a library, what becomes of it, and the examples that show it."""

from __future__ import annotations

import ast
from dataclasses import fields

from asyncify.loading.section import Section, did_you_mean
from asyncify.loading.templates import (
    check_template,
    common_slots,
    read_imports,
    read_path,
    read_signatures,
    takes_any_keyword,
)
from asyncify.reason import Reason
from asyncify.rule import Direct, Example, Handed, Offload, Rule, Safety, Wait
from asyncify.template import COLLECTING, COMMON_HOLES

KEYS = frozenset(field.name for field in fields(Rule)) - {"pack", "calls", "examples"} | {"call", "of", "example"}
DIRECT_KEYS = frozenset(field.name for field in fields(Direct))
HANDED_KEYS = frozenset(field.name for field in fields(Handed))
EXAMPLE_KEYS = frozenset(field.name for field in fields(Example))


def read_rule(section: Section, pack: str) -> Rule:
    """The rule as a value; RuleError for what is wrong with it as far as it can be seen on its own."""
    section.only(KEYS, ("id", "call", "why"))
    rule = Rule(
        id=section.string("id"),
        pack=pack,
        calls=read_signatures(section),
        why=section.string("why"),
        waits=section.word("waits", Wait),
        returns=section.optional("returns"),
        becomes=section.optional("becomes"),
        opens=section.optional("opens"),
        direct=_read_direct(section),
        hook=section.optional("hook"),
        imports=read_imports(section),
        refuses=section.mapping("refuses"),
        notes=section.mapping("notes"),
        remarks=section.mapping("remarks"),
        absent=section.mapping("absent"),
        streams=section.optional("streams"),
        lazy=section.flag("lazy"),
        instead=section.mapping("instead"),
        handed=_read_handed(section),
        safety=section.word("safety", Safety) or Safety.SAFE,
        differs=section.optional("differs"),
        lifespan=section.optional("lifespan"),
        offload=section.word("offload", Offload),
        reads=frozenset(section.strings("reads")),
        examples=tuple(_read_example(each) for each in section.sections("example", "rule.example")),
    )
    _check_sense(section, rule)
    if not section.trusted:
        _check_templates(section, rule)
        _check_examples(section, rule)
    return rule


def _read_handed(section: Section) -> Handed | None:
    if "handed" not in section.values:
        return None
    table = section.table("handed")
    table.only(HANDED_KEYS, tuple(HANDED_KEYS))
    return Handed(read_path(table, "call", table.string("call")), table.string("slot"), table.string("type"))


def _read_direct(section: Section) -> Direct | None:
    if "direct" not in section.values:
        return None
    table = section.table("direct")
    table.only(DIRECT_KEYS, ("opens",))
    if "opens" not in section.values:
        raise section.fault("direct", "it stands instead of `opens`, which is missing")
    opens, arguments = table.string("opens"), table.mapping("arguments")
    check_template(table, "opens", opens, COMMON_HOLES, ())
    for name, template in arguments.items():
        check_template(table, "arguments", template, {"it", "aio"}, ())
        if "{it}" not in template:
            raise table.fault("arguments", f"{name}: the template holds no {{it}}", name)
    return Direct(opens, arguments, table.mapping("differs"), frozenset(table.strings("bare")))


def _check_examples(section: Section, rule: Rule) -> None:
    for each in section.sections("example", "rule.example"):
        for key in ("before", "after"):
            _check_parses(each, key)
    if rule.is_detection_only:
        return
    if all(example.after is None for example in rule.examples):
        raise section.fault("example", "a rule that rewrites needs an example with `after`: what it changes")
    if all(example.because is None for example in rule.examples):
        raise section.fault("example", "a rule that rewrites needs an example with `because`: what it leaves alone")


def _read_example(section: Section) -> Example:
    section.only(EXAMPLE_KEYS, ("name", "before"))
    if ("after" in section.values) == ("because" in section.values):
        raise section.fault("after", "an example has either `after` or `because`")
    because = section.word("because", Reason)
    return Example(
        section.string("name"), section.string("before"), section.optional("after"), because and because.value
    )


def _check_parses(section: Section, key: str) -> None:
    source = section.optional(key)
    if source is None:
        return
    try:
        ast.parse(source)
    except SyntaxError as error:
        raise section.fault(key, f"the example does not parse: {error.msg} (its line {error.lineno})") from None


def _check_templates(section: Section, rule: Rule) -> None:
    if rule.becomes is None and rule.opens is None:
        return
    known = COMMON_HOLES | {slot.name for slot in common_slots(rule.calls) if slot.kind not in COLLECTING}
    for key, template in (("becomes", rule.becomes), ("opens", rule.opens)):
        if template is None:
            continue
        tree = check_template(section, key, template, known, rule.imports)
        if tree and rule.waits is None and any(isinstance(node, ast.Await) for node in ast.walk(tree)):
            raise section.fault("waits", f"`{key}` awaits, so the rule must say for what the call waits")


def _check_sense(section: Section, rule: Rule) -> None:
    if rule.is_detection_only and rule.waits is None and rule.returns is None:
        raise section.fault("waits", "the rule says nothing; give at least one of waits, returns, becomes, opens, hook")
    if (rule.safety is Safety.UNSAFE) and rule.differs is None:
        raise section.fault("differs", "an unsafe rule names its difference")
    if rule.differs is not None and rule.safety is Safety.SAFE:
        raise section.fault("differs", 'a safe rule has no difference; set safety = "unsafe"')
    if rule.lazy and not (rule.becomes or "").startswith("await "):
        raise section.fault("lazy", "a call that may stand without await has a `becomes` that begins with it")
    if rule.offload is not None and (not rule.is_detection_only or rule.waits is None):
        raise section.fault("offload", "only a call that waits and has no asynchronous form runs in a thread")
    if rule.streams is not None and rule.opens is None:
        raise section.fault("streams", "a value that is read piece by piece needs `opens`")
    if not (rule.refuses or rule.notes or rule.streams or rule.lifespan or rule.instead) or takes_any_keyword(
        rule.calls
    ):
        return
    slots = {slot.name for slot in common_slots(rule.calls)}
    named = [("streams", rule.streams), ("lifespan", rule.lifespan), *(("refuses", name) for name in rule.refuses)]
    named += [("notes", name) for name in rule.notes] + [("instead", name) for name in rule.instead]
    for key, name in named:
        if name is not None and name not in slots:
            raise section.fault(key, f"the signature has no slot {name!r}{did_you_mean(name, slots)}", name)
