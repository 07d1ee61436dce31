"""A real HTTP server on the loopback interface that records what it received; for tests and for scripts under test."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import socket
import ssl
import struct
import threading
import time
import zlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

from support_models import ModelRoutes

# path -> Content-Type (None: none is sent) and body
BODIES: dict[str, tuple[str | None, bytes]] = {
    "/text-utf8": ("text/plain; charset=utf-8", "naïve café €".encode()),
    "/text-latin1": ("text/plain; charset=ISO-8859-1", "naïve café".encode("latin-1")),
    "/text-cp1251": ("text/plain; charset=windows-1251", "Привет, мир! ".encode("cp1251") * 20),
    "/text-none-utf8": ("text/plain", "naïve café €".encode()),
    "/text-none-latin1": ("text/plain", "naïve café".encode("latin-1")),
    "/html": ("text/html", "<html><meta charset='utf-8'>é€</html>".encode()),
    "/text-unknown": ("text/plain; charset=no-such", "café".encode()),
    "/text-wrong": ("text/plain; charset=utf-8", b"caf\xe9"),
    "/untyped-utf8": (None, "naïve café €, déjà vu, über".encode()),
    "/untyped-cp1251": (None, "Привет, мир! Это текст на русском. ".encode("cp1251") * 20),
    "/binary": ("application/octet-stream", bytes(range(256)) * 8),
    "/empty": ("text/plain", b""),
    "/json": ("application/json", '{"a": 1, "s": "é"}'.encode()),
    "/json-wrong-type": ("text/html", b'{"a": 1}'),
    "/json-untyped": (None, b'{"a": 1}'),
    "/json-suffix": ("application/vnd.api+json", b'{"a": 1}'),
    "/json-latin1": ("application/json; charset=latin-1", '{"s": "é"}'.encode("latin-1")),
    "/json-latin1-undeclared": ("application/json", '{"s": "é"}'.encode("latin-1")),
    "/json-bad-utf8": (None, b'{"s": "\xe9\xff"}'),
    "/json-utf16": ("application/json", '{"s": "é"}'.encode("utf-16")),
    "/json-utf16-untyped": (None, '{"s": "é"}'.encode("utf-16")),
    "/json-utf32-untyped": (None, '{"s": "é"}'.encode("utf-32-le")),
    "/json-bom": ("application/json", b"\xef\xbb\xbf" + b'{"a": 1}'),
    "/json-bom-untyped": (None, b"\xef\xbb\xbf" + b'{"a": 1}'),
    "/json-nan": ("application/json", b'{"a": NaN, "b": 1e999}'),
    "/json-empty": ("application/json", b""),
    "/json-blank": ("application/json", b"  \n"),
    "/json-invalid": ("application/json", b'{"a": '),
    "/lines": ("text/plain; charset=utf-8", "one\r\ntwo\n\nthree\x0bfour more\rfive\nsix\u2028seven\nlast".encode()),
    "/lines-untyped": (None, b"one\r\ntwo\n\nthree"),
    "/lines-long": ("text/plain", b"x" * 200_000 + b"\nend"),
}
CERTIFICATE = Path(__file__).with_name("support_server.pem")  # self-signed, with its key, for 127.0.0.1
CUT = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int  # the number of the connection over which it came

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Server:
    """`with Server() as server:`; requests to `server.url + route` are answered and recorded in `server.received`.

    It stops at the end of the block, and by itself when the process ends.
    """

    def __init__(self, *, tls: bool = False) -> None:
        self.received: list[Received] = []
        self.failures: dict[str, int] = {}
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Server:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def take(self) -> list[Received]:
        """What came in since the last call."""
        taken, self.received = self.received, []
        self.failures.clear()
        return taken


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    owner: Server

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.connections = itertools.count(1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the tests."""


