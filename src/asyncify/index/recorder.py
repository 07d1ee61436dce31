"""Collects the cells and flows of one file while its tree is walked."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from asyncify.index.scope import Scope
from asyncify.index.summary import NOTHING, ClassFact, FlowFact, FunctionFact, ImportFact, Span


class Recorder:
    """The growing summary. Subclasses walk; this class only numbers and notes."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.count = 1
        self.functions: list[FunctionFact | None] = []
        self.classes: list[ClassFact | None] = []
        self.names: dict[str, int] = {}
        self.unbound: dict[str, int] = {}
        self.imports: list[ImportFact] = []
        self.stars: list[tuple[str, int]] = []
        self.exports: tuple[str, ...] | None = None
        self.aliases: dict[str, str] = {}
        self.texts: dict[str, int] = {"": 0}
        self.copies: list[int] = []
        self.loads: list[int] = []
        self.stores: list[tuple[int, str, int]] = []
        self.dynamic: list[tuple[int, str, str, int]] = []
        self.items: list[tuple[int, str | int | None, int]] = []
        self.puts: list[tuple[int, str | int | None, int]] = []
        self.containers: list[tuple[int, tuple[tuple[str | int | None, int], ...]]] = []
        self.instances: list[int] = []
        self.guards: list[int] = []
        self.supers: list[tuple[int, int]] = []
        self.decorations: list[tuple[int, int, int, int, Span]] = []
        self.flows: list[FlowFact] = []
        self.calls: list[int] = []
        self.arguments: list[int] = []
        self.sites: list[int] = []
        self.argument_places: list[int] = []
        self.occurrences: list[int] = []
        self.loaded: dict[tuple[int, str], int] = {}
        self.scope = Scope("module", None, -1, -1)
        self.module = self.scope
        self.narrowed: set[str] = set()  # attributes of which `isinstance` was asked
        self.position = 0

    def cell(self) -> int:
        number = self.count
        self.count = number + 1
        return number

    def copy(self, source: int, target: int) -> None:
        if source and target and source != target:
            self.copies.extend((source, target))

    def text(self, text: str) -> int:
        """The number that stands for a text in packed facts; 0 for ""."""
        return self.texts.setdefault(text, len(self.texts))

    def join(self, cells: Iterable[int]) -> int:
        distinct = list(dict.fromkeys(cell for cell in cells if cell))
        if len(distinct) < 2:
            return distinct[0] if distinct else NOTHING
        target = self.cell()
        for source in distinct:
            self.copies.extend((source, target))
        return target

    def load(self, base: int, name: str) -> int:
        if not base:
            return NOTHING
        key = (base, name)
        target = self.loaded.get(key)
        if target is None:
            target = self.loaded[key] = self.count
            self.count = target + 1
            self.loads.extend((base, self.texts.setdefault(name, len(self.texts)), target))
        return target

    def item(self, base: int, key: str | int | None) -> int:
        if not base:
            return NOTHING
        target = self.cell()
        self.items.append((base, key, target))
        return target

    def instance(self, kind: int) -> int:
        if not kind:
            return NOTHING
        target = self.cell()
        self.instances += (kind, target)
        return target

    def container(self, members: Iterable[tuple[str | int | None, int]], *, keep: bool = False) -> int:
        """A list, dict, set or tuple; one that holds nothing of interest is NOTHING unless `keep`."""
        kept = tuple((key, cell) for key, cell in members if cell)
        if not kept and not keep:
            return NOTHING
        target = self.cell()
        self.containers.append((target, kept))
        return target

    def flow(self, kind: str, base: int, node: ast.expr, until: int = 0) -> int:
        if not base:
            return NOTHING
        target = self.cell()
        self.flows.append(FlowFact(kind, base, target, self.scope.function, self.position, span_of(node), until))
        return target

    def occur(self, cell: int, node: ast.expr) -> None:
        scope = self.scope.function + 1
        self.occurrences.extend(
            (cell, scope, node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
        )


def span_of(node: ast.expr | ast.stmt) -> Span:
    """(line, column, end line, end column) as `ast` counts."""
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def dotted(node: ast.expr) -> str:
    """`a.b.c` as text, subscripts left out; "" for anything else."""
    if type(node) is ast.Name:
        return node.id
    if type(node) is ast.Attribute:
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    if isinstance(node, ast.Subscript):
        return dotted(node.value)
    return ""
