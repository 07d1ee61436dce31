"""What is assigned to the attributes of objects, class by class, and who reads it."""

from __future__ import annotations

from asyncify.infer.reading import Reading
from asyncify.infer.values import Kind

MAX_SUBCLASSES = 60
FEW = 3  # holders of an attribute whose name still says something


class Attributes(Reading):
    """A cell for each class and attribute that is set on an object of it; names that nobody knows beside them."""

    def prepare_attributes(self) -> None:
        self._attributes: dict[tuple[int, str], int] = {}  # (class, name) -> cell of what is assigned to instances
        self._holders: dict[str, list[int]] = {}  # name -> classes with such an attribute cell
        # name -> (class, member cell, also from siblings) that must hear of new attribute cells
        self._readers: dict[str, list[tuple[int, int, bool]]] = {}
        # class -> cells of members of which no name is known, and whether functions there become methods
        self._open: dict[int, dict[int, bool]] = {}
        self._missed: dict[int, list[tuple[int, int]]] = {}  # class -> (value, cell) of members that were not found

    def attribute(self, number: int, name: str) -> int:
        """The cell of what is assigned to attribute `name` of instances of a class."""
        cell = self._attributes.get((number, name))
        if cell is None:
            cell = self._attributes[number, name] = self.cells.new()
            self._holders.setdefault(name, []).append(number)
            for reader, member, takes_siblings in self._readers.get(name, ()):
                if self.objects.related(reader, number) or (takes_siblings and self._is_sibling(reader, number)):
                    self.cells.edge(cell, member)
        return cell

    def holders(self, number: int, name: str) -> list[int]:
        """The classes that make attribute `name` of an instance: those that assign it, else that whose body has it."""
        found = [holder for holder in self._holders.get(name, ()) if self.objects.related(number, holder)]
        definer = self.objects.definer(number, name)
        return found or [number if definer is None else definer]

    def rarely_stored(self) -> frozenset[str]:
        """Names of attributes that few classes of the project assign to."""
        return frozenset(name for name, holders in self._holders.items() if len(holders) <= FEW)

    def stored_instances(self, name: str) -> list[int]:
        """The objects of the project's classes that are assigned to an attribute of this name anywhere."""
        cells = (self._attributes[holder, name] for holder in self._holders.get(name, ()))
        held = sorted({value for cell in cells for value in self.cells.held(cell)})
        return [value for value in held if self.data[value][0] == Kind.INST]

    def _is_sibling(self, first: int, second: int) -> bool:
        """Is there a class below both?"""
        below = self.classes[first].subclasses
        return len(below) <= MAX_SUBCLASSES and any(second in self.classes[number].line for number in below)

    def known_attribute(self, number: int, name: str) -> int | None:
        """The cell of an attribute if something is assigned to it."""
        return self._attributes.get((number, name))

    def read_attributes(self, number: int, name: str, target: int) -> bool:
        """What is assigned to the attribute in a class or its relatives -> target; was there any?"""
        found = False
        for holder in self._holders.get(name, ()):
            if self.objects.related(number, holder):
                self.cells.edge(self._attributes[holder, name], target)
                found = True
        return found

    def await_attributes(self, number: int, name: str, target: int, *, from_siblings: bool) -> None:
        """What is assigned later, too; `from_siblings` also to classes that share only a class below."""
        self._readers.setdefault(name, []).append((number, target, from_siblings))

    def read_open(self, number: int, value: int, target: int) -> None:
        """Members of a class under names that nobody knows -> target, now and later."""
        self._missed.setdefault(number, []).append((value, target))
        for ancestor in self.classes[number].mro:
            for members, is_bound in self._open.get(ancestor, {}).items():
                self._read_open(members, value, target, is_bound)

    def open_class(self, number: int, members: int, *, is_bound: bool) -> None:
        """Objects of a class also have what `members` holds, under any name that nothing else has."""
        known = self._open.setdefault(number, {})
        if members not in known:
            known[members] = is_bound
            for subclass in (number, *self.classes[number].subclasses):
                for value, cell in self._missed.get(subclass, ()):
                    self._read_open(members, value, cell, is_bound)

    def _read_open(self, members: int, value: int, cell: int, is_bound: bool) -> None:
        if is_bound:
            self.cells.react(members, self.on_bind, value, cell)
        else:
            self.cells.edge(members, cell)
