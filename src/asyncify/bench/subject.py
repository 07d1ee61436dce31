"""The measured process: the project as it was or as it became, under its own interpreter. Standard library only.

It is started from its folder, without the rest of asyncify (see `process.py`), so its imports are relative.
"""

from __future__ import annotations

import os
import sys
import traceback

from .control import Control
from .logbook import Logbook
from .sessions import set_sessions
from .targets import set_constants


def main() -> None:
    """Serve the commands on standard input: first what to import, then what to run."""
    control = Control()
    config = control.receive()
    sys.path[:0] = config["paths"]
    if config["sessions"] != "own":
        set_sessions(config["sessions"])
    logbook = Logbook(os.getcwd())  # noqa: PTH109  (before the project may change it)
    try:
        set_constants(config["constants"])
        if config["kind"] == "http":
            from .subject_server import serve

            serve(control, config, logbook)
        else:
            from .subject_calls import answer_calls

            answer_calls(control, config, logbook)
    except BaseException:
        control.send({"failed": traceback.format_exc()})
        raise SystemExit(1) from None
