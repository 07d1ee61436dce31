"""What code may come to that others can see."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from asyncify.catalogue import Catalogue
from asyncify.infer.facts import Call, Run
from asyncify.place import Place
from asyncify.plan.tree import Tree


@dataclass(frozen=True, slots=True)
class Blocker:
    """Why code does not run beside itself, and where. `is_write`: that and nothing else is that a call is no read."""

    place: Place
    text: str
    is_write: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """All that some code may come to: what stands against it, what it waits for, where it sleeps between calls."""

    blockers: tuple[Blocker, ...] = ()
    resources: frozenset[str] = frozenset()
    sleeps: tuple[Place, ...] = ()

    def __add__(self, other: Reach) -> Reach:
        blockers = (*self.blockers, *(each for each in other.blockers if each not in self.blockers))
        return Reach(blockers, self.resources | other.resources, self.sleeps + other.sleeps)


@dataclass(frozen=True, slots=True)
class Text:
    """A file as effects are read from it."""

    tree: Tree
    calls: Mapping[tuple[int, int, int, int], Call]
    runs: tuple[Run, ...]
    values: Mapping[tuple[int, int, int, int], tuple[str, ...]]  # functions that are named there without being called
    bound: frozenset[str]  # names that the file binds anywhere


class Answers(Protocol):
    """What is known of the functions of the project and of the libraries that it uses."""

    catalogue: Catalogue

    def is_method_of_project(self, name: str) -> bool: ...
    def of_property(self, name: str) -> Reach: ...
    def of_operators(self, names: Iterable[str], place: Place) -> Reach: ...
    def of_function(self, id_: str) -> Reach: ...
    def of_pack_call(self, path: str, node: ast.Call, place: Place) -> Reach: ...
    def is_used_up(self, name: str) -> bool: ...
    def of_class(self, class_id: str) -> Reach: ...
