"""The callers of an HTTP service, in a process of their own: closed loops of workers, or requests at set times."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec

from asyncify.bench.control import Control
from asyncify.bench.gauge import Gauge
from asyncify.bench.numbers import Numbers
from asyncify.bench.scenario import Request
from asyncify.bench.templates import fill_number
from asyncify.bench.tracer import HEADER
from asyncify.bench.traffic import canonical, read_body

# number, arrival and duration in seconds, outcome, canonical answer, seconds to the first byte, until it was sent
RawSample = list[Any]


@dataclass(frozen=True, slots=True)
class Callers:
    """Sends the requests in turn, number by number."""

    base: str
    requests: tuple[Request, ...]
    ignored: tuple[str, ...]
    unordered: tuple[str, ...]
    timeout: float
    is_traced: bool

    async def run(self, session: aiohttp.ClientSession, numbers: Numbers) -> list[RawSample]:
        samples: list[RawSample] = []
        numbers.begin()
        await asyncio.gather(*(self._work(session, numbers, samples) for _ in range(numbers.workers)))
        return sorted(samples, key=lambda sample: sample[0])

    async def _work(self, session: aiohttp.ClientSession, numbers: Numbers, samples: list[RawSample]) -> None:
        for number, arrival in numbers:
            request = self.requests[number % len(self.requests)]
            headers, body = _payload(request, number)
            if self.is_traced:
                headers[HEADER.decode()] = str(number)
            url = self.base + fill_number(request.path, number)
            if arrival:
                await asyncio.sleep(max(0.0, arrival - time.perf_counter()))
            started = time.perf_counter()
            outcome, answer, first = await self._ask(session, request.method, url, headers, body)
            ended, arrived = time.perf_counter(), arrival or started
            text = canonical(answer, self.ignored, self.unordered)
            to_first = None if first is None else first - arrived
            samples.append(
                [number, arrived - numbers.began, ended - arrived, outcome, text, to_first, started - arrived]
            )

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[str, Any, float | None]:
        first, content = None, bytearray()
        try:
            async with session.request(
                method,
                url,
                headers=headers,
                data=body,
                timeout=aiohttp.ClientTimeout(total=self.timeout),
                allow_redirects=False,
            ) as response:
                async for piece in response.content.iter_any():
                    first = first or time.perf_counter()
                    content += piece
        except (aiohttp.ClientError, asyncio.TimeoutError) as error:  # noqa: UP041
            name = type(error).__name__
            return name, {"error": name}, None
        kind = response.headers.get("content-type", "")
        answer = {"status": response.status, "type": kind, "body": read_body(kind, bytes(content))}
        return str(response.status), answer, first


def _payload(request: Request, number: int) -> tuple[dict[str, str], bytes | None]:
    headers: dict[str, str] = fill_number(request.headers, number)
    if request.json is not msgspec.UNSET:
        return {"content-type": "application/json"} | headers, json.dumps(fill_number(request.json, number)).encode()
    return dict(headers), None if request.body is None else str(fill_number(request.body, number)).encode()


async def serve(control: Control) -> None:
    """Make the runs that are asked for, one after the other, over one pool of connections."""
    gauge = Gauge()
    gauge.watch_loop()
    commands = control.commands()
    setup = await commands.get()
    callers = Callers(
        base=setup["base"],
        requests=msgspec.convert(setup["requests"], tuple[Request, ...]),
        ignored=tuple(setup["ignore"]),
        unordered=tuple(setup["unordered"]),
        timeout=setup["timeout"],
        is_traced=setup["trace"],
    )
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
    ) as session:
        control.send({"ready": True})
        while (command := await commands.get())["do"] != "stop":
            gauge.mark()
            numbers = Numbers.of(command)
            samples = await callers.run(session, numbers)
            control.send({"samples": samples, "usage": gauge.read(), "began": numbers.began})
        control.send({})


if __name__ == "__main__":
    asyncio.run(serve(Control()))
