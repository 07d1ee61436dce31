"""Builtins and standard library callables through which values pass unchanged or in a known way."""

from __future__ import annotations

from asyncify.infer.cells import Reaction
from asyncify.infer.containers import ANY, Containers
from asyncify.infer.solver import Site
from asyncify.infer.values import Kind

Arguments = tuple[tuple[str, int], ...]

# Their result is (a copy of) their first argument.
SAME = frozenset(
    {"copy.copy", "copy.deepcopy", "contextlib.closing", "contextlib.nullcontext", "builtins.iter",
     "asyncio.shield", "asyncio.ensure_future", "asyncio.create_task", "weakref.proxy", "contextvars.copy_context",
     "inspect.unwrap", "atexit.register", "functools.wraps()", "functools.update_wrapper", "builtins.classmethod",
     "types.MappingProxyType", "typing.NewType()"}
)  # fmt: skip
# Their result is a container of what their first argument holds.
COLLECT = frozenset(
    {"builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.sorted", "builtins.reversed",
     "collections.deque", "itertools.chain", "itertools.islice", "itertools.cycle", "itertools.chain.from_iterable",
     "collections.UserList", "queue.Queue", "queue.LifoQueue", "queue.SimpleQueue", "queue.PriorityQueue",
     "multiprocessing.Queue", "asyncio.Queue"}
)  # fmt: skip
MAPS = frozenset(
    {"builtins.dict", "collections.OrderedDict", "collections.defaultdict", "weakref.WeakValueDictionary",
     "collections.UserDict", "collections.ChainMap"}
)  # fmt: skip
ONE_OF = frozenset({"builtins.next", "builtins.max", "builtins.min", "random.choice"})
CALLS_FIRST = frozenset(
    {"builtins.map", "builtins.filter", "functools.reduce", "itertools.starmap", "contextlib.suppress()"}
)
PARTIALS = frozenset({"functools.partial", "functools.partialmethod"})
WRAPPED = frozenset({Kind.FUNC, Kind.BOUND, Kind.DECO, Kind.PARTIAL, Kind.CTXF, Kind.CURRY})


