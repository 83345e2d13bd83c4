"""The one door to the vendors: where requests may go, what may come back, and what a broken wire means."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from app.backends.http import ForbiddenHost, HttpClient, HttpPolicy, Lost, NotSent, Reply, Timeouts

Handler = Callable[[httpx.Request], httpx.Response]
URL = "https://acme.my.salesforce.com/x"


def client(handler: Handler, **policy: object) -> HttpClient:
    settings = {"allowed_hosts": ("salesforce.com",), **policy}
    return HttpClient(HttpPolicy(**settings), httpx.MockTransport(handler))  # type: ignore[arg-type]


def says(body: bytes = b"", status: int = 200, headers: dict[str, str] | None = None) -> Handler:
    return lambda request: httpx.Response(status, content=body, headers=headers)


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[str]:
    """A real socket that reads one request, sends `answer` and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"


async def test_a_complete_answer_comes_back_with_lower_case_headers() -> None:
    reply = await client(says(b"hello", 404, {"X-One": "1"})).send("GET", URL)
    assert (reply.status, reply.headers["x-one"], reply.body) == (404, "1", b"hello")


async def test_redirects_are_answers() -> None:
    reply = await client(says(status=302, headers={"Location": "https://evil.example/"})).send("GET", URL)
    assert (reply.status, reply.headers["location"]) == (302, "https://evil.example/")


async def test_a_reply_is_decompressed() -> None:
    packed = says(gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
    assert (await client(packed).send("GET", URL)).body == b"hello"


async def test_a_reply_is_capped_after_decompression() -> None:
    bomb = says(gzip.compress(b"x" * 1_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(Lost, match="larger"):
        await client(bomb, max_reply_bytes=1000).send("GET", URL)


async def test_a_reply_that_does_not_decompress_is_lost() -> None:
    with pytest.raises(Lost):
        await client(says(b"not gzip", headers={"Content-Encoding": "gzip"})).send("GET", URL)


async def test_cookies_are_not_kept() -> None:
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200, headers={"Set-Cookie": "sid=secret; Domain=salesforce.com; Path=/"})

    door = client(answer)
    await door.send("GET", URL)
    await door.send("GET", "https://other.my.salesforce.com/x")
    assert not [headers for headers in seen if "cookie" in headers]


@pytest.mark.parametrize(
    "url",
    [
        "https://salesforce.com/",
        "https://a.b.SALESFORCE.com:8443/x",
        "https://acme.my.salesforce.com./x",
        "https://user@acme.salesforce.com/",
    ],
)
def test_an_allowed_host_may_be_called(url: str) -> None:
    client(says()).check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.my.salesforce.com/",
        "https://evil.example/",
        "https://salesforce.com.evil.example/",
        "https://evilsalesforce.com/",
        "https://salesforce.com@evil.example/",
        "https://evil.example\\.salesforce.com/",
        "https://evil.example/?.salesforce.com",
        "https://evil.example#.salesforce.com",
        "https://[evil/",
        "https://127.0.0.1/",
        "https://localhost/",
        "ftp://salesforce.com/",
        "//salesforce.com/",
        "/x",
        "",
        "https://",
        "https://salesforce.com:port/",
    ],
)
async def test_any_other_address_is_forbidden_before_anything_is_sent(url: str) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    with pytest.raises(ForbiddenHost):
        await client(answer).send("GET", url)
    assert sent == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/", "http://localhost/", "http://[::1]:80/", "https://127.0.0.9/"]
)
def test_loopback_is_allowed_by_setting_only(url: str) -> None:
    client(says(), allow_loopback=True).check_url(url)
    with pytest.raises(ForbiddenHost):
        client(says()).check_url(url)


def test_loopback_needs_http() -> None:
    with pytest.raises(ForbiddenHost):
        client(says(), allow_loopback=True).check_url("ftp://127.0.0.1/")


@pytest.mark.parametrize("trouble", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")])
async def test_trouble_before_the_first_byte_means_not_sent(trouble: Exception) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise trouble

    with pytest.raises(NotSent):
        await client(answer).send("POST", URL)


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.WriteError("x"),
        httpx.WriteTimeout("x"),
        httpx.ReadError("x"),
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
    ],
)
async def test_trouble_after_the_first_byte_means_lost(trouble: Exception) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise trouble

    with pytest.raises(Lost):
        await client(answer).send("POST", URL)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"nonsense\r\n\r\n",
    ],
)
async def test_an_answer_cut_on_a_real_socket_is_lost(answer: bytes) -> None:
    door = HttpClient(HttpPolicy((), allow_loopback=True, timeouts=Timeouts(read=5.0)))
    async with server(answer) as url:
        with pytest.raises(Lost):
            await door.send("GET", url)
    await door.aclose()


async def test_a_whole_answer_on_a_real_socket_is_a_reply() -> None:
    door = HttpClient(HttpPolicy((), allow_loopback=True))
    async with server(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok") as url:
        reply = await door.send("POST", url, content=b"{}")
    await door.aclose()
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (201, b"ok")


async def test_a_closed_port_means_not_sent() -> None:
    async with server(b"") as url:
        pass
    door = HttpClient(HttpPolicy((), allow_loopback=True))
    with pytest.raises(NotSent):
        await door.send("GET", url)
    await door.aclose()


async def test_the_environments_proxy_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    door = HttpClient(HttpPolicy((), allow_loopback=True))
    async with server(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n") as url:
        assert (await door.send("GET", url)).status == 204
    await door.aclose()
