"""A pool is the limit for the tasks that share it: they wait for each other's connections, and no wake-up is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from asyncify.support import pg_lending, pg_pool
from asyncify.support.pg_pool import ConnectionPool, PoolError
from virtual_time import run_virtually


class _Connection:
    def __init__(self, made: list[Any]) -> None:
        made.append(self)
        self.closed = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        yield from asyncio.sleep(0).__await__()
        return self

    async def rollback(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        self.closed = 1


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The connections that pools open."""
    found: list[Any] = []
    monkeypatch.setattr(pg_pool, "connect", lambda: _Connection(found))
    monkeypatch.setitem(pg_lending.TIMEOUTS, "database", 30)
    return found


async def _use(pool: ConnectionPool, seconds: float = 1) -> float:
    async with pool.acquire():
        await asyncio.sleep(seconds)
    return asyncio.get_running_loop().time()


def test_more_tasks_than_connections_take_turns(made: list[Any]) -> None:
    async def main() -> list[float]:
        pool = ConnectionPool(3, 3)
        return await asyncio.gather(*[_use(pool) for _ in range(8)])

    ended, _ = run_virtually(main())

    assert sorted(round(end) for end in ended) == [1, 1, 1, 2, 2, 2, 3, 3]
    assert len(made) == 3


def test_a_task_that_has_them_all_is_told_at_once(made: list[Any]) -> None:
    async def main() -> float:
        pool = ConnectionPool(1, 2)
        await pool.getconn()
        await pool.getconn()
        with pytest.raises(PoolError, match="connection pool exhausted"):
            await pool.getconn()
        return asyncio.get_running_loop().time()

    assert run_virtually(main())[0] == 0


def test_who_waits_too_long_is_told_so_and_the_next_is_not_forgotten(made: list[Any]) -> None:
    async def main() -> list[Any]:
        pool = ConnectionPool(1, 1)
        held = asyncio.ensure_future(_use(pool, 40))
        await asyncio.sleep(5)
        waiting = [asyncio.ensure_future(_use(pool))]
        await asyncio.sleep(10)
        waiting.append(asyncio.ensure_future(_use(pool)))
        return await asyncio.gather(held, *waiting, return_exceptions=True)

    held, late, served = run_virtually(main())[0]

    assert (held, str(late), served) == (40, "connection pool exhausted", 41)


@pytest.mark.parametrize("before", [0.5, 0.999, 1.0, 1.001])
def test_a_turn_of_one_who_is_cancelled_goes_to_the_next(made: list[Any], before: float) -> None:
    async def main() -> tuple[float, int]:
        pool = ConnectionPool(1, 1)
        tasks = [asyncio.ensure_future(_use(pool)) for _ in range(3)]
        await asyncio.sleep(before)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return tasks[2].result(), len(pool._used)

    ended, used = run_virtually(main())[0]

    assert (ended <= 2.1, used) == (True, 0)


def test_those_who_wait_are_told_that_the_pool_is_closed(made: list[Any]) -> None:
    async def main() -> list[Any]:
        pool = ConnectionPool(1, 1)
        await asyncio.ensure_future(pool.getconn())
        tasks = [asyncio.ensure_future(pool.getconn()) for _ in range(2)]
        await asyncio.sleep(1)
        await pool.closeall()
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert [str(error) for error in run_virtually(main())[0]] == ["connection pool is closed"] * 2
