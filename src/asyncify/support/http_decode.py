"""Text and JSON out of a body as requests decodes them."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

from asyncify.support.http_errors import JSONDecodeError


def _declared_encoding(headers: Mapping[str, str]) -> str | None:
    """The charset of the Content-Type; Latin-1 for text and UTF-8 for JSON without one; else None."""
    kind, *parameters = headers.get("Content-Type", "").split(";")
    for parameter in parameters:
        name, equals, value = parameter.strip().partition("=")
        if equals and name.strip("\"' ").lower() == "charset":
            return value.strip("\"' ")
    if "text" in kind:
        return "ISO-8859-1"
    return "utf-8" if "application/json" in kind else None


def _guessed_encoding(body: bytes) -> str | None:
    """The encoding that the bytes look like; UTF-8 where charset_normalizer is not installed."""
    try:
        detector = importlib.import_module("charset_normalizer")
    except ImportError:
        return "utf-8"
    encoding = detector.detect(body)["encoding"]
    return None if encoding is None else str(encoding)


def _decoded(body: bytes, encoding: str | None) -> str:
    if not body:
        return ""
    try:
        return str(body, encoding or _guessed_encoding(body) or "utf-8", errors="replace")
    except LookupError:  # a charset that Python does not know
        return str(body, "utf-8", errors="replace")


def _decoded_json(body: bytes, encoding: str | None, **options: Any) -> Any:
    """Raises JSONDecodeError where the body is no JSON, also where it is empty."""
    try:
        return _loaded_json(body, encoding, **options)
    except json.JSONDecodeError as error:
        raise JSONDecodeError(error.msg, error.doc, error.pos) from None


def _loaded_json(body: bytes, encoding: str | None, **options: Any) -> Any:
    if not encoding and len(body) > 3:
        try:
            return json.loads(body.decode(json.detect_encoding(body)), **options)
        except UnicodeDecodeError:
            pass  # not the encoding that JSON asks for: guess as for text
    return json.loads(_decoded(body, encoding), **options)
