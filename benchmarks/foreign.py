"""Benchmark a project of somebody else's with nothing but a bench.toml: fetch a release, put the file in, run.

`python benchmarks/foreign.py [verify | bench] [OPTIONS]`; what the release needs has to be installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from twins import fetch

PIN = "meilisearch==0.43.0"
SCENARIO = Path(__file__).parent / "foreign" / "meilisearch.toml"
NEEDS = ("camel-converter", "pydantic", "requests")


def main() -> int:
    """Exit with the code of the command."""
    command, *options = sys.argv[1:] or ["bench"]
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *NEEDS], check=True)
    with tempfile.TemporaryDirectory(prefix="asyncify-foreign-") as folder:
        project = fetch(PIN, Path(folder))
        shutil.copy(SCENARIO, project / "bench.toml")
        tests = ["--no-tests"] if command == "verify" else []  # they want a server of their own
        asyncify = [sys.executable, "-m", "asyncify", command, str(project), *tests, *options]
        return subprocess.run(asyncify, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
