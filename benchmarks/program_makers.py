"""Programs to try asyncify on: files of the standard library and made-up ones, with waits put into their functions."""

from __future__ import annotations

import ast
import random
import sysconfig
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

WAITS = (
    "time.sleep(0.1)",
    "_got = requests.get('http://localhost/')",
    "_got = requests.post('http://localhost/', json={'a': 1}, timeout=3).json()",
)
IMPORTS = "import time\nimport requests\n"
LEFT_OUT = frozenset({"site-packages", "idlelib", "turtledemo", "lib2to3", "__pycache__"})
MOST_BYTES = 60_000
MOST_WAITS = 4
DEPTH = 3


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    text: str


def library_programs(count: int, seed: int) -> Iterator[Program]:
    """Files of the running Python's own library, in random order, waits put in."""
    root = Path(sysconfig.get_path("stdlib"))
    files = [
        file
        for file in sorted(root.rglob("*.py"))
        if LEFT_OUT.isdisjoint(file.relative_to(root).parts) and file.stat().st_size < MOST_BYTES
    ]
    dice = random.Random(seed)
    dice.shuffle(files)
    made = 0
    for file in files:
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if made == count:
            return
        made += 1
        yield Program(str(file.relative_to(root)), with_waits(text, dice))


def with_waits(text: str, dice: random.Random) -> str:
    """The text with waits at the head of some of its functions; unchanged where it has none or does not parse."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return text
    heads = [
        node.body[-1]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.body[-1].lineno > node.lineno
    ]
    if not heads:
        return text
    lines = text.splitlines(keepends=True)
    chosen = dice.sample(heads, min(len(heads), MOST_WAITS))
    for head in sorted(chosen, key=lambda node: node.lineno, reverse=True):
        at = min([head.lineno, *(d.lineno for d in getattr(head, "decorator_list", ()))]) - 1
        indent = lines[at][: head.col_offset]
        if not indent.isspace() or lines[at - 1].rstrip().endswith("\\"):
            continue  # `x = 1; y = 2` on one line
        lines.insert(at, f"{indent}{dice.choice(WAITS)}\n")
    lines.insert(_after_futures(tree), IMPORTS)
    made = "".join(lines)
    try:
        compile(made, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return text
    return made


def _after_futures(tree: ast.Module) -> int:
    """The line after the docstring and `from __future__` imports."""
    line = 0
    for number, node in enumerate(tree.body):
        is_docstring = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not is_docstring and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            break
        line = node.end_lineno or line
    return line


def made_up_programs(count: int, seed: int) -> Iterator[Program]:
    """Small programs of all constructs, put together at random; they parse and are never run."""
    for number in range(count):
        yield Program(f"made-up-{number}.py", _Maker(random.Random(f"{seed}.{number}")).module())


class _Maker:
    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.functions: list[str] = []
        self.classes: list[str] = []
        self.made = 0

    def module(self) -> str:
        parts = [IMPORTS, "import functools\nfrom contextlib import contextmanager\n\nTABLE = {}\n"]
        for _ in range(self.dice.randint(3, 7)):
            parts.append(self.dice.choice((self.function, self.function, self.klass, self.manager))())
        parts.append(f"TABLE['a'] = {self.dice.choice([*self.functions, 'len'])}\n")
        if self.dice.random() < 0.5:
            parts.append(f"if __name__ == '__main__':\n    print({self.call()})\n")
        return "\n\n".join(parts)

    def name(self, stem: str) -> str:
        self.made += 1
        return f"{stem}{self.made}"

    def function(self, indent: str = "", first: str = "", decorators: tuple[str, ...] = ()) -> str:
        name = self.name("method" if first else "f")
        parameters = ", ".join(
            part for part in (first, self.dice.choice(("", "x=1", "x=None, *rest", "x=0, **more"))) if part
        )
        head = "".join(f"{indent}@{decorator}\n" for decorator in decorators)
        body = self.block(indent + "    ", 0)
        last = self.dice.choice(("return x_", "yield x_", "pass", "return lambda: x_", f"return {self.call()}"))
        text = f"{head}{indent}def {name}({parameters}):\n{indent}    x_ = 0\n{body}{indent}    {last}\n"
        if not first:
            self.functions.append(name)
        return text

    def manager(self) -> str:
        name = self.name("manager")
        body = self.block("    ", DEPTH - 1)
        return f"@contextmanager\ndef {name}():\n{body}    yield {self.call()}\n"

    def klass(self) -> str:
        name = self.name("C")
        base = self.dice.choice([*self.classes, "object", "requests.Session"])
        methods = []
        for _ in range(self.dice.randint(1, 3)):
            decorators = self.dice.choice(((), (), ("property",), ("staticmethod",), ("functools.lru_cache()",)))
            methods.append(self.function("    ", "" if "staticmethod" in decorators else "self", decorators))
        special = self.dice.choice(("__init__", "__enter__", "__iter__", "__call__", "__getattr__"))
        methods.append(f"    def {special}(self, *given):\n{self.block('        ', DEPTH - 1)}        return self\n")
        self.functions = [made for made in self.functions if f"    def {made}(" not in "".join(methods)]
        self.classes.append(name)
        return f"class {name}({base}):\n" + "\n".join(methods)

    def block(self, indent: str, depth: int) -> str:
        return "".join(self.statement(indent, depth) for _ in range(self.dice.randint(1, 3)))

    def statement(self, indent: str, depth: int) -> str:
        inner = indent + "    "
        simple: tuple[Callable[[], str], ...] = (
            lambda: f"x_ = {self.expression()}\n",
            lambda: f"{self.dice.choice(WAITS)}\n",
            lambda: f"{self.call()}\n",
            lambda: f"x_ = y_ = {self.call()}\n",
            lambda: f"assert {self.expression()}, {self.expression()}\n",
        )
        compound: tuple[Callable[[], str], ...] = (
            lambda: (
                f"if {self.expression()}:\n{self.block(inner, depth + 1)}{indent}else:\n{self.block(inner, depth + 1)}"
            ),
            lambda: f"for y_ in {self.expression()}:\n{self.block(inner, depth + 1)}",
            lambda: f"while {self.expression()}:\n{self.block(inner, depth + 1)}{inner}break\n",
            lambda: f"with {self.call()} as y_:\n{self.block(inner, depth + 1)}",
            lambda: (
                f"try:\n{self.block(inner, depth + 1)}{indent}except requests.HTTPError as error_:\n"
                f"{self.block(inner, depth + 1)}{indent}finally:\n{self.block(inner, depth + 1)}"
            ),
            lambda: (
                f"match {self.expression()}:\n{inner}case [first_, *_] if {self.expression()}:\n"
                f"{self.block(inner + '    ', depth + 1)}{inner}case _:\n{self.block(inner + '    ', depth + 1)}"
            ),
            lambda: f"def inner_(z=1):\n{self.block(inner, depth + 1)}{inner}return z\n{indent}inner_()\n",
        )
        made = self.dice.choice(simple if depth >= DEPTH or self.dice.random() < 0.5 else compound)()
        return indent + made

    def call(self) -> str:
        callee = self.dice.choice([*self.functions, *self.classes, "print", 'TABLE["a"]', "requests.Session"])
        return f"{callee}({self.dice.choice(('', '1', '*[1]', 'x=2', '**{}'))})"

    def expression(self) -> str:
        return self.dice.choice(
            (
                "1",
                "'a' 'b'",
                self.call(),
                f"[{self.call()} for i_ in range(3) if i_]",
                f"({self.call()} for i_ in (1, 2))",
                f"lambda: {self.call()}",
                f"sorted([1], key=lambda i_: {self.call()})",
                f"{self.call()} if {self.call()} else None",
                f"f'{{{self.call()}!r:>{{3}}}}'",
                f"(z_ := {self.call()})",
                f"{self.call()} or not {self.call()}",
                "requests.get('http://localhost/').json()['a']",
                f"{{'k': {self.call()}, **{{}}}}",
                f"functools.partial({self.dice.choice([*self.functions, 'len'])}, 1)",
            )
        )
