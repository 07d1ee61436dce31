"""One client an event loop: made on first use, shared, closed at the end, and no cookies leak between calls."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import pytest
from blockbuster import blockbuster_ctx

from support_server import Server

pytest_plugins = ["support_fixtures"]


def _run(main: Any) -> Any:
    """Run as asyncio.run does, and let nothing stay open."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = asyncio.run(main)
        gc.collect()
    return result


def test_calls_share_connections_and_no_cookies(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    server = servers[0]

    async def main() -> None:
        await aio.get(server.url + "/setcookie?c=a=1")
        await aio.get(server.url + "/echo")

    _run(main())
    first, second = server.take()

    assert first.connection == second.connection
    assert second.header("Cookie") is None


def test_calls_side_by_side_keep_their_cookies_apart(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    server = servers[0]

    async def one(number: int) -> tuple[Any, Any]:
        response = await aio.get(
            f"{server.url}/redir/302?to=/echo/{number}&sc=n={number}%3B%20Path%3D/", cookies={"own": str(number)}
        )
        return response.url, response.history[0].cookies.get_dict()

    async def main() -> list[Any]:
        return list(await asyncio.gather(*map(one, range(40))))

    answers = _run(main())
    followed = {each.target: each.header("Cookie") for each in server.take() if each.target.startswith("/echo/")}

    assert answers == [(f"{server.url}/echo/{n}", {"n": str(n)}) for n in range(40)]
    assert {target: set(cookie.split("; ")) for target, cookie in followed.items() if cookie} == {
        f"/echo/{n}": {f"own={n}", f"n={n}"} for n in range(40)
    }


def test_a_session_keeps_cookies_and_headers_over_several_loops(
    aio: ModuleType, servers: tuple[Server, Server]
) -> None:
    server = servers[0]
    session = aio.Session()
    session.headers["X-A"] = "1"

    async def call(route: str) -> int:
        return int((await session.get(server.url + route)).status_code)

    codes = [_run(call(route)) for route in ("/setcookie?c=a=1", "/echo", "/echo")]

    assert codes == [200, 200, 200]
    assert [(each.header("X-A"), each.header("Cookie")) for each in server.take()] == [
        ("1", None),
        ("1", "a=1"),
        ("1", "a=1"),
    ]


def test_the_client_closes_itself_with_the_loop(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    async def main() -> aiohttp.ClientSession:
        await aio.get(servers[0].url + "/echo")
        session: aiohttp.ClientSession = next(iter(next(iter(aio._shared_sessions.values())).values()))[0]
        return session

    session = _run(main())

    assert session.closed
    assert not [loop for loop in aio._shared_sessions if not loop.is_closed()]


def test_after_close_a_call_opens_a_new_client(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    server = servers[0]

    async def main() -> None:
        async with aio.Session() as session:
            await session.get(server.url + "/echo")
        await aio.close()
        await aio.get(server.url + "/echo")
        await aio.close()
        await aio.close()

    _run(main())
    first, second = server.take()

    assert first.connection != second.connection


def test_lifespan_closes_at_shutdown(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    async def main() -> bool:
        async with aio.lifespan(object()):
            await aio.get(servers[0].url + "/echo")
            session = next(iter(next(iter(aio._shared_sessions.values())).values()))[0]
        return bool(session.closed)

    assert _run(main())


def test_connections_close_after_a_lifespan_of_the_application(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    seen: list[object] = []

    @contextlib.asynccontextmanager
    async def own(app: object) -> AsyncIterator[dict[str, object]]:
        yield {"app": app}
        seen.append((await aio.get(servers[0].url + "/echo")).status_code)  # it may still ask at its end
        raise KeyError("at shutdown")

    async def main() -> bool:
        with pytest.raises(KeyError):
            async with aio.closing_after(own)("app") as state:
                seen.append(state)
        return not aio._shared_sessions

    assert _run(main())
    assert seen == [{"app": "app"}, 200]


def test_a_cancelled_call_leaves_nothing_behind(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    async def main() -> None:
        task = asyncio.ensure_future(aio.get(servers[0].url + "/slow?d=0.2"))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await aio.get(servers[0].url + "/echo")).ok

    _run(main())


def test_an_opened_response_is_an_aiohttp_response(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    async def main() -> tuple[bool, int, bool]:
        async with aio.get(servers[0].url + "/large/100") as opened:
            return isinstance(opened, aiohttp.ClientResponse), opened.status, opened.content.at_eof()

    kind, status, _ = _run(main())

    assert (kind, status) == (True, 200)


def test_an_http_error_is_one_of_aiohttps_with_the_text_of_requests_and_the_response(
    aio: ModuleType, servers: tuple[Server, Server]
) -> None:
    async def main() -> list[BaseException]:
        caught: list[BaseException] = []
        try:
            (await aio.get(servers[0].url + "/status/404")).raise_for_status()
        except aiohttp.ClientResponseError as error:
            caught.append(error)
        async with aio.get(servers[0].url + "/status/500") as opened:
            try:
                await aio.check(opened)
            except aiohttp.ClientResponseError as error:
                caught.append(error)
        return caught

    errors = _run(main())

    assert [str(error).replace(servers[0].url, "") for error in errors] == [
        "404 Client Error: Not Found for url: /status/404",
        "500 Server Error: Internal Server Error for url: /status/500",
    ]
    assert [(aio.response_of(error).status_code, aio.response_of(error).text) for error in errors] == [
        (404, "body-404"),
        (500, "body-500"),
    ]
    assert aio.response_of(ValueError()) is None


def test_an_error_of_the_projects_own_is_made_from_a_text(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    response = _run(_read(aio, servers[0].url + "/status/418"))
    plain, full = aio.HTTPError("broken"), aio.HTTPError("broken", response=response)

    assert issubclass(type(plain), aiohttp.ClientResponseError)
    assert (str(plain), plain.args, plain.response) == ("broken", ("broken",), None)
    assert (full.response, full.request, full.status) == (response, response.request, 418)


async def _read(aio: ModuleType, url: str) -> Any:
    return await aio.get(url)


def test_threads_with_loops_of_their_own_do_not_disturb_each_other(
    aio: ModuleType, servers: tuple[Server, Server]
) -> None:
    session = aio.Session()
    codes: list[int] = []

    def work() -> None:
        codes.append(asyncio.run(_status(session, servers[0].url)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert codes == [200] * 4


async def _status(session: Any, url: str) -> int:
    return int((await session.get(url + "/echo")).status_code)


def test_an_adapter_of_requests_is_refused(aio: ModuleType) -> None:
    with pytest.raises(TypeError, match="made for requests"):
        aio.Session().mount("http://", object())


def test_an_asynchronous_generator_is_a_body(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    async def parts() -> Any:
        yield b"one"
        yield b"two"

    async def main() -> None:
        await aio.post(servers[0].url + "/echo", data=parts())
        await aio.post(servers[0].url + "/redir/307", data=parts())

    _run(main())
    received = servers[0].take()

    assert {each.header("Transfer-Encoding") for each in received} == {"chunked"}
    assert [each.body for each in received] == [b"onetwo", b"onetwo", b""]  # used up, as with requests


# aiohttp's own login drops the first answer; where its body has not come yet, the collector closes the connection.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_digest_login(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    async def main() -> str:
        response = await aio.get(servers[0].url + "/digest", auth=aiohttp.DigestAuthMiddleware("u", "p"))
        return str(response.text)

    assert _run(main()) == "in"
    assert [each.target for each in servers[0].take()] == ["/digest", "/digest"]


def test_lines_come_as_the_server_sends_them(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    async def main() -> list[float]:
        started = time.perf_counter()
        async with aio.get(servers[0].url + "/drip?n=3&d=0.05") as opened:
            return [time.perf_counter() - started async for _ in aio.iter_lines(opened)]

    first, *_, last = _run(main())

    assert first < 0.05 < last


def test_nothing_blocks_the_event_loop(aio: ModuleType, servers: tuple[Server, Server], tmp_path: Path) -> None:
    base, file = servers[0].url, tmp_path / "body.txt"
    file.write_text("body")

    async def main() -> None:
        with file.open("rb") as opened, blockbuster_ctx():
            await aio.get(f"{base}/redir/302", params={"a": 1})
            await aio.post(f"{base}/echo", data=opened, timeout=3)
            await aio.post(f"{base}/echo", files={"f": b"1"})
            (await aio.get(f"{base}/untyped-cp1251")).text  # noqa: B018
            async with aio.get(f"{base}/sse") as response:
                assert len([line async for line in aio.iter_lines(response)]) > 3

    _run(main())


def test_a_connection_that_the_caller_closes_is_not_used_again(aio: ModuleType, servers: tuple[Server, Server]) -> None:
    server = servers[0]

    async def main() -> None:
        for _ in range(3):
            await aio.post(server.url + "/echo", data=b"x", headers={"Connection": "close"})

    _run(main())
    connections = [each.connection for each in server.take()]

    assert len(connections) == len(set(connections)) == 3
