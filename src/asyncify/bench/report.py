"""The outcome of a benchmark, and its form as JSON."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from asyncify.bench.compare import Difference, Gain
from asyncify.bench.machine import Machine
from asyncify.bench.samples import Measurement
from asyncify.bench.scenario import Scenario

VERSION = 1  # of the JSON; changes when a key changes its meaning or goes


class Fault(Struct, frozen=True):
    """Something that makes the run worthless."""

    measurement: str
    kind: str  # "better-than-possible"
    text: str


class Note(Struct, frozen=True):
    """Something worth knowing about one measurement, or about the run."""

    measurement: str  # its name, or "noisy machine"
    text: str


class Report(Struct, frozen=True):
    """All that was measured, and what follows from it."""

    version: int
    started: str  # ISO 8601, UTC
    machine: Machine
    interpreter: str
    scenario: Scenario
    measurements: tuple[Measurement, ...]
    gains: tuple[Gain, ...]
    differences: tuple[Difference, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Note, ...]

    @property
    def is_equal(self) -> bool:
        """Did both sides give the same answers and make the same calls?"""
        return not self.differences

    @property
    def passed(self) -> bool:
        """Equal, and no figure better than possible."""
        return self.is_equal and not self.faults


def report_json(report: Report) -> bytes:
    """The report with every sample, indented, the same bytes for the same report.

    Times are seconds, memory is bytes. Raw values only: means, percentiles, bounds and shares follow from them.
    """
    plain = msgspec.to_builtins(report, str_keys=True, order="deterministic")
    return msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n"


def read_report(data: bytes) -> Report:
    """The report that `report_json` wrote. Raises msgspec.ValidationError for anything else."""
    return msgspec.json.decode(data, type=Report)
