"""The stand-in for all services that a project calls: one HTTP server in a process of its own."""

from __future__ import annotations

import asyncio
import json
import re
import weakref
from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from asyncify.bench import model
from asyncify.bench.control import Control
from asyncify.bench.gauge import Gauge
from asyncify.bench.latency import Latency, draw
from asyncify.bench.ledger import Ledger
from asyncify.bench.patterns import path_pattern
from asyncify.bench.replies import Replies, Reply
from asyncify.bench.scenario import Scenario
from asyncify.bench.traffic import canonical, record

BACKLOG = 4096
JSON = {"content-type": "application/json"}


class StandIn:
    """Answers by the scenario, waits as long as it says, and notes down what it saw."""

    def __init__(self, scenario: Scenario) -> None:
        self.ledger = Ledger()
        self.speed = 1.0  # set latencies are divided by it; warm-ups run faster
        self._waits: list[tuple[re.Pattern[str], Latency]] = []
        self._handshake = scenario.handshake
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        self._model = scenario.model
        self._replies = Replies(scenario.services)
        self._ignore = scenario.ignore
        self._ignored_headers = frozenset(name.lower() for name in scenario.ignore.headers)

    def set_waits(self, waits: Mapping[str, Latency]) -> None:
        """Latencies by path that go before those of the services."""
        self._waits = [(path_pattern(path), latency) for path, latency in waits.items()]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        with self.ledger.answering(f"{request.method} {request.path}", _port(request)):
            return await self._handle(request)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._handshake and request.protocol not in self._connections:
            self._connections.add(request.protocol)
            await self._sleep(self._handshake)
        body = await request.read()
        seen = record(request.method, request.raw_path, request.headers.items(), body, self._ignored_headers)
        text = canonical(seen, self._ignore.traffic, self._ignore.unordered)
        key = f"{self.ledger.note(text)} {text}"
        reply = self._replies.find(seen)
        if reply is None and isinstance(seen["body"], dict) and request.method == "POST":
            if seen["path"].endswith("/chat/completions") and seen["body"].get("stream"):
                return await self._stream(request, seen, key)
            reply = self._built_in(seen["path"], seen["body"])
        if reply is None:
            self.ledger.note_unknown(f"{request.method} {seen['path']}")
            reply = Reply(0.0, 404, JSON, b'{"error": "not found"}')
        await self._wait(reply.latency, seen["path"], key)
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    def _built_in(self, path: str, body: dict[str, Any]) -> Reply | None:
        if path.endswith("/chat/completions"):
            return Reply(self._model.latency, 200, JSON, json.dumps(model.complete(body)).encode())
        if path.endswith("/embeddings"):
            return Reply(self._model.embeddings_latency, 200, JSON, json.dumps(model.embed(body)).encode())
        return None

    async def _stream(self, request: web.BaseRequest, seen: Mapping[str, Any], key: str) -> web.StreamResponse:
        await self._wait(self._model.latency, seen["path"], key)
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-cache"})
        await response.prepare(request)
        for index, piece in enumerate(model.stream(seen["body"])):
            if index:
                await self._sleep(self._model.interval)
            await response.write(piece)
        await response.write_eof()
        return response

    async def _wait(self, latency: Latency, path: str, key: str) -> None:
        chosen = next((other for pattern, other in self._waits if pattern.fullmatch(path)), latency)
        await self._sleep(draw(chosen, key))

    async def _sleep(self, seconds: float) -> None:
        seconds /= self.speed
        with self.ledger.waiting(seconds):
            if seconds:
                await asyncio.sleep(seconds)


async def serve(control: Control, scenario: Scenario) -> None:
    """Serve on a free port of the loopback until told to stop, or until nobody is there to tell."""
    stand_in, gauge = StandIn(scenario), Gauge()
    runner = web.ServerRunner(web.Server(stand_in.handle, access_log=None), handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=BACKLOG).start()
    gauge.watch_loop()
    commands = control.commands()
    control.send({"ready": True, "port": runner.addresses[0][1]})
    while (command := await commands.get())["do"] != "stop":
        if command["do"] == "clear":
            stand_in.speed = command["speed"]
            stand_in.set_waits(msgspec.convert(command.get("waits", {}), dict[str, Latency]))
            stand_in.ledger.clear()
            gauge.mark()
            control.send({})
        elif command["do"] == "look":
            control.send(stand_in.ledger.state())
        else:
            asked = {name: getattr(stand_in.ledger, name)() for name in ("spans", "waits") if command.get(name)}
            control.send(stand_in.ledger.read() | {"usage": gauge.read()} | asked)
    control.send({})
    await runner.cleanup()


def _port(request: web.BaseRequest) -> int:
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return int(peer[1]) if peer else 0


def main() -> None:
    """The process that `run` starts; its first command holds the scenario."""
    control = Control()
    scenario = msgspec.convert(control.receive()["scenario"], Scenario, str_keys=True)
    asyncio.run(serve(control, scenario))


if __name__ == "__main__":
    main()
