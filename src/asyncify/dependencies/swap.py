"""What becomes of one list of requirements, whatever file it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

DEVELOPMENT = frozenset(
    {"ci", "coverage", "dev", "develop", "development", "doc", "docs", "format", "lint", "linting", "mypy", "qa",
     "release", "test", "testing", "tests", "tox", "types", "typing"}
)  # fmt: skip
CAPS = frozenset({"<", "<=", "==", "===", "~="})


@dataclass(frozen=True, slots=True)
class Swap:
    """Requirement lines that come, and names of distributions that go and in whose place they stand."""

    requires: tuple[str, ...]
    drops: tuple[str, ...]

    @property
    def dropped_names(self) -> frozenset[NormalizedName]:
        return frozenset(canonicalize_name(name) for name in self.drops)


def parse(line: str) -> Requirement | None:
    """A requirement, or None for what is something else (an option, a path, a bare address)."""
    try:
        return Requirement(line.strip())
    except InvalidRequirement:
        return None


def name_of(line: str) -> NormalizedName | None:
    """The normal name of the distribution that a requirement line names."""
    requirement = parse(line)
    return canonicalize_name(requirement.name) if requirement else None


def names_of(lines: Iterable[str]) -> frozenset[str]:
    """The names of all that are requirements."""
    return frozenset(name for line in lines if (name := name_of(line)))


def replacements(lines: Sequence[str], swap: Swap) -> dict[int, tuple[str, ...]]:
    """For each line that goes: what comes in its place, perhaps nothing. A marker is handed on."""
    dropped = swap.dropped_names
    present = names_of(lines)
    missing = tuple(line for line in swap.requires if name_of(line) not in present)
    found: dict[int, tuple[str, ...]] = {}
    is_placed = False
    for number, line in enumerate(lines):
        if name_of(line) not in dropped:
            continue
        marker = _marker_text(line)
        found[number] = tuple(new + marker for new in missing) if marker or not is_placed else ()
        is_placed = is_placed or not marker
    return found


def place_in(lines: Sequence[str], requirement: str) -> int:
    """Where a further requirement belongs: in its place if the list is sorted, else at the end."""
    names = [name_of(line) or "" for line in lines]
    new = name_of(requirement) or ""
    if len(names) < 2 or names != sorted(names):
        return len(lines)
    return next((number for number, name in enumerate(names) if name > new), len(names))


def conflicts(lines: Iterable[str], swap: Swap) -> tuple[str, ...]:
    """Lines that name what is required, but hold it below the version that is needed."""
    return tuple(line.strip() for new in swap.requires for line in lines if _is_too_old(line, new))


def is_for_development(name: str) -> bool:
    """Does the name of an extra, a group or a file say that it is not needed where the project runs?"""
    return not DEVELOPMENT.isdisjoint(re.split(r"[^a-z0-9]+", name.lower()))


def _marker_text(line: str) -> str:
    requirement = parse(line)
    if requirement is None or requirement.marker is None:
        return ""
    if requirement.url:
        return f" ; {requirement.marker}"
    head = line.strip().partition(";")[0]
    return line.strip()[len(head.rstrip()) :]  # as it was written


def _is_too_old(line: str, new: str) -> bool:
    wanted, present = parse(new), parse(line)
    if wanted is None or present is None or name_of(line) != name_of(new):
        return False
    floor = _floor(wanted.specifier)
    return floor is not None and any(_caps_below(specifier, floor) for specifier in present.specifier)


def _floor(specifiers: SpecifierSet) -> Version | None:
    floors = [Version(specifier.version) for specifier in specifiers if specifier.operator == ">="]
    return max(floors, default=None)


def _caps_below(specifier: Specifier, floor: Version) -> bool:
    try:
        limit = Version(specifier.version.removesuffix(".*"))
    except InvalidVersion:
        return False
    return specifier.operator in CAPS and limit <= floor and not specifier.contains(floor, prereleases=True)
