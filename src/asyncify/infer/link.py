"""Puts the flows of all summaries into one net of cells and lets the values run."""

from __future__ import annotations

from collections.abc import Callable

from asyncify.catalogue import Catalogue
from asyncify.index.summary import CALL, FlowFact, Summary, numbers
from asyncify.infer.cells import Reaction
from asyncify.infer.decorators import Decoration, Decorators
from asyncify.infer.objects import Objects
from asyncify.infer.solver import FOREIGN, Site

MAX_PASSES = 6


class Solver(Decorators):
    """The whole project's flow. `solve` runs it to the fixed point; afterwards everything may be read."""

    def __init__(self, objects: Objects, catalogue: Catalogue) -> None:
        super().__init__(objects, catalogue)
        self.kept_outside = set()
        self.prepare_members()
        self.prepare_containers()
        self.prepare_special()
        self.prepare_decorators()
        self._decorations: list[Decoration] = []
        self.passes = 0
        self._made_sites: list[Site] = []

    def solve(self, guess: Callable[[Solver], bool] | None = None) -> None:
        """Run to the fixed point; `guess` then may add what it takes to be likely, and values run on."""
        self.sites = self._made_sites
        for file, summary in enumerate(self.objects.summaries):
            self._link(file, summary, self.objects.cell_base[file])
        self.seed()
        for fn in self.functions:
            self.seed_collected(fn.vararg, fn.kwarg)
        self.cells.run()
        for self.passes in range(1, MAX_PASSES + 1):
            found = self.apply_undecorated(self._decorations)
            if not found and guess is not None:
                found = guess(self)
            if not found:
                return
            self.cells.run()
        self.cells.capped = True

    def settle(self) -> None:
        """Give up what only solving needs; what was found may still be read."""
        self.cells.settle()
        self.values.settle()
        self.prepare_members()
        self.prepare_containers()

    def _link(self, file: int, summary: Summary, base: int) -> None:
        cells = self.cells
        copies = numbers(summary.copies).tolist()
        for source, target in zip(copies[::2], copies[1::2], strict=True):
            cells.edge(base + source, base + target)
        load = type(self).on_load
        cells.expect((base + origin, (load, name, base + target)) for origin, name, target in summary.each_load())
        for origin, name, source in summary.stores:
            cells.react(base + origin, self.on_store, name, base + source)
        for origin, prefix, suffix, target in summary.dynamic:
            cells.react(base + origin, self.on_dynamic, prefix, suffix, base + target)
        for origin, key, target in summary.items:
            cells.react(base + origin, self.on_item, key, base + target)
            if key is None:
                self.table_reads.add(base + target)
                cells.wide.add(base + target)
        for origin, key, source in summary.puts:
            cells.react(base + origin, self.on_put, key, base + source)
        for target, members in summary.containers:
            shifted = tuple((key, base + cell) for key, cell in members)
            self.make_container(("literal", base + target), shifted, base + target)
        instances = summary.instances
        for index in range(0, len(instances), 2):
            cells.react(base + instances[index], self._on_instance, base + instances[index + 1])
        guards = summary.guards
        for index in range(0, len(guards), 2):
            cells.react(base + guards[index], self.on_guard, base + guards[index + 1])
        for owner, target in summary.supers:
            self.on_super(self.objects.class_base[file] + owner, base + target)
        for number, (decorator, inner, target, function, _) in enumerate(summary.decorations):
            function = self.objects.function_base[file] + function if function >= 0 else -1
            self._link_decoration(file, number, base, decorator, inner, target, function)
        for number, flow in enumerate(summary.flows):
            self._link_flow(file, number, base, flow)
        self._link_calls(file, summary, base)

    def _link_decoration(
        self, file: int, number: int, base: int, decorator: int, inner: int, target: int, function: int
    ) -> None:  # fmt: skip
        if not decorator:
            self.cells.edge(base + inner, base + target)
            self.note_decorator(FOREIGN, function, file, number)
            return
        self._decorations.append(Decoration(base + decorator, base + inner, base + target, function, file, number))
        self.decorate(file, number, base + decorator, base + inner, base + target, function)

    def _link_flow(self, file: int, number: int, base: int, flow: FlowFact) -> None:
        ran = self.flow_targets.setdefault((file, number), {})
        handler = {"with": self.on_enter, "taken": self.on_taken}.get(flow.kind, self.on_iterate)
        self.cells.react(base + flow.base, handler, base + flow.result, ran)

    def _link_calls(self, file: int, summary: Summary, base: int) -> None:
        functions = self.objects.function_base[file]
        first = len(self._made_sites)
        self.site_base.append(first)
        calls = numbers(summary.calls).tolist()
        for number, (callee, result, scope) in enumerate(
            zip(calls[::CALL], calls[1::CALL], calls[2::CALL], strict=True)
        ):
            site = Site(file, number, base + callee, base + result, functions + scope - 1 if scope else -1)
            self._made_sites.append(site)
        call = type(self).on_call
        self.cells.expect((site.callee, (call, site)) for site in self._made_sites[first:])

    def _on_instance(self, value: int, reaction: Reaction) -> None:
        """An annotation names a type: its cell holds an instance of it."""
        self.add_instance(value, reaction[1])
