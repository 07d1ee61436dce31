"""Functions that outside code calls plainly by design: views, commands, jobs. They keep a synchronous shell."""

from __future__ import annotations

from asyncify.catalogue import Catalogue
from asyncify.colour.outside import takes_entry
from asyncify.infer.graph import Graph
from asyncify.infer.objects import Fn


def boundary_functions(graph: Graph, catalogue: Catalogue) -> frozenset[str]:
    """Ids of the functions that a rule pack calls entry points, by what they are decorated with or handed to.

    A method, a generator and a function made by a decorator of the project are none: their shell would have to be
    written otherwise.
    """
    functions = graph.objects.functions
    return frozenset(
        graph.ids[escape.function]
        for escape in graph.escapes
        if _may_have_shell(graph, functions[escape.function]) and takes_entry(escape.path, escape.slot, catalogue)
    )


def _may_have_shell(graph: Graph, fn: Fn) -> bool:
    fact = fn.fact
    is_plain = not (fact.is_async or fact.is_generator or fact.is_lambda)
    return is_plain and fn.owner < 0 and fn.number not in graph.decorated
