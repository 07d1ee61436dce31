"""How long a wait may take for which nobody has named a limit."""

from __future__ import annotations

TIMEOUTS: dict[str, float | None] = {"http": 300.0, "database": 300.0}  # seconds without an answer; None: for ever
