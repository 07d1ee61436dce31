"""Drive real clients of web services before and after migration against a recording server; compare what they do."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import clients

LIST = Path(__file__).with_name("http_clients.toml")
UNIMPORTANT = frozenset({"host", "connection"})
HTTP_MODULES = re.compile(r"^(requests|aiohttp)\b|(^|\.)_aio$")
LIBRARY = re.compile(r"python-(requests|urllib3)/\S+|Python/\S+ aiohttp/\S+")
BOUNDARY = re.compile(r"boundary=(\w+)")
DEEPEST = 4


def main() -> int:
    """Print each difference; the exit code is 1 if there is one."""
    arguments = clients.parse_arguments(__doc__, LIST)
    if arguments.drive:
        return _drive(arguments.list, *arguments.drive)
    return clients.compare_all("http clients", Path(__file__), arguments)


# ---------------------------------------------------------------- in the process that drives one package


def _drive(packages: Path, pin: str, folder: str) -> int:
    client = clients.load_client(packages, pin)
    server = _Server(client["routes"])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    space = {"BASE": server.base}
    results = clients.drive(client, folder, space, _described, server.take)
    print("\n" + re.sub(rf"(http://)?127\.0\.0\.1(:|%3A){server.server_port}", "BASE", json.dumps(results)), end="")
    return 0


def _described(value: Any, depth: int = 0) -> Any:
    """A value as JSON can say it, without what may differ between two runs or two libraries."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, bytes):
        return repr(value)
    if depth == DEEPEST:
        return type(value).__name__
    if isinstance(value, dict):
        return {str(key): _described(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_described(item, depth + 1) for item in value]
    if isinstance(value, BaseException):
        return _described_error(value)
    if hasattr(value, "status_code") and HTTP_MODULES.search(type(value).__module__):
        return ["response", value.status_code, value.text]
    if HTTP_MODULES.search(type(value).__module__):
        return "an object of the HTTP library"
    attributes = getattr(value, "__dict__", {})
    shown = {key: _described(item, depth + 1) for key, item in attributes.items() if not key.startswith("_")}
    return [type(value).__name__, shown]


def _described_error(error: BaseException) -> Any:
    """Classes of the old and the new library differ by design; the status that they report does not."""
    if not HTTP_MODULES.search(type(error).__module__):
        return [type(error).__name__, str(error)]
    if isinstance(error, json.JSONDecodeError):
        return [json.JSONDecodeError.__name__, str(error)]
    status = getattr(error, "status", None) or getattr(getattr(error, "response", None), "status_code", None)
    kind = next(base for base in (ValueError, TimeoutError, Exception) if isinstance(error, base))
    return ["error of the HTTP library", kind.__name__ if status is None else status]


# ---------------------------------------------------------------- the recording server


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, routes: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes = routes
        self.given: Counter[int] = Counter()
        self.received: list[Any] = []
        self.base = f"http://127.0.0.1:{self.server_address[1]}"

    def take(self) -> list[Any]:
        taken, self.received = self.received, []
        return taken

    def reply(self, method: str, path: str, query: str) -> dict[str, Any]:
        """The reply of the first route that fits; those of `replies` in turn, the last for good."""
        for number, route in enumerate(self.routes):
            fits = route.get("method", method) == method and re.search(route["path"], path)
            if fits and re.search(route.get("query", ""), query):
                replies = route.get("replies", [route])
                self.given[number] += 1
                reply: dict[str, Any] = replies[min(self.given[number], len(replies)) - 1]
                return reply
        return {"status": 404, "text": "no route"}


def _less_library(value: str) -> str:
    """A header's value without the name that a library gives itself where the caller gives none."""
    return "the library's own" if LIBRARY.fullmatch(value) else value


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        headers = sorted([key.lower(), _less_library(value)] for key, value in self.headers.items())
        headers = [[key, value] for key, value in headers if key not in UNIMPORTANT]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        drawn = BOUNDARY.search(self.headers.get("Content-Type", ""))  # by lot
        sent = json.dumps([self.command, self.path, headers, body.decode("latin-1")])
        self.server.received.append(json.loads(sent.replace(drawn[1], "BOUNDARY") if drawn else sent))
        reply = self.server.reply(self.command, path, query)
        kind = "application/json" if "json" in reply else "text/plain; charset=utf-8"
        data = reply.get("json", reply.get("text", "")).encode()
        self.send_response(reply.get("status", 200))
        for name, value in ({"Content-Type": kind} | reply.get("headers", {})).items():
            self.send_header(name, value)
        if reply.get("status", 200) != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if reply.get("status", 200) != 204:
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer  # noqa: N815


if __name__ == "__main__":
    sys.exit(main())
