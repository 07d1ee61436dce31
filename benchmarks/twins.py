"""The packages with a sync and an async twin: fetch them, and make of each what a tool should see."""

from __future__ import annotations

import ast
import fnmatch
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("twins.toml")
ASYNC_FILE = re.compile(r"(^|[/_.])(async|aio|asynchronous|asyncio|async_)(?=[/_.]|[a-z])", re.I)
ASYNC_CLASS = re.compile(r"_?(Async|Aio)(?=[A-Z_]|$)")
Rules = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Twin:
    """One pair; the fields are those of twins.toml."""

    name: str
    grade: str
    style: str
    sync: str
    asynchronous: str
    files: tuple[str, ...]
    exclude: tuple[str, ...]
    async_files: tuple[str, ...]
    paths: Rules
    classes: Rules
    functions: Rules
    anywhere: bool

    @property
    def is_one_package(self) -> bool:
        return self.sync == self.asynchronous

    def has_twin(self, path: str) -> bool:
        """Is this file of the sync side one of those that are compared?"""
        wanted = any(fnmatch.fnmatch(path, pattern) for pattern in self.files or ("*",))
        return wanted and not any(fnmatch.fnmatch(path, pattern) for pattern in self.exclude)


def load_twins(pairs: Path = LIST) -> list[Twin]:
    with pairs.open("rb") as stream:
        rows = tomllib.load(stream)["twin"]
    return [
        Twin(
            row["name"], row["grade"], row["style"], row["sync"], row["async"], tuple(row.get("files", ())),
            tuple(row.get("exclude", ())), tuple(row.get("async_files", ())), _rules(row, "paths"),
            _rules(row, "classes"), _rules(row, "functions"), row.get("anywhere", False),
        )
        for row in rows
    ]  # fmt: skip


def _rules(row: dict[str, list[list[str]]], key: str) -> Rules:
    return tuple((pattern, replacement) for pattern, replacement in row.get(key, []))


def fetch(pin: str, folder: Path) -> Path:
    """Download a pinned package with pip, without its dependencies, and unpack its Python files."""
    target = folder / pin.replace("==", "-")
    if target.is_dir():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        archive = _download(pin, Path(work))
        unpacked = Path(work, "unpacked")
        _unpack(archive, unpacked)
        inner = list(unpacked.iterdir())
        is_sdist = archive.name.endswith(".tar.gz") or (archive.suffix == ".zip" and len(inner) == 1)
        shutil.move(inner[0] if is_sdist else unpacked, target)
    return target


def _download(pin: str, folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "-d", str(folder)]
    wheel = subprocess.run([*pip, "--only-binary", ":all:", "--python-version", "3.12", pin], capture_output=True)
    if wheel.returncode != 0:
        subprocess.run([*pip, pin], check=True)
    return next(path for path in folder.iterdir() if path.is_file())


def _unpack(archive: Path, target: Path) -> None:
    if archive.suffix in {".whl", ".zip"}:
        with zipfile.ZipFile(archive) as stream:
            stream.extractall(target, [name for name in stream.namelist() if name.endswith(".py")])
        return
    with tarfile.open(archive) as stream:
        members = [member for member in stream.getmembers() if member.isfile() and member.name.endswith(".py")]
        stream.extractall(target, members, filter="data")


def make_input(twin: Twin, source: Path, target: Path, *, bare: bool = False) -> None:
    """Copy the sync side without its async twin, lines kept; with `bare` without annotations, too."""
    for file in sorted(source.rglob("*.py")):
        path = file.relative_to(source).as_posix()
        if twin.is_one_package and not twin.has_twin(path) and ASYNC_FILE.search(path):
            continue
        try:
            text = file.read_text("utf-8")
            if twin.is_one_package:
                text = _without_async(text)
            if bare:
                text = _without_annotations(text)
        except (SyntaxError, ValueError):
            continue
        out = target / path
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, "utf-8")


def _without_async(text: str) -> str:
    """Blank `async def`s and classes whose names say that they are asynchronous."""
    tree = ast.parse(text)
    lines = text.split("\n")

    def visit(owner: ast.AST, body: list[ast.stmt]) -> None:
        kept = False
        for node in body:
            if isinstance(node, ast.AsyncFunctionDef) or (
                isinstance(node, ast.ClassDef) and ASYNC_CLASS.match(node.name)
            ):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                lines[first - 1 : node.end_lineno] = [""] * ((node.end_lineno or first) - first + 1)
                continue
            kept = True
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                visit(node, node.body)
        if body and not kept and owner is not tree:
            lines[body[0].lineno - 1] = " " * body[0].col_offset + "pass"

    visit(tree, tree.body)
    text = "\n".join(lines)
    ast.parse(text)
    return text


def _without_annotations(text: str) -> str:
    """Blank the annotations of parameters, returns and attributes. Columns move; lines and names stay."""
    tree = ast.parse(text)
    bare = _Bare().visit(tree)
    lines = ast.unparse(ast.fix_missing_locations(bare))
    return lines + "\n"


class _Bare(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], node.value), node)
