"""An ASGI app behind uvicorn, as its users run it. Standard library and uvicorn only."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING, Any

from .control import Control, Message
from .gauge import Gauge
from .logbook import Logbook
from .targets import resolve_sync
from .tracer import Tracer

if TYPE_CHECKING:
    import uvicorn

BACKLOG = 4096
INTERVAL = 0.005  # seconds between two looks at the server
FINISH_TIMEOUT = 20.0  # seconds for what requests have left to do when they are answered


def serve(control: Control, config: Message, logbook: Logbook) -> None:
    """Run uvicorn, with its own choice of loop if none is named, on a free port of the loopback until told to stop."""
    import uvicorn

    tracer = Tracer.of(config)
    server = uvicorn.Server(
        uvicorn.Config(
            tracer.wrap(_app(config)) if config["trace"] else config["target"],
            factory=config["factory"] and not config["trace"],
            loop=config["loop"] or "auto",
            log_level="warning",
            access_log=False,
            backlog=BACKLOG,
        )
    )
    # The protocol is named because asyncio turns Nagle's algorithm off only for sockets that name it, as those that
    # uvicorn opens by itself do; without it every answer would be 40 ms late.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        _run_loop(_serve(control, server, listener, logbook, tracer), server.config)


def _app(config: Message) -> Any:
    app = resolve_sync(config["target"])
    return app() if config["factory"] else app


def _run_loop(main: Any, config: uvicorn.Config) -> None:
    if not hasattr(config, "get_loop_factory"):  # uvicorn before 0.36
        config.setup_event_loop()
        asyncio.run(main)
        return
    factory = config.get_loop_factory()
    loop = factory() if factory else asyncio.new_event_loop()
    try:
        loop.run_until_complete(main)
    finally:
        loop.close()


async def _serve(
    control: Control, server: uvicorn.Server, listener: socket.socket, logbook: Logbook, tracer: Tracer
) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110  (uvicorn has no event to wait for)
        await asyncio.sleep(INTERVAL)
    if serving.done():
        await serving
        raise RuntimeError("the server stopped while it was starting; its log says why")
    gauge = Gauge()
    gauge.watch_loop()
    commands = control.commands()
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    control.send({"ready": True, "port": listener.getsockname()[1], "is_async": True, "loop": loop})
    while True:
        command = await commands.get()
        if command["do"] == "stop":
            break
        if command["do"] == "mark":
            gauge.mark()
            logbook.clear()
        elif command["do"] == "finish":
            await _finish(server)
        control.send({"usage": gauge.read(), "logs": logbook.read(), **tracer.read()})
    server.should_exit = True
    control.send({})
    await serving


async def _finish(server: uvicorn.Server) -> None:
    """Wait for the app's calls to return: background tasks go on when their request is answered."""
    deadline = time.monotonic() + FINISH_TIMEOUT
    while server.server_state.tasks and time.monotonic() < deadline:  # noqa: ASYNC110  (as above)
        await asyncio.sleep(INTERVAL)
