"""What has to be installed, and where, before a benchmark can begin."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

from asyncify.errors import ConfigError

FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
TIMEOUT = 30.0  # seconds


def check_needs(interpreter: str, project: Path, *, has_http: bool) -> None:
    """Raise ConfigError, saying what to install, if something is missing."""
    for module in ("aiohttp", "psutil"):
        if importlib.util.find_spec(module) is None:
            raise ConfigError(f"bench needs {module} beside asyncify: pip install 'asyncify-migrate[bench]'")
    if not project.is_dir():
        raise ConfigError(f"{project}: not a folder; bench runs a whole project")
    if not has_module(interpreter, "uvicorn" if has_http else "sys"):
        raise ConfigError(
            f"{interpreter}: uvicorn, which serves the app, is not installed; install what the project needs, "
            "or name the interpreter that has them"
        )


def has_module(interpreter: str, module: str) -> bool:
    """Can the interpreter import it? Raises ConfigError for an interpreter that cannot be run."""
    command = [interpreter, "-c", FIND, module]
    try:
        found = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{interpreter}: cannot be run: {error}; name the project's interpreter") from None
    return found.returncode == 0
