"""Every wait has an end: the source's own time-out, or else the one that the settings say."""

from __future__ import annotations

import asyncio
import textwrap
from pathlib import Path
from typing import Any

import pytest

from asyncify.config import load_config
from asyncify.errors import ConfigError
from asyncify.support.assemble import assemble
from support import imported, migrated
from support_postgres import Databases
from support_server import Server

pytest_plugins = ["support_fixtures"]

REQUESTS = """
import requests


def run(url, timeout="none"):
    session = requests.Session()
    given = {} if timeout == "none" else {"timeout": timeout}
    try:
        return session.get(url, **given).status_code
    except requests.Timeout as error:
        return type(error).__name__
"""

POSTGRES = """
import psycopg2
from psycopg2 import errors


def run(dsn, seconds):
    conn = psycopg2.connect(dsn)
    try:
        with conn, conn.cursor() as cur:
            cur.execute("insert into events (body) values ('{}')")
            cur.execute("select pg_sleep(%s)", (seconds,))
        return "done"
    except errors.QueryCanceled as error:
        return str(error)
    finally:
        cur = conn.cursor()
        cur.execute("select count(*) from events")
        print(cur.fetchone()[0])
        conn.close()
"""


def _run(text: str, limits: dict[str, float | None], *given: Any) -> Any:
    migration, after = migrated(textwrap.dedent(text))
    names = migration.plan.support.names if migration.plan.support else ()
    with imported(after, names) as module:
        module._aio.TIMEOUTS.update(limits)
        return asyncio.run(module.run(*given))


@pytest.mark.parametrize(
    ("default", "given", "ended"),
    [
        (0.05, ("none",), "SocketTimeoutError"),  # none is named: the default holds
        (0.05, (None,), "SocketTimeoutError"),
        (0.05, ((5, None),), "SocketTimeoutError"),
        (0.05, (5,), 200),  # the source's own holds
        (0.05, ((None, 5),), 200),
        (5.0, (0.05,), "SocketTimeoutError"),
        (5.0, ("none",), 200),
        (None, ("none",), 200),
    ],
)
def test_a_request_ends_when_it_says_or_else_by_default(
    servers: tuple[Server, Server], default: float | None, given: Any, ended: Any
) -> None:
    assert _run(REQUESTS, {"http": default}, servers[0].url + "/slow?d=0.4", *given) == ended


def test_a_statement_that_takes_too_long_is_cancelled_as_by_statement_timeout(
    people: Databases, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error has psycopg2's class and words, the transaction is rolled back, and the connection is of use after."""
    with people.fresh("people") as database:
        found = _run(POSTGRES, {"database": 0.3}, database.url, 20)
        assert found == "canceling statement due to statement timeout\n"
        assert _run(POSTGRES, {"database": 5.0}, database.url, 0) == "done"
        assert _run(POSTGRES, {"database": None}, database.url, 0) == "done"

    assert capsys.readouterr().out == "0\n1\n2\n"


def test_the_settings_say_how_long(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.asyncify.timeouts]\nhttp = 20\ndatabase = 0\n")

    setting = load_config(tmp_path).side_by_side

    assert setting.timeouts == (("database", None), ("http", 20.0))
    assert '{"http": 20.0, "database": None}' in assemble(frozenset({"get"}), timeouts=dict(setting.timeouts))


@pytest.mark.parametrize("text", ["http = -1", 'http = "5"', "disk = 5", "http = true"])
def test_other_values_are_refused_with_the_key(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.asyncify.timeouts]\n{text}\n")

    with pytest.raises(
        ConfigError, match=r"tool.asyncify.timeouts: .* a table of seconds, 0 for none, for some of http"
    ):
        load_config(tmp_path)
