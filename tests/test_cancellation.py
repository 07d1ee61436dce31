"""Migrated code that is cancelled, at each of its awaits in turn, leaves no task, lock, session or transaction."""

from __future__ import annotations

import asyncio
import textwrap
from types import ModuleType
from typing import Any

import psycopg2
import pytest

from support import imported, migrated
from support_cancelling import each_cancellation
from support_postgres import Databases
from support_server import Server
from virtual_time import run_virtually

pytest_plugins = ["support_fixtures"]

HEAD = """
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

LOCK = threading.Lock()
LIMIT = threading.BoundedSemaphore(2)
OPEN = []


class Resource:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        time.sleep(1)
        OPEN.append(self.name)
        return self

    def __exit__(self, *exc_info):
        OPEN.remove(self.name)


def work(x):
    with Resource(x):
        time.sleep(1)
        return x


"""

CASES = {
    "a lock": """
        def run():
            with LOCK:
                work(1)
                with LIMIT:
                    return work(2)
        """,
    "a lock by hand": """
        def run():
            LOCK.acquire()
            try:
                return work(1)
            finally:
                LOCK.release()
        """,
    "a pool's map": """
        def run():
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(work, range(5)))
        """,
    "a pool's map, one by one": """
        def run():
            found = []
            with ThreadPoolExecutor(2) as pool:
                for result in pool.map(work, range(5)):
                    found.append(result)
                    time.sleep(1)
            return found
        """,
    "a pool's futures": """
        def run():
            with ThreadPoolExecutor(2) as pool:
                futures = [pool.submit(work, x) for x in range(5)]
                return [future.result(timeout=60) for future in as_completed(futures)]
        """,
    "a pool that is closed by hand": """
        def run():
            pool = ThreadPoolExecutor(2)
            try:
                return [future.result() for future in [pool.submit(work, x) for x in range(5)]]
            finally:
                pool.shutdown()
        """,
    "a pool in a pool": """
        def inner(x):
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(work, [x, x + 10]))


        def run():
            with ThreadPoolExecutor(2) as pool:
                return list(pool.map(inner, range(3)))
        """,
    "a loop that is gathered": """
        def run():
            return [work(x) for x in range(12)]
        """,
    "threads that are joined": """
        def run():
            threads = [threading.Thread(target=work, args=(x,)) for x in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        """,
    "a generator that cleans up": """
        def rows():
            with Resource("rows"):
                for x in range(3):
                    yield work(x)


        def run():
            found = []
            for row in rows():
                found.append(row)
                time.sleep(1)
                if row == 1:
                    break
            return found
        """,
}


@pytest.mark.parametrize("code", CASES.values(), ids=CASES)
def test_no_task_goes_on_and_no_lock_is_held(code: str) -> None:
    migration, text = migrated(HEAD + textwrap.dedent(code))
    names = migration.plan.support.names if migration.plan.support else ()
    assert migration.faults == ()

    async def main(module: ModuleType) -> int:
        cancelled = 0
        async for cancelled in each_cancellation(module.run):
            await _settled()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            assert not others, f"after await {cancelled}: {others}"
            assert module.OPEN == [], f"after await {cancelled}"
            for lock in (module.LOCK, module.LIMIT):
                assert not hasattr(lock, "locked") or not lock.locked(), f"after await {cancelled}"
        return cancelled

    with imported(text, names) as module:
        cancelled, _ = run_virtually(main(module))

    assert cancelled >= 2


async def _settled() -> None:
    """Closing an async generator that was let go of takes a task of its own."""
    for _ in range(5):
        await asyncio.sleep(0)


REQUESTS = """
import requests

SESSION = requests.Session()


def run(url):
    with requests.Session() as session:
        first = session.get(url + "/echo", timeout=5)
        first.raise_for_status()
    names = [SESSION.get(url + f"/json?n={n}", timeout=5).json()["s"] for n in range(3)]
    with SESSION.get(url + "/large/100", stream=True, timeout=5) as response:
        size = sum(len(block) for block in response.iter_content(16))
    return requests.post(url + "/echo", json={"names": names, "size": size}, timeout=5).status_code
"""


def test_no_connection_is_held_by_a_request_that_was_cancelled(servers: tuple[Server, Server]) -> None:
    migration, text = migrated(REQUESTS)
    names = migration.plan.support.names if migration.plan.support else ()

    async def main(module: ModuleType) -> int:
        cancelled = 0
        async for cancelled in each_cancellation(lambda: module.run(servers[0].url)):
            await _settled()
            for session, _ in module._aio._shared_sessions.get(asyncio.get_running_loop(), {}).values():
                assert not session.connector._acquired, f"after await {cancelled}"
        return cancelled

    with imported(text, names) as module:
        cancelled = asyncio.run(main(module))

    assert cancelled > 5


POSTGRES = {
    "a pool": """
        from psycopg2.pool import ThreadedConnectionPool

        POOL = None


        def run(dsn):
            global POOL
            POOL = POOL or ThreadedConnectionPool(1, 3, dsn)
            conn = POOL.getconn()
            try:
                with conn, conn.cursor() as cur:
                    cur.execute("insert into events (body) values (%s) returning id", ('{}',))
                    number = cur.fetchone()[0]
                    cur.execute("update people set age = age + 1")
                return number
            finally:
                POOL.putconn(conn)
        """,
    "a connection of its own": """
        import psycopg2


        def run(dsn):
            conn = psycopg2.connect(dsn)
            try:
                cur = conn.cursor()
                cur.execute("insert into events (body) values ('{}')")
                conn.commit()
                cur.execute("select name from people")
                return cur.fetchall()
            finally:
                conn.close()
        """,
}


@pytest.mark.parametrize("code", POSTGRES.values(), ids=POSTGRES)
def test_no_transaction_stays_open_and_no_connection_in_use(people: Databases, code: str) -> None:
    migration, text = migrated(textwrap.dedent(code))
    names = migration.plan.support.names if migration.plan.support else ()

    async def main(module: ModuleType, dsn: str) -> int:
        cancelled = 0
        async for cancelled in each_cancellation(lambda: module.run(dsn)):
            await _settled()
            pool: Any = getattr(module, "POOL", None)
            assert pool is None or not pool._used, f"after await {cancelled}"
            left = await asyncio.to_thread(_in_transaction, dsn)
            assert left == [], f"after await {cancelled}"
        if pool := getattr(module, "POOL", None):
            await pool.closeall()
        return cancelled

    with people.fresh("people") as database, imported(text, names) as module:
        cancelled = asyncio.run(main(module, database.url))

    assert cancelled > 5


def _in_transaction(dsn: str, patience: int = 200) -> list[Any]:
    """What other sessions of this database are in the middle of; those that are about to end are given time."""
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for _ in range(patience):
                cursor.execute(
                    "select state, query, pg_sleep(0.01)::text from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid() "
                    "and (state <> 'idle' or xact_start is not null)"
                )
                found = cursor.fetchall()
                if not found:
                    return []
            return found
    finally:
        connection.close()
