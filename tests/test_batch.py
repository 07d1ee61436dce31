"""The sample's batch: as many calls at once as it was told, counted at the server; time is for benchmarks/batch.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from batch import measure


def test_a_batch_has_no_more_calls_in_flight_than_its_limit_and_the_same_answers() -> None:
    before, after = measure(messages=9, limit=3, speed=20.0)

    assert before.items == after.items
    assert [error for _, _, error in after.items] == [None] * 9
    assert (before.in_flight, after.in_flight) == (3, 3)
