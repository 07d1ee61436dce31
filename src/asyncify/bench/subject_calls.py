"""A callable of the project, called by so many threads or so many tasks. Standard library only."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from typing import Any, Callable, Dict, Iterator, List  # noqa: UP035  (Python 3.8)

from .answers import plain, raised
from .control import Control, Message
from .gauge import Gauge
from .logbook import Logbook
from .targets import build, resolve, resolve_sync
from .templates import fill_number

RawSample = List[Any]  # noqa: UP006  number, start and duration in seconds, outcome, answer


def answer_calls(control: Control, config: Message, logbook: Logbook) -> None:
    """Run the callable as often and as widely as each command says.

    A coroutine function runs under one event loop for the whole life of the process, everything else in threads,
    a single caller in the main thread.
    """
    if asyncio.run(_serve_async(control, config, logbook)):
        return
    calls = Calls(resolve_sync(config["target"]), config["inputs"])
    control.send({"ready": True, "is_async": False})
    gauge = Gauge()
    while True:
        command = control.receive()
        if command["do"] == "stop":
            break
        gauge.mark()
        logbook.clear()
        samples = calls.run_in_threads(_numbers(command), command["callers"], gauge)
        control.send({"samples": samples, "usage": gauge.read(), "logs": logbook.read()})
    control.send({})


async def _serve_async(control: Control, config: Message, logbook: Logbook) -> bool:
    function = await resolve(config["target"])
    if not inspect.iscoroutinefunction(function) and not inspect.isasyncgenfunction(function):
        return False
    calls = Calls(function, config["inputs"])
    gauge = Gauge()
    gauge.watch_loop()
    commands = control.commands()
    control.send({"ready": True, "is_async": True})
    while True:
        command = await commands.get()
        if command["do"] == "stop":
            break
        gauge.mark()
        logbook.clear()
        samples = await calls.run_in_tasks(_numbers(command), command["callers"])
        control.send({"samples": samples, "usage": gauge.read(), "logs": logbook.read()})
    control.send({})
    return True


def _numbers(command: Message) -> range:
    return range(command["first"], command["first"] + command["count"])


class Calls:
    """Takes the inputs in turn, number by number, and keeps a sample of each call."""

    def __init__(self, function: Callable[..., Any], inputs: List[Message]) -> None:  # noqa: UP006
        self._function = function
        self._inputs = inputs

    def run_in_threads(self, numbers: range, callers: int, gauge: Gauge) -> List[RawSample]:  # noqa: UP006
        samples: List[RawSample] = []  # noqa: UP006
        left = _Shared(numbers)
        began = time.perf_counter()
        if callers == 1:
            self._work(left, samples, began)
            return samples
        threads = [threading.Thread(target=self._work, args=(left, samples, began)) for _ in range(callers)]
        for thread in threads:
            thread.start()
        gauge.note_threads()
        for thread in threads:
            thread.join()
        return samples

    async def run_in_tasks(self, numbers: range, callers: int) -> List[RawSample]:  # noqa: UP006
        samples: List[RawSample] = []  # noqa: UP006
        left = _Shared(numbers)
        began = time.perf_counter()
        await asyncio.gather(*(self._work_async(left, samples, began) for _ in range(callers)))
        return samples

    def _work(self, left: _Shared, samples: List[RawSample], began: float) -> None:  # noqa: UP006
        for number in left:
            args, kwargs = self._input(number)
            started = time.perf_counter()
            try:
                value = self._function(*args, **kwargs)
                answer = {"value": plain(list(value) if inspect.isgenerator(value) else value)}
            except Exception as error:
                answer = raised(error)
            samples.append(_sample(number, started - began, time.perf_counter() - started, answer))

    async def _work_async(self, left: _Shared, samples: List[RawSample], began: float) -> None:  # noqa: UP006
        for number in left:
            args, kwargs = self._input(number)
            started = time.perf_counter()
            try:
                value = self._function(*args, **kwargs)
                value = [item async for item in value] if inspect.isasyncgen(value) else await value
                answer = {"value": plain(value)}
            except Exception as error:
                answer = raised(error)
            samples.append(_sample(number, started - began, time.perf_counter() - started, answer))

    def _input(self, number: int) -> tuple[list[Any], Dict[str, Any]]:  # noqa: UP006
        given = fill_number(self._inputs[number % len(self._inputs)], number)
        return build(given["args"]), build(given["kwargs"])


class _Shared:
    """The numbers that are left, handed out once each to whoever asks, from any thread."""

    def __init__(self, numbers: range) -> None:
        self._numbers = iter(numbers)
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._numbers)


def _sample(number: int, started: float, seconds: float, answer: Message) -> RawSample:
    return [number, started, seconds, answer.get("raised", "returned"), answer]
