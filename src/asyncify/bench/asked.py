"""What is asked of one measurement: which tree, run in which way, under which load."""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asyncify.bench.latency import Latency
from asyncify.bench.samples import Measurement, Side
from asyncify.bench.scenario import CallCase, Case, HttpCase
from asyncify.bench.ways import Way


@dataclass(frozen=True, slots=True)
class Tree:
    """One of the two trees and the interpreter that runs it."""

    side: Side
    root: Path
    python: str


@dataclass(frozen=True, slots=True)
class Load:
    """Who asks, and when."""

    kind: str  # "closed", "together", "arrivals"
    callers: int
    count: int
    limit: int | None = None  # how many may run at once; None: all callers
    rate: float | None = None

    @property
    def workers(self) -> int:
        return min(self.callers, self.limit or self.callers)

    @property
    def arrivals(self) -> list[float] | None:
        """Seconds at which requests arrive; the same for every run of the same load. None: when a caller is free."""
        if self.kind == "closed":
            return None
        if self.rate is None:
            return [0.0] * self.count
        draw, at, times = random.Random(0), 0.0, []
        for _ in range(self.count):
            at += draw.expovariate(self.rate)
            times.append(at)
        return times


@dataclass(frozen=True, slots=True)
class Run:
    """What to measure."""

    tree: Tree
    case: Case
    way: Way
    load: Load
    table: str = ""
    repeat: int = 0
    planned: int | None = None  # requests that it stands for; None: those that are made
    cpu: float = 0.0
    speed: float = 1.0  # the stand-in's waits are divided by it
    waits: Mapping[str, Latency] = field(default_factory=dict)
    unloaded: Measurement | None = None  # one caller, same case, side and waits: how long a request waits
    warms_up: bool = True
    like: Load | None = None  # the warm-up is that of this load
    is_traced: bool = False

    @property
    def name(self) -> str:
        return f"{self.case.name}, {self.tree.side}, {self.way.name}, {self.load.callers} concurrent"


def variety(case: Case) -> int:
    """How many requests of the case differ in more than their number."""
    if isinstance(case, HttpCase):
        return len(case.requests)
    return len(case.inputs) if isinstance(case, CallCase) else 1


def current_python() -> str:
    """The interpreter that runs asyncify itself."""
    return sys.executable
