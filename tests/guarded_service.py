"""Run by test_sample.py in the migrated sample's folder: serves it with blocking calls forbidden in the event loop.

A client in another thread drives every route over HTTP. Ends with the number of routes, or with what blocked.
Sessions, handbook and ledger are in the database that DESKMATE_DATABASE_URL names, if it does.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import traceback
import urllib.request
from pathlib import Path

sys.path[:0] = [str(Path.cwd()), str(Path.cwd() / "tests")]

import uvicorn  # noqa: E402
from blockbuster import BlockBuster, BlockingError  # noqa: E402
from fake_services import FakeServices  # noqa: E402

ROUTES: list[tuple[str, str, dict[str, object] | None]] = [
    ("POST", "/chat", {"message": 'Weather? [tool:get_weather {"city": "Oslo"}]', "session_id": "s1"}),
    ("POST", "/chat/stream", {"message": "Say hello", "session_id": "s2"}),
    ("POST", "/batch", {"messages": [f"question {n}" for n in range(15)], "session_prefix": "b"}),
    ("GET", "/sessions/s1", None),
    ("DELETE", "/sessions/s1", None),
    ("GET", "/health", None),
]


def drive(base: str) -> list[str]:
    """Send each request once; the answers that are no success."""
    troubles = []
    for method, path, body in ROUTES:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": "Bearer user-ada", "Content-Type": "application/json"}
        request = urllib.request.Request(base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                answer.read()
        except OSError as error:
            troubles.append(f"{method} {path}: {error}")
    return troubles


async def serve() -> list[str]:
    from deskmate.api import app
    from deskmate.database import get_database

    if database := get_database():
        await database.create_tables()
    blocked: list[str] = []

    def note(_: object, context: dict[str, object]) -> None:
        blocked.append(str(context.get("exception") or context.get("message")))

    asyncio.get_running_loop().set_exception_handler(note)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        guard = BlockBuster()
        guard.activate()
        try:
            base = f"http://127.0.0.1:{listener.getsockname()[1]}"
            return [*await asyncio.to_thread(drive, base), *blocked]
        finally:
            guard.deactivate()
            server.should_exit = True
            await serving


def main() -> int:
    with FakeServices() as services:
        os.environ["DESKMATE_SERVICES_URL"] = services.url
        os.environ["DESKMATE_WEBHOOK_URL"] = f"{services.url}/hooks/desk"
        try:
            troubles = asyncio.run(serve())
        except BlockingError:
            traceback.print_exc()
            return 1
    print("\n".join(troubles))
    print(f"guarded: {len(ROUTES)} routes, {len(troubles)} blocking calls")
    return 1 if troubles else 0


sys.exit(main())
