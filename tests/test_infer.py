"""What inference hands on: calls and uses with their exact places, targets, positions and certainty."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import pytest

from asyncify.colour import colour
from asyncify.index import ParseFault, Summary, summarise
from asyncify.infer import infer
from asyncify.infer.facts import Call, FileFacts, Index, Position, TargetKind
from asyncify.project import Source
from test_colour import catalogue, colours, index_of


def facts(source: str) -> FileFacts:
    return index_of({"app.py": source}).files["app.py"]


def text_of(source: str, span: tuple[int, int, int, int]) -> str:
    line, column, end_line, end_column = span
    assert line == end_line
    return source.split("\n")[line - 1].encode()[column:end_column].decode()


def call_of(source: str, text: str) -> Call:
    [call] = [call for call in facts(source).calls if text_of(source, call.place.span) == text]
    return call


def test_a_call_knows_its_callee_and_scope() -> None:
    source = "import net\ndef f(s: net.Session):\n    return s.get('ü').json()\n"
    call = call_of(source, "s.get('ü')")

    assert text_of(source, call.callee.span) == "s.get"
    assert call.scope == "app.py::f"
    assert [(target.kind, target.id) for target in call.targets] == [(TargetKind.PACK, "net.Session.get")]
    assert call.certain


POSITIONS = {
    "def f():\n    net.get(1)\n": Position.PLAIN,
    "async def f():\n    await net.get(1)\n": Position.AWAITED,
    "def f():\n    return lambda: net.get(1)\n": Position.LAMBDA,
    "def f(xs):\n    return any(net.get(1) for x in xs)\n": Position.GENERATOR,
    "def f(xs):\n    return [net.get(1) for x in xs]\n": Position.PLAIN,
    "def f():\n    return any(x for x in net.get(1))\n": Position.PLAIN,
    "def f(x=net.get(1)): ...\n": Position.DEFAULT,
    "@net.get(1)\ndef f(): ...\n": Position.DECORATOR,
    "class C:\n    x = net.get(1)\n": Position.CLASS_BODY,
    "x = net.get(1)\n": Position.MODULE_BODY,
    "if __name__ == '__main__':\n    net.get(1)\n": Position.MAIN_BLOCK,
}


@pytest.mark.parametrize(("source", "position"), POSITIONS.items(), ids=list(POSITIONS.values()))
def test_where_a_call_stands(source: str, position: Position) -> None:
    assert call_of("import net\n" + source, "net.get(1)").position is position


CONSUMERS = {
    "for x in g():\n        pass": "for",
    "return [x for x in g()]": "comprehension",
    "yield from g()": "yield-from",
    "return list(g())": "builtin:list",
    "return g()": "returned",
    "x = g()": "assigned",
    "other.take(1, g())": "argument:other.take:1",
    "other.take(items=g())": "argument:other.take:items",
    "g()": "other",
}


@pytest.mark.parametrize(("statement", "consumer"), CONSUMERS.items(), ids=CONSUMERS.values())
def test_what_takes_the_result_of_a_generator(statement: str, consumer: str) -> None:
    source = f"import net, other\ndef g():\n    yield net.get('u')\ndef f():\n    {statement}\n"

    assert call_of(source, "g()").consumer == consumer


def test_functions_that_are_passed_on() -> None:
    source = "import net, other\ndef g(): ...\ndef f():\n    other.run(1, g, key=lambda: g())\n"
    call = call_of(source, "other.run(1, g, key=lambda: g())")

    assert [(passed.slot, passed.functions, text_of(source, passed.place.span)) for passed in call.passes] == [
        ("1", ("app.py::g",), "g"),
        ("key", ("app.py::g",), "lambda: g()"),
    ]
    assert [(target.kind, target.id) for target in call.targets] == [(TargetKind.OUTSIDE, "other.run")]


def test_calls_of_other_code_are_left_out() -> None:
    assert facts("import other\ndef f(x):\n    other.run(x)\n    len(x)\n    x.get(1)\n").calls == ()


def test_a_constructor_reaches_its_class_and_init() -> None:
    call = call_of("class C:\n    def __init__(self): ...\ndef f():\n    C()\n", "C()")

    assert [target.id for target in call.targets] == ["app.py::C", "app.py::C.__init__"] or [
        target.id for target in call.targets
    ] == ["app.py::C", "app.py::C.__init__"][::-1]


def test_every_expression_that_holds_a_pack_object_is_a_use() -> None:
    source = "import net\nclass C:\n    def __init__(self):\n        self.s = net.Session()\n" \
             "    def f(self):\n        return self.s.headers, self.s.get('u').json()\n"  # fmt: skip
    found = {(text_of(source, use.place.span), use.types) for use in facts(source).uses if use.types}

    assert found == {
        ("net.Session()", ("net.Session",)),
        ("self.s", ("net.Session",)),
        ("self.s.get('u')", ("net.Response",)),
    }


def test_names_of_a_pack_are_uses() -> None:
    source = "import net\nfrom net import Session as S\ndef f(x: S):\n    try:\n        pass\n" \
             "    except net.Timeout:\n        return net.get\n"  # fmt: skip
    found = {(text_of(source, use.place.span), use.symbols) for use in facts(source).uses if use.symbols}

    assert {("net.Timeout", ("net.Timeout",)), ("net.get", ("net.get",)), ("S", ("net.Session",))} <= found


def test_a_function_that_is_named_without_a_call_is_a_use() -> None:
    source = "def g(): ...\ndef f():\n    h = g\n    g()\n"
    found = [(use.place.line, use.functions) for use in facts(source).uses if use.functions]

    assert found == [(3, ("app.py::g",))]


def test_a_receiver_that_may_be_several_things_reaches_them_all() -> None:
    source = "class A:\n    def m(self): ...\nclass B:\n    def m(self): ...\n" \
             "def f(c):\n    x = A() if c else B()\n    x.m()\n"  # fmt: skip

    assert {target.id for target in call_of(source, "x.m()").targets} == {"app.py::A.m", "app.py::B.m"}


def test_a_second_definition_of_a_name_has_a_number() -> None:
    functions = index_of({"app.py": "def f(): ...\ndef f(): ...\n"}).functions

    assert [(name, function.place.line) for name, function in functions.items()] == [
        ("app.py::f", 1),
        ("app.py::f#2", 2),
    ]


def test_imports_from_outside() -> None:
    index = index_of({"pkg/__init__.py": "", "pkg/a.py": "import json, pkg.b\nfrom os import path\nfrom . import b\n",
                      "pkg/b.py": ""})  # fmt: skip

    assert index.imports["pkg/a.py"] == {"json", "os.path"}


def test_a_module_of_the_project_shadows_the_library() -> None:
    found = colours({"net.py": "def get(u): ...\n", "app.py": "import net\ndef f():\n    net.get('u')\n"})

    assert not found.verdicts


def test_tables_are_families() -> None:
    index = index_of({"app.py": "def a(): ...\ndef b(): ...\nT = {'a': a, 'b': b}\ndef f(n):\n    T[n]()\n"})

    assert index.families == (frozenset({"app.py::a", "app.py::b"}),)


def test_decorators_are_resolved() -> None:
    index = index_of(
        {"app.py": "import functools as ft\nclass C:\n    @ft.lru_cache(1)\n    @mine\n    def f(self): ...\n"}
    )

    assert index.functions["app.py::C.f"].decorators == ("functools.lru_cache", "mine")


def library(pattern: str) -> list[Summary]:
    summaries: list[Summary] = []
    for file in sorted(Path(sysconfig.get_path("stdlib")).glob(pattern)):
        text = file.read_text("utf-8")
        summary = summarise(Source(file.name, text.encode(), "utf-8", text))
        assert not isinstance(summary, ParseFault)
        summaries.append(summary)
    return summaries


def everything(index: Index) -> str:
    return repr([(path, index.files[path]) for path in index.files])


def test_the_standard_library_goes_through_and_comes_out_the_same_twice() -> None:
    first, second = infer(library("[c-h]*.py"), catalogue()), infer(library("[c-h]*.py"), catalogue())

    assert not first.capped
    assert everything(first) == everything(second)
    assert colour(first, catalogue()) == colour(second, catalogue())


def test_places_of_the_standard_library_are_those_of_ast() -> None:
    index = infer(library("c*.py"), catalogue())
    root = Path(sysconfig.get_path("stdlib"))
    for path, found in index.files.items():
        tree = ast.parse((root / path).read_text("utf-8"))
        calls = {
            (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
        }
        assert {call.place.span for call in found.calls} <= calls


def targets_in(files: dict[str, str], path: str, text: str) -> tuple[list[str], bool]:
    [call] = [c for c in index_of(files).files[path].calls if text_of(files[path], c.place.span) == text]
    return [target.id for target in call.targets], call.perhaps


ENGINE = "class Engine:\n    def request(self): ...\n"


def test_a_package_that_imports_its_own_submodule_sees_into_it() -> None:
    init = "from . import engines\n\ndef f():\n    e = engines.Engine()\n    e.request()\n"

    found = targets_in({"pkg/__init__.py": init, "pkg/engines.py": ENGINE}, "pkg/__init__.py", "e.request()")

    assert found == (["pkg/engines.py::Engine.request"], False)


def test_the_default_of_a_keyword_taken_out_of_kwargs_is_a_value_of_it() -> None:
    source = ENGINE + "\ndef f(**kwargs):\n    e = kwargs.pop('engine', Engine)()\n    e.request()\n"

    assert targets_in({"app.py": source}, "app.py", "e.request()") == (["app.py::Engine.request"], False)


def test_an_attribute_that_few_classes_store_may_be_what_an_unknown_thing_has() -> None:
    client = "\nclass Client:\n    def __init__(self):\n        self.engine = Engine()\n"
    source = ENGINE + client + "\ndef f(thing):\n    thing.engine.request()\n"

    assert targets_in({"app.py": source}, "app.py", "thing.engine.request()") == (["app.py::Engine.request"], True)


@pytest.mark.parametrize(
    ("lines", "is_known"),
    [
        ("assert isinstance(self.inner, net.Session)", True),
        ("if TYPE_CHECKING:\n            assert isinstance(self.inner, net.Session)", True),
        ("assert isinstance(self.inner, net.Session)\n        self.inner = make()", False),
        ("assert isinstance(self.inner, net.Session)\n        self = make()", False),
        ("assert isinstance(self.other, net.Session)", False),
    ],
)
def test_an_attribute_is_what_isinstance_says(lines: str, is_known: bool) -> None:
    source = f"import net\nclass C:\n    def f(self, make):\n        {lines}\n        self.inner.get(1)\n"

    found = [call for call in facts(source).calls if text_of(source, call.place.span) == "self.inner.get(1)"]
    assert bool(found) is is_known


def test_classes_that_inherit_from_each_other_by_mistake_end() -> None:
    text = "class A(B):\n    def f(self): self.g()\n\nclass B(A):\n    def g(self): self.f()\n\nclass C(A, B): pass\n"
    summary = summarise(Source("a.py", text.encode(), "utf-8", text))
    assert not isinstance(summary, ParseFault)
    index = infer([summary], catalogue())
    assert index.graph is not None

    assert [cls.mro for cls in index.graph.objects.classes] == [(0, 1), (1, 0), (2, 1, 0)]
    assert len(index.files["a.py"].calls) == 2


def test_arguments_pass_through_stars_whatever_is_known_first() -> None:
    source = (
        f"{ENGINE}\n\nclass Base:\n    def __init__(self, engine, **more):\n"
        "        self.engine = engine\n        self.other = more['other']\n\n"
        "class Sub(Base):\n    def __init__(self, *args, **kwargs):\n"
        "        super(Sub, self).__init__(*args, **kwargs)\n\n"
        "    def go(self):\n        self.engine.request()\n        self.other.request()\n\n"
        "def main():\n    Sub(Engine(), other=Engine())\n"
    )

    assert targets_in({"app.py": source}, "app.py", "self.engine.request()") == (["app.py::Engine.request"], False)
    assert targets_in({"app.py": source}, "app.py", "self.other.request()") == (["app.py::Engine.request"], False)
