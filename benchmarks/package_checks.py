"""Does a migrated package load, and does a type checker find a coroutine that nobody awaits? In an environment of its
own, which has what the package depends on and aiohttp, but not the package itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NEEDED = ("aiohttp>=3.12", "mypy", "types-requests")
SECONDS = 900
UNUSED = re.compile(r"^(?P<place>.+?:\d+): error: .*\[unused-(?:coroutine|awaitable)\]$", re.MULTILINE)
CRASHED = re.compile(r"INTERNAL ERROR|error: .*(?:source file found twice|No such file)")
# Imports each module named on the command line; prints those that fail, each with the last line of why.
IMPORTING = """
import importlib, json, os, sys
failed = {}
out = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
sys.path.insert(0, sys.argv[1])
modules = sys.argv[2:]
sys.argv[1:] = []
for name in modules:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
json.dump(failed, out)
out.flush()
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python with the dependencies of one package."""

    python: Path

    def failing_imports(self, home: Path, modules: list[str]) -> Mapping[str, str]:
        """Those of `modules` that cannot be imported from `home`, with why. RuntimeWarnings are errors."""
        command = [self.python, "-I", "-B", "-W", "error::RuntimeWarning", "-c", IMPORTING, home, *modules]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=home)
        except subprocess.TimeoutExpired:
            return dict.fromkeys(modules, "it takes too long")
        if done.returncode or not done.stdout:
            return dict.fromkeys(modules, done.stderr.strip().rpartition("\n")[2] or f"exit code {done.returncode}")
        found: dict[str, str] = json.loads(done.stdout)
        return found

    def unused_coroutines(self, home: Path, paths: list[str]) -> list[str]:
        """Places at which mypy finds a coroutine or another awaitable that nothing uses."""
        command = [
            self.python, "-m", "mypy", "--config-file=", "--python-executable", self.python, "--check-untyped-defs",
            "--ignore-missing-imports", "--enable-error-code", "unused-coroutine",
            "--enable-error-code", "unused-awaitable", "--no-error-summary", "--hide-error-context", "--no-pretty",
            "--explicit-package-bases", "--namespace-packages", "--cache-dir", os.devnull, *paths,
        ]  # fmt: skip
        environment = {**os.environ, "MYPYPATH": str(home)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=home, env=environment)
        if done.returncode > 1 or CRASHED.search(done.stdout + done.stderr):
            return [f"mypy failed: {(done.stderr or done.stdout).strip().rpartition(chr(10))[2]}"]
        return [match["place"] for match in UNUSED.finditer(done.stdout)]


def environment_for(pin: str, folder: Path) -> Environment:
    """Make the environment for a pinned package, or take the one that an earlier run left in `folder`."""
    home = folder / pin.replace("==", "-")
    python = home / "bin" / "python"
    if (home / "complete").exists():
        return Environment(python)
    venv.create(home, with_pip=True, clear=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    subprocess.run([*pip, "install", pin, *NEEDED], check=True, stderr=subprocess.DEVNULL)
    subprocess.run([*pip, "uninstall", "--yes", pin.partition("==")[0]], check=True, stderr=subprocess.DEVNULL)
    (home / "complete").touch()
    return Environment(python)


def home_of(copy: Path, module: str) -> Path:
    """The folder from which the package is imported; a `src` layout has its own."""
    return next((folder for folder in (copy, copy / "src") if list(folder.glob(f"{module}*"))), copy)


def modules_below(home: Path, module: str) -> list[str]:
    """The dotted names of all modules of a package, those left out that run something when imported."""
    single = home / f"{module}.py"
    if single.exists():
        return [module]
    found = []
    for path in sorted((home / module).rglob("*.py")):
        parts = path.relative_to(home).with_suffix("").parts
        if parts[-1] != "__main__" and all(part.isidentifier() for part in parts):
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


__all__ = ["Environment", "environment_for", "home_of", "modules_below"]
