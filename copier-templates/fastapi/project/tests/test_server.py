"""The drain, with a real server."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp

from app.lifecycle import Lifecycle
from app.server import DrainingServer
from app.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(service_name="test", port=0, drain_seconds=0.5, contract_probe=True)


@pytest.fixture
async def server(app: ASGIApp, settings: Settings, lifecycle: Lifecycle) -> AsyncIterator[DrainingServer]:
    server = DrainingServer(app, settings, lifecycle)
    task = asyncio.create_task(server._serve())
    async with asyncio.timeout(5):
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await task


@pytest.fixture
async def http(server: DrainingServer) -> AsyncIterator[httpx.AsyncClient]:
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


async def test_sigterm_drains_before_it_stops(server: DrainingServer, http: httpx.AsyncClient) -> None:
    in_flight = asyncio.create_task(http.get("/contract-probe/slow", params={"seconds": 0.8}))
    await asyncio.sleep(0.1)
    server.handle_exit(signal.SIGTERM, None)
    assert (await http.get("/health/ready")).status_code == 503
    assert (await http.get("/health/live")).status_code == 200
    assert not server.should_exit
    assert (await in_flight).status_code == 200
    assert server.should_exit


async def test_a_port_in_use_is_told_in_the_logs(
    server: DrainingServer, app: ASGIApp, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    taken = server.servers[0].sockets[0].getsockname()[1]
    other = DrainingServer(app, Settings(service_name="test", port=taken), Lifecycle())
    with pytest.raises(SystemExit):
        await other.serve()
    assert [line["level"] for line in log_lines()].count("error") == 1


async def test_ctrl_c_and_a_second_sigterm_do_not_wait_for_the_drain(server: DrainingServer) -> None:
    server.handle_exit(signal.SIGTERM, None)
    assert not server.should_exit
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit
    assert not server.force_exit
    server.handle_exit(signal.SIGINT, None)
    assert server.force_exit


def test_sigterm_before_the_start_stops_at_once(app: ASGIApp, settings: Settings, lifecycle: Lifecycle) -> None:
    server = DrainingServer(app, settings, lifecycle)
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit
    assert not lifecycle.draining
