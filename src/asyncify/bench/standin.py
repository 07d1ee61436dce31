"""The stand-in for all services that a project calls: one HTTP server in a process of its own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
from aiohttp import web

from asyncify.bench import model
from asyncify.bench.control import Control
from asyncify.bench.gauge import Gauge
from asyncify.bench.ledger import Ledger
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
        self._model = scenario.model
        self._replies = Replies(scenario.services)
        self._ignore = scenario.ignore
        self._ignored_headers = frozenset(name.lower() for name in scenario.ignore.headers)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        seen = record(request.method, request.raw_path, request.headers.items(), body, self._ignored_headers)
        self.ledger.note(canonical(seen, self._ignore.traffic))
        reply = self._replies.find(seen)
        if reply is None and isinstance(seen["body"], dict) and request.method == "POST":
            if seen["path"].endswith("/chat/completions") and seen["body"].get("stream"):
                return await self._stream(request, seen["body"])
            reply = self._built_in(seen["path"], seen["body"])
        if reply is None:
            self.ledger.note_unknown(f"{request.method} {seen['path']}")
            reply = Reply(0.0, 404, JSON, b'{"error": "not found"}')
        await self._wait(reply.latency)
        return web.Response(status=reply.status, headers=reply.headers, body=reply.body)

    def _built_in(self, path: str, body: dict[str, Any]) -> Reply | None:
        if path.endswith("/chat/completions"):
            return Reply(self._model.latency, 200, JSON, json.dumps(model.complete(body)).encode())
        if path.endswith("/embeddings"):
            return Reply(self._model.embeddings_latency, 200, JSON, json.dumps(model.embed(body)).encode())
        return None

    async def _stream(self, request: web.BaseRequest, body: dict[str, Any]) -> web.StreamResponse:
        await self._wait(self._model.latency)
        response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-cache"})
        await response.prepare(request)
        for index, piece in enumerate(model.stream(body)):
            if index:
                await self._wait(self._model.interval)
            await response.write(piece)
        await response.write_eof()
        return response

    async def _wait(self, latency: float) -> None:
        seconds = latency / self.speed
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
            stand_in.ledger.clear()
            gauge.mark()
            control.send({})
        else:
            control.send(stand_in.ledger.read() | {"usage": gauge.read()})
    control.send({})
    await runner.cleanup()


def main() -> None:
    """The process that `run` starts; its first command holds the scenario."""
    control = Control()
    scenario = msgspec.convert(control.receive()["scenario"], Scenario, str_keys=True)
    asyncio.run(serve(control, scenario))


if __name__ == "__main__":
    main()
