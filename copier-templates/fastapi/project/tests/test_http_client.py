import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.contract_probe import is_loopback
from app.http_client import HttpClient

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Upstream:
    """A tiny real server that remembers what it was sent."""

    def __init__(self) -> None:
        self.received = b""
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream()
    server = await asyncio.start_server(upstream.answer, "127.0.0.1", 0)
    upstream.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        yield upstream


async def test_a_request_sent_on_carries_the_identity(client: httpx.AsyncClient, upstream: Upstream) -> None:
    response = await client.get(
        "/contract-probe/outbound",
        params={"url": upstream.url},
        headers={"X-Request-ID": "abc", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"},
    )
    assert response.json() == {"status": 204}
    sent = upstream.received.lower()
    assert b"x-request-id: abc\r\n" in sent
    assert f"traceparent: 00-{TRACE}-".encode() in sent
    assert b"-00f067aa0ba902b7-" not in sent


async def test_there_is_one_client_with_time_limits() -> None:
    holder = HttpClient("test", 1.5)
    client = holder.get()
    assert holder.get() is client
    assert client.timeout == httpx.Timeout(1.5)
    await holder.aclose()
    assert client.is_closed


async def test_a_service_that_calls_nobody_has_nothing_to_close() -> None:
    await HttpClient("test", 1).aclose()


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/x", "http://localhost/", "http://[::1]:1/"])
def test_loopback_addresses_are_allowed(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "http://example.org/",
        "http://127.0.0.1@example.org/",
        "file:///etc/passwd",
        "",
        "http://[",
    ],
)
def test_no_other_address_is(url: str) -> None:
    assert not is_loopback(url)
