"""Reading an open response piece by piece, as requests does with stream=True."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp

from asyncify.support.http_decode import _declared_encoding, _decoded, _decoded_json

# What was read stays there when a response is closed; aiohttp would raise.
_bodies: WeakKeyDictionary[aiohttp.ClientResponse, bytes] = WeakKeyDictionary()


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
    by_chunk = size is None or "chunked" in response.headers.get("Transfer-Encoding", "")
    held = bytearray()
    async for data, chunk_ends in _chunks(response):
        held += data
        while size and len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
        if held and by_chunk and (chunk_ends or size is None):
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[bytes, bool]]:
    try:
        async for chunk in response.content.iter_chunks():
            yield chunk
    except aiohttp.ClientResponseError as error:
        raise aiohttp.ClientPayloadError(error.message) from error


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The body, also after the response was closed.

    A broken one is a ClientPayloadError, also where aiohttp takes it for an error status.
    """
    if response not in _bodies:
        try:
            _bodies[response] = await response.read()
        except aiohttp.ClientResponseError as error:
            raise aiohttp.ClientPayloadError(error.message) from error
    return _bodies[response]


def _lines(pending: Any, chunk: Any, delimiter: Any) -> tuple[list[Any], Any]:
    """The lines that are complete with this chunk, and the beginning of the next one."""
    if pending is not None:
        chunk = pending + chunk
    lines = chunk.split(delimiter) if delimiter else chunk.splitlines()
    unfinished = bool(lines and lines[-1] and lines[-1][-1] == chunk[-1])
    return (lines[:-1], lines[-1]) if unfinished else (lines, None)
