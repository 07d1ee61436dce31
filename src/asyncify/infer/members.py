"""What does `value.name` hold? One cell for each pair, shared by all places that read it."""

from __future__ import annotations

from collections import deque

from asyncify.index.summary import COMPUTED
from asyncify.infer.attributes import MAX_SUBCLASSES
from asyncify.infer.cells import Reaction
from asyncify.infer.computed import Computed
from asyncify.infer.values import Kind

CONTAINER_METHODS = frozenset(name for kind in (dict, list, set, deque) for name in dir(kind)) | {
    "put", "put_nowait", "push", "get_nowait", "set",
}  # fmt: skip
STEPS = frozenset({"__next__", "send", "throw", "close"})


class Members(Computed):
    """Attributes of instances, classes, modules, pack types and outside paths."""

    _members: dict[tuple[int, str], int]
    _stored: frozenset[str]  # attributes that the project sets on something
    containers: dict[tuple[int, str | int | None], int]
    kept_outside: set[str]  # attributes of objects from outside that the project itself sets

    def prepare_members(self) -> None:
        self.prepare_attributes()
        self._members = {}  # (value, name) -> cell
        self._stored = frozenset(name for summary in self.objects.summaries for _, name, _ in summary.stores)
        self.records: set[int] = set()  # containers that are objects of classes made by `namedtuple`
        self._kept_in: dict[str, int] = {}
        self.properties = {}  # member cell -> getters that run when it is read

    def member(self, value: int, name: str) -> int:
        """The cell of `value.name`, 0 if it can hold nothing of interest."""
        key = (value, name)
        cell = self._members.get(key)
        if cell is None:
            cell = self._members[key] = self._make_member(value, name)
        return cell

    def _make_member(self, value: int, name: str) -> int:
        kind, first, _ = self.data[value]
        if kind == Kind.INST:
            assert isinstance(first, int)
            return self._instance_member(first, value, name)
        if kind == Kind.CLASS:
            assert isinstance(first, int)
            return self._class_member(first, value, name)
        if kind == Kind.MODULE:
            cell = self.cells.new()
            self.load_module(str(first), name, cell)
            return cell
        if kind == Kind.SUPER:
            assert isinstance(first, int)
            return self._super_member(first, name)
        return self._simple_member(kind, first, value, name)

    def _simple_member(self, kind: int, first: int | str, value: int, name: str) -> int:
        cell = self.cells.new()
        if kind == Kind.OUT:
            self.add_out_member(str(first), name, cell)
        elif kind == Kind.PACK:
            self._pack_member(str(first), name, cell)
        elif kind == Kind.CONT:
            if name in CONTAINER_METHODS:
                self.cells.add(cell, self.values.of(Kind.CMETH, first, name))
            elif int(first) in self.records:
                self.read_record(int(first), name, cell)
        elif kind == Kind.PROP and name in {"setter", "getter", "deleter"}:
            self.cells.add(cell, self.values.of(Kind.SETTER, value))
        elif kind == Kind.GEN and name in STEPS:
            self.cells.add(cell, self.values.of(Kind.GMETH, first, name))
        elif kind in {Kind.BOUND, Kind.DECO} and name in {"__wrapped__", "__func__"}:
            self.cells.add(cell, value)
        return cell

    def _pack_member(self, kind: str, name: str, cell: int) -> None:
        attribute = self.catalogue.attribute_type(kind, name)
        if attribute is not None:
            self.cells.add(cell, self.values.of(Kind.PACK, attribute))
        self.cells.add(cell, self.values.of(Kind.OUT, f"{kind}.{name}"))

    # Instances

    def _instance_member(self, number: int, value: int, name: str) -> int:
        cell = self.cells.new()
        self._members[value, name] = cell  # before anything below asks again
        if name == "__class__":
            self.cells.add(cell, self.values.of(Kind.CLASS, number))
            return cell
        cls = self.classes[number]
        found = in_body = self._bind_from(cls.mro, name, value, cell)
        if found:
            self._bind_from_subclasses(number, name, value, cell)
        found = self.read_attributes(number, name, cell) or found
        self.await_attributes(number, name, cell, from_siblings=in_body or not found)
        if not found:
            found = self._bind_from_subclasses(number, name, value, cell)
        for path in cls.outside if not found or self.objects.definer(number, name) is None else ():
            self._outside_member(path, name, cell)
        if not found and (getter := self._body_cell(cls.mro, "__getattr__")):
            self.cells.react(getter, self.on_getattr, cell, name)
        if name in CONTAINER_METHODS and self.objects.definer(number, name) is None and self.is_container(number):
            self.cells.add(cell, self.values.of(Kind.CMETH, self.own_container(number), name))
        if not found and not name.startswith("_"):
            self.read_open(number, value, cell)
        return cell

    def _outside_member(self, path: str, name: str, cell: int) -> None:
        canonical = self.catalogue.canonical(path)
        if canonical in self.catalogue.types:
            self._pack_member(canonical, name, cell)
        elif not name.startswith("__") and name not in self._stored:
            self.cells.add(cell, self.out(f"{path}.{name}"))

    def _body_cell(self, mro: tuple[int, ...], name: str) -> int:
        bodies = self.objects.bodies.get(name)
        if bodies is not None:
            for ancestor in mro:
                if ancestor in bodies:
                    return bodies[ancestor]
        return 0

    def _bind_from(self, mro: tuple[int, ...], name: str, receiver: int, cell: int) -> bool:
        body = self._body_cell(mro, name)
        if body:
            self.cells.react(body, self.on_bind, receiver, cell)
        return bool(body)

    def _bind_from_subclasses(self, number: int, name: str, receiver: int, cell: int) -> bool:
        """A mixin or abstract class uses what only the classes below it, or their other bases, define."""
        seen: set[int] = set()
        for body in self._bodies_below(number, name):
            seen.add(body)
            self.cells.react(body, self.on_bind, receiver, cell)
        below = self.classes[number].subclasses
        for subclass in below if name in self._holders and len(below) <= MAX_SUBCLASSES else ():
            for ancestor in self.classes[subclass].mro:
                attribute = self.known_attribute(ancestor, name)
                if attribute is not None:
                    self.cells.edge(attribute, cell)
                    seen.add(attribute)
        return bool(seen)

    def _bodies_below(self, number: int, name: str) -> list[int]:
        """Cells of `name` in the bodies that a subclass would look it up in, the class's own left out."""
        below = self.classes[number].subclasses
        if not below or name not in self.objects.bodies or len(below) > MAX_SUBCLASSES:
            return []
        own = self._body_cell(self.classes[number].mro, name)
        found = dict.fromkeys(self._body_cell(self.classes[subclass].mro, name) for subclass in below)
        return [body for body in found if body and body != own]

    def read_record(self, number: int, name: str, target: int) -> None:
        raise NotImplementedError

    def put_into(self, number: int, key: str | int | None, source: int) -> None:
        raise NotImplementedError

    def is_container(self, number: int) -> bool:
        raise NotImplementedError

    def own_container(self, number: int) -> int:
        raise NotImplementedError

    # Classes and super()

    def _class_member(self, number: int, value: int, name: str) -> int:
        cell = self.cells.new()
        self._members[value, name] = cell
        cls = self.classes[number]
        body = self._body_cell(cls.mro, name)
        if body:
            self.cells.react(body, self._on_class_read, value, cell)
        for other in self._bodies_below(number, name):
            self.cells.react(other, self._on_class_read, value, cell)
            body = body or other
        self.read_attributes(number, name, cell)
        self.await_attributes(number, name, cell, from_siblings=False)
        if not body:
            for path in cls.outside:
                self._outside_member(path, name, cell)
        return cell

    def _on_class_read(self, value: int, reaction: Reaction) -> None:
        _, receiver, cell = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.CLSM:
            self.cells.add(cell, self.bind_value(int(first), receiver))
        elif kind == Kind.STATIC:
            self.cells.add(cell, int(first))
        else:
            self.cells.add(cell, value)

    def _super_member(self, number: int, name: str) -> int:
        cell = self.cells.new()
        cls = self.classes[number]
        receiver = self.values.of(Kind.INST, number)
        found = self._bind_from(cls.mro[1:], name, receiver, cell)
        if not found:
            seen: set[int] = set()
            for subclass in cls.subclasses[:MAX_SUBCLASSES]:
                mro = self.classes[subclass].mro
                body = self._body_cell(mro[mro.index(number) + 1 :], name)
                if body and body not in seen:
                    seen.add(body)
                    self.cells.react(body, self.on_bind, receiver, cell)
            for path in cls.outside:
                self._outside_member(path, name, cell)
        return cell

    def on_load(self, value: int, reaction: Reaction) -> None:
        _, name, target = reaction
        self.cells.edge(self.member(value, name), target)

    def on_store(self, value: int, reaction: Reaction) -> None:
        _, name, source = reaction
        kind, first, _ = self.data[value]
        if name == COMPUTED:
            if kind in {Kind.INST, Kind.CLASS}:
                self.open_class(int(first), source, is_bound=kind == Kind.CLASS)
        elif kind in {Kind.INST, Kind.CLASS}:
            self.cells.edge(source, self.attribute(int(first), name))
        elif kind == Kind.MODULE:
            file = self.objects.modules.file_of.get(str(first))
            cell = self.objects.summaries[file].names.get(name) if file is not None else None
            if file is not None and cell is not None:
                self.cells.edge(source, self.objects.cell_base[file] + cell)
        elif kind == Kind.CONT and first in self.records:
            self.put_into(int(first), name, source)
        elif kind in {Kind.OUT, Kind.PACK}:
            self._keep_outside(str(first), value, name, source)

    def _keep_outside(self, owner: str, value: int, name: str, source: int) -> None:
        """An object from outside in which the project keeps something of its own: `flask.g.db`, `app.state.pool`.

        What the library itself has there is not replaced: tests do that.
        """
        path = f"{owner}.{name}"
        catalogue = self.catalogue
        if (
            catalogue.rule_for(path) is None
            and path not in catalogue.types
            and not catalogue.attribute_type(owner, name)
        ):
            self.kept_outside.add(path)
            self.cells.edge(source, self.member(value, name))
            self.cells.edge(source, self.kept_in(owner))

    def kept_in(self, owner: str) -> int:
        """The cell of all that the project keeps in an object from outside."""
        if owner not in self._kept_in:
            self._kept_in[owner] = self.cells.new()
        return self._kept_in[owner]

    def on_super(self, number: int, target: int) -> None:
        self.cells.add(target, self.values.of(Kind.SUPER, number))

    def add_instance(self, value: int, target: int) -> None:
        """An instance of the class that `value` is -> target."""
        kind, first, _ = self.data[value]
        if kind == Kind.CLASS:
            self.cells.add(target, self.values.of(Kind.INST, first))
        elif kind == Kind.OUT and first in self.catalogue.types:
            self.cells.add(target, self.values.of(Kind.PACK, first))
        elif (
            kind == Kind.OUT
            and not str(first).startswith(("builtins.", "typing.", "typing_extensions."))
            and "()" not in str(first)
        ):
            self.cells.add(target, self.values.of(Kind.OUT, f"{first}()"))
        elif kind == Kind.CONT:  # `Alias = Union[A, B]`
            self.cells.add(target, value)
