"""HTTPAdapter and Retry: a session that repeats failed requests by the rules of urllib3."""

from __future__ import annotations

import asyncio
import email.utils
import random
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

import aiohttp

from asyncify.support.http_errors import RetryError

_REPEATABLE = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"})


@dataclass(frozen=True)
class Retry:
    """How often and when a request is sent again. The names and defaults are those of urllib3's Retry."""

    total: Any = 10
    connect: Any = None
    read: Any = None
    redirect: Any = None  # redirects are counted by Session.max_redirects, as requests does
    status: Any = None
    other: Any = None
    allowed_methods: Collection[str] | None = _REPEATABLE
    status_forcelist: Collection[int] | None = None
    backoff_factor: float = 0
    backoff_max: float = 120
    raise_on_redirect: bool = True
    raise_on_status: bool = True
    respect_retry_after_header: bool = True
    backoff_jitter: float = 0.0
    retry_after_max: float = 21600

    def allows(self, method: str) -> bool:
        """May a request of this method be sent again once the server may have acted on it?"""
        return not self.allowed_methods or method in self.allowed_methods

    def wants(self, method: str, status: int, has_retry_after: bool) -> bool:
        """Is an answer of this status a reason to send the request again?"""
        if not self.allows(method):
            return False
        asked = bool(self.total and self.respect_retry_after_header and has_retry_after and status in (413, 429, 503))
        return status in (self.status_forcelist or ()) or asked

    def pause(self, failures: int, retry_after: str | None = None) -> float:
        """How long to wait after so many failures in a row."""
        if self.respect_retry_after_header and retry_after:
            parsed = email.utils.parsedate_tz(retry_after)
            asked = email.utils.mktime_tz(parsed) - time.time() if parsed else float(retry_after)
            if asked > 0:
                return min(asked, self.retry_after_max)
        if failures <= 1:
            return 0
        backoff: float = self.backoff_factor * 2 ** (failures - 1) + random.random() * self.backoff_jitter
        return max(0, min(self.backoff_max, backoff))


class Adapter:
    """What Session.mount takes. As in requests the sizes of the pool say what is kept, they limit nothing."""

    def __init__(
        self, pool_connections: int = 10, pool_maxsize: int = 10, max_retries: Any = 0, pool_block: bool = False
    ) -> None:
        if pool_block:
            raise ValueError("pool_block=True has no counterpart; limit the number of calls instead")
        if not isinstance(max_retries, Retry):
            max_retries = Retry(max_retries) if max_retries else Retry(0, read=False)
        self.max_retries: Retry = max_retries

    async def deliver(
        self, method: str, send: Callable[[], Awaitable[aiohttp.ClientResponse]]
    ) -> aiohttp.ClientResponse:
        """Send, and send again as `max_retries` says. At the end the last error is raised."""
        rules, failures = self.max_retries, 0
        left = {kind: getattr(rules, kind) for kind in ("total", "connect", "read", "status", "other")}
        while True:
            retry_after = None
            try:
                response = await send()
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
                kind = _kind_of(error)
                refused = left[kind] is False or (kind == "read" and not rules.allows(method))
                if rules.total is False or refused or _is_used_up(left, kind):
                    raise
            else:
                retry_after = response.headers.get("Retry-After")
                if not rules.wants(method, response.status, retry_after is not None):
                    return response
                if _is_used_up(left, "status"):
                    if not rules.raise_on_status:
                        return response
                    response.release()
                    raise RetryError(f"too many {response.status} error responses for {response.url}")
                await response.read()
                response.release()
            failures += 1
            await asyncio.sleep(rules.pause(failures, retry_after))


def _kind_of(error: aiohttp.ClientError) -> str:
    if isinstance(error, aiohttp.ClientSSLError):
        return "other"
    never_arrived = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
    return "connect" if never_arrived else "read"


def _is_used_up(left: dict[str, Any], kind: str) -> bool:
    """Count one failure of this kind; was it one too many?"""
    for counted in ("total", kind):
        if left[counted] is not None:
            left[counted] -= 1
    return any(count is not None and count < 0 for count in left.values())
