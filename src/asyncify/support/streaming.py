"""Reading an open response piece by piece, as requests does with stream=True."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp

from asyncify.support.http_decode import _declared_encoding, _decoded, _decoded_json


@dataclass
class _Body:
    """How far the body of an open response was read. What was read stays there when it is closed."""

    whole: bytes | None = None
    held: bytearray = field(default_factory=bytearray)  # it came, but was not handed on yet
    is_consumed: bool = False

    def take(self, size: int) -> bytes:
        piece = bytes(self.held[:size])
        del self.held[:size]
        return piece


_bodies: WeakKeyDictionary[aiohttp.ClientResponse, _Body] = WeakKeyDictionary()


async def content_of(response: aiohttp.ClientResponse) -> bytes:
    """The whole body, or what is left of it."""
    return await _whole(response)


async def text_of(response: aiohttp.ClientResponse) -> str:
    """The whole body as text; bytes that cannot be decoded are replaced."""
    return _decoded(await _whole(response), _declared_encoding(response.headers))


async def json_of(response: aiohttp.ClientResponse, **options: Any) -> Any:
    """The whole body as JSON, whatever its type; JSONDecodeError if it is none."""
    return _decoded_json(await _whole(response), _declared_encoding(response.headers), **options)


async def iter_content(
    response: aiohttp.ClientResponse, chunk_size: int | None = 1, decode_unicode: bool = False
) -> AsyncIterator[Any]:
    """The body in pieces of this size, or shorter where the server sends shorter chunks; None: as it arrives."""
    encoding = _declared_encoding(response.headers) if decode_unicode else None
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace") if encoding else None
    async for piece in _pieces(response, chunk_size):
        if decoded := decoder.decode(piece) if decoder else piece:
            yield decoded
    if decoder and (rest := decoder.decode(b"", final=True)):
        yield rest


async def iter_lines(
    response: aiohttp.ClientResponse, chunk_size: int = 512, decode_unicode: bool = False, delimiter: Any = None
) -> AsyncIterator[Any]:
    """The lines of the body without their ends, each as soon as it is complete."""
    pending = None
    async for chunk in iter_content(response, chunk_size, decode_unicode):
        lines, pending = _lines(pending, chunk, delimiter)
        for line in lines:
            yield line
    if pending is not None:
        yield pending


async def _pieces(response: aiohttp.ClientResponse, size: int | None) -> AsyncIterator[bytes]:
    body = _bodies.setdefault(response, _Body())
    if body.whole is not None:
        for piece in _slices(body.whole, size):
            yield piece
        return
    if body.is_consumed:
        raise aiohttp.ClientPayloadError("The content for this response was already consumed")
    by_chunk = size is None or "chunked" in response.headers.get("Transfer-Encoding", "")
    async for data, chunk_ends in _chunks(response):
        body.held += data
        while size and len(body.held) >= size:
            yield body.take(size)
        if body.held and by_chunk and (chunk_ends or size is None):
            yield body.take(len(body.held))
    if body.held:
        yield body.take(len(body.held))
    body.is_consumed = True


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[bytes, bool]]:
    with _body_errors():
        async for chunk in response.content.iter_chunks():
            yield chunk


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body, or what is left of it; also after the response was closed."""
    body = _bodies.setdefault(response, _Body())
    if body.whole is None:
        if body.is_consumed:
            raise RuntimeError("The content for this response was already consumed")
        with _body_errors():
            body.whole = bytes(body.held) + await response.read()
    return body.whole


@contextmanager
def _body_errors() -> Iterator[None]:
    """A body that breaks off is no error status, and one that stands still is a lost connection."""
    try:
        yield
    except aiohttp.ClientResponseError as error:
        raise aiohttp.ClientPayloadError(error.message) from error
    except aiohttp.SocketTimeoutError as error:
        raise aiohttp.ClientOSError("Read timed out.") from error


def _slices(content: bytes, size: int | None) -> Iterator[bytes]:
    size = size or len(content) or 1
    return (content[start : start + size] for start in range(0, len(content), size))


def _lines(pending: Any, chunk: Any, delimiter: Any) -> tuple[list[Any], Any]:
    """The lines that are complete with this chunk, and the beginning of the next one."""
    if pending is not None:
        chunk = pending + chunk
    lines = chunk.split(delimiter) if delimiter else chunk.splitlines()
    unfinished = bool(lines and lines[-1] and lines[-1][-1] == chunk[-1])
    return (lines[:-1], lines[-1]) if unfinished else (lines, None)
