"""Why one function has its colour, as a tree."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from rich.text import Text
from rich.tree import Tree

from asyncify.colour.colouring import Colour, Link, Verdict
from asyncify.infer.facts import Index
from asyncify.infer.graph import Graph
from asyncify.reason import EXPLANATIONS, Reason
from asyncify.report.terminal import link_name

Verdicts = Mapping[str, Verdict]
MAX_NEAR = 3


def explain_function(id_: str, verdicts: Verdicts, waiting: Verdicts, index: Index) -> Tree:
    """The chain from a function to its wait, what holds it back, or why it does not wait."""
    verdict = verdicts.get(id_) or waiting.get(id_)
    if verdict is not None and verdict.colour is not Colour.SYNC:
        return verdict_tree(verdict, index)
    function = index.functions[id_]
    tree = Tree(Text(f"{function.qualname}  {function.place.path}:{function.place.line}  [{Colour.SYNC}]"))
    held, guessed = _on_its_way(id_, {**waiting, **verdicts}, index)
    for link in held:
        branch = tree.add(Text(f"{link_name(link)}  called at {link.place}: waits, but stays synchronous"))
        _add_reason(branch, (verdicts.get(link.what) or waiting[link.what]))
    for link in guessed:
        tree.add(Text(f"perhaps {link_name(link)}  called at {link.place}"))
    if guessed:
        tree.add(Text(f"{Reason.PERHAPS}: {' '.join(EXPLANATIONS[Reason.PERHAPS])}"))
    elif not held:
        tree.add(Text("It stays as it is: nothing that it calls is known to wait."))
    return tree


def verdict_tree(verdict: Verdict, index: Index) -> Tree:
    """The chain from one function to its wait, as a tree."""
    function = index.functions[verdict.function]
    tree = Tree(Text(f"{function.qualname}  {function.place.path}:{function.place.line}  [{verdict.colour}]"))
    branch = tree
    for link in verdict.because:
        branch = branch.add(Text(f"{link_name(link)}  {_how(link, index)} {link.place}"))
    _add_reason(tree, verdict)
    return tree


def near_functions(path: str, qualname: str, index: Index) -> list[str]:
    """Functions that may be meant: of a like name in a file of that or a like name, or of that name elsewhere."""
    files = dict.fromkeys(function.place.path for function in index.functions.values())
    here = [path] if path in files else get_close_matches(path, files, MAX_NEAR)
    own = [id_ for id_, function in index.functions.items() if function.place.path in here]
    names = {index.functions[id_].qualname: id_ for id_ in reversed(own)}
    last = qualname.rpartition(".")[2]
    found = dict.fromkeys(names[name] for name in get_close_matches(qualname, names, MAX_NEAR))
    found.update(dict.fromkeys(id_ for id_ in own if _last(id_) == last))
    found.update(dict.fromkeys(id_ for id_ in index.functions if _last(id_) == last))
    return [id_.replace("::", ":", 1) for id_ in found][:MAX_NEAR]


def _last(id_: str) -> str:
    return id_.rpartition("::")[2].rpartition(".")[2]


def _how(link: Link, index: Index) -> str:
    """A function whose own place is named shares its colour: one overrides the other, or a table holds both."""
    function = index.functions.get(link.what)
    return "has the same colour, at" if function is not None and function.place == link.place else "called at"


def _add_reason(tree: Tree, verdict: Verdict) -> None:
    if verdict.reason is not None:
        what, cure = EXPLANATIONS[verdict.reason]
        held = f" ({verdict.held_by})" if verdict.held_by else ""
        tree.add(Text(f"{verdict.reason}: {verdict.detail or what}{held}")).add(Text(cure))


def _on_its_way(id_: str, verdicts: Verdicts, index: Index) -> tuple[list[Link], list[Link]]:
    """What a function calls that waits and is held back, and what it calls perhaps."""
    graph: Graph | None = index.graph
    held: dict[str, Link] = {}
    guessed: dict[str, Link] = {}
    for edge in (*graph.edges, *graph.reads) if graph is not None else ():
        if graph is None or edge.source < 0 or graph.ids[edge.source] != id_:
            continue
        what = graph.ids[edge.target] if edge.target >= 0 else edge.path
        waits = edge.target < 0 or (what in verdicts and verdicts[what].colour is not Colour.SYNC)
        if waits and edge.perhaps:
            guessed.setdefault(what, Link(graph.place(edge.spot), what))
        elif what in verdicts and verdicts[what].colour in {Colour.STUCK, Colour.WAITS}:
            held.setdefault(what, Link(graph.place(edge.spot), what))
    return list(held.values()), list(guessed.values())
