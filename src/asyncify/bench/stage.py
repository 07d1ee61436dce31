"""How far a run has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being done now: step `number` of `of`, 0 where steps are not counted, and about how long is left."""

    text: str
    number: int = 0
    of: int = 0
    seconds_left: float | None = None

    def __str__(self) -> str:
        step = f"{self.number}/{self.of} " if self.number else ""
        return f"{step}{self.text}"

    @property
    def left(self) -> str:
        """`1 min 20 s left`, or nothing."""
        if self.seconds_left is None:
            return ""
        minutes, seconds = divmod(round(self.seconds_left), MINUTE)
        return f"{minutes} min {seconds:02} s left" if minutes else f"{seconds} s left"


Progress: TypeAlias = Callable[[Stage], None]
