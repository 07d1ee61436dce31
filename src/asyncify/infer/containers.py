"""Lists, dicts, sets, tuples and the like: what goes in under a key, what comes out."""

from __future__ import annotations

from collections.abc import Callable

from asyncify.infer.cells import Reaction
from asyncify.infer.members import Members
from asyncify.infer.values import Kind

Key = str | int | None
ANY = "\0any"  # all that a container holds
UNKNOWN = "\0unknown"  # what it holds under keys that are not constant
TAKERS = frozenset({"append", "add", "appendleft", "put", "put_nowait", "push", "set"})
GIVERS = frozenset({"pop", "popleft", "popitem", "get_nowait", "get", "__getitem__"})
BUILTIN_CONTAINERS = frozenset({"dict", "list", "tuple", "set", "frozenset", "OrderedDict", "UserDict", "NamedTuple"})
VIEWS = frozenset({"values", "copy", "keys", "union", "difference", "intersection", "reverse", "sort"})


class Containers(Members):
    """Each container is one place in the source; its keys are followed as far as they are constant."""

    def prepare_containers(self) -> None:
        self.containers = {}
        self._keys: dict[int, dict[Key, int]] = {}
        self._key_readers: dict[int, list[Callable[[Key, int], None]]] = {}  # container -> who must hear of new keys
        self._made = 0
        self._of_place: dict[object, int] = {}

    def container_at(self, place: object) -> int:
        """The container that is made at a place (any hashable name of it)."""
        number = self._of_place.get(place)
        if number is None:
            self._made += 1
            number = self._of_place[place] = self._made
        return number

    def slot(self, number: int, key: Key) -> int:
        """The cell of a container's values under `key`, ANY or UNKNOWN."""
        keys = self._keys.get(number)
        if keys is None:
            keys = self._keys[number] = {ANY: self.cells.new(), UNKNOWN: self.cells.new()}
            self.cells.wide.update(keys.values())
            self.cells.edge(keys[UNKNOWN], keys[ANY])
        cell = keys.get(key)
        if cell is None:
            cell = keys[key] = self.cells.new()
            self.cells.edge(cell, keys[ANY])
            for read in self._key_readers.get(number, ()):
                read(key, cell)
        return cell

    def each_key(self, number: int, read: Callable[[Key, int], None]) -> None:
        """Have the constant keys of a container read, those that it has and those that come."""
        self._key_readers.setdefault(number, []).append(read)
        for key, cell in self.known_keys(number):
            read(key, cell)

    def known_keys(self, number: int) -> list[tuple[Key, int]]:
        return [(key, cell) for key, cell in self._keys.get(number, {}).items() if key not in {ANY, UNKNOWN}]

    def put_into(self, number: int, key: Key, source: int) -> None:
        self.cells.edge(source, self.slot(number, UNKNOWN if key is None else key))

    def take_from(self, number: int, key: Key, target: int) -> None:
        if key is None or (isinstance(key, int) and key < 0):
            self.cells.edge(self.slot(number, ANY), target)
            return
        self.cells.edge(self.slot(number, key), target)
        self.cells.edge(self.slot(number, UNKNOWN), target)

    def read_record(self, number: int, name: str, target: int) -> None:
        """`record.name`: what a container made by `namedtuple` holds under the name, or in a place of its own."""
        self.cells.edge(self.slot(number, name), target)
        self.cells.edge(self.slot(number, UNKNOWN), target)
        for key, cell in self.known_keys(number):
            if isinstance(key, int):
                self.cells.edge(cell, target)

    # Reactions

    def on_member_of_container(self, value: int, reaction: Reaction) -> None:
        """A container holds something of interest: now it is one itself."""
        _, place, target = reaction
        self.cells.add(target, self.values.of(Kind.CONT, self.container_at(place)))

    def make_container(self, place: object, members: tuple[tuple[Key, int], ...], target: int) -> None:
        if not members:
            self.cells.add(target, self.values.of(Kind.CONT, self.container_at(place)))
            return
        number = self.container_at(place)
        for key, cell in members:
            self.put_into(number, key, cell)
            self.cells.react(cell, self.on_member_of_container, place, target)

    def on_item(self, value: int, reaction: Reaction) -> None:
        _, key, target = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            self.take_from(int(first), key, target)
        elif kind == Kind.PAIR:
            if key != 0:
                self.cells.edge(self.slot(int(first), ANY), target)
        elif kind == Kind.INST:
            self.cells.react(self.member(value, "__getitem__"), self.on_run, target)
            self.read_fields(int(first), key, target)
            if self.is_container(int(first)):
                self.take_from(self.own_container(int(first)), key, target)
        elif kind == Kind.PACK:
            yields = self.yields_of(str(first))
            if yields:
                self.cells.add(target, self.values.of(Kind.PACK, yields))
        elif kind in {Kind.CLASS, Kind.OUT}:  # Generic[T]
            self.cells.add(target, value)
            if str(first).endswith("()"):
                self.take_from(self.container_at(("outside", first)), key, target)

    def read_fields(self, number: int, key: Key, target: int) -> None:
        """A place of an object of a NamedTuple: the field in that place, or any."""
        fact = self.classes[number].fact
        if not any(base.rpartition(".")[2] == "NamedTuple" for base in fact.bases):
            return
        is_place = isinstance(key, int) and 0 <= key < len(fact.fields)
        for name in (fact.fields[int(key)],) if is_place and key is not None else fact.fields:
            self.cells.edge(self.attribute(number, name), target)

    def on_guard(self, value: int, reaction: Reaction) -> None:
        """`isinstance(value, dict)`: an object of the project gets through only if its class is one."""
        kind, first, _ = self.data[value]
        if kind in {Kind.CONT, Kind.PAIR, Kind.OUT} or (kind == Kind.INST and self.is_container(int(first))):
            self.cells.add(reaction[1], value)

    def own_container(self, number: int) -> int:
        """What objects of a class that is derived from a container hold."""
        return self.container_at(("instance", number))

    def is_container(self, number: int) -> bool:
        """Is the class derived from dict, list and the like?"""
        return any(
            base in BUILTIN_CONTAINERS
            for ancestor in self.classes[number].mro
            for base in self.classes[ancestor].fact.bases
        )

    def yields_of(self, kind: str) -> str | None:
        pack_type = self.catalogue.types.get(kind)
        while pack_type is not None:
            if pack_type.yields:
                return pack_type.yields
            pack_type = self.catalogue.types.get(pack_type.base) if pack_type.base else None
        return None

    def on_run(self, value: int, reaction: Reaction) -> None:
        """A special method is run by Python itself: its result -> target."""
        kind, first, second = self.data[value]
        receiver = -1
        if kind == Kind.BOUND:
            receiver = int(second)
            kind, first, second = self.data[int(first)]
        if kind == Kind.DECO:
            kind, first, second = self.data[int(second)]
        if kind == Kind.FUNC:
            self.returned(int(first), receiver, reaction[1])

    def on_put(self, value: int, reaction: Reaction) -> None:
        _, key, source = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            self.put_into(int(first), key, source)
        elif kind == Kind.OUT and str(first).endswith("()"):  # cachetools.TTLCache, CaseInsensitiveDict
            self.put_into(self.container_at(("outside", first)), key, source)
        elif kind == Kind.INST and self.is_container(int(first)):
            self.put_into(self.own_container(int(first)), key, source)
        elif kind == Kind.INST:
            setter = self.member(value, "__setitem__")
            self.cells.react(setter, self._on_set_item, source)

    def _on_set_item(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.BOUND:
            kind, first, _ = self.data[int(first)]
        if kind == Kind.FUNC and len(self.functions[int(first)].positional) > 2:
            self.cells.edge(reaction[1], self.functions[int(first)].positional[2])

    def call_container(self, number: int, method: str, args: tuple[tuple[str, int], ...], result: int) -> None:
        """`container.method(...)` for the methods that move values."""
        cells = [cell for _, cell in args]
        if method in TAKERS:
            for cell in cells:
                self.put_into(number, None, cell)
        elif method == "insert":
            self.put_into(number, None, cells[1] if len(cells) > 1 else 0)
        elif method in {"extend", "update", "extendleft", "__ior__"}:
            for key, cell in args:
                if key in {"", "*", "**"}:
                    self.cells.react(cell, self._on_extend, number)
                else:
                    self.put_into(number, key, cell)
        elif method == "popitem":
            self.cells.add(result, self.values.of(Kind.PAIR, number))
        elif method in GIVERS:
            self.cells.edge(self.slot(number, ANY), result)
            for cell in cells[1:]:
                self.cells.edge(cell, result)
        elif method == "setdefault":
            for cell in cells[1:]:
                self.put_into(number, None, cell)
            self.cells.edge(self.slot(number, ANY), result)
        elif method in VIEWS:
            self.cells.add(result, self.values.of(Kind.CONT, number))
        elif method == "items":
            self.cells.add(result, self.values.of(Kind.PAIRS, number))

    def _on_extend(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            for key, cell in self.known_keys(int(first)):
                self.put_into(reaction[1], key if isinstance(key, str) else None, cell)
            self.cells.edge(self.slot(int(first), UNKNOWN), self.slot(reaction[1], UNKNOWN))
        elif kind == Kind.GEN:
            self.cells.edge(self.functions[int(first)].yields, self.slot(reaction[1], UNKNOWN))
