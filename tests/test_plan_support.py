"""Where the support module goes: never over a module of the project's own, and never without what is in use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from asyncify.api import Migration, migrate
from asyncify.config import Config
from asyncify.plan.support_place import MARK
from asyncify.support.assemble import assemble
from support_server import Server

GET = """
import requests


def fetch(url):
    return requests.get(url).text
"""
POST = """
import requests


def send(url):
    return requests.post(url, data=b"x").status_code
"""


def _write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


def _migrated(root: Path) -> Migration:
    migration = migrate(Config(path=root, cache=False))

    assert migration.faults == ()
    for change in migration.changes:
        (root / change.path).write_bytes(change.after or b"")
    assert migrate(Config(path=root, cache=False)).changes == ()
    return migration


def _support(migration: Migration) -> str:
    assert migration.plan.support is not None
    return migration.plan.support.path


def _run(root: Path, code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", f"import asyncio\n{code}"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_mark_is_how_the_module_begins() -> None:
    assert assemble(frozenset({"run"})).startswith(MARK)
    assert assemble(frozenset({"get"})).startswith(MARK)


def test_a_module_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    own = "from pkg._aio import OWN\n"
    _write(tmp_path, {"pkg/__init__.py": "", "pkg/_aio.py": "OWN = 1\n", "pkg/client.py": own + GET})

    migration = _migrated(tmp_path)

    assert _support(migration) == "pkg/_aio_http.py"
    assert (tmp_path / "pkg/_aio.py").read_text("utf-8") == "OWN = 1\n"
    with Server() as server:
        code = f"from pkg import client\nprint(asyncio.run(client.fetch('{server.url}/echo')), client.OWN)"
        assert _run(tmp_path, code) == "echo 1"


def test_code_added_after_a_migration_joins_what_is_there(tmp_path: Path) -> None:
    _write(tmp_path, {"pkg/__init__.py": "", "pkg/one.py": GET})
    _migrated(tmp_path)
    _write(tmp_path, {"pkg/two.py": POST})

    migration = _migrated(tmp_path)

    assert _support(migration) == "pkg/_aio.py"
    with Server() as server:
        url = server.url + "/echo"
        code = f"from pkg import one, two\nprint(asyncio.run(one.fetch('{url}')), asyncio.run(two.send('{url}')))"
        assert _run(tmp_path, code) == "echo 200"


def test_a_source_layout(tmp_path: Path) -> None:
    _write(tmp_path, {"src/pkg/__init__.py": "", "src/pkg/inner/__init__.py": "", "src/pkg/inner/client.py": GET})

    assert _support(_migrated(tmp_path)) == "src/pkg/_aio.py"
    with Server() as server:
        code = f"from pkg.inner.client import fetch\nprint(asyncio.run(fetch('{server.url}/echo')))"
        assert _run(tmp_path / "src", code) == "echo"


def test_scripts_that_are_no_package(tmp_path: Path) -> None:
    _write(
        tmp_path, {"one.py": GET, "two.py": "from one import fetch\n\n\ndef both(url):\n    return fetch(url) * 2\n"}
    )

    assert _support(_migrated(tmp_path)) == "_aio.py"
    with Server() as server:
        assert _run(tmp_path, f"from two import both\nprint(asyncio.run(both('{server.url}/echo')))") == "echoecho"


def test_a_namespace_package(tmp_path: Path) -> None:
    _write(tmp_path, {"space/pkg/__init__.py": "", "space/pkg/client.py": GET})

    assert _support(_migrated(tmp_path)) == "space/pkg/_aio.py"
    with Server() as server:
        code = f"from space.pkg.client import fetch\nprint(asyncio.run(fetch('{server.url}/echo')))"
        assert _run(tmp_path, code) == "echo"


def test_two_packages_share_one(tmp_path: Path) -> None:
    use = "from base.client import fetch\n" + POST + "\n\ndef both(url):\n    return fetch(url), send(url)\n"
    _write(tmp_path, {"base/__init__.py": "", "base/client.py": GET, "app/__init__.py": "", "app/main.py": use})

    migration = _migrated(tmp_path)

    assert _support(migration) in {"base/_aio.py", "app/_aio.py"}
    with Server() as server:
        code = f"from app.main import both\nprint(asyncio.run(both('{server.url}/echo')))"
        assert _run(tmp_path, code) == "('echo', 200)"


def test_a_root_that_is_itself_a_package(tmp_path: Path) -> None:
    """Its files import each other by the name of the folder, which is not below the root."""
    calls = "from shop.net import fetch\n\n\ndef count(url):\n    return len(fetch(url))\n"
    _write(tmp_path, {"shop/__init__.py": "", "shop/net.py": GET, "shop/calls.py": calls})

    migration = _migrated(tmp_path / "shop")

    assert _support(migration) == "_aio.py"
    with Server() as server:
        code = f"from shop.calls import count\nprint(asyncio.run(count('{server.url}/echo')))"
        assert _run(tmp_path, code) == "4"


def test_a_root_whose_name_nobody_can_import_is_no_package(tmp_path: Path) -> None:
    """An unpacked distribution with an `__init__.py` at its top."""
    files = {"__init__.py": "", "shop/__init__.py": "", "shop/net/__init__.py": "", "shop/net/get.py": GET}
    _write(tmp_path / "shop-1.0", files)

    migration = _migrated(tmp_path / "shop-1.0")

    assert _support(migration) == "shop/_aio.py"
    with Server() as server:
        code = f"from shop.net.get import fetch\nprint(asyncio.run(fetch('{server.url}/echo')))"
        assert _run(tmp_path / "shop-1.0", code) == "echo"


@pytest.mark.parametrize("how", ["from . import net", "from shop import net", "import shop.net as net"])
def test_a_package_without_an_init_file(tmp_path: Path, how: str) -> None:
    calls = f"{how}\n\n\ndef count(url):\n    return len(net.fetch(url))\n"
    files = {"shop/net.py": GET, "shop/calls.py": calls, "main.py": "from shop.calls import count\n"}
    _write(tmp_path, files)

    migration = _migrated(tmp_path)

    assert _support(migration) == "shop/_aio.py"
    with Server() as server:
        code = f"from main import count\nprint(asyncio.run(count('{server.url}/echo')))"
        assert _run(tmp_path, code) == "4"


def test_scripts_beside_each_other_are_no_package(tmp_path: Path) -> None:
    _write(tmp_path, {"jobs/net.py": GET, "jobs/main.py": "from net import fetch\n"})

    migration = _migrated(tmp_path)

    assert _support(migration) == "jobs/_aio.py"
    with Server() as server:
        code = f"from main import fetch\nprint(asyncio.run(fetch('{server.url}/echo')))"
        assert _run(tmp_path / "jobs", code) == "echo"


def test_a_file_of_a_package_alone(tmp_path: Path) -> None:
    _write(tmp_path, {"shop/__init__.py": "", "shop/net.py": GET})

    migration = migrate(Config(path=tmp_path / "shop/net.py", cache=False))
    for change in migration.changes:
        (tmp_path / "shop" / change.path).write_bytes(change.after or b"")

    with Server() as server:
        assert _run(tmp_path, f"from shop.net import fetch\nprint(asyncio.run(fetch('{server.url}/echo')))") == "echo"


def test_imports_behind_special_names_stay_together(tmp_path: Path) -> None:
    """PEP 8 wants `__all__` before the imports; the new ones join the old."""
    text = '"""Doc."""\n\n__all__ = ["fetch"]\n__version__ = "1"\n\nimport requests\n\n' + GET.partition("\n\n")[2]
    _write(tmp_path, {"shop/__init__.py": "", "shop/net.py": text})

    migration = _migrated(tmp_path)

    assert '__version__ = "1"\n\nfrom . import _aio\n\n' in migration.rewrites[0].text
