"""Routes that let anybody prove the service contract from outside; mounted only where CONTRACT_PROBE is true."""

import asyncio
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel

from app.health import CheckFailed, Readiness
from app.http_client import HttpClient

DEPENDENCY = "contract-probe"
LONGEST_SECONDS = 30


class Echo(BaseModel):
    """Any whole number, sent back."""

    value: int


class SwitchableDependency:
    """A dependency that is well or not, as it is told."""

    def __init__(self) -> None:
        self.well = True

    async def check(self) -> None:
        if not self.well:
            raise CheckFailed("switched off by PUT /contract-probe/dependency")


def build_router(readiness: Readiness, client: HttpClient) -> APIRouter:
    """The probe's routes; adds its dependency to the readiness checks."""
    router = APIRouter(prefix="/contract-probe", include_in_schema=False)
    dependency = SwitchableDependency()
    readiness.add(DEPENDENCY, dependency.check)

    @router.get("/error")
    async def error() -> None:
        raise RuntimeError("raised by the contract probe")

    @router.get("/slow")
    async def slow(seconds: Annotated[float, Query(ge=0, le=LONGEST_SECONDS)]) -> dict[str, float]:
        await asyncio.sleep(seconds)
        return {"seconds": seconds}

    @router.get("/outbound")
    async def outbound(url: str) -> dict[str, int]:
        if not is_loopback(url):
            raise HTTPException(400, "url must be http on a loopback address.")
        response = await client.get().get(url)
        return {"status": response.status_code}

    @router.put("/dependency", status_code=204)
    async def switch(state: Literal["ok", "failed"]) -> None:
        dependency.well = state == "ok"

    @router.post("/echo")
    async def echo(body: Echo) -> Echo:
        return body

    return router


def is_loopback(url: str) -> bool:
    """Whether a URL is plain HTTP to an address of this machine; names other than `localhost` are not looked up."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False