class _Handler(ModelRoutes, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.number = next(self.server.connections)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # any method: http.server looks for do_GET, do_PURGE and so on
            return self._answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _answer(self) -> None:
        self.query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        headers = tuple(self.headers.items())
        received = Received(self.command, self.path, headers, self._body(), self.number)
        self.server.owner.received.append(received)
        route = urlsplit(self.path).path if not self.path.startswith("http:") else "/proxied"
        if route in BODIES:
            kind, body = BODIES[route]
            self._send(200, body, {"Content-Type": kind} if kind else {})
            return
        name, _, rest = route.strip("/").partition("/")
        getattr(self, f"_on_{name.replace('-', '_')}", self._on_missing)(rest)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            pieces = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, status: int, body: bytes = b"", headers: Any = (), reason: str | None = None) -> None:
        self.send_response(status, reason)
        for name, value in headers.items() if isinstance(headers, dict) else headers:
            self.send_header(name, value)
        has_body = status not in (204, 304) and status >= 200
        if has_body:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if has_body and self.command != "HEAD":
            self.wfile.write(body)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _start_chunks(self, kind: str = "text/plain") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()
        self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    # ------------------------------------------------------------------ routes

    def _on_missing(self, rest: str) -> None:
        self._send(404, b"no such route")

    def _on_echo(self, rest: str) -> None:
        self._send(200, b"echo", {"Content-Type": "text/plain"})

    def _on_proxied(self, rest: str) -> None:
        self._send(200, b"via proxy " + self.path.encode(), {"Content-Type": "text/plain"})

    def _on_status(self, rest: str) -> None:
        self._send(int(rest), f"body-{rest}".encode(), {"Content-Type": "text/plain"}, self.query.get("reason"))

    def _on_redir(self, rest: str) -> None:
        location = self.query.get("to", "/echo")
        cookies = [("Set-Cookie", value) for key, value in parse_qsl(urlsplit(self.path).query) if key == "sc"]
        self._send(int(rest), f"redirecting-{rest}".encode(), [("Location", location), *cookies])

    def _on_location(self, rest: str) -> None:
        raw = unquote_to_bytes(urlsplit(self.path).query).decode("latin-1")
        self._send(302, b"", {"Location": raw})

    def _on_nolocation(self, rest: str) -> None:
        self._send(302, b"nowhere")

    def _on_chain(self, rest: str) -> None:
        left = int(rest)
        self._send(302 if left else 200, b"link", {"Location": f"/chain/{left - 1}"} if left else {})

    def _on_loop(self, rest: str) -> None:
        self._send(302, b"", {"Location": "/loop"})

    def _on_slow(self, rest: str) -> None:
        time.sleep(float(self.query.get("d", "0.1")))
        self._send(200, b"slow")

    def _on_drip(self, rest: str) -> None:
        self._start_chunks()
        for index in range(int(self.query.get("n", "3"))):
            self._chunk(b"part%d\n" % index)
            time.sleep(float(self.query.get("d", "0.02")))
        self._chunk(b"")

    def _on_drip_sized(self, rest: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2400")
        self.end_headers()
        for _ in range(4):
            self.wfile.write(b"y" * 600)
            self.wfile.flush()
            time.sleep(0.02)

    def _on_large(self, rest: str) -> None:
        self._send(200, b"x" * int(rest), {"Content-Type": "application/octet-stream"})

    def _on_drop(self, rest: str) -> None:
        self._hang_up()

    def _on_reset(self, rest: str) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _on_cut(self, rest: str) -> None:
        self._raw((CUT + "Content-Length: 100\r\n\r\nshort").encode())

    def _on_cutchunk(self, rest: str) -> None:
        self._raw((CUT + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\nab").encode())

    def _on_badchunk(self, rest: str) -> None:
        self._raw((CUT + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabcde\r\n").encode())

    def _on_badstatus(self, rest: str) -> None:
        self._raw(b"NOT HTTP AT ALL\r\n\r\n")

    def _on_badgzip(self, rest: str) -> None:
        self._send(200, b"this is not gzip", {"Content-Encoding": "gzip"})

    def _on_gzip(self, rest: str) -> None:
        headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain"}
        self._send(200, gzip.compress(b"hello gzip " * 50, mtime=0), headers)

    def _on_deflate(self, rest: str) -> None:
        headers = {"Content-Encoding": "deflate", "Content-Type": "text/plain"}
        self._send(200, zlib.compress(b"hello deflate " * 50), headers)

    def _on_setcookie(self, rest: str) -> None:
        cookies = [("Set-Cookie", value) for key, value in parse_qsl(urlsplit(self.path).query) if key == "c"]
        self._send(200, b"cookies", cookies)

    def _on_flaky(self, rest: str) -> None:
        """Fails `fail` times with `status` (or by hanging up where that is 0), then answers."""
        failures = self.server.owner.failures
        failures[rest] = failures.get(rest, 0) + 1
        if failures[rest] > int(self.query.get("fail", "1")):
            self._send(200, b"ok after %d" % failures[rest])
            return
        status = int(self.query.get("status", "503"))
        after = {"Retry-After": self.query["after"]} if "after" in self.query else {}
        if status:
            self._send(status, b"try %d" % failures[rest], after)
        else:
            self._hang_up()

    def _on_duplicates(self, rest: str) -> None:
        self._send(200, b"", [("X-Dup", "a"), ("X-Dup", "b"), ("x-dup", "c"), ("Warning", "1")])

    def _on_header(self, rest: str) -> None:
        raw = unquote_to_bytes(self.query.get("v", "")).decode("latin-1")
        self._send(200, b"", {"X-U": raw})

    def _on_bigheader(self, rest: str) -> None:
        self._send(200, b"", {"X-Big": "x" * 20_000})

    def _on_links(self, rest: str) -> None:
        link = '</page2?a=1>; rel="next"; title="more", <http://other.test/last>; rel=last, <plain>'
        self._send(200, b"", {"Link": link})

    def _on_connection(self, rest: str) -> None:
        self._send(200, json.dumps({"connection": self.number}).encode(), {"Content-Type": "application/json"})

    def _on_sse(self, rest: str) -> None:
        self._start_chunks("text/event-stream")
        for index in range(int(rest or "3")):
            self._chunk(b"data: %d\n\n" % index)
            time.sleep(0.01)
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _on_basic(self, rest: str) -> None:
        expected = "Basic " + base64.b64encode(b"u:p").decode()
        ok = self.headers.get("Authorization") == expected
        self._send(200 if ok else 401, b"in" if ok else b"out", {} if ok else {"WWW-Authenticate": 'Basic realm="t"'})

    def _on_digest(self, rest: str) -> None:
        ok = self.headers.get("Authorization", "").startswith('Digest username="u"')
        challenge = 'Digest realm="t", nonce="abc", qop="auth", algorithm=MD5'
        self._send(200 if ok else 401, b"in" if ok else b"out", {} if ok else {"WWW-Authenticate": challenge})
