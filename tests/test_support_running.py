"""`run` and `settle`: from synchronous code into asynchronous code and back."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from asyncify.support.running import run, settle

NAME: contextvars.ContextVar[str] = contextvars.ContextVar("NAME", default="nobody")


async def _where() -> tuple[str, str]:
    await asyncio.sleep(0)
    return NAME.get(), threading.current_thread().name


async def _fail() -> None:
    raise LookupError("in the coroutine")


def test_run_without_a_loop_stays_in_the_thread() -> None:
    assert run(_where()) == ("nobody", threading.current_thread().name)
    with pytest.raises(LookupError, match="in the coroutine") as caught:
        run(_fail())
    assert caught.value.__context__ is None


def test_run_inside_a_loop_blocks_and_keeps_the_context() -> None:
    async def main() -> tuple[str, str]:
        NAME.set("somebody")
        with pytest.raises(LookupError, match="in the coroutine"):
            run(_fail())
        return run(_where())

    name, thread = asyncio.run(main())

    assert name == "somebody"
    assert thread != threading.current_thread().name


def test_settle_takes_both_kinds() -> None:
    async def main() -> list[object]:
        return [await settle(1), await settle(None), await settle(asyncio.sleep(0, "slept"))]

    assert asyncio.run(main()) == [1, None, "slept"]
