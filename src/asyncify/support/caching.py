"""The caches of functools for asynchronous functions: results are kept, never coroutines."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, NamedTuple, TypeVar, overload

_T = TypeVar("_T")
_MISSING = object()


class CacheInfo(NamedTuple):
    """What `cache_info()` gives, as functools has it."""

    hits: int
    misses: int
    maxsize: int | None
    currsize: int


def lru_cache(maxsize: int | None = 128, typed: bool = False) -> Any:
    """`functools.lru_cache` for an asynchronous function: calls with equal arguments that run at the same time in one
    event loop wait for the one that came first. Errors are not kept."""
    return functools.partial(_cached, maxsize=maxsize, typed=typed)


def cache(function: Callable[..., Awaitable[_T]]) -> Any:
    """`functools.cache` for an asynchronous function."""
    return _cached(function, None, False)


def _cached(function: Callable[..., Awaitable[_T]], maxsize: int | None, typed: bool) -> Any:
    results = _Results(maxsize)

    @functools.wraps(function)
    async def call(*args: Any, **kwargs: Any) -> Any:
        key = _key(args, kwargs, typed)
        while True:
            value = results.get(key)
            if value is not _MISSING:
                return value
            running = results.running.get((key, asyncio.get_running_loop()))
            if running is None:
                return await results.keep(key, function(*args, **kwargs))
            await asyncio.wait([running])
            if not running.cancelled():
                results.hits += 1
                return running.result()

    def cache_parameters() -> dict[str, Any]:
        return {"maxsize": maxsize, "typed": typed}

    call.cache_info = results.info  # type: ignore[attr-defined]
    call.cache_clear = results.clear  # type: ignore[attr-defined]
    call.cache_parameters = cache_parameters  # type: ignore[attr-defined]
    return call


def _key(args: tuple[Any, ...], kwargs: dict[str, Any], typed: bool) -> Any:
    key = (args, tuple(kwargs.items()))
    if not typed:
        return key
    return key, tuple(type(value) for value in (*args, *kwargs.values()))


class _Results:
    """What a cached function gave, the most recently used last, and the calls that are running now."""

    def __init__(self, maxsize: int | None) -> None:
        self.maxsize = maxsize if maxsize is None else max(maxsize, 0)
        self.running: dict[Any, asyncio.Future[Any]] = {}
        self.hits = self.misses = 0
        self._found: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()  # loops of several threads may share the cache; it is never held over an await

    def get(self, key: Any) -> Any:
        with self._lock:
            if key not in self._found:
                return _MISSING
            self.hits += 1
            self._found.move_to_end(key)
            return self._found[key]

    async def keep(self, key: Any, call: Awaitable[Any]) -> Any:
        """Await the call, keep its value, and let those who wait for the same have it."""
        loop = asyncio.get_running_loop()
        shared = loop.create_future()
        self.misses += 1
        if self.maxsize != 0:  # nothing is kept, so nothing is shared either
            self.running[key, loop] = shared
        try:
            value = await call
        except asyncio.CancelledError:
            shared.cancel()  # whoever waits asks for it again
            raise
        except BaseException as error:
            shared.set_exception(error)
            shared.exception()  # it has been seen: this call raises it
            raise
        else:
            self._put(key, value)
            shared.set_result(value)
            return value
        finally:
            self.running.pop((key, loop), None)

    def _put(self, key: Any, value: Any) -> None:
        with self._lock:
            self._found[key] = value
            self._found.move_to_end(key)
            if self.maxsize is not None and len(self._found) > self.maxsize:
                self._found.popitem(last=False)

    def info(self) -> CacheInfo:
        with self._lock:
            return CacheInfo(self.hits, self.misses, self.maxsize, len(self._found))

    def clear(self) -> None:
        with self._lock:
            self._found.clear()
            self.hits = self.misses = 0


def cached_property(function: Callable[[Any], Awaitable[_T]]) -> _CachedProperty[_T]:
    """`functools.cached_property` for an asynchronous method: `await thing.name` runs it once and gives the same value
    each time. Errors are not kept; `del thing.name` forgets the value."""
    return _CachedProperty(function)


class _CachedProperty(Generic[_T]):
    def __init__(self, function: Callable[[Any], Awaitable[_T]]) -> None:
        self.function = function
        self.name = function.__name__
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> _CachedProperty[_T]: ...

    @overload
    def __get__(self, instance: object, owner: type | None = None) -> Awaitable[_T]: ...

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        return vars(instance).setdefault(self.name, _Once(functools.partial(self.function, instance)))


class _Once(Generic[_T]):
    """May be awaited often; runs its function until that gives a value."""

    def __init__(self, function: Callable[[], Awaitable[_T]]) -> None:
        self._call = cache(function)

    def __await__(self) -> Generator[Any, Any, _T]:
        return self._call().__await__()  # type: ignore[no-any-return]
