"""Which answer a declared service gives to a request, and what it looks like."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from asyncify.bench.declared import Service
from asyncify.bench.latency import Latency
from asyncify.bench.patterns import path_pattern
from asyncify.bench.templates import fill, look_up


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the stand-in, to be sent after `latency` seconds."""

    latency: Latency
    status: int
    headers: Mapping[str, str]
    body: bytes


class Replies:
    """All declared services; patterns are compiled once."""

    def __init__(self, services: tuple[Service, ...]) -> None:
        self._services = [
            (service, path_pattern(service.path), {key: re.compile(text) for key, text in service.when.items()})
            for service in services
        ]

    def find(self, seen: Mapping[str, Any]) -> Reply | None:
        """The reply of the first service that matches what was seen (a record of `traffic`)."""
        parts = {"body": seen["body"], "query": dict(seen["query"]), "headers": seen["headers"]}
        for service, path, conditions in self._services:
            found = path.fullmatch(seen["path"]) if service.method == seen["method"] else None
            values = _matched(conditions, parts) if found else None
            if found and values is not None:
                return _reply(service, found.groupdict() | values, parts)
        return None


def _matched(conditions: Mapping[str, re.Pattern[str]], parts: Mapping[str, Any]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for key, pattern in conditions.items():
        try:
            found = pattern.fullmatch(str(look_up(parts, key)))
        except KeyError:
            return None
        if not found:
            return None
        values |= found.groupdict()
    return values


def _reply(service: Service, values: Mapping[str, str], parts: Mapping[str, Any]) -> Reply:
    def value_of(name: str) -> Any:
        if name in values:
            return values[name]
        try:
            return look_up(parts, name)
        except KeyError:
            return None

    headers = {name.lower(): str(value) for name, value in fill(service.headers, value_of).items()}
    if service.json is not UNSET:
        body = json.dumps(fill(service.json, value_of)).encode()
        return Reply(service.latency, service.status, {"content-type": "application/json"} | headers, body)
    body = str(fill(service.text or "", value_of)).encode()
    kind = {"content-type": "text/plain; charset=utf-8"} if body else {}
    return Reply(service.latency, service.status, kind | headers, body)
