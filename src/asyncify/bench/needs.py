"""What has to be installed, and where, before a benchmark can begin."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

from asyncify.errors import ConfigError

FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec('uvicorn') is None)"
TIMEOUT = 30.0  # seconds


def check_needs(interpreter: str, project: Path, *, has_http: bool) -> None:
    """Raise ConfigError, saying what to install, if something is missing."""
    if importlib.util.find_spec("aiohttp") is None:
        raise ConfigError("bench needs aiohttp beside asyncify: pip install 'asyncify-migrate[bench]'")
    if not project.is_dir():
        raise ConfigError(f"{project}: not a folder; bench runs a whole project")
    command = [interpreter, "-c", FIND if has_http else "pass"]
    try:
        found = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{interpreter}: cannot be run: {error}; name the project's interpreter") from None
    if found.returncode:
        raise ConfigError(
            f"{interpreter}: uvicorn, which serves the app, is not installed; install what the project needs, "
            "or name the interpreter that has them"
        )
