"""Benchmark projects of somebody else's with nothing but a bench.toml: fetch a release, put the file in, run.

`python benchmarks/foreign.py [verify | bench] [NAME] [OPTIONS]`; NAME is one of `foreign/*.toml`, default: all. Each
runs under an interpreter of its own, with what its release asks for.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parent / "foreign"
PINS = {
    "meilisearch": "meilisearch==0.43.0",  # a client library
    "paper-feeds": "paper-feeds==0.0.5",  # a service: FastAPI, SQLite, background tasks
}


def main() -> int:
    """Exit with the first code of the command that is not 0."""
    command, *options = sys.argv[1:] or ["bench"]
    names = [option for option in options if option in PINS] or list(PINS)
    codes = [run(name, command, [option for option in options if option not in PINS]) for name in names]
    return next((code for code in codes if code), 0)


def run(name: str, command: str, options: list[str]) -> int:
    """The exit code of the command for this project."""
    print(f"{PINS[name]}: asyncify {command}", flush=True)
    with tempfile.TemporaryDirectory(prefix="asyncify-foreign-") as folder:
        project, environment = Path(folder, name), Path(folder, "environment")
        venv.create(environment, with_pip=True, symlinks=True)
        python = environment / "bin" / "python"
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", PINS[name], "aiohttp"], check=True)
        subprocess.run([*pip, "uninstall", "--yes", name], check=True)  # the project's folder is to be imported
        subprocess.run([*pip, "download", "--no-deps", "--only-binary", ":all:", "-d", folder, PINS[name]], check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            wheel.extractall(project)
        (project / "bench.toml").write_text((FOLDER / f"{name}.toml").read_text("utf-8"), "utf-8")
        asyncify = [sys.executable, "-m", "asyncify", command, project, "--python", python, *options]
        return subprocess.run(asyncify, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
