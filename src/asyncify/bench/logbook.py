"""What the project logged, in a form that two runs can be compared by. Standard library only, Python 3.8 on."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections import Counter
from typing import Any, Dict, List, Tuple  # noqa: UP035  (Python 3.8)

# What differs between any two runs of the same program, and what stands in its place.
VARYING = [
    (re.compile(r" at 0x[0-9a-fA-F]+"), ""),
    (re.compile(r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:s|ms|us|sec|seconds|milliseconds)\b"), "<duration>"),
]


class Logbook:
    """Notes every record that code below `folder` logs, and every exception that anything else logs."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.realpath(folder) + os.sep
        self._lock = threading.Lock()
        self._records: Counter[str] = Counter()
        self._make = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._note)

    def clear(self) -> None:
        with self._lock:
            self._records.clear()

    def read(self) -> Dict[str, int]:  # noqa: UP006
        with self._lock:
            return dict(self._records)

    def _note(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record = self._make(*args, **kwargs)
        is_own = os.path.realpath(record.pathname).startswith(self._folder)
        if is_own or record.exc_info:
            with self._lock:
                self._records[self._line(record, is_own)] += 1
        return record

    def _line(self, record: logging.LogRecord, is_own: bool) -> str:
        seen: Dict[str, Any] = {"level": record.levelname, "logger": record.name}  # noqa: UP006
        if is_own:
            seen["message"] = self._steady(_message(record))
        if record.exc_info and record.exc_info[0] is not None:
            kind, error, _ = record.exc_info
            seen["exception"] = self._steady("%s: %s" % (kind.__qualname__, error))  # noqa: UP031
        return json.dumps(seen, sort_keys=True)

    def _steady(self, text: str) -> str:
        return steady(text.replace(self._folder, ""))


def steady(text: str) -> str:
    """The text without what differs from run to run: addresses, ids made at random, times and durations."""
    for pattern, stands in VARYING:
        text = pattern.sub(stands, text)
    return text


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # logging itself only prints a complaint
        return str(record.msg)


COMPLAINTS: List[Tuple[str, Any]] = [  # noqa: UP006
    ("never awaited", re.compile(r"RuntimeWarning: (coroutine .+ was never awaited)")),
    ("never retrieved", re.compile(r"(Task exception was never retrieved)")),
    ("thread", re.compile(r"(Exception in thread )")),
    ("ignored", re.compile(r"(Exception ignored in: .+)")),
]


def complaints(log: str) -> Counter[str]:
    """What the interpreter itself complained of on standard error."""
    found: Counter[str] = Counter()
    for kind, pattern in COMPLAINTS:
        for match in pattern.finditer(log):
            found[json.dumps({"interpreter": kind, "message": steady(match[1].strip())}, sort_keys=True)] += 1
    return found
