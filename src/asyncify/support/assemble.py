"""Put the helpers that a project needs into one module: the text of `_aio.py`."""

from __future__ import annotations

import ast
import json
import re
import symtable
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

from asyncify.errors import RuleError

# In the order in which they stand in the module: what is called by the project first.
SOURCES = (
    "timeouts",
    "running",
    "consume",
    "combine",
    "caching",
    "fanout",
    "threads",
    "limits",
    "http_plain",
    "http_calls",
    "http_session",
    "http_retry",
    "http_cookies",
    "http_response",
    "streaming",
    "http_decode",
    "http_prepare",
    "http_urls",
    "http_forms",
    "http_environment",
    "urllib_open",
    "http_client",
    "http_open",
    "http_errors",
    "pg_errors",
    "pg_errorcodes",
    "pg_lending",
    "pg_pool",
    "pg_session",
    "pg_direct",
    "pg_connection",
    "pg_open",
    "pg_notify",
    "pg_cursor",
    "pg_server_cursor",
    "pg_rows",
    "pg_extras",
    "pg_copy",
    "pg_sql",
    "pg_adapt",
    "pg_bind",
    "pg_ranges",
    "pg_types",
    "pg_lex",
    "pg_dsn",
    "psycopg_client",
    "httpx_once",
)
SIBLINGS = f"{__package__}."
COMES_WITH = {"multidict": "aiohttp", "yarl": "aiohttp"}
DOCSTRING = '''"""Helpers of this package's asynchronous code{habits}."""'''
HABITS = {
    "aiohttp": "requests",
    "asyncpg": "psycopg2",
    "psycopg": "psycopg2",
}  # what is imported -> whose interface the module has
WIDTH = 88
NOQA = re.compile(r"  # noqa: .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Definition:
    """A function, class or constant of one source, with the global names that it uses."""

    name: str
    text: str
    is_constant: bool
    uses: frozenset[str]
    imports: tuple[tuple[str, str], ...]  # name -> the import that binds it, such as "from yarl import URL"


def assemble(
    names: frozenset[str],
    limits: Mapping[str, int] = MappingProxyType({}),
    timeouts: Mapping[str, float | None] = MappingProxyType({}),
) -> str:
    """The module that holds these helpers and what they need, and nothing else. `limits` and `timeouts` are those of
    its LIMITS and TIMEOUTS that are not as they stand in the source.

    The same arguments give the same text. Raises RuleError for a name that is no helper.
    """
    settings: Mapping[str, Mapping[str, object]] = {"LIMITS": limits, "TIMEOUTS": timeouts}
    kept = [_as_set(definition, settings.get(definition.name, {})) for definition in _closure(names)]
    imports = {statement for definition in kept for name, statement in definition.imports if name in definition.uses}
    made = {definition.name for definition in kept if not definition.is_constant}
    first = [each for each in kept if each.is_constant and not each.uses & made]
    constants = "\n".join(definition.text for definition in first)
    others = [definition.text for definition in kept if definition not in first]
    docstring = DOCSTRING.format(habits=_habits({_root(statement) for statement in imports}))
    head = [docstring, "from __future__ import annotations", *_sections(imports)]
    return "\n\n\n".join(["\n\n".join([*head, *filter(None, [constants])]), *others]) + "\n"


def _as_set(definition: Definition, values: Mapping[str, object]) -> Definition:
    """A constant that is a dict, with these values in it."""
    if not values:
        return definition
    head, _, rest = definition.text.partition("=")
    items = ", ".join(
        f"{json.dumps(key)}: {value!r}" for key, value in {**ast.literal_eval(rest.strip()), **values}.items()
    )
    return replace(definition, text=f"{head.strip()} = {{{items}}}")


def _habits(roots: set[str]) -> str:
    known = [root for root in HABITS if root in roots]
    if not known:
        return ""
    what = "habits" if len(known) > 1 else "the interface and the habits"
    old = dict.fromkeys(HABITS[root] for root in known)
    return f": {_listed(known)} with {what} of {_listed(list(old))}"


def _listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def public_names() -> frozenset[str]:
    """The helpers that migrated code and rules may name."""
    return frozenset(name for name in _definitions() if not name.startswith("_"))


def needs(names: frozenset[str]) -> frozenset[str]:
    """The distributions from outside the standard library that these helpers import."""
    roots = {
        _root(statement)
        for definition in _closure(names)
        for name, statement in definition.imports
        if name in definition.uses
    }
    return frozenset(COMES_WITH.get(root, root) for root in roots if root not in sys.stdlib_module_names)


def _closure(names: frozenset[str]) -> list[Definition]:
    known = _definitions()
    if unknown := sorted(names - public_names()):
        raise RuleError(
            f"the support module has no helper {', '.join(unknown)}; it has {', '.join(sorted(public_names()))}"
        )
    reached: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= (known[name].uses & known.keys()) - reached
    return [definition for name, definition in known.items() if name in reached]


@cache
def _definitions() -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    for source in SOURCES:
        text = (Path(__file__).parent / f"{source}.py").read_text("utf-8")
        for definition in _definitions_of(text):
            earlier = found.setdefault(definition.name, definition)
            if earlier.text != definition.text:  # a type variable may stand in several sources
                raise RuleError(f"support/{source}.py: {definition.name} is defined twice in the support sources")
    return found


def _definitions_of(text: str) -> Iterator[Definition]:
    tree = ast.parse(text)
    lines = text.splitlines()
    imports = tuple(bound for node in tree.body for bound in _bound_by(node))
    end = 0
    for node in tree.body:
        start, end = end, node.end_lineno or node.lineno
        name = _name_of(node)
        if name is not None:
            body = NOQA.sub("", "\n".join(lines[start:end])).strip("\n")
            is_constant = isinstance(node, (ast.Assign, ast.AnnAssign))
            yield Definition(name, body, is_constant, _global_names(body), imports)


def _name_of(node: ast.stmt) -> str | None:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return None


def _bound_by(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """The names that an import binds; imports of sibling sources and of the future bind none."""
    match node:
        case ast.Import(names=aliases):
            for alias in aliases:
                yield alias.name.partition(".")[0], f"import {alias.name}"
        case ast.ImportFrom(module=str(module), names=aliases):
            if module != "__future__" and not module.startswith(SIBLINGS):
                for alias in aliases:
                    yield alias.name, f"from {module} import {alias.name}"


def _global_names(text: str) -> frozenset[str]:
    """The names that this definition looks up outside of itself, its annotations included."""
    annotations = (
        annotation
        for node in ast.walk(ast.parse(text))
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None))
        if annotation is not None
    )
    annotated = {node.id for part in annotations for node in ast.walk(part) if isinstance(node, ast.Name)}
    return frozenset({*_looked_up(symtable.symtable(text, "<support>", "exec")), *annotated})


def _looked_up(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _looked_up(child)


def _sections(imports: Iterable[str]) -> list[str]:
    """Import lines as ruff's isort orders them: standard library first, `import` before `from`."""
    standard = {statement for statement in imports if _root(statement) in sys.stdlib_module_names}
    return ["\n".join(_lines(section)) for section in (standard, set(imports) - standard) if section]


def _lines(statements: set[str]) -> list[str]:
    plain = sorted((statement for statement in statements if statement.startswith("import ")), key=str.lower)
    modules: dict[str, list[str]] = {}
    for statement in statements.difference(plain):
        module, _, name = statement.removeprefix("from ").partition(" import ")
        modules.setdefault(module, []).append(name)
    return plain + [_from_line(module, sorted(modules[module], key=_name_order)) for module in sorted(modules)]


def _from_line(module: str, names: list[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _name_order(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name


def _root(statement: str) -> str:
    return statement.split()[1].partition(".")[0]
