"""The measured process: the project as it was or as it became, under its own interpreter. Standard library only.

It is started from its folder, without the rest of asyncify (see `process.py`), so its imports are relative.
"""

from __future__ import annotations

import sys
import traceback

from .control import Control


def main() -> None:
    """Serve the commands on standard input: first what to import, then what to run."""
    control = Control()
    config = control.receive()
    sys.path[:0] = config["paths"]
    try:
        if config["kind"] == "http":
            from .subject_server import serve

            serve(control, config)
        else:
            from .subject_calls import answer_calls

            answer_calls(control, config)
    except BaseException:
        control.send({"failed": traceback.format_exc()})
        raise SystemExit(1) from None
