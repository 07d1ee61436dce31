"""The outcome of a benchmark, and its form as JSON."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from asyncify.bench.compare import Difference, Gain
from asyncify.bench.conclude import Fault, Note
from asyncify.bench.equality import Compared
from asyncify.bench.machine import Machine
from asyncify.bench.samples import Measurement
from asyncify.bench.scenario import Scenario, Table
from asyncify.bench.timeline import Timeline

VERSION = 2  # of the JSON; changes when a key changes its meaning or goes


class Report(Struct, frozen=True):
    """All that was measured, and what follows from it."""

    version: int
    project: str  # the name of its folder
    started: str  # ISO 8601, UTC
    machine: Machine
    interpreter: str
    scenario: Scenario
    tables: tuple[Table, ...]
    measurements: tuple[Measurement, ...]
    timelines: tuple[Timeline, ...]
    gains: tuple[Gain, ...]
    compared: Compared
    differences: tuple[Difference, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Note, ...]
    unsteady: tuple[Difference, ...] = ()  # what the original does otherwise by itself when several call it

    @property
    def is_equal(self) -> bool:
        """Did both sides give the same answers and make the same calls?"""
        return not self.differences

    @property
    def passed(self) -> bool:
        """Equal, and no figure better than possible."""
        return self.is_equal and not self.faults

    @property
    def best_gain(self) -> Gain | None:
        """The greatest significant one."""
        faster = (gain for gain in self.gains if gain.is_significant and gain.ratio > 1)
        return max(faster, key=lambda gain: gain.ratio, default=None)

    @property
    def losses(self) -> tuple[Gain, ...]:
        """The loads under which the migrated one is significantly slower."""
        return tuple(gain for gain in self.gains if gain.is_significant and gain.ratio < 1)


def report_json(report: Report) -> bytes:
    """The report with every sample, indented, the same bytes for the same report.

    Times are seconds, memory is bytes. Raw values only: means, percentiles, bounds and shares follow from them.
    """
    plain = msgspec.to_builtins(report, str_keys=True, order="deterministic")
    return msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n"


def read_report(data: bytes) -> Report:
    """The report that `report_json` wrote. Raises msgspec.ValidationError for anything else."""
    return msgspec.json.decode(data, type=Report)
