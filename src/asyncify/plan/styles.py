"""The idiomatic style: the new library's own form of a call, and what may differ where it stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from asyncify.infer.facts import Call
from asyncify.plan.scene import Decided, Scene, as_written, pack_paths
from asyncify.plan.step import Hold, Step, Substitute, Warned
from asyncify.rule import Direct, PackType, Rule, Style

WHY = "The new library takes the argument in another form."
EVERYWHERE = "*"
CARRIED = frozenset({"request", "response"})  # what handlers read from an error, and direct forms do not give it
TROUBLESOME = frozenset("%!$'()*,/:?@ ")  # what the libraries do not quote alike


@dataclass(frozen=True, slots=True)
class DirectForm:
    """How one call is written directly: `opens` in place of the rule's template, and the edits of its arguments."""

    opens: str
    edits: tuple[Step, ...]
    differs: tuple[str, ...]


def direct_form(scene: Scene, call: Call, rule: Rule, node: ast.Call) -> DirectForm | None:
    """None where the style is another, or an argument has no direct form."""
    direct = rule.direct
    if scene.style is not Style.IDIOMATIC or direct is None:
        return None
    if len(node.args) > 1 or any(isinstance(argument, ast.Starred) for argument in node.args):
        return None
    if any(k.arg is None or k.arg not in {*direct.arguments, rule.streams} for k in node.keywords):
        return None
    path = pack_paths(call)[0]
    edits = tuple(_edits(scene, rule, direct, node))
    said = tuple(dict.fromkeys(_differences(scene, rule, direct, path.rpartition(".")[2], node)))
    return DirectForm(as_written(direct.opens, path, node), edits, said)


def direct_member(kind: PackType, key: str, member: ast.expr) -> str | None:
    """The template of a member of the open response; None where its arguments have no direct form."""
    template = kind.direct.get(key)
    if template is None:
        return kind.held.get(key)
    given = isinstance(member, ast.Call) and (member.args or member.keywords)
    return kind.held.get(key) if given and "{*}" not in template else template


def told(scene: Scene, call: Call, rule: Rule, form: DirectForm, members: list[str]) -> Decided:
    """The warning at the place of the call: what its arguments and the members in use may do differently."""
    kind = scene.catalogue.types[rule.returns or ""]
    texts = [*form.differs, *(kind.differs[name] for name in dict.fromkeys(members) if name in kind.differs)]
    return Decided(warnings=tuple(Warned(call.place, rule.id, text) for text in texts))


def everywhere(rule: Rule, step: Step) -> str | None:
    """What differs wherever a call is written directly, if this step does so."""
    if rule.direct is None or not isinstance(step.action, Hold | Substitute):
        return None
    is_direct = step.action.template.startswith(rule.direct.opens.partition("{name}")[0])
    return rule.direct.differs.get(EVERYWHERE) if is_direct else None


def reads_carried(tree: ast.AST) -> bool:
    """Does a handler in this file read the response or the request of its error?"""
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name):
        for node in ast.walk(handler):
            if isinstance(node, ast.Attribute) and node.attr in CARRIED and _is_name(node.value, handler.name):
                return True
    return False


def _edits(scene: Scene, rule: Rule, direct: Direct, node: ast.Call) -> Iterator[Step]:
    for keyword in node.keywords:
        template = direct.arguments.get(keyword.arg or "", "{it}")
        if template != "{it}":
            yield Step(scene.tree.place(keyword.value), Substitute(template), rule.id, WHY)


def _differences(scene: Scene, rule: Rule, direct: Direct, name: str, node: ast.Call) -> Iterator[str]:
    given = {k.arg: k.value for k in node.keywords if k.arg}
    first = next(iter(rule.calls[0].slots)).name
    values = [(first, argument) for argument in node.args] + list(given.items())
    for slot, value in values:
        if slot in direct.differs and not _is_plain(scene, value, is_address=slot == first):
            yield direct.differs[slot]
    if name in direct.differs and not given.keys() & {"json"}:
        yield direct.differs[name]


def _known(scene: Scene, value: ast.expr) -> ast.expr:
    """What a name stands for that the module binds once, to a literal."""
    if not isinstance(value, ast.Name):
        return value
    module = scene.tree.module
    found = [
        n for n in ast.walk(module) if isinstance(n, ast.Name) and n.id == value.id and isinstance(n.ctx, ast.Store)
    ]
    bound = [s for s in module.body if isinstance(s, ast.Assign) and any(_is_name(t, value.id) for t in s.targets)]
    is_parameter = any(isinstance(n, ast.arg) and n.arg == value.id for n in ast.walk(module))
    return bound[0].value if len(found) == 1 and len(bound) == 1 and not is_parameter else value


def _is_plain(scene: Scene, value: ast.expr, *, is_address: bool = False) -> bool:
    """Is it known, and sent alike by both libraries?"""
    value = _known(scene, value)
    if isinstance(value, ast.Dict):
        keys = [key for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        return len(keys) == len(value.keys) and all(_is_plain(scene, each) for each in [*keys, *value.values])
    if isinstance(value, ast.List):
        return all(_is_plain(scene, each) for each in value.elts)
    if isinstance(value, ast.JoinedStr):
        return all(_is_plain(scene, each, is_address=is_address) for each in value.values)
    if isinstance(value, ast.FormattedValue):
        return value.format_spec is None and _is_plain(scene, value.value, is_address=is_address)
    if not isinstance(value, ast.Constant):
        return False
    if isinstance(value.value, str):
        return (
            value.value.isascii()
            and value.value.isprintable()
            and (TROUBLESOME.isdisjoint(value.value) if not is_address else not {"%", " "} & set(value.value))
        )
    return isinstance(value.value, int | float) and not isinstance(value.value, bool)


def _is_name(node: ast.expr, name: str | None) -> bool:
    return isinstance(node, ast.Name) and node.id == name
