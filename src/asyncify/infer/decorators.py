"""What a decorator makes of the function (or class) below it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from asyncify.infer.calls import Calls
from asyncify.infer.cells import Reaction
from asyncify.infer.solver import FOREIGN, Site
from asyncify.infer.values import Kind

PROPERTIES = frozenset(
    {"builtins.property", "functools.cached_property", "abc.abstractproperty",
     "django.utils.functional.cached_property",
     "werkzeug.utils.cached_property", "types.DynamicClassAttribute"}
)  # fmt: skip
CONTEXTS = frozenset({"contextlib.contextmanager"})
CURRIES = (".curry", ".curried", ".autocurry")
WRAPPING = frozenset({Kind.FUNC, Kind.DECO, Kind.CTXF, Kind.STATIC, Kind.CLSM})

CALLED = frozenset({Kind.FUNC, Kind.BOUND, Kind.DECO, Kind.PARTIAL})


class Decoration(NamedTuple):
    """One decorator: the cells of itself, of what it gets and of what it gives; where it stands."""

    decorator: int
    inner: int
    target: int
    function: int  # -1 for a class
    file: int
    number: int


class Decorators(Calls):
    """Decorators of the project are run; those from outside are known by name or hand on what they get."""

    def prepare_decorators(self) -> None:
        self._applied: set[tuple[int, int, int]] = set()

    def decorate(self, file: int, number: int, decorator: int, inner: int, target: int, function: int) -> None:
        self.cells.react(decorator, self._on_decorator, inner, target, function, file, number)

    def _on_decorator(self, value: int, reaction: Reaction) -> None:
        _, inner, target, function, file, number = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.OUT:
            self._outside_decorator(str(first), inner, target, function, file, number)
        elif kind == Kind.SETTER:
            self.cells.add(target, int(first))
        elif kind in {Kind.FUNC, Kind.BOUND, Kind.DECO, Kind.STATIC, Kind.CLSM}:
            decorating, receiver = self.function_of(value)
            if decorating >= 0:
                self._project_decorator(decorating, 1 if receiver >= 0 else 0, inner, target)
            else:
                self.cells.edge(inner, target)
        elif kind == Kind.CLASS:
            self._class_decorator(int(first), inner, target)
        elif kind == Kind.INST:
            self.cells.react(self.member(value, "__call__"), self._on_decorator_object, *reaction[1:])
        else:
            self.cells.edge(inner, target)

    def _on_decorator_object(self, value: int, reaction: Reaction) -> None:
        """What `__call__` of a decorator that is an object holds; another object there ends the matter."""
        if self.data[value][0] != Kind.INST:
            self._on_decorator(value, reaction)

    def _outside_decorator(
        self, path: str, inner: int, target: int, function: int, file: int, number: int
    ) -> None:  # fmt: skip
        if path in PROPERTIES or path.endswith(".cached_property"):
            self.cells.react(inner, self._on_wrap, Kind.PROP, target)
        elif path == "builtins.staticmethod":
            self.cells.react(inner, self._on_wrap, Kind.STATIC, target)
        elif path == "builtins.classmethod":
            self.cells.react(inner, self._on_wrap, Kind.CLSM, target)
        elif path in CONTEXTS:
            self.cells.react(inner, self._on_wrap, Kind.CTXF, target)
        elif path.endswith(CURRIES):
            self.cells.react(inner, self._on_wrap, Kind.CURRY, target)
        elif (gives := self.catalogue.decorated_into(path.removesuffix("()"))) is not None:
            self.cells.add(target, self.values.of(Kind.PACK, gives))
        else:
            self.cells.edge(inner, target)
        self.note_decorator(path, function, file, number)

    def _on_wrap(self, value: int, reaction: Reaction) -> None:
        _, kind, target = reaction
        if self.data[value][0] in WRAPPING:
            self.cells.add(target, self.values.of(kind, value))

    def _project_decorator(self, number: int, shift: int, inner: int, target: int) -> None:
        fn = self.functions[number]
        if (number, inner, target) in self._applied:
            return
        self._applied.add((number, inner, target))
        self.cells.wide.update(fn.positional[shift : shift + 1])
        self.bind(number, (("", inner),), shift)
        self.cells.react(fn.returns, self._on_decorated, number, inner, target)

    def _on_decorated(self, value: int, reaction: Reaction) -> None:
        """What a decorator of the project returned: its wrapper, what it was given, or something else."""
        _, number, inner, target = reaction
        kind, first, second = self.data[value]
        if kind == Kind.DECO:  # @wraps or the like on the wrapper itself
            kind, first, _ = self.data[int(second)]
        if kind == Kind.FUNC and self._is_inside(int(first), number):
            self.cells.react(inner, self._on_wrapper, int(first), target)
        elif kind == Kind.CTXF:
            self.cells.add(target, value)
        elif kind == Kind.PROP:
            self.cells.react(inner, self._on_wrap, Kind.PROP, target)
        else:
            self.cells.edge(inner, target)
            if kind == Kind.INST:
                self.cells.add(target, value)

    def _is_inside(self, number: int, outer: int) -> bool:
        while number >= 0:
            number = self.functions[number].parent
            if number == outer:
                return True
        return False

    def _on_wrapper(self, value: int, reaction: Reaction) -> None:
        _, wrapper, target = reaction
        if self.data[value][0] not in WRAPPING:
            self.cells.add(target, value)
            return
        kind, first, _ = self.data[value]
        if kind in {Kind.STATIC, Kind.CLSM}:
            value = int(first)
        number, _ = self.function_of(value)
        if number == wrapper:
            return
        if number >= 0:
            self.decorated_by.setdefault(wrapper, {})[number] = None
            self.wrapped.add(number)
        self.cells.add(target, self.values.of(Kind.DECO, wrapper, value))

    def _class_decorator(self, number: int, inner: int, target: int) -> None:
        if self._is_read_by_get(number):
            self.cells.react(inner, self._on_wrap, Kind.PROP, target)
            getter = self._body_cell(self.classes[number].mro, "__get__")
            self.cells.react(getter, self._on_get, inner, target)
        else:
            self.cells.edge(inner, target)
            self.cells.add(target, self.values.of(Kind.INST, number))
        constructor = self.constructor(number)
        if constructor:
            self.cells.react(constructor, self._on_decorator_class, inner)

    def _is_read_by_get(self, number: int) -> bool:
        """Does an object of the class answer when an attribute is read, and cannot be called itself?"""
        has = [self.objects.definer(number, name) is not None for name in ("__get__", "__call__")]
        return has == [True, False]

    def _on_get(self, value: int, reaction: Reaction) -> None:
        number, _ = self.function_of(value)
        if number >= 0:
            self.cells.react(self.functions[number].returns, self._on_got, *reaction[1:])

    def _on_got(self, value: int, reaction: Reaction) -> None:
        """`__get__` gives something to call: what is read behaves like the function that is decorated."""
        _, inner, target = reaction
        kind, first, _ = self.data[value]
        if kind in CALLED or (kind == Kind.OUT and first == "types.MethodType()"):
            self.cells.edge(inner, target)

    def _on_decorator_class(self, value: int, reaction: Reaction) -> None:
        number, _ = self.function_of(value)
        if number >= 0:
            self.bind(number, (("", reaction[1]),), 1)

    def apply_undecorated(self, decorations: Iterable[Decoration]) -> bool:
        """Decorators of which nothing is known hand on what they get, and may call it. True if there were any."""
        found = False
        for each in decorations:
            if not self.cells.held(each.decorator) and not self.cells.held(each.target):
                self.cells.edge(each.inner, each.target)
                self.note_decorator(FOREIGN, each.function, each.file, each.number)
                found = True
        return found

    def note_decorator(self, path: str, function: int, file: int, number: int) -> None:
        """Outside code at `path` gets hold of a function as its decorator."""
        if function >= 0:
            self.outer_decorators.setdefault(function, {})[path, file, number] = None

    def site(self, file: int, number: int) -> Site:
        return self.sites[self.site_base[file] + number]
