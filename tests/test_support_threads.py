"""Locks, queues and threads for tasks do what those of threads do, and let go of everything when they are cancelled."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from asyncify.support.threads import (
    BoundedSemaphore,
    LifoQueue,
    Lock,
    PriorityQueue,
    Queue,
    RLock,
    Semaphore,
    Thread,
    Timer,
    acquired,
    fulfilled,
    happened,
    notified,
)
from virtual_time import run_virtually


def test_a_lock_lets_one_task_in_at_a_time_in_the_order_of_asking() -> None:
    seen: list[str] = []
    lock = Lock()

    async def work(name: str) -> None:
        async with lock:
            seen.append(f"{name} in")
            await asyncio.sleep(1)
            seen.append(f"{name} out")

    async def main() -> None:
        await asyncio.gather(work("a"), work("b"))

    _, seconds = run_virtually(main())

    assert (seen, seconds) == (["a in", "a out", "b in", "b out"], 2)


def test_a_lock_that_is_made_where_no_loop_runs_serves_one_loop_after_another() -> None:
    lock = Lock()

    async def contended() -> int:
        async def work() -> None:
            async with lock:
                await asyncio.sleep(1)

        await asyncio.gather(work(), work())
        return 1

    assert [run_virtually(contended()) for _ in range(2)] == [(1, 2), (1, 2)]


def test_a_lock_is_one_for_the_loops_of_all_threads() -> None:
    lock, inside, most = Lock(), list[int](), list[int]()

    async def work(x: int) -> None:
        for _ in range(50):
            async with lock:
                inside.append(x)
                most.append(len(inside))
                await asyncio.sleep(0)
                inside.remove(x)

    async def main(x: int) -> None:
        await asyncio.gather(*[work(x) for _ in range(3)])

    threads = [threading.Thread(target=asyncio.run, args=(main(x),)) for x in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (max(most), len(most), lock.locked()) == (1, 450, False)


def test_a_waiting_task_whose_loop_is_gone_is_passed_over() -> None:
    lock = Lock()

    async def left_waiting() -> None:
        waiting = asyncio.ensure_future(lock.acquire())
        await asyncio.sleep(0)
        assert not waiting.done()

    async def main() -> bool:
        await lock.acquire()
        loop = asyncio.new_event_loop()
        await asyncio.to_thread(loop.run_until_complete, left_waiting())
        for task in asyncio.all_tasks(loop):
            task.get_coro().close()  # type: ignore[union-attr]
        loop.close()
        lock.release()
        return await acquired(lock, False)

    assert asyncio.run(main())


def test_the_task_that_has_an_rlock_takes_it_again_and_others_wait() -> None:
    lock, seen = RLock(), list[str]()

    async def work(name: str) -> None:
        async with lock:
            await asyncio.sleep(1)
            async with lock:
                seen.append(name)
                await asyncio.sleep(1)
            assert lock.locked() is False  # for the task that has it

    async def main() -> None:
        await asyncio.gather(work("a"), work("b"))

    assert (run_virtually(main()), seen) == ((None, 4), ["a", "b"])


def test_an_rlock_is_let_go_by_the_task_that_has_it_only() -> None:
    async def main() -> None:
        lock = RLock()
        await lock.acquire()
        with pytest.raises(RuntimeError, match="cannot release un-acquired lock"):
            await asyncio.ensure_future(_released(lock))
        lock.release()
        with pytest.raises(RuntimeError, match="cannot release un-acquired lock"):
            lock.release()

    run_virtually(main())


async def _released(lock: Any) -> None:
    lock.release()


@pytest.mark.parametrize("make", [Lock, RLock, lambda: Semaphore(1), lambda: BoundedSemaphore(1)])
def test_a_task_that_is_cancelled_while_it_waits_or_holds_leaves_the_lock_free(make: Callable[[], Any]) -> None:
    async def main() -> bool:
        lock = make()

        async def work() -> None:
            async with lock:
                await asyncio.sleep(10)

        tasks = [asyncio.ensure_future(work()) for _ in range(3)]
        await asyncio.sleep(1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return await acquired(lock, False)

    assert run_virtually(main()) == (True, 1)


@pytest.mark.parametrize(
    ("arguments", "result", "waited"),
    [((False,), False, 0), ((True, 2), False, 2), ((True, 0), False, 0), ((True, 9), True, 5), ((True, -1), True, 5)],
)
def test_acquire_with_arguments_says_whether_it_got_the_lock(arguments: Any, result: bool, waited: float) -> None:
    async def main() -> tuple[bool, float]:
        lock = Lock()
        await lock.acquire()
        loop = asyncio.get_running_loop()
        loop.call_later(5, lock.release)
        return await acquired(lock, *arguments), loop.time()

    assert run_virtually(main())[0] == (result, waited)


def test_a_free_lock_is_had_at_once_whatever_the_time_is() -> None:
    async def main() -> list[bool]:
        return [await acquired(Lock(), *arguments) for arguments in ((), (False,), (True, 0), (True, -1), (True, 9))]

    assert run_virtually(main()) == ([True] * 5, 0)


def test_a_bounded_semaphore_is_not_released_too_often() -> None:
    async def main() -> None:
        limit = BoundedSemaphore(2)
        async with limit, limit:
            assert limit.locked()
        with pytest.raises(ValueError, match="released too many times"):
            limit.release()

    run_virtually(main())


def test_events_and_conditions_answer_whether_the_signal_came_in_time() -> None:
    async def main() -> list[Any]:
        event, condition = asyncio.Event(), asyncio.Condition()
        found: list[Any] = [await happened(event, 1)]
        event.set()
        found.append(await happened(event, 0))
        async with condition:
            found.append(await notified(condition, 1))
            found.append(await fulfilled(condition, lambda: [], 1))
            found.append(await fulfilled(condition, lambda: "yes", 1))
        return found

    assert run_virtually(main()) == ([False, True, False, [], "yes"], 3)


def test_queues_raise_what_those_of_threads_raise() -> None:
    async def main() -> float:
        jobs = Queue(1)
        for failing in (jobs.get(False), jobs.get(timeout=1), jobs.get(timeout=0)):
            with pytest.raises(queue.Empty):
                await failing
        await jobs.put(1)
        for full in (jobs.put(2, block=False), jobs.put(2, timeout=1)):
            with pytest.raises(queue.Full):
                await full
        with pytest.raises(queue.Full):
            jobs.put_nowait(2)
        assert (await jobs.get(timeout=0), jobs.empty()) == (1, True)
        return asyncio.get_running_loop().time()

    assert run_virtually(main())[0] == 2


def test_queues_keep_their_order() -> None:
    async def main() -> list[list[int]]:
        found = []
        for jobs in (Queue(), LifoQueue(), PriorityQueue()):
            for item in (2, 1, 3):
                await jobs.put(item)
            found.append([jobs.get_nowait() for _ in range(3)])
        return found

    assert run_virtually(main())[0] == [[2, 1, 3], [3, 1, 2], [1, 2, 3]]


def test_nothing_is_lost_when_a_taker_is_cancelled() -> None:
    async def main() -> Any:
        jobs = Queue()
        taker = asyncio.ensure_future(jobs.get(timeout=9))
        await asyncio.sleep(1)
        taker.cancel()
        await jobs.put("job")
        await asyncio.gather(taker, return_exceptions=True)
        return jobs.get_nowait()

    assert run_virtually(main())[0] == "job"


def test_threads_run_side_by_side_and_are_joined() -> None:
    seen: list[int] = []

    async def work(x: int, *, times: int) -> None:
        await asyncio.sleep(x)
        seen.append(x * times)

    async def main() -> list[bool]:
        threads = [Thread(target=work, args=(x,), kwargs={"times": 2}) for x in (3, 1, 2)]
        for thread in threads:
            thread.start()
        await threads[0].join(timeout=1.5)
        alive = [thread.is_alive() for thread in threads]
        for thread in threads:
            await thread.join()
        return alive

    assert (run_virtually(main()), seen) == (([True, False, True], 3), [2, 4, 6])


def test_a_thread_is_joined_after_its_start_and_started_once() -> None:
    async def main() -> None:
        thread = Thread(target=_nothing, name="t", daemon=True)
        assert (thread.name, thread.daemon, thread.is_alive()) == ("t", True, False)
        with pytest.raises(RuntimeError, match="cannot join thread before it is started"):
            await thread.join()
        thread.start()
        with pytest.raises(RuntimeError, match="threads can only be started once"):
            thread.start()
        await thread.join()

    run_virtually(main())


async def _nothing() -> None:
    pass


def test_a_failure_reaches_the_hook_of_threads_and_not_who_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(f"{args.thread.name}: {args.exc_value!r}"))

    async def fail(error: BaseException) -> None:
        raise error

    async def main() -> None:
        for error in (ValueError("no"), SystemExit(3)):
            thread = Thread(target=fail, name="t", args=(error,))
            thread.start()
            await thread.join()

    run_virtually(main())

    assert seen == ["t: ValueError('no')"]


def test_who_is_cancelled_while_joining_takes_the_work_along() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(9)
        finally:
            ended.append("work")

    async def main() -> None:
        thread = Thread(target=work)
        thread.start()
        await thread.join()

    async def cancelled() -> None:
        task = asyncio.ensure_future(main())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)

    assert (run_virtually(cancelled()), ended) == ((None, 1), ["work"])


@pytest.mark.parametrize(("cancel_after", "seen", "seconds"), [(1, [], 1), (6, ["x"], 6), (None, ["x"], 5)])
def test_a_timer_waits_and_can_be_cancelled(cancel_after: float | None, seen: list[str], seconds: float) -> None:
    found: list[str] = []

    async def work(text: str) -> None:
        found.append(text)

    async def main() -> None:
        timer = Timer(5, work, ("x",))
        timer.start()
        if cancel_after is not None:
            await asyncio.sleep(cancel_after)
            timer.cancel()
        await timer.join()

    waiting: Awaitable[None] = main()

    assert (run_virtually(waiting)[1], found) == (seconds, seen)
