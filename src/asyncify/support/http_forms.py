"""Request bodies as requests writes them: JSON, forms, multipart, text, files and generators."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from asyncify.support.http_errors import InvalidJSONError
from asyncify.support.http_urls import _pairs

_BLOCK = 65536


def _encoded_body(data: Any, files: Any, content: Any) -> tuple[Any, str | None]:
    """The body and its Content-Type from the arguments data=, files= and json=; nothing gives None.

    Text, bytes, files and generators are handed back as they are, without a type, as requests sends them.
    """
    if files:
        if isinstance(data, (str, bytes)):
            raise ValueError("Data must not be a string.")
        return _multipart(_pairs(data or {}), files.items() if isinstance(files, Mapping) else files)
    if isinstance(data, (bytearray, memoryview)):
        data = bytes(data)
    if data:
        is_form = isinstance(data, (Mapping, list, tuple))
        if not is_form and not hasattr(data, "__iter__") and not hasattr(data, "__aiter__"):
            raise TypeError(f"the body must be text, bytes, a file or iterable, not {data!r}")
        return (urlencode(_pairs(data), doseq=True), "application/x-www-form-urlencoded") if is_form else (data, None)
    if content is not None:
        try:
            return json.dumps(content, allow_nan=False).encode(), "application/json"
        except ValueError as error:
            raise InvalidJSONError(str(error)) from error
    return None, None


def _multipart(fields: list[tuple[Any, Any]], files: Any) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    parts = [_part(_text(name), None, _bytes(value), {}) for name, value in fields]
    for name, value in files:
        filename, content, *more = value if isinstance(value, (tuple, list)) else (_filename(value) or name, value)
        if content is not None:
            headers = {**(more[1] if len(more) > 1 else {}), "Content-Type": more[0] if more else None}
            body = content.read() if hasattr(content, "read") else content
            parts.append(_part(name, filename, _bytes(body), headers))
    lines = [f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts]
    return b"".join([*lines, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _part(name: str, filename: str | None, body: bytes, headers: Mapping[str, str | None]) -> bytes:
    escapes = {10: "%0A", 13: "%0D", 34: "%22"}
    head = f'Content-Disposition: form-data; name="{name.translate(escapes)}"'
    if filename is not None:
        head += f'; filename="{filename.translate(escapes)}"'
    ordered = sorted(headers.items(), key=lambda header: header[0] != "Content-Type")
    head += "".join(f"\r\n{key}: {value}" for key, value in ordered if value)
    return f"{head}\r\n\r\n".encode() + body


def _filename(file: Any) -> str | None:
    name = getattr(file, "name", None)
    return Path(name).name if isinstance(name, str) and name[:1] != "<" and name[-1:] != ">" else None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _bytes(value: Any) -> bytes:
    return bytes(value) if isinstance(value, (bytes, bytearray, memoryview)) else str(value).encode()


def _position(body: Any) -> int | None:
    """Where the file stands that is the body; -1 if it cannot say so, None for what is no file."""
    if not hasattr(body, "tell"):
        return None
    try:
        return int(body.tell())
    except OSError:
        return -1


def _length(body: Any) -> int | None:
    """How many bytes are still to be sent; None if only reading would tell."""
    if isinstance(body, str):
        return len(body.encode())
    if hasattr(body, "__len__"):
        return len(body)
    position = _position(body)
    if position is None or position < 0:
        return None
    end = int(body.seek(0, os.SEEK_END))
    body.seek(position)
    return max(0, end - position)


async def _blocks(body: Any) -> AsyncIterator[bytes]:
    """The pieces of a large body, a file or a generator. What may block is read in a thread."""
    if isinstance(body, bytes):
        for start in range(0, len(body), _BLOCK):
            yield body[start : start + _BLOCK]
    elif hasattr(body, "__aiter__"):
        async for block in body:
            if block:
                yield _bytes(block)
    elif hasattr(body, "read"):
        while block := await asyncio.to_thread(body.read, _BLOCK):
            yield _bytes(block)
    else:
        blocks = iter(body)
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            if block:
                yield _bytes(block)
