"""What a plain `pip install` gives is complete: every package is in it, and only `bench` needs an extra."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = {
    re.split(r"[^\w-]", line)[0]
    for lines in PYPROJECT["project"]["optional-dependencies"].values()
    for line in lines
}  # fmt: skip
WITHOUT = """
import sys


class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {extras} else self.finder.find_spec(name, path, target)


sys.meta_path[:] = map(Without, sys.meta_path)
sys.argv = ["asyncify", *{arguments}]
from asyncify.cli import main

main()
"""
SERVICE = """
import time

from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def root():
    time.sleep(1)
"""


def run_without_extras(*arguments: str) -> subprocess.CompletedProcess[str]:
    modules = {name.replace("-", "_") for name in EXTRAS} | {"psycopg2"}
    code = WITHOUT.format(extras=sorted(modules), arguments=list(arguments))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)


def test_every_folder_with_modules_is_listed() -> None:
    source = ROOT / "src"
    folders = {".".join(file.parent.relative_to(source).parts) for file in source.rglob("*.py")}

    assert set(PYPROJECT["tool"]["setuptools"]["packages"]) == folders | {"asyncify.rules"}


def test_a_diff_needs_no_extra(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import time\n\n\ndef f():\n    time.sleep(1)\n", "utf-8")

    done = run_without_extras("diff", "--no-cache", str(tmp_path))

    assert (done.returncode, "await asyncio.sleep(1)" in done.stdout) == (1, True), done.stderr


def test_bench_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SERVICE, "utf-8")

    done = run_without_extras("bench", str(tmp_path))

    assert done.returncode == 2
    assert "pip install 'asyncify-migrate[bench]'" in done.stderr
