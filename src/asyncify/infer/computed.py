"""Members whose names are computed: `getattr(x, name)`, and what `__getattr__` hands on to another object."""

from __future__ import annotations

from asyncify.infer.attributes import MAX_SUBCLASSES, Attributes
from asyncify.infer.cells import Reaction
from asyncify.infer.values import Kind


class Computed(Attributes):
    """Finds what fits the constant parts of a name."""

    def on_dynamic(self, value: int, reaction: Reaction) -> None:
        """`getattr(value, computed)`: members whose names fit the constant parts."""
        _, prefix, suffix, target = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.PACK or (kind == Kind.OUT and str(first) in self.library_roots):
            self.cells.add(target, self.values.of(Kind.ANYMEMBER, first))
        elif kind in {Kind.INST, Kind.CLASS} and (prefix or suffix):
            for name in self._names_like(int(first), prefix, suffix):
                self.cells.edge(self.member(value, name), target)
        elif kind == Kind.MODULE and (prefix or suffix):
            file = self.objects.modules.file_of.get(str(first))
            for name in self.objects.summaries[file].names if file is not None else ():
                if name.startswith(prefix) and name.endswith(suffix):
                    self.cells.edge(self.member(value, name), target)

    def public_names(self, number: int) -> list[str]:
        """Names in the bodies of a class and its relatives, but for private and special ones."""
        return [name for name in self._names_like(number, "", "") if not name.startswith("_")]

    def _names_like(self, number: int, prefix: str, suffix: str) -> list[str]:
        cls = self.classes[number]
        related = [*cls.mro, *cls.subclasses[:MAX_SUBCLASSES]]
        names = dict.fromkeys(name for other in related for name in self.classes[other].body)
        return [name for name in names if name.startswith(prefix) and name.endswith(suffix)]

    def on_load(self, value: int, reaction: Reaction) -> None:
        raise NotImplementedError

    def on_getattr(self, value: int, reaction: Reaction) -> None:
        """What `__getattr__` gives for a name: what it returns, or the member of that name of another object."""
        _, target, name = reaction
        kind, first, _ = self.data[value]
        if kind != Kind.FUNC:
            return
        fn = self.functions[int(first)]
        self.cells.edge(fn.returns, target)
        base = self.objects.cell_base[fn.file]
        for origin, prefix, suffix, result in self.objects.summaries[fn.file].dynamic:
            if not (prefix or suffix) and fn.returns in self.cells.targets(base + result):
                self.cells.react(base + origin, self.on_load, name, target)
