"""Calls without an asynchronous form run in a thread where their function is awaited, both sides run and compared."""

from __future__ import annotations

import textwrap

import pytest

from asyncify.plan.step import Ending
from asyncify.reason import Reason
from asyncify.rule_examples import migrate_text, result_text
from support import SHIPPED, run_text


def offloaded(before: str, *, runs: bool = True) -> tuple[str, dict[str, list[Reason | None]]]:
    """The text after, and the reasons of each ending; `run()` of both sides gives the same."""
    before = textwrap.dedent(before).lstrip()
    migration = migrate_text(before, SHIPPED)
    after = result_text(migration, before)

    assert migration.faults == ()
    names = migration.plan.support.names if migration.plan.support else ()
    if runs:
        assert run_text(before) == run_text(after, names), after
    endings: dict[str, list[Reason | None]] = {}
    for outcome in migration.plan.outcomes:
        endings.setdefault(outcome.ending.value, []).append(outcome.reason)
    return after, endings


def test_a_process_in_a_function_that_turns_async() -> None:
    after, endings = offloaded(
        """
        import subprocess
        import sys
        import time


        def run():
            time.sleep(1)
            done = subprocess.run([sys.executable, "-c", "print(41 + 1)"], capture_output=True, check=True, text=True)
            return done.stdout, subprocess.run([sys.executable, "-c", "exit(3)"]).returncode
        """
    )

    assert 'await asyncio.to_thread(subprocess.run, [sys.executable, "-c", "print(41 + 1)"], capture_output' in after
    assert '(await asyncio.to_thread(subprocess.run, [sys.executable, "-c", "exit(3)"])).returncode' in after
    assert endings == {"converted": [None], "offloaded": [Reason.OFFLOADED] * 2}


def test_the_functions_on_the_way_to_it_turn_async() -> None:
    after, _ = offloaded(
        """
        import hashlib
        import time


        def hashed(password):
            return hashlib.pbkdf2_hmac("sha256", password, b"salt", 10).hex()


        def check(password, wanted):
            return hashed(password) == wanted


        def run():
            time.sleep(1)
            return check(b"secret", "x"), hashed(b"secret")
        """
    )

    assert "async def check" in after
    assert 'return (await asyncio.to_thread(hashlib.pbkdf2_hmac, "sha256", password, b"salt", 10)).hex()' in after
    assert "return await hashed(password) == wanted" in after


def test_an_exception_comes_through() -> None:
    after, _ = offloaded(
        """
        import subprocess
        import sys
        import time


        def run():
            time.sleep(1)
            try:
                subprocess.check_call([sys.executable, "-c", "exit(7)"])
            except subprocess.CalledProcessError as error:
                return error.returncode
        """
    )

    assert "await asyncio.to_thread(subprocess.check_call" in after


def test_code_that_nobody_awaits_stays() -> None:
    before = """
        import subprocess
        import sys


        def helper():
            return subprocess.run([sys.executable, "-c", ""]).returncode


        def run():
            return helper()
        """

    after, _ = offloaded(before)

    assert after == textwrap.dedent(before).lstrip()


def test_code_that_is_async_already_stops_holding_the_loop() -> None:
    after, endings = offloaded(
        """
        import subprocess
        import sys


        def version():
            return subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout


        async def run():
            return version()
        """
    )

    assert "async def version" in after
    assert "return await version()" in after
    assert endings["offloaded"] == [Reason.OFFLOADED]


MAIL = """
import smtplib
import time


class Mailer:
    def __init__(self, server):
        self.server = server

    def send(self, text):
        self.server.sendmail("a", "b", text)


def send(text):
    with smtplib.SMTP("localhost") as server:
        server.sendmail("a", "b", text)


def run(text):
    time.sleep(1)
    send(text)
    Mailer(smtplib.SMTP("localhost")).send(text)
"""


def test_an_object_that_threads_must_not_share_runs_there_only_where_it_stays_in_its_function() -> None:
    after, endings = offloaded(MAIL, runs=False)

    assert 'with await asyncio.to_thread(smtplib.SMTP, "localhost") as server:' in after
    assert 'await asyncio.to_thread(server.sendmail, "a", "b", text)' in after
    assert '    self.server.sendmail("a", "b", text)' in after.replace("        ", "    ", 1)
    assert endings["refused"] == [Reason.NOT_SHARED]


@pytest.mark.parametrize("callback", ["lambda line: seen.append(line)", "note"])
def test_a_call_that_is_given_code_of_the_project_is_left(callback: str) -> None:
    after, endings = offloaded(
        f"""
        import ftplib
        import time


        def note(line):
            print(line)


        def run(text):
            time.sleep(1)
            seen = []
            ftp = ftplib.FTP()
            ftp.retrlines("LIST", {callback})
            return seen
        """,
        runs=False,
    )

    assert f'ftp.retrlines("LIST", {callback})' in after
    assert endings["refused"] == [Reason.NO_REWRITE]


def test_where_no_await_may_stand_it_is_refused() -> None:
    _, endings = offloaded(
        """
        import subprocess
        import sys
        import time


        def run():
            time.sleep(1)
            codes = map(lambda code: subprocess.call([sys.executable, "-c", f"exit({code})"]), [1, 2])
            return list(codes)
        """
    )

    assert endings["refused"] == [Reason.NO_REWRITE]
    assert Ending.OFFLOADED.value not in endings