class Special(Containers):
    """Callables that need no rule because only values pass through them."""

    partials: dict[int, tuple[int, Arguments]]
    consumed: dict[tuple[int, int], dict[int, None]]

    def prepare_special(self) -> None:
        self.partials = {}
        self.partial_calls: set[tuple[int, int, int]] = set()  # (partial, file, call) that were followed
        self.consumed = {}  # (file, call) -> generator functions that the call runs to their end
        self._specials = {
            **dict.fromkeys(SAME, self._same),
            **dict.fromkeys(COLLECT, self._collected),
            **dict.fromkeys(MAPS, self._mapped),
            **dict.fromkeys(ONE_OF, self._one_of),
            **dict.fromkeys(PARTIALS, self._partial),
            **dict.fromkeys(CALLS_FIRST, self._calls_first),
            "builtins.any": self._consume_only,
            "builtins.all": self._consume_only,
            "builtins.sum": self._consume_only,
            "builtins.enumerate": self._enumerated,
            "builtins.zip": self._zipped,
            "builtins.property": self._property,
            "builtins.staticmethod": self._static,
            "builtins.type": self._type,
            "collections.namedtuple": self._record,
            "collections.namedtuple()": self._recorded,
            "typing.TypeVar": self._type_variable,
            "typing.cast": self._cast,
            "typing_extensions.cast": self._cast,
            "typing_extensions.TypeVar": self._type_variable,
            "contextlib.contextmanager": self._context,
            "contextlib.ExitStack().enter_context": self._entered,
        }

    def call_special(self, path: str, site: Site, args: Arguments, result: int) -> bool:
        """Move values as the callable at `path` does; False if it is not one of these."""
        handler = self._specials.get(path)
        if handler is None:
            return False
        self.reach(site, self.out(path), 1)
        handler(site, args, result)
        return True

    def _same(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.edge(cell, result)

    def _collected(self, site: Site, args: Arguments, result: int) -> None:
        number = self.container_at(("result", site.file, site.number))
        self.cells.add(result, self.values.of(Kind.CONT, number))
        for _, cell in args:
            self.cells.react(cell, self.on_iterate, self.slot(number, "elements"), self._consume(site))

    def _mapped(self, site: Site, args: Arguments, result: int) -> None:
        number = self.container_at(("result", site.file, site.number))
        self.cells.add(result, self.values.of(Kind.CONT, number))
        for key, cell in args:
            if key in {"", "**"}:
                self.cells.react(cell, self._on_mapped, number)
            elif key != "*":
                self.put_into(number, key, cell)

    def _on_mapped(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            for key, cell in self.known_keys(int(first)):
                self.put_into(reaction[1], key, cell)
            self.cells.edge(self.slot(int(first), ANY), self.slot(reaction[1], ANY))
        elif kind == Kind.CLASS:  # defaultdict(Thing)
            self.cells.add(self.slot(reaction[1], ANY), self.values.of(Kind.INST, first))

    def _one_of(self, site: Site, args: Arguments, result: int) -> None:
        for key, cell in args:
            if key == "":
                self.cells.react(cell, self.on_iterate, result, self._consume(site))
        for _, cell in args[1:]:
            self.cells.edge(cell, result)

    def _consume_only(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args:
            self.cells.react(cell, self.on_iterate, 0, self._consume(site))

    def _consume(self, site: Site) -> dict[int, None]:
        return self.consumed.setdefault((site.file, site.number), {})

    def on_iterate(self, value: int, reaction: Reaction) -> None:
        """One element of what `value` iterates over -> target; functions that run are noted in `ran`."""
        _, target, ran = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            self.cells.edge(self.slot(int(first), ANY), target)
        elif kind == Kind.PAIRS:
            self.cells.add(target, self.values.of(Kind.PAIR, first)) if target else None
        elif kind == Kind.GEN:
            ran[int(first)] = None
            self.cells.edge(self.functions[int(first)].yields, target)
        elif kind == Kind.PACK:
            self._note_waits(str(first), ("__iter__", "__next__"), ran)
            yields = self.yields_of(str(first))
            if yields and target:
                self.cells.add(target, self.values.of(Kind.PACK, yields))
        elif kind == Kind.INST:
            self.cells.react(self.member(value, "__iter__"), self._on_iter, target, ran)
            self.read_fields(int(first), None, target)

    def _on_iter(self, value: int, reaction: Reaction) -> None:
        _, target, ran = reaction
        number, receiver = self.function_of(value)
        if number < 0:
            return
        ran[number] = None
        fn = self.functions[number]
        if fn.fact.is_generator:
            self.cells.edge(fn.yields, target)
            return
        middle = self.cells.new()
        self.returned(number, receiver, middle)
        self.cells.react(middle, self._on_iterator, target, ran)

    def _on_iterator(self, value: int, reaction: Reaction) -> None:
        _, target, ran = reaction
        kind, _, _ = self.data[value]
        if kind == Kind.INST:
            self.cells.react(self.member(value, "__next__"), self._on_next, target, ran)
        else:
            self.on_iterate(value, reaction)

    def _on_next(self, value: int, reaction: Reaction) -> None:
        _, target, ran = reaction
        number, receiver = self.function_of(value)
        if number >= 0:
            ran[number] = None
            if target:
                self.returned(number, receiver, target)

    def function_of(self, value: int) -> tuple[int, int]:
        """The function that a callable value comes down to and its receiver, -1 for none."""
        kind, first, second = self.data[value]
        receiver = -1
        if kind == Kind.BOUND:
            receiver = int(second)
            kind, first, second = self.data[int(first)]
        if kind in {Kind.CTXF, Kind.STATIC, Kind.CLSM, Kind.PROP, Kind.CURRY}:
            kind, first, second = self.data[int(first)]
        while kind == Kind.DECO:
            kind, first, second = self.data[int(second)]
        return (int(first), receiver) if kind == Kind.FUNC else (-1, -1)

    def _partial(self, site: Site, args: Arguments, result: int) -> None:
        number = self.site_base[site.file] + site.number
        if args:
            self.partials[number] = (args[0][1], args[1:])
            self.cells.add(result, self.values.of(Kind.PARTIAL, number))

    def _calls_first(self, site: Site, args: Arguments, result: int) -> None:
        """`map(f, xs)`: f is run with the elements; its results come out."""
        if not args:
            return
        number = self.container_at(("result", site.file, site.number))
        self.cells.add(result, self.values.of(Kind.CONT, number))
        elements: list[tuple[str, int]] = []
        for _, cell in args[1:]:
            element = self.cells.new()
            self.cells.react(cell, self.on_iterate, element, self._consume(site))
            elements.append(("", element))
        self.cells.react(args[0][1], self._on_mapped_call, tuple(elements), self.slot(number, "elements"))

    def _on_mapped_call(self, value: int, reaction: Reaction) -> None:
        _, args, result = reaction
        number, receiver = self.function_of(value)
        if number >= 0:
            self.bind(number, args, 1 if receiver >= 0 else 0)
            self.returned(number, receiver, result)

    def bind(self, number: int, args: Arguments, shift: int) -> None:
        raise NotImplementedError

    def _enumerated(self, site: Site, args: Arguments, result: int) -> None:
        pair = self.container_at(("pair", site.file, site.number))
        whole = self.container_at(("result", site.file, site.number))
        for _, cell in args[:1]:
            self.cells.react(cell, self.on_iterate, self.slot(pair, 1), self._consume(site))
        self.cells.add(self.slot(whole, ANY), self.values.of(Kind.CONT, pair))
        self.cells.add(result, self.values.of(Kind.CONT, whole))

    def _zipped(self, site: Site, args: Arguments, result: int) -> None:
        row = self.container_at(("pair", site.file, site.number))
        whole = self.container_at(("result", site.file, site.number))
        for index, (_, cell) in enumerate(args):
            self.cells.react(cell, self.on_iterate, self.slot(row, index), self._consume(site))
        self.cells.add(self.slot(whole, ANY), self.values.of(Kind.CONT, row))
        self.cells.add(result, self.values.of(Kind.CONT, whole))

    def _property(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.react(cell, self._on_wrapped, Kind.PROP, result)

    def _static(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.react(cell, self._on_wrapped, Kind.STATIC, result)

    def _context(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.react(cell, self._on_wrapped, Kind.CTXF, result)

    def _on_wrapped(self, value: int, reaction: Reaction) -> None:
        _, kind, result = reaction
        if self.data[value][0] in {Kind.FUNC, Kind.DECO}:
            self.cells.add(result, self.values.of(kind, value))

    def _record(self, site: Site, args: Arguments, result: int) -> None:
        self.cells.add(result, self.out("collections.namedtuple()"))

    def _recorded(self, site: Site, args: Arguments, result: int) -> None:
        """An object of a class that `namedtuple` made is a container of what it is given."""
        number = self.container_at(("result", site.file, site.number))
        self.records.add(number)
        self.cells.add(result, self.values.of(Kind.CONT, number))
        index = 0
        for key, cell in args:
            self.put_into(number, key or index, cell)
            index += key == ""

    def _type(self, site: Site, args: Arguments, result: int) -> None:
        if len(args) == 1:
            self.cells.react(args[0][1], self._on_type, result)
        elif len(args) > 1:
            self._made_class(args, result)

    def _made_class(self, args: Arguments, result: int) -> None:
        """`type(name, bases, members)`: a class like its bases, with members whose names are not known."""
        base = self.cells.new()
        for _, cell in args[1:2]:
            self.cells.react(cell, self.on_iterate, base, {})
        self.cells.edge(base, result)
        for _, cell in args[2:3]:
            self.cells.react(base, self._on_made_class, cell)

    def _on_made_class(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.CLASS:
            self.cells.react(reaction[1], self._on_made_members, first)

    def _on_made_members(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            self.open_class(int(reaction[1]), self.slot(int(first), ANY), is_bound=True)

    def _on_type(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.INST:
            self.cells.add(reaction[1], self.values.of(Kind.CLASS, first))

    def _type_variable(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args:
            self.cells.edge(cell, result)

    def _cast(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.react(cell, self._on_cast, result)
        for _, cell in args[1:2]:
            self.cells.edge(cell, result)

    def _on_cast(self, value: int, reaction: Reaction) -> None:
        self.add_instance(value, reaction[1])

    def wrapped_outside(self, path: str, args: Arguments, result: int) -> None:
        """What outside code makes of a function is taken to behave like it: `wrap(f)` like `@wrap`."""
        if path == "functools.wraps":
            return  # `wraps(f)` is a decorator for another function, not one that behaves like `f`
        if path.rpartition(".")[2][:1].islower() and not path.startswith("builtins."):
            for _, cell in args[:1]:
                self.cells.react(cell, self._on_wrapped_outside, result)

    def _on_wrapped_outside(self, value: int, reaction: Reaction) -> None:
        if self.data[value][0] in WRAPPED or self.is_callable_of_packs(value):
            self.cells.add(reaction[1], value)

    def is_callable_of_packs(self, value: int) -> bool:
        kind, first, _ = self.data[value]
        if kind == Kind.PACK:
            return self.catalogue.rule_for(f"{first}.__call__") is not None
        return kind == Kind.OUT and self.catalogue.rule_for(str(first)) is not None

    def _entered(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.react(cell, self.on_enter, result, self._consume(site))

    def on_enter(self, value: int, reaction: Reaction) -> None:
        """`with value as target`; functions that run are noted in `ran`."""
        _, target, ran = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.CTX:
            ran[int(first)] = None
            self.cells.edge(self.functions[int(first)].yields, target)
        elif kind == Kind.PACK:
            self._note_waits(str(first), ("__enter__", "__exit__"), ran)
            pack_type = self.catalogue.types[str(first)] if first in self.catalogue.types else None
            while pack_type is not None and pack_type.enters is None and pack_type.base:
                pack_type = self.catalogue.types.get(pack_type.base)
            entered = pack_type.enters if pack_type is not None and pack_type.enters else str(first)
            self.cells.add(target, self.values.of(Kind.PACK, str(first) if entered == "self" else entered))
        elif kind == Kind.INST:
            if self._has(int(first), "__enter__"):
                self.cells.react(self.member(value, "__enter__"), self._on_enter_method, target, ran)
                self.cells.react(self.member(value, "__exit__"), self._on_exit_method, ran)
            else:
                self.cells.add(target, value)  # contextlib.closing, or a base from outside
        elif kind == Kind.OUT:
            self.cells.add(target, value)

    def _note_waits(self, kind: str, names: tuple[str, ...], ran: dict[int, None]) -> None:
        """A special method of a pack type that waits is noted as -1 - value."""
        for name in names:
            path = f"{kind}.{name}"
            rule = self.catalogue.rule_for(path)
            if rule is not None and rule.waits is not None:
                ran[-1 - self.values.of(Kind.OUT, path)] = None

    def _has(self, number: int, name: str) -> bool:
        related = [number, *self.classes[number].subclasses]
        return any(self.objects.definer(other, name) is not None for other in related)

    def _on_enter_method(self, value: int, reaction: Reaction) -> None:
        _, target, ran = reaction
        number, receiver = self.function_of(value)
        if number >= 0:
            ran[number] = None
            self.returned(number, receiver, target)

    def _on_exit_method(self, value: int, reaction: Reaction) -> None:
        number, _ = self.function_of(value)
        if number >= 0:
            reaction[1][number] = None
