"""What running a piece of code may do that other code can see, followed through the calls of the project.

The answer is a Reach: what it waits for, and each thing that stands against running it beside itself. Whatever is
not known to be harmless stands against it: a wrong proof would change results.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from asyncify.catalogue import Catalogue
from asyncify.infer.facts import Index
from asyncify.place import Place
from asyncify.plan.concurrency import known
from asyncify.plan.concurrency.names import declared_outside, fresh_names, lasting_names, parameters, stored
from asyncify.plan.concurrency.reach import Blocker, Reach, Text
from asyncify.plan.concurrency.walk import Walk
from asyncify.plan.tree import Tree
from asyncify.rule import Rule, Wait

INITIALISERS = ("__init__", "__post_init__", "__attrs_post_init__")  # what they are given is new
CONSTRUCTORS = (*INITIALISERS, "__new__")
SHARED_WAITS = {
    Wait.DATABASE: "it waits for a database, whose connection, cursor and transaction the calls would share",
    Wait.DISK: "it works on files, in order",
    Wait.PROCESS: "it starts or waits for a process",
    Wait.LOCK: "it waits for a lock or for another thread",
    Wait.CPU: "it computes, and would gain nothing",
}
MOST_LOOKED_AT = 500  # functions for one question: where many call each other, ways through them have no end
DEEPEST = 40  # functions that call one another: following more of them would end Python's own stack
FACTORIES = frozenset({"default_factory", "factory"})
LANGUAGE_MODELS = frozenset({"anthropic", "openai"})


class Effects:
    """Answers for functions and pieces of code of one project; what was worked out is kept."""

    def __init__(self, texts: Mapping[str, str], trees: Mapping[str, Tree], index: Index, catalogue: Catalogue) -> None:
        self.index = index
        self.catalogue = catalogue
        self._sources = texts
        self._trees = trees
        self._texts: dict[str, Text] = {}
        self._functions: dict[str, Reach] = {}
        self._open: list[str] = []  # functions that are being looked at
        self._came_back = False
        self._looked_at = 0
        self._used_up: frozenset[str] | None = None
        self._methods: dict[str, list[str]] = {}
        for id_, function in index.functions.items():
            if function.owner:
                self._methods.setdefault(function.qualname.rpartition(".")[2], []).append(id_)

    def text(self, path: str) -> Text:
        if path not in self._texts:
            tree, facts = self._trees.get(path) or Tree(path, self._sources[path]), self.index.files[path]
            bound = frozenset(_bound(tree.module))
            calls = {call.place.span: call for call in facts.calls}
            values = {use.place.span: use.functions for use in facts.uses if use.functions}
            self._texts[path] = Text(tree, calls, facts.runs, values, bound)
        return self._texts[path]

    def has_comment(self, place: Place) -> bool:
        """Might there be a comment inside? It would be lost where the lines go."""
        lines = self._sources[place.path].splitlines()[place.line - 1 : place.end_line]
        return len(lines) > 1 and any("#" in line for line in lines)

    def is_used_up(self, name: str) -> bool:
        """Does some module or object keep under this name what changes by being read: an iterator, a defaultdict?"""
        if self._used_up is None:
            self._used_up = frozenset(name for text in self._sources.values() for name in lasting_names(text))
        return name in self._used_up

    def is_method_of_project(self, name: str) -> bool:
        return name in self._methods

    def of_property(self, name: str) -> Reach:
        """Reading an attribute of this name runs the properties of that name."""
        found = [id_ for id_ in self._methods.get(name, ()) if self._is_property(id_)]
        return sum(map(self.of_function, found), Reach())

    def _is_property(self, id_: str) -> bool:
        return any("property" in name for name in self.index.functions[id_].decorators)

    def of_operators(self, names: Iterable[str], place: Place) -> Reach:
        """Python runs the special methods of these names, of whichever class."""
        for id_ in (id_ for name in names for id_ in self._methods.get(name, ())):
            found = self.of_function(id_)
            if found.blockers or found.resources or found.sleeps:
                qualname = self.index.functions[id_].qualname
                return Reach((Blocker(place, f"`{qualname}` may run here, which does more than to read"),))
        return Reach()

    def of_function(self, id_: str) -> Reach:
        """What a function may come to. One that comes back to itself adds nothing on the second visit; what was
        worked out on such a way is not the whole answer for the others on it, and is forgotten."""
        if id_ in self._open:
            self._came_back = True
            return Reach()
        if id_ in self._functions:
            return self._functions[id_]
        if not self._open:
            self._looked_at = 0
        self._looked_at += 1
        if self._looked_at > MOST_LOOKED_AT or len(self._open) > DEEPEST:
            function = self.index.functions[id_]
            return Reach((Blocker(function.place, f"`{function.qualname}` is beyond what asyncify follows"),))
        before = frozenset(self._functions)
        self._open.append(id_)
        found = self._of_function(id_)
        self._open.pop()
        if self._looked_at > MOST_LOOKED_AT:
            self._functions[id_] = found  # it stands against gathering, however much is added
            return found
        if self._came_back:
            self._functions = {key: value for key, value in self._functions.items() if key in before}
        if not self._open:
            self._came_back = False
        if not self._came_back:
            self._functions[id_] = found
        return found

    def _of_function(self, id_: str) -> Reach:
        function = self.index.functions[id_]
        text = self.text(function.place.path)
        node = text.tree.function(function.place)
        if node is None:
            return Reach((Blocker(function.place, f"`{function.qualname}` cannot be read"),))
        strange = [name for name in function.decorators if name not in known.NEUTRAL_DECORATORS]
        if strange:
            what = f"`{function.qualname}` is decorated with `{strange[0].removesuffix('()')}`"
            return Reach((Blocker(function.place, what),))
        made = function.qualname.rpartition(".")[2] in INITIALISERS
        own = frozenset(parameters(node)[:1]) if made else frozenset[str]()
        walk = Walk(
            self, text, declared_outside(node), fresh_names(node) | own, stored(node.body) | frozenset(parameters(node))
        )
        return walk.over(node.body)

    def of_pack_call(self, path: str, node: ast.Call, place: Place) -> Reach:
        """A call of a library that some rule pack knows."""
        rule = self.catalogue.rule_for(path)
        if rule is None:
            return Reach((Blocker(place, f"nothing is known of `{path}`"),))
        if rule.waits is None:
            return Reach() if self._only_makes(path, rule) else Reach((Blocker(place, f"`{path}` may change it"),))
        if rule.waits is Wait.SLEEP:
            return Reach(sleeps=(place,))
        if rule.waits is not Wait.NETWORK:
            return Reach((Blocker(place, f"`{path}`: {SHARED_WAITS[rule.waits]}"),))
        resource = frozenset({"llm" if rule.pack in LANGUAGE_MODELS else "http"})
        if is_read(rule, path, node):
            return Reach(resources=resource)
        return Reach((Blocker(place, f"`{path}` is no read: its order may matter", is_write=True),), resource)

    def _only_makes(self, path: str, rule: Rule) -> bool:
        owner, _, name = path.rpartition(".")
        if path in self.catalogue.types or name in known.PURE_METHODS:
            return True
        return rule.returns is not None and rule.returns != "self" and owner not in self.catalogue.types

    def of_class(self, class_id: str) -> Reach:
        """Making an instance runs its constructors."""
        made = [self.of_function(id_) for name in CONSTRUCTORS if (id_ := f"{class_id}.{name}") in self.index.functions]
        return sum(made, self._of_defaults(class_id))

    def _of_defaults(self, class_id: str) -> Reach:
        """A field may be filled by a function that is called for each instance."""
        path, _, qualname = class_id.partition("::")
        text = self.text(path)
        name = qualname.rpartition(".")[2]
        reach = Reach()
        for node in (n for n in ast.walk(text.tree.module) if isinstance(n, ast.ClassDef) and n.name == name):
            factories = [k.value for k in ast.walk(node) if isinstance(k, ast.keyword) and k.arg in FACTORIES]
            reach += Walk(self, text, frozenset(), frozenset(), frozenset()).over(factories)
        return reach


def is_read(rule: Rule, path: str, node: ast.Call) -> bool:
    """Does the rule say that this call only reads, so that more or earlier calls change nothing?"""
    name = path.rpartition(".")[2]
    if name in rule.reads:
        return True
    values = [*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "method")]
    if name != "request" or not rule.reads or not values:
        return False
    verb = values[-1]
    return isinstance(verb, ast.Constant) and str(verb.value).lower() in rule.reads


def _bound(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
