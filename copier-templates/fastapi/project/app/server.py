"""uvicorn with a drain: load balancers learn that the process leaves before it stops listening."""

import asyncio
import signal
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from app.lifecycle import Lifecycle
from app.logs import get_logger
from app.settings import Settings

_log = get_logger(__name__)


class DrainingServer(uvicorn.Server):
    """Stops in two steps on SIGTERM: readiness answers 503 while traffic is served, then uvicorn's graceful stop.

    SIGINT (Ctrl-C), a second SIGTERM, or one before the service is up skip the first step.

    Args:
        app: the ASGI application.
        settings: addresses and times.
        lifecycle: told when the drain begins.
    """

    def __init__(self, app: ASGIApp, settings: Settings, lifecycle: Lifecycle) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                lifespan="on",
                timeout_keep_alive=settings.keep_alive_seconds,
                timeout_graceful_shutdown=settings.shutdown_grace_seconds,
            )
        )
        self._drain_seconds = settings.drain_seconds
        self._lifecycle = lifecycle
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)  # type: ignore[arg-type]

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's interface
        """React to a signal. Runs between two byte codes of the event loop, so it only hands over."""
        if sig == signal.SIGTERM and self.started and not self._lifecycle.draining and self._loop is not None:
            self._lifecycle.draining = True
            self._loop.call_soon_threadsafe(self._drain)
        elif self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        else:
            self.should_exit = True

    def _drain(self) -> None:
        _log.info("draining", seconds=self._drain_seconds)
        asyncio.get_running_loop().call_later(self._drain_seconds, self._stop)

    def _stop(self) -> None:
        self.should_exit = True
