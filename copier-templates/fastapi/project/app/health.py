"""Liveness, and readiness with checks of what the service depends on."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from app.lifecycle import Lifecycle
from app.logs import get_logger
from app.problems import problem

Check = Callable[[], Awaitable[None]]
DEFAULT_TIMEOUT_SECONDS = 2.0
OK = "ok"

_log = get_logger(__name__)


class CheckFailed(Exception):  # noqa: N818 - reads as what it says
    """Raise it in a check with words that the readiness answer may show."""


class Readiness:
    """Named checks; the service is ready when each of them passes in its time.

    Args:
        lifecycle: while the process drains it is not ready, whatever the checks say.
    """

    def __init__(self, lifecycle: Lifecycle) -> None:
        self.lifecycle = lifecycle
        self._checks: dict[str, tuple[Check, float]] = {}
        self._last: dict[str, str] = {}

    def add(self, name: str, check: Check, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        """Add a dependency. The check returns if it is well and raises if not; it must not block the event loop."""
        if name in self._checks:
            raise ValueError(f"there is a check named {name} already")
        self._checks[name] = (check, timeout_seconds)

    async def results(self) -> dict[str, str]:
        """Run all checks at once: `ok` or `failed: why`, by name."""
        outcomes = await asyncio.gather(*(self._run(name, *entry) for name, entry in self._checks.items()))
        return dict(zip(self._checks, outcomes, strict=True))

    async def _run(self, name: str, check: Check, timeout_seconds: float) -> str:
        failure: Exception | None = None
        try:
            async with asyncio.timeout(timeout_seconds):
                await check()
            outcome = OK
        except TimeoutError as error:
            outcome, failure = f"failed: no answer within {timeout_seconds:g} s", error
        except CheckFailed as error:
            outcome, failure = f"failed: {error}", error
        except Exception as error:  # noqa: BLE001 - whatever it is, the dependency is not well
            outcome, failure = f"failed: {type(error).__name__}", error
        if outcome != self._last.get(name, OK):
            # Only a change is worth a line: readiness is asked every few seconds.
            _log.warning("dependency", name=name, outcome=outcome, exc_info=failure)
        self._last[name] = outcome
        return outcome


def add_routes(router: APIRouter, readiness: Readiness) -> None:
    """`/health/live` and `/health/ready`."""

    @router.get("/health/live", include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready", include_in_schema=False)
    async def ready(request: Request) -> Response:
        if readiness.lifecycle.draining:
            return problem(request, 503, "draining", checks={})
        checks = await readiness.results()
        failed = [name for name, outcome in checks.items() if outcome != OK]
        if failed:
            return problem(request, 503, f"failed: {', '.join(failed)}", checks=checks)
        return JSONResponse({"status": "ready", "checks": checks})
