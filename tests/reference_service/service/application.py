"""What all requests share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .config_provider import Settings
from .logs import Log
from .metrics import Metrics

ROUTES = {"/health/live": "GET", "/health/ready": "GET", "/metrics": "GET"}
PROBE_ROUTES = {
    "/contract-probe/error": "GET",
    "/contract-probe/slow": "GET",
    "/contract-probe/outbound": "GET",
    "/contract-probe/dependency": "PUT",
    "/contract-probe/echo": "POST",
}


class Application:
    """Settings, log, metrics, and what is under way."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log = Log(settings)
        self.metrics = Metrics(settings)
        self.routes = {**ROUTES, **(PROBE_ROUTES if settings.contract_probe else {})}
        self.draining = threading.Event()
        self.dependency_failed = False
        self._open = 0
        self._changed = threading.Condition()

    @contextmanager
    def request_under_way(self) -> Iterator[None]:
        with self._changed:
            self._open += 1
        try:
            yield
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def wait_for_requests(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._open == 0, seconds)
