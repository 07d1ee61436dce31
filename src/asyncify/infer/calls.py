"""What happens when a value is called: arguments flow in, results flow out, the call's targets are noted."""

from __future__ import annotations

from asyncify.infer.cells import Reaction
from asyncify.infer.handing import HANDED, Handing
from asyncify.infer.parameters import Arguments
from asyncify.infer.solver import Site
from asyncify.infer.values import TRACED, Kind, origin
from asyncify.rule import Rule

DIRECT = 1  # the call runs the target
WRAPPER = 2  # the target is a wrapper round what is called
TAKES_KEPT = frozenset({"get", "pop", "setdefault"})  # `g.pop("db")` gives what `g.db = ...` kept
THROUGH = 4  # a wrapper calls what it wraps


class Calls(Handing):
    """Calls of each kind of value."""

    def on_call(self, value: int, reaction: Reaction) -> None:
        site: Site = reaction[1]
        kind, first, second = self.data[value]
        if kind == Kind.BOUND and self.data[int(first)][0] == Kind.FUNC:  # the two that there are most of
            receiver, value = int(second), int(first)
            self._call_function(int(self.data[value][1]), receiver, site, self.arguments(site), site.result, DIRECT)
        elif kind == Kind.FUNC:
            self._call_function(int(first), -1, site, self.arguments(site), site.result, DIRECT)
        else:
            self.call(value, site, self.arguments(site), site.result, DIRECT)

    def call(self, value: int, site: Site, args: Arguments, result: int, how: int) -> None:
        kind, first, second = self.data[value]
        if kind == Kind.FUNC:
            self._call_function(int(first), -1, site, args, result, how)
        elif kind == Kind.BOUND:
            self._call_bound(int(first), int(second), site, args, result, how)
        elif kind == Kind.CLASS:
            self._call_class(int(first), value, site, args, result)
        elif kind == Kind.OUT:
            self._call_outside(str(first), value, site, args, result)
        elif kind == Kind.INST:
            self._call_again(self.member(value, "__call__"), site, args, result, how)
        elif kind == Kind.DECO:
            self._call_decorated(int(first), int(second), -1, site, args, result, how)
        elif kind in {Kind.STATIC, Kind.CLSM}:
            self.call(int(first), site, args, result, how)
        elif kind == Kind.CTXF:
            self._call_context(int(first), -1, site, args, result, how)
        elif kind == Kind.CURRY:
            self._call_curried(int(first), value, -1, site, args, result, how)
        elif kind == Kind.PARTIAL:
            self._call_partial(int(first), site, args, result, how)
        elif kind == Kind.CMETH:
            self.call_container(int(first), str(second), args, result)
        elif kind == Kind.GMETH:
            self.stepped.setdefault((site.file, site.number), {})[int(first)] = None
            self.cells.edge(self.functions[int(first)].yields, result)
        elif kind == Kind.PACK:
            self._call_pack(f"{first}.__call__", site, result, str(first))
        elif kind == Kind.ANYMEMBER:
            self._call_any_member(str(first), site, result)

    def _call_again(self, cell: int, site: Site, args: Arguments, result: int, how: int) -> None:
        self.cells.react(cell, self._on_call_again, site, args, result, how)

    def _on_call_again(self, value: int, reaction: Reaction) -> None:
        _, site, args, result, how = reaction
        kind, first, _ = self.data[value]
        if kind == Kind.INST or (kind == Kind.BOUND and self.data[int(first)][0] == Kind.BOUND):
            return  # an instance that calls itself by another instance: enough
        self.call(value, site, args, result, how)

    # Functions of the project

    def _call_function(
        self, number: int, receiver: int, site: Site, args: Arguments, result: int, how: int
    ) -> None:  # fmt: skip
        if how == DIRECT and number in self.wrapped and self._is_wrapped_call(number, site):
            how = THROUGH
        fn = self.functions[number]
        self.reach(site, self.value_of[number], how)
        if args and how != THROUGH:
            self.bind(number, args, 1 if receiver >= 0 else 0)
        if result:
            self.hand_back(number, receiver, result)
        if receiver >= 0 and not fn.is_method and fn.positional:
            self.cells.add(fn.positional[0], receiver)

    def _is_wrapped_call(self, number: int, site: Site) -> bool:
        """Is this the call inside a wrapper of the function that it wraps?"""
        scope = site.scope
        while scope >= 0:
            if number in self.decorated_by.get(scope, ()):
                return True
            scope = self.functions[scope].parent
        return False

    def _call_bound(
        self, inner: int, receiver: int, site: Site, args: Arguments, result: int, how: int
    ) -> None:  # fmt: skip
        kind, first, second = self.data[inner]
        if kind == Kind.FUNC:
            self._call_function(int(first), receiver, site, args, result, how)
        elif kind == Kind.DECO:
            self._call_decorated(int(first), int(second), receiver, site, args, result, how)
        elif kind == Kind.CTXF:
            self._call_context(int(first), receiver, site, args, result, how)
        elif kind == Kind.CURRY:
            self._call_curried(int(first), self.bind_value(inner, receiver), receiver, site, args, result, how)
        else:
            self.call(inner, site, args, result, how)

    def _call_decorated(
        self, wrapper: int, inner: int, receiver: int, site: Site, args: Arguments, result: int, how: int
    ) -> None:  # fmt: skip
        """The wrapper runs and calls what it wraps; what comes back is taken to be what that returns."""
        fn = self.functions[wrapper]
        self.reach(site, self.values.of(Kind.FUNC, wrapper), WRAPPER)
        for position, cell in enumerate(fn.positional):
            if position == 0 and receiver >= 0:
                self.cells.add(cell, receiver)
                continue
            index = position - (1 if receiver >= 0 else 0)
            plain = [given for key, given in args if key == ""]
            if index < len(plain):
                self.cells.edge(plain[index], cell)
        for key, cell in args:
            if key in fn.named:
                self.cells.edge(cell, fn.named[key])
        if fn.fact.is_generator:
            self.cells.add(result, self.values.of(Kind.GEN, wrapper))
        if receiver >= 0:
            self._call_bound(inner, receiver, site, args, result, how)
        else:
            self.call(inner, site, args, result, how)

    def _call_context(
        self, inner: int, receiver: int, site: Site, args: Arguments, result: int, how: int
    ) -> None:  # fmt: skip
        kind, first, second = self.data[inner]
        if kind == Kind.DECO:
            kind, first, _ = self.data[int(second)]
        if kind != Kind.FUNC:
            return
        number = int(first)
        self.reach(site, self.values.of(Kind.FUNC, number), how)
        self.bind(number, args, 1 if receiver >= 0 else 0)
        self.cells.add(result, self.values.of(Kind.CTX, number))

    def _call_curried(
        self, inner: int, value: int, receiver: int, site: Site, args: Arguments, result: int, how: int
    ) -> None:  # fmt: skip
        """With all arguments the function runs; with fewer what comes back waits for the others.

        Constants are no part of `args`: whether all are there is not always known.
        """
        if receiver >= 0:
            self._call_bound(inner, receiver, site, args, result, how)
        else:
            self.call(inner, site, args, result, how)
        number, _ = self.function_of(inner)
        given = len(args) + (1 if receiver >= 0 else 0)
        if number < 0 or given >= self.functions[number].fact.required or any(key in {"*", "**"} for key, _ in args):
            return
        place = self.site_base[site.file] + site.number
        if place not in self.partials:
            callee = self.cells.new()
            self.cells.add(callee, value)
            self.partials[place] = (callee, args)
            self.cells.add(result, self.values.of(Kind.PARTIAL, place))

    # Classes

    def _call_class(self, number: int, value: int, site: Site, args: Arguments, result: int) -> None:
        self.reach(site, value, DIRECT)
        self.cells.add(result, self.values.of(Kind.INST, number))
        constructor = self.constructor(number)
        if constructor:
            self.cells.react(constructor, self._on_constructor, self.values.of(Kind.INST, number), site, args)
        else:
            self._call_fields(number, args)
        maker = self._body_cell(self.classes[number].mro, "__new__")
        if maker:
            self.cells.react(maker, self._on_constructor, value, site, args)

    def constructor(self, number: int) -> int:
        """The cell of the `__init__` that makes instances of a class, 0 if it has none."""
        return self._body_cell(self.classes[number].mro, "__init__")

    def _on_constructor(self, value: int, reaction: Reaction) -> None:
        _, receiver, site, args = reaction
        if self.data[value][0] in {Kind.FUNC, Kind.DECO}:
            self.call(self.bind_value(value, receiver), site, args, 0, DIRECT)

    def _call_fields(self, number: int, args: Arguments) -> None:
        """A class without constructor of its own: dataclass, attrs, NamedTuple, pydantic."""
        fields: dict[str, None] = {}
        for ancestor in reversed(self.classes[number].mro):
            fields.update(dict.fromkeys(self.classes[ancestor].fact.fields))
        names = list(fields)
        index = 0
        for key, cell in args:
            if key == "":
                if index < len(names):
                    self.cells.edge(cell, self.attribute(number, names[index]))
                index += 1
            elif key not in {"*", "**"} and key in fields:
                self.cells.edge(cell, self.attribute(number, key))

    # Outside

    def _call_outside(self, path: str, value: int, site: Site, args: Arguments, result: int) -> None:
        plain = self._plain.get(value)
        if plain is None:
            plain = self._plain[value] = self._is_plain(path)
        if plain:
            self._call_plain(path, value, site, args, result)
            return
        self.hand_on(path, args)
        if (self.call_special(path, site, args, result) and path not in TRACED) or self.call_injected(
            path, site, args, result
        ):
            return
        if path in self.catalogue.types:
            self.reach(site, value, DIRECT)
            made = origin(site.file, site.number) if path in TRACED else 0
            self.cells.add(result, self.values.of(Kind.PACK, path, made))
            return
        if self.catalogue.rule_for(path) is None:
            self._call_plain(path, value, site, args, result)
            return
        self._call_pack(path, site, result, path.rpartition(".")[0])
        self.count_as(path, site, args, result)

    def _call_plain(self, path: str, value: int, site: Site, args: Arguments, result: int) -> None:
        self.reach(site, value, DIRECT)
        owner, _, method = path.rpartition(".")
        if method in TAKES_KEPT:
            self.cells.edge(self.kept_in(owner), result)
        self.add_out_result(path, site, result)
        if args:
            self.wrapped_outside(path, args, result)

    def _is_plain(self, path: str) -> bool:
        """Does nobody say what calling `path` does?"""
        known = path in self.catalogue.types or self.catalogue.rule_for(path) is not None
        return not (known or self.is_special(path) or path in HANDED or self.injects(path) is not None)

    def _call_pack(self, path: str, site: Site, result: int, owner: str) -> None:
        rule = self.catalogue.rule_for(path)
        if rule is None:
            return
        if rule.instead and (other := self._instead(rule, path, site)) is not None:
            self._call_pack(other, site, result, other.rpartition(".")[0])
            return
        self.reach(site, self.values.of(Kind.OUT, path), DIRECT)
        if rule.returns == "self":
            self.cells.add(result, self.values.of(Kind.PACK, owner))
        elif rule.returns is not None:
            self.cells.add(result, self.values.of(Kind.PACK, rule.returns))

    def _instead(self, rule: Rule, path: str, site: Site) -> str | None:
        """The callable for which this call counts, because it fills a slot that makes it another."""
        slots = next((signature.slots for signature in rule.calls if signature.path == path), rule.calls[0].slots)
        arguments = self.arguments(site)
        positional = sum(key == "" for key, _ in arguments)
        given = {key for key, _ in arguments} | {slot.name for slot in slots[:positional]}
        return next((other for slot, other in rule.instead.items() if slot in given), None)

    def _call_any_member(self, kind: str, site: Site, result: int) -> None:
        for path in self.waiting_members(kind):
            self._call_pack(path, site, result, kind)

    def waiting_members(self, kind: str) -> list[str]:
        if not self._waiting:
            for path, rule in sorted(self.catalogue.by_call.items()):
                if rule.waits is not None:
                    self._waiting.setdefault(path.rpartition(".")[0], []).append(path)
        pack_type = self.catalogue.types.get(kind)
        found = list(self._waiting.get(kind, ())) if pack_type is None else []  # `getattr(requests, verb)`
        while pack_type is not None:
            found += self._waiting.get(pack_type.id, ())
            pack_type = self.catalogue.types.get(pack_type.base) if pack_type.base else None
        return found

    def _call_partial(self, number: int, site: Site, args: Arguments, result: int, how: int) -> None:
        made = self.partials[number]
        place = (number, site.file, site.number)
        if made[0] and place not in self.partial_calls:  # a partial of itself would never end
            self.partial_calls.add(place)
            self._call_again(made[0], site, (*made[1], *args), result, how)
