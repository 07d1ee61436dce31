"""Threads that as tasks would stand still, or make others stand still, stay threads. Nothing of it is run."""

from __future__ import annotations

from support import migrated

SPINNING = """
import threading
import time


def run():
    stop = threading.Event()
    turns = []

    def count():
        time.sleep(1)
        while not stop.is_set():
            turns.append(BODY)

    thread = threading.Thread(target=count)
    thread.start()
    time.sleep(3)
    stop.set()
    thread.join()
    return turns
"""


def test_a_loop_that_only_asks_for_an_event_needs_a_thread() -> None:
    _, text = migrated(SPINNING.replace("BODY", "0"))

    assert "thread = threading.Thread(target=count)\n" in text


def test_a_loop_that_waits_in_between_needs_none() -> None:
    _, text = migrated(SPINNING.replace("BODY", "time.sleep(1)"))

    assert "threading.Thread" not in text
    assert "async def count" in text
