import asyncio

import httpx
import pytest

from app.health import CheckFailed, Readiness
from app.lifecycle import Lifecycle


async def test_a_live_process_says_so(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "live"})


async def test_a_ready_service_names_its_checks(client: httpx.AsyncClient) -> None:
    response = await client.get("/health/ready")
    assert response.json() == {"status": "ready", "checks": {"contract-probe": "ok"}}


async def test_a_failed_dependency_is_named_until_it_recovers(client: httpx.AsyncClient) -> None:
    await client.put("/contract-probe/dependency", params={"state": "failed"})
    response = await client.get("/health/ready")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["checks"]["contract-probe"].startswith("failed: ")
    await client.put("/contract-probe/dependency", params={"state": "ok"})
    assert (await client.get("/health/ready")).status_code == 200


async def test_a_draining_service_is_not_ready_but_serves_and_closes_connections(
    client: httpx.AsyncClient, lifecycle: Lifecycle
) -> None:
    lifecycle.draining = True
    response = await client.get("/health/ready")
    assert (response.status_code, response.json()["detail"]) == (503, "draining")
    served = await client.get("/health/live")
    assert (served.status_code, served.headers["connection"]) == (200, "close")


async def test_checks_run_at_once_and_each_has_its_time() -> None:
    async def slow() -> None:
        await asyncio.sleep(10)

    async def told() -> None:
        raise CheckFailed("pool is empty")

    async def broken() -> None:
        raise OSError("10.0.0.7 refused")

    readiness = Readiness(Lifecycle())
    for number in range(5):
        readiness.add(f"slow-{number}", slow, timeout_seconds=0.05)
    readiness.add("told", told)
    readiness.add("broken", broken)
    async with asyncio.timeout(0.2):
        results = await readiness.results()
    assert results["slow-4"] == "failed: no answer within 0.05 s"
    assert results["told"] == "failed: pool is empty"
    assert results["broken"] == "failed: OSError", "what an unexpected error says stays inside"


async def test_two_checks_cannot_share_a_name() -> None:
    async def fine() -> None: ...

    readiness = Readiness(Lifecycle())
    readiness.add("database", fine)
    with pytest.raises(ValueError, match="database"):
        readiness.add("database", fine)
