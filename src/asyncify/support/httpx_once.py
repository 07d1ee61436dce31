"""The functions of httpx, each with a client of its own, as httpx does it."""

from __future__ import annotations

from typing import Any

import httpx

_OF_CLIENT = ("cookies", "proxy", "verify", "trust_env")


class HttpxOnce:
    """`HttpxOnce.get(url)` is httpx.get(url), asynchronously. The arguments are the same."""

    @staticmethod
    async def request(method: str, url: Any, **options: Any) -> httpx.Response:
        settings = {name: options.pop(name) for name in _OF_CLIENT if name in options}
        async with httpx.AsyncClient(**settings) as client:
            return await client.request(method, url, **options)

    @classmethod
    async def get(cls, url: Any, **options: Any) -> httpx.Response:
        return await cls.request("GET", url, **options)

    @classmethod
    async def options(cls, url: Any, **options: Any) -> httpx.Response:
        return await cls.request("OPTIONS", url, **options)

    @classmethod
    async def head(cls, url: Any, **options: Any) -> httpx.Response:
        return await cls.request("HEAD", url, **options)

    @classmethod
    async def post(cls, url: Any, **options: Any) -> httpx.Response:
        return await cls.request("POST", url, **options)

    @classmethod
    async def put(cls, url: Any, **options: Any) -> httpx.Response:
        return await cls.request("PUT", url, **options)

    @classmethod
    async def patch(cls, url: Any, **options: Any) -> httpx.Response:
        return await cls.request("PATCH", url, **options)

    @classmethod
    async def delete(cls, url: Any, **options: Any) -> httpx.Response:
        return await cls.request("DELETE", url, **options)
