"""The callers of an HTTP service: a closed loop of so many workers, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import msgspec

from asyncify.bench.control import Control
from asyncify.bench.gauge import Gauge
from asyncify.bench.scenario import Request
from asyncify.bench.templates import fill_number
from asyncify.bench.traffic import canonical, read_body

RawSample = list[Any]  # number, start and duration in seconds, outcome, canonical answer


class Callers:
    """Sends the requests in turn, number by number; each worker sends its next one when it has its answer."""

    def __init__(self, base: str, requests: tuple[Request, ...], ignored: tuple[str, ...], timeout: float) -> None:
        self._base = base
        self._requests = requests
        self._ignored = ignored
        self._timeout = aiohttp.ClientTimeout(total=timeout)

    async def run(self, session: aiohttp.ClientSession, numbers: range, callers: int) -> list[RawSample]:
        samples: list[RawSample] = []
        left = iter(numbers)
        began = time.perf_counter()
        await asyncio.gather(*(self._work(session, left, samples, began) for _ in range(callers)))
        return sorted(samples)

    async def _work(
        self, session: aiohttp.ClientSession, left: Iterator[int], samples: list[RawSample], began: float
    ) -> None:
        for number in left:
            request = self._requests[number % len(self._requests)]
            headers, body = _payload(request, number)
            url = self._base + fill_number(request.path, number)
            started = time.perf_counter()
            outcome, answer = await self._ask(session, request.method, url, headers, body)
            seconds = time.perf_counter() - started
            samples.append([number, started - began, seconds, outcome, canonical(answer, self._ignored)])

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[str, Any]:
        try:
            async with session.request(
                method, url, headers=headers, data=body, timeout=self._timeout, allow_redirects=False
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:  # noqa: UP041
            name = type(error).__name__
            return name, {"error": name}
        kind = response.headers.get("content-type", "")
        return str(response.status), {"status": response.status, "type": kind, "body": read_body(kind, content)}


def _payload(request: Request, number: int) -> tuple[dict[str, str], bytes | None]:
    headers: dict[str, str] = fill_number(request.headers, number)
    if request.json is not msgspec.UNSET:
        return {"content-type": "application/json"} | headers, json.dumps(fill_number(request.json, number)).encode()
    return headers, None if request.body is None else str(fill_number(request.body, number)).encode()


async def serve(control: Control) -> None:
    """Make the runs that are asked for, one after the other, over one pool of connections."""
    gauge = Gauge()
    gauge.watch_loop()
    commands = control.commands()
    setup = await commands.get()
    requests = msgspec.convert(setup["requests"], tuple[Request, ...])
    callers = Callers(setup["base"], requests, tuple(setup["ignore"]), setup["timeout"])
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
    ) as session:
        control.send({"ready": True})
        while (command := await commands.get())["do"] != "stop":
            gauge.mark()
            numbers = range(command["first"], command["first"] + command["count"])
            samples = await callers.run(session, numbers, command["callers"])
            control.send({"samples": samples, "usage": gauge.read()})
        control.send({})


if __name__ == "__main__":
    asyncio.run(serve(Control()))
