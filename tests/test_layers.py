"""Imports run only downwards: each layer may import itself and those below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "asyncify"
LAYERS = [
    ["__init__"],
    ["place", "errors", "reason", "garbage"],
    ["rule"],
    ["template"],
    ["catalogue"],
    ["support"],
    ["loading"],
    ["loader"],
    ["project", "change"],
    ["index"],
    ["infer"],
    ["colour"],
    ["plan"],
    ["rewrite"],
    ["check"],
    ["config", "entries", "dependencies", "diff", "writing"],
    ["report"],
    ["api"],
    ["rule_examples", "bench"],
    ["bench_trees", "command"],
    ["rules_cli", "bench_cli", "verify_cli", "advise_cli"],
    ["proof_cli"],
    ["cli"],
    ["__main__"],
]
DEPTH = {name: depth for depth, names in enumerate(LAYERS) for name in names}


def layer_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_layers(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("asyncify"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("asyncify.")]
        else:
            continue
        found |= {parts[1] for name in names if (parts := name.split("."))[1:] and parts[1] in DEPTH}
    return found


@pytest.mark.parametrize("file", sorted(SOURCE.rglob("*.py")), ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_module_imports_only_from_below(file: Path) -> None:
    own = layer_of(file)

    upwards = {name for name in imported_layers(file) if DEPTH[name] > DEPTH[own]}

    assert own in DEPTH
    assert upwards == set()
