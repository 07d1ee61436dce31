"""Runs a program once for each request, so many side by side, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from typing import Any

from asyncify.bench.control import Control
from asyncify.bench.logbook import steady
from asyncify.bench.numbers import Numbers
from asyncify.bench.templates import fill_number

KIB = 1024


class Programs:
    """Exit code, output and error output are the answer."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self._command = setup["command"]
        self._stdin = setup["stdin"]
        self._folder = setup["folder"]
        self._timeout = setup["timeout"]

    async def run(self, numbers: Numbers) -> list[list[Any]]:
        samples: list[list[Any]] = []
        numbers.begin()
        await asyncio.gather(*(self._work(numbers, samples) for _ in range(numbers.workers)))
        return samples

    async def _work(self, numbers: Numbers, samples: list[list[Any]]) -> None:
        for number, arrival in numbers:
            if arrival:
                await asyncio.sleep(max(0.0, arrival - time.perf_counter()))
            started = time.perf_counter()
            answer = await self._once(number)
            ended, arrived = time.perf_counter(), arrival or started
            outcome = "returned" if answer["code"] == 0 else f"exit {answer['code']}"
            samples.append([number, arrived - numbers.began, ended - arrived, outcome, answer, None, started - arrived])

    async def _once(self, number: int) -> dict[str, Any]:
        program = await asyncio.create_subprocess_exec(
            *fill_number(self._command, number),
            cwd=self._folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        given = fill_number(self._stdin, number).encode()
        try:
            output, errors = await asyncio.wait_for(program.communicate(given), self._timeout)
        except asyncio.TimeoutError:  # noqa: UP041
            program.kill()
            await program.wait()
            return {"code": "timeout"}
        texts = [steady(data.decode("utf-8", "replace").replace(self._folder, ".")) for data in (output, errors)]
        return {"code": program.returncode, "output": texts[0], "errors": texts[1]}


async def serve(control: Control) -> None:
    """Make the runs that are asked for. Memory is that of the largest program, processor time that of all."""
    commands = control.commands()
    programs = Programs(await commands.get())
    control.send({"ready": True, "is_async": False, "loop": ""})
    while (command := await commands.get())["do"] != "stop":
        before, numbers = resource.getrusage(resource.RUSAGE_CHILDREN), Numbers.of(command)
        samples = await programs.run(numbers)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        usage = {
            "cpu_seconds": used,
            "base_memory": 0,
            "peak_memory": after.ru_maxrss * (1 if os.uname().sysname == "Darwin" else KIB),
            "peak_threads": 1,
            "loop_lag_p95": None,
            "loop_lag_max": None,
        }
        control.send({"samples": samples, "usage": usage, "logs": {}, "began": numbers.began})
    control.send({})


if __name__ == "__main__":
    asyncio.run(serve(Control()))
