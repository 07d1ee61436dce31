"""`asyncify rules`: list, show and test the rule packs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from asyncify.catalogue import Catalogue
from asyncify.errors import AsyncifyError
from asyncify.loader import load_catalogue
from asyncify.rule import Rule
from asyncify.rule_examples import check_examples

rules_app = typer.Typer(help="List, show and test the rule packs.", invoke_without_command=True)
RulesOption = Annotated[
    list[Path] | None, typer.Option("--rules", help="A rule pack, or a folder of them, of your own.")
]

ProfileOption = Annotated[list[str] | None, typer.Option("--profile", help="Count the packs of this profile in.")]
PIPED_WIDTH = 200  # where no terminal says how wide it is


def _load(rules: list[Path] | None, profiles: list[str] | None = None) -> Catalogue:
    try:
        return load_catalogue(tuple(rules or ()), tuple(profiles or ()))
    except AsyncifyError as error:
        sys.stderr.write(f"asyncify: error: {error}\n")
        raise typer.Exit(2) from None


@rules_app.callback()
def list_rules(context: typer.Context, rules: RulesOption = None, profile: ProfileOption = None) -> None:
    """List every rule: id, what it matches, and what is done about it."""
    if context.invoked_subcommand is not None:
        return
    catalogue = _load(rules, profile)
    table = Table(box=None, pad_edge=False)
    for column in ("rule", "pack", "matches", "becomes"):
        table.add_column(column, overflow="fold")
    for rule in sorted(catalogue.rules.values(), key=lambda rule: (rule.pack, rule.id)):
        table.add_row(rule.id, rule.pack, _matches(rule), _becomes(rule))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=PIPED_WIDTH)
    console.print(table)


def _matches(rule: Rule) -> str:
    paths = [signature.path for signature in rule.calls]
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _becomes(rule: Rule) -> str:
    if rule.is_detection_only:
        return "(detection only)" if rule.waits else "(followed)"
    return rule.becomes or rule.opens or f"hook {rule.hook}"


@rules_app.command(epilog="Example: asyncify rules show time-sleep")
def show(
    rule_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a rule, as `asyncify rules` lists it.")],
    rules: RulesOption = None,
    profile: ProfileOption = None,
) -> None:
    """Show one rule: what it matches, what it becomes, why, and its examples."""
    rule = _load(rules, profile).rules.get(rule_id)
    if rule is None:
        sys.stderr.write(f"asyncify: error: there is no rule {rule_id}; `asyncify rules` lists them\n")
        raise typer.Exit(2)
    out = sys.stdout.write
    out(f"{rule.id} (pack {rule.pack}, {rule.safety})\n{rule.why}\n\n")
    for signature in rule.calls:
        out(f"matches  {signature.path}({', '.join(slot.name for slot in signature.slots)})\n")
    out(f"becomes  {_becomes(rule)}\n")
    for keyword, advice in rule.refuses.items():
        out(f"refuses  {keyword}=: {advice}\n")
    for example in rule.examples:
        out(f"\n--- {example.name}\n{example.before.strip()}\n")
        out(f"--- becomes\n{example.after.strip()}\n" if example.after else f"--- stays: {example.because}\n")


@rules_app.command(epilog="Example: asyncify rules test my_rules/")
def test(
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A pack or a folder of packs; default: all.")
    ] = None,
    profile: ProfileOption = None,
) -> None:
    """Run the examples in the packs: each must become what it says, or stay for the reason it says."""
    catalogue = _load([path] if path else None, profile)
    passed = 0
    failures = []
    for result in check_examples(catalogue):
        if path is not None and Path(result.file).resolve() not in _files(path):
            continue
        passed += result.trouble is None
        if result.trouble is not None:
            failures.append(result)
            sys.stdout.write(f"FAILED {result.file} {result.rule}: {result.example}: {result.trouble}\n")
    sys.stdout.write(f"{passed} passed, {len(failures)} failed\n")
    if failures:
        raise typer.Exit(1)


def _files(path: Path) -> set[Path]:
    return {path.resolve()} if path.is_file() else {file.resolve() for file in path.glob("*.toml")}
