"""What the stand-in saw of one request, in a form in which the order of keys, parameters and headers is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from asyncify.bench.templates import without, without_order

CONNECTION_HEADERS = frozenset({"host", "connection", "accept-encoding", "content-length", "transfer-encoding"})
LIBRARY_AGENT = re.compile(r"python-requests/\S+|Python/\S+ aiohttp/\S+|python-httpx/\S+|python-urllib3/\S+")
BOUNDARY = re.compile(r'boundary="?([^";,]+)"?')


def record(
    method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes, ignore_headers: frozenset[str]
) -> dict[str, Any]:
    """Method, path, query, headers that matter and body; equal for two requests that mean the same.

    Left out are the headers that belong to the connection or are the HTTP library's own name; a multipart
    boundary, which is random, is replaced.
    """
    path, _, query = target.partition("?")
    lowered = {name.lower(): value for name, value in headers}
    content_type = lowered.get("content-type", "")
    boundary = BOUNDARY.search(content_type)
    if boundary:
        body = body.replace(boundary[1].encode(), b"BOUNDARY")
        lowered["content-type"] = content_type.replace(boundary[1], "BOUNDARY")
    return {
        "method": method,
        "path": path,
        "query": sorted(parse_qsl(query, keep_blank_values=True), key=lambda pair: pair[0]),
        "headers": _that_matter(lowered, ignore_headers),
        "body": read_body(content_type, body),
    }


def read_body(content_type: str, body: bytes) -> Any:
    """A body as a value: JSON parsed, a form as its pairs, anything else as text; None where there is none."""
    if not body:
        return None
    text = body.decode("utf-8", "backslashreplace")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    if kind == "application/x-www-form-urlencoded":
        return sorted(parse_qsl(text, keep_blank_values=True), key=lambda pair: pair[0])
    return text


def canonical(value: Any, ignored: tuple[str, ...] = (), unordered: tuple[str, ...] = ()) -> str:
    """One text for all equal values, without what is to be ignored, the lists sorted whose order does not matter."""
    kept = without(value, ignored) if ignored else value
    return json.dumps(without_order(kept, unordered) if unordered else kept, sort_keys=True, ensure_ascii=False)


def _that_matter(headers: Mapping[str, str], ignored: frozenset[str]) -> dict[str, str]:
    return {
        name: value
        for name, value in headers.items()
        if name not in CONNECTION_HEADERS | ignored and not (name == "user-agent" and LIBRARY_AGENT.fullmatch(value))
    }
