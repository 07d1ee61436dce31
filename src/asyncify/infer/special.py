"""Builtins and standard library callables through which values pass unchanged or in a known way."""

from __future__ import annotations

from asyncify.infer.cells import Reaction
from asyncify.infer.containers import ANY, UNKNOWN
from asyncify.infer.parameters import Arguments
from asyncify.infer.solver import Site
from asyncify.infer.stdlib import Stdlib
from asyncify.infer.values import Kind

# Their result is (a copy of) their first argument.
SAME = frozenset(
    {"copy.copy", "copy.deepcopy", "contextlib.nullcontext",
     "asyncio.shield", "asyncio.ensure_future", "asyncio.create_task", "weakref.proxy", "contextvars.copy_context",
     "inspect.unwrap", "atexit.register", "functools.wraps()", "functools.update_wrapper", "builtins.classmethod",
     "types.MappingProxyType", "typing.NewType()"}
)  # fmt: skip
# Their result is a container of what their first argument holds.
COLLECT = frozenset(
    {"builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.sorted", "builtins.reversed",
     "collections.deque", "itertools.islice", "itertools.cycle", "itertools.takewhile", "itertools.dropwhile",
     "random.sample", "random.choices",
     "collections.UserList", "queue.Queue", "queue.LifoQueue", "queue.SimpleQueue", "queue.PriorityQueue",
     "multiprocessing.Queue", "asyncio.Queue"}
)  # fmt: skip
MAPS = frozenset(
    {"builtins.dict", "collections.OrderedDict", "collections.defaultdict", "weakref.WeakValueDictionary",
     "collections.UserDict", "collections.ChainMap"}
)  # fmt: skip
ONE_OF = frozenset({"builtins.next", "builtins.max", "builtins.min", "random.choice"})
CALLS_FIRST = frozenset({"builtins.map", "itertools.starmap", "contextlib.suppress()"})
PARTIALS = frozenset({"functools.partial", "functools.partialmethod"})
WRAPPED = frozenset({Kind.FUNC, Kind.BOUND, Kind.DECO, Kind.PARTIAL, Kind.CTXF, Kind.CURRY})


class Special(Stdlib):
    """Callables that need no rule because only values pass through them."""

    partials: dict[int, tuple[int, Arguments]]

    def prepare_special(self) -> None:
        self.partials = {}
        self._plain: dict[int, bool] = {}  # outside value -> is it a callable of which nothing is known?
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
            "builtins.iter": self._iterator,
            "builtins.zip": self._zipped,
            "itertools.zip_longest": self._zipped,
            "itertools.product": self._zipped,
            "builtins.property": self._property,
            "builtins.staticmethod": self._static,
            "builtins.type": self.make_type,
            "collections.namedtuple": self.make_record_class,
            "collections.namedtuple()": self.make_record,
            "typing.TypeVar": self.make_type_variable,
            "typing.cast": self._cast,
            "typing_extensions.cast": self._cast,
            "typing_extensions.TypeVar": self.make_type_variable,
            "contextlib.contextmanager": self._context,
            "contextlib.closing": self._closing,
            "contextlib.ExitStack().enter_context": self._entered,
            **self.stdlib_handlers(),
        }

    def is_special(self, path: str) -> bool:
        return path in self._specials

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
            self.cells.react(cell, self.on_iterate, self.slot(number, UNKNOWN), self.consume(site))

    def _mapped(self, site: Site, args: Arguments, result: int) -> None:
        number = self.container_at(("result", site.file, site.number))
        self.cells.add(result, self.values.of(Kind.CONT, number))
        for key, cell in args:
            if key in {"", "**"}:
                self.cells.react(cell, self._on_mapped, number, site)
            elif key != "*":
                self.put_into(number, key, cell)

    def _on_mapped(self, value: int, reaction: Reaction) -> None:
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            for key, cell in self.known_keys(int(first)):
                self.put_into(reaction[1], key, cell)
            self.cells.edge(self.slot(int(first), UNKNOWN), self.slot(reaction[1], UNKNOWN))
            self.cells.react(self.slot(int(first), ANY), self._on_pair, reaction[1])
        elif kind in {Kind.CLASS, Kind.OUT, Kind.FUNC}:  # defaultdict(Thing)
            self.on_made(value, (reaction[0], reaction[2], self.slot(reaction[1], UNKNOWN)))

    def _on_pair(self, value: int, reaction: Reaction) -> None:
        """`dict(zip(keys, values))`: what stands second in a row is a value."""
        kind, first, _ = self.data[value]
        if kind == Kind.CONT:
            self.take_from(int(first), 1, self.slot(reaction[1], UNKNOWN))

    def _one_of(self, site: Site, args: Arguments, result: int) -> None:
        for key, cell in args:
            if key == "":
                self.cells.react(cell, self.on_iterate, result, self.consume(site))
        for _, cell in args[1:]:
            self.cells.edge(cell, result)

    def _consume_only(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args:
            self.cells.react(cell, self.on_iterate, 0, self.consume(site))

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
            self.cells.react(cell, self.on_iterate, element, self.consume(site))
            elements.append(("", element))
        called = self.slot(number, UNKNOWN)
        self.cells.react(args[0][1], self.on_mapped_call, tuple(elements), called, self.consume(site))

    def _iterator(self, site: Site, args: Arguments, result: int) -> None:
        """`iter(xs)` gives the elements of xs; `iter(f, end)` runs f for each."""
        if len(args) < 2:
            self._same(site, args, result)
        else:
            self._calls_first(site, args[:1], result)

    def _enumerated(self, site: Site, args: Arguments, result: int) -> None:
        pair = self.container_at(("pair", site.file, site.number))
        whole = self.container_at(("result", site.file, site.number))
        for _, cell in args[:1]:
            self.cells.react(cell, self.on_iterate, self.slot(pair, 1), self.consume(site))
        self.cells.add(self.slot(whole, ANY), self.values.of(Kind.CONT, pair))
        self.cells.add(result, self.values.of(Kind.CONT, whole))

    def _zipped(self, site: Site, args: Arguments, result: int) -> None:
        row = self.container_at(("pair", site.file, site.number))
        whole = self.container_at(("result", site.file, site.number))
        for index, (_, cell) in enumerate(args):
            self.cells.react(cell, self.on_iterate, self.slot(row, index), self.consume(site))
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

    def _closing(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.edge(cell, result)
            self.cells.react(cell, self.on_close, self.consume(site))

    def _entered(self, site: Site, args: Arguments, result: int) -> None:
        for _, cell in args[:1]:
            self.cells.react(cell, self.on_enter, result, self.consume(site))
