"""What is to happen to one file: its bytes before and after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One file of the user's tree, before and after.

    `path` is relative to the root, with forward slashes. `before` is None for a file that is added (such as the
    support module), `after` is None for one that is removed.
    """

    path: str
    before: bytes | None
    after: bytes | None

    @property
    def is_needed(self) -> bool:
        """Is there anything to do?"""
        return self.before != self.after
