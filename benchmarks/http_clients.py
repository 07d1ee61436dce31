"""Drive real clients of web services before and after migration against a recording server; compare what they do."""

from __future__ import annotations

import argparse
import ast
import asyncio
import inspect
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LIST = Path(__file__).with_name("http_clients.toml")
KEPT = Path(tempfile.gettempdir(), "asyncify-packages")
UNIMPORTANT = frozenset({"host", "connection"})
HTTP_MODULES = re.compile(r"^(requests|aiohttp)\b|(^|\.)_aio$")
LIBRARY = re.compile(r"python-requests/\S+|Python/\S+ aiohttp/\S+")
DEEPEST = 4
SECONDS = 120


def main() -> int:
    """Print each difference; the exit code is 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these clients")
    parser.add_argument("--keep", type=Path, default=KEPT, help="where downloads are kept (default: %(default)s)")
    parser.add_argument("--drive", nargs=2, metavar=("PIN", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.drive:
        return _drive(*arguments.drive)
    clients = [c for c in _clients() if not arguments.names or c["pin"].partition("==")[0] in arguments.names]
    calls = differences = 0
    for client in clients:
        print(f"{client['pin']}: {len(client['calls'])} calls", flush=True)
        found = _compare(client, arguments.keep)
        calls += len(client["calls"])
        differences += len(found)
        for line in found:
            print(f"    ! {line}")
    print(f"\nhttp clients: {len(clients)} packages, {calls} calls, {differences} differences")
    return 1 if differences else 0


def _clients() -> list[dict[str, Any]]:
    with LIST.open("rb") as stream:
        rows: list[dict[str, Any]] = tomllib.load(stream)["client"]
    return rows


def _compare(client: dict[str, Any], keep: Path) -> list[str]:
    """What the original and the migrated package do differently, in words."""
    from twins import fetch

    from asyncify.api import migrate
    from asyncify.config import Config

    original = fetch(client["pin"], keep)
    with tempfile.TemporaryDirectory() as work:
        copy = Path(work, "migrated")
        shutil.copytree(original, copy)
        migration = migrate(Config(path=copy, cache=False))
        if migration.faults:
            return [str(fault) for fault in migration.faults]
        for change in migration.changes:
            (copy / change.path).write_bytes(change.after or b"")
        before, after = (_results(client["pin"], folder) for folder in (original, copy))
    if isinstance(before, str) or isinstance(after, str):
        return [f"it does not run: {run}" for run in (before, after) if isinstance(run, str)]
    if not any(call["traffic"] for call in before):
        return ["the calls sent nothing, so nothing was compared"]
    return [
        f"{expression}: {key}\n        before {old[key]}\n        after  {new[key]}"
        for expression, old, new in zip(client["calls"], before, after, strict=True)
        for key in old
        if old[key] != new[key]
    ]


def _results(pin: str, folder: Path) -> list[dict[str, Any]] | str:
    """What driving the package in a process of its own gave; its last words if it failed."""
    command = [sys.executable, "-W", "error::RuntimeWarning", __file__, "--drive", pin, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        return done.stderr.strip()[-2000:]
    calls: list[dict[str, Any]] = json.loads(done.stdout.rpartition("\n")[2])
    return calls


# ---------------------------------------------------------------- in the process that drives one package


def _drive(pin: str, folder: str) -> int:
    client = next(row for row in _clients() if row["pin"] == pin)
    sys.path[:0] = [folder, str(Path(folder, "src"))]
    server = _Server(client["routes"])
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    results = asyncio.run(_run(client, server)) if _is_migrated(folder) else _finish(_run(client, server))
    print("\n" + re.sub(rf"(http://)?127\.0\.0\.1(:|%3A){server.server_port}", "BASE", json.dumps(results)), end="")
    return 0


def _is_migrated(folder: str) -> bool:
    return any(Path(folder).rglob("_aio.py"))


def _finish(coroutine: Any) -> Any:
    """Run a coroutine that never waits: the original must not see an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("the original package waited for an event loop")


async def _run(client: dict[str, Any], server: _Server) -> list[dict[str, Any]]:
    space: dict[str, Any] = {"BASE": server.base, "_settled": _settled}
    await _executed(client["setup"], space, "exec")
    results = []
    for expression in client["calls"]:
        try:
            value = await _listed(await _executed(expression, space, "eval"))
            ending, result = "result", _described(value)
        except Exception as error:
            ending, result = "raises", _described(error)
        results.append({"ending": ending, "value": result, "traffic": server.take()})
    return results


async def _executed(text: str, space: dict[str, Any], mode: str) -> Any:
    """Run the text; whatever a call in it gives back is awaited if it can be."""
    tree = ast.fix_missing_locations(_Awaiting().visit(ast.parse(text, mode=mode)))
    code = compile(tree, "<calls>", mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = eval(code, space)
    return await value if inspect.iscoroutine(value) else value


class _Awaiting(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return ast.Await(ast.Call(ast.Name("_settled", ast.Load()), [node], []))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return node


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _listed(value: Any) -> Any:
    if hasattr(type(value), "__aiter__"):
        return [item async for item in value]
    return list(value) if hasattr(type(value), "__next__") else value


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
        self.server.received.append([self.command, self.path, headers, body.decode("latin-1")])
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
