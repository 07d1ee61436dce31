"""Callables of the project, called by so many threads or so many tasks. Standard library only."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import threading
import time
from typing import Any, Callable, Dict, List, Tuple  # noqa: UP035  (Python 3.8)

from .answers import plain, raised
from .control import Control, Message
from .gauge import Gauge
from .logbook import Logbook
from .numbers import Numbers
from .targets import build, resolve, resolve_sync
from .templates import fill_number
from .tracer import Tracer

# number, arrival and duration in seconds, outcome, answer, seconds to the first item, seconds until it was begun
RawSample = List[Any]  # noqa: UP006
Outcome = Tuple[Message, Any]  # noqa: UP006  answer, time of the first item


def answer_calls(control: Control, config: Message, logbook: Logbook) -> None:
    """Run the callables as often and as widely as each command says.

    Coroutine functions run under one event loop for the whole life of the process, everything else in threads, a
    single caller in the main thread.
    """
    if _run_loop(_serve_async(control, config, logbook), config["loop"]):
        return
    owner = build(config["object"])
    functions = [resolve_sync(call["callable"], owner) for call in config["calls"]]
    calls = Calls(functions, config["calls"], Tracer.of(config))
    control.send({"ready": True, "is_async": False, "loop": ""})
    gauge = Gauge()
    while True:
        command = control.receive()
        if command["do"] == "stop":
            break
        gauge.mark()
        logbook.clear()
        samples = calls.run_in_threads(Numbers.of(command), command["cpu"], gauge)
        control.send(calls.result(samples, gauge, logbook))
    control.send({})


def _run_loop(main: Any, loop: str) -> bool:
    if loop != "uvloop":
        return bool(asyncio.run(main))
    uvloop = importlib.import_module("uvloop")  # by name: it need not be there, for type checkers neither
    return bool(uvloop.run(main))


async def _serve_async(control: Control, config: Message, logbook: Logbook) -> bool:
    owner = build(config["object"])
    if inspect.isawaitable(owner):
        owner = await owner
    functions = [await resolve(call["callable"], owner) for call in config["calls"]]
    if not any(inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each) for each in functions):
        return False
    calls = Calls(functions, config["calls"], Tracer.of(config))
    gauge = Gauge()
    gauge.watch_loop()
    commands = control.commands()
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    control.send({"ready": True, "is_async": True, "loop": loop})
    while True:
        command = await commands.get()
        if command["do"] == "stop":
            break
        gauge.mark()
        logbook.clear()
        samples = await calls.run_in_tasks(Numbers.of(command), command["cpu"])
        control.send(calls.result(samples, gauge, logbook))
    control.send({})
    return True


class Calls:
    """Takes the inputs in turn, number by number, and keeps a sample of each call."""

    def __init__(self, functions: List[Callable[..., Any]], inputs: List[Message], tracer: Tracer) -> None:  # noqa: UP006
        self._tracer = tracer
        self._began = 0.0
        self._functions = functions
        self._inputs = inputs
        self._samples: List[RawSample] = []  # noqa: UP006

    def result(self, samples: List[RawSample], gauge: Gauge, logbook: Logbook) -> Message:  # noqa: UP006
        """What a run is answered with."""
        usage, logs, traced = gauge.read(), logbook.read(), self._tracer.read()
        return {"samples": samples, "usage": usage, "logs": logs, "began": self._began, **traced}

    def run_in_threads(self, numbers: Numbers, cpu: float, gauge: Gauge) -> List[RawSample]:  # noqa: UP006
        self._samples = []
        self._began = numbers.begin()
        if numbers.workers == 1:
            self._work(numbers, cpu)
            return self._samples
        threads = [threading.Thread(target=self._work, args=(numbers, cpu)) for _ in range(numbers.workers)]
        for thread in threads:
            thread.start()
        gauge.note_threads()
        for thread in threads:
            thread.join()
        return self._samples

    async def run_in_tasks(self, numbers: Numbers, cpu: float) -> List[RawSample]:  # noqa: UP006
        self._samples = []
        self._began = numbers.begin()
        await asyncio.gather(*(self._work_async(numbers, cpu) for _ in range(numbers.workers)))
        return self._samples

    def _work(self, numbers: Numbers, cpu: float) -> None:
        for number, arrival in numbers:
            function, args, kwargs = self._prepare(number)
            time.sleep(max(0.0, arrival - time.perf_counter()))
            self._tracer.enter(number)
            started = time.perf_counter()
            answer, first = self._call(function, args, kwargs)
            burn(cpu)
            self._keep(numbers, number, arrival or started, started, answer, first)

    async def _work_async(self, numbers: Numbers, cpu: float) -> None:
        for number, arrival in numbers:
            function, args, kwargs = self._prepare(number)
            if arrival:
                await asyncio.sleep(max(0.0, arrival - time.perf_counter()))
            self._tracer.enter(number)
            started = time.perf_counter()
            answer, first = await self._call_async(function, args, kwargs)
            burn(cpu)
            self._keep(numbers, number, arrival or started, started, answer, first)

    def _call(self, function: Callable[..., Any], args: List[Any], kwargs: Message) -> Outcome:  # noqa: UP006
        first = None
        try:
            value = function(*args, **kwargs)
            if inspect.isgenerator(value):
                items = []
                for item in value:
                    first = first or time.perf_counter()
                    items.append(item)
                value = items
            return {"value": plain(value)}, first
        except Exception as error:
            return raised(error), first

    async def _call_async(self, function: Callable[..., Any], args: List[Any], kwargs: Message) -> Outcome:  # noqa: UP006
        first = None
        try:
            value = function(*args, **kwargs)
            if inspect.isasyncgen(value):
                items = []
                async for item in value:
                    first = first or time.perf_counter()
                    items.append(item)
                value = items
            elif inspect.isawaitable(value):
                value = await value
            return {"value": plain(value)}, first
        except Exception as error:
            return raised(error), first

    def _prepare(self, number: int) -> Tuple[Callable[..., Any], List[Any], Dict[str, Any]]:  # noqa: UP006
        index = number % len(self._inputs)
        given = fill_number({key: self._inputs[index][key] for key in ("args", "kwargs")}, number)
        return self._functions[index], build(given["args"]), build(given["kwargs"])

    def _keep(self, numbers: Numbers, number: int, arrival: float, started: float, answer: Message, first: Any) -> None:
        ended = time.perf_counter()
        outcome = answer.get("raised", "returned")
        to_first = None if first is None else first - arrival
        self._samples.append(
            [number, arrival - numbers.began, ended - arrival, outcome, answer, to_first, started - arrival]
        )


def burn(seconds: float) -> None:
    """Use so much processor time in this thread."""
    if seconds:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass
