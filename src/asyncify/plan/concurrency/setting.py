"""What the user lets run side by side, and how much of it at a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Which(StrEnum):
    """Which independent waits are gathered."""

    OFF = "off"  # none
    SAFE = "safe"  # those that are known to only read
    ALL = "all"  # writes as well, where nothing in the code makes one depend on another; each is warned of


# Names of limits, as migrated code names them, and how many calls each lets wait at a time.
DEFAULT_LIMITS = {"default": 10, "http": 10, "llm": 4, "database": 5}
# Seconds that a wait may take for which the source names no limit.
DEFAULT_TIMEOUTS = {"http": 300.0, "database": 300.0}


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The setting of one run; `limits` and `timeouts` are those that are not the default."""

    which: Which = Which.SAFE
    limits: tuple[tuple[str, int], ...] = ()
    timeouts: tuple[tuple[str, float | None], ...] = ()  # None: for ever


NOTHING_GATHERED = SideBySide(Which.OFF)
