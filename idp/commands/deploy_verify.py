"""Whether a deployed service is the release, is ready, keeps the contract's promises and stays up."""

import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from idp.adapters import health
from idp.domain.contract import Exchange
from idp.domain.deployment import (
    METRICS_PATH,
    READY_PATH,
    Fault,
    Instance,
    contract_fault,
    identity_fault,
    readiness_fault,
    start_fault,
    steady_fault,
)
from idp.domain.release import Pin

SETTLE_SECONDS = 4.0
"""How long a service has to stay ready: a crash that the first requests bring about shows within it."""
_STEP_SECONDS = 0.3
_OK = 200

Locate = Callable[[], str | None]


class Engine(Protocol):
    """What runs one service in one environment: a Compose project, or a Deployment of a cluster."""

    def pull(self, image: str) -> Fault | None:
        """Have the image at hand, where it is the engine's caller that has to see to it."""

    def apply(self, seconds: float) -> Fault | None:
        """Make what runs as the overlay says."""

    def instances(self) -> tuple[Instance, ...]:
        """What runs now."""

    def is_current(self) -> bool:
        """Whether `apply` would change nothing."""

    def reachable(self) -> AbstractContextManager[Locate]:
        """What tells the address at which the service answers while the block runs, None where it does not."""


def verify(
    engine: Engine, pin: Pin, smoke: str, *, timeout: float, settle: float = SETTLE_SECONDS
) -> Fault | None:
    """Look until the service is ready, then at what it is, then whether it stays so.

    Args:
        engine: where it runs.
        pin: the release that ought to run.
        smoke: path of the environment's smoke request.
        timeout: seconds within which it has to be ready.
        settle: seconds for which it has to stay ready.

    Returns:
        Why it does not hold, None if it does.

    Raises:
        AdapterError: the engine does not say what runs.
    """
    with engine.reachable() as locate:
        fault, ready = _await_ready(engine, locate, timeout)
        if fault:
            return fault
        before = engine.instances()
        metrics, asked = _ask(locate, METRICS_PATH), _ask(locate, smoke)
        fault = identity_fault(pin, before) or contract_fault(pin, ready, metrics, asked)
        if fault:
            return fault
        time.sleep(settle)
        return steady_fault(before, engine.instances(), _ask(locate, READY_PATH))


def _await_ready(engine: Engine, locate: Locate, timeout: float) -> tuple[Fault | None, Exchange]:
    deadline = time.monotonic() + timeout
    while True:
        ready = _ask(locate, READY_PATH)
        if ready.status == _OK:
            return None, ready
        if fault := start_fault(engine.instances()):
            return fault, ready
        if time.monotonic() > deadline:
            return readiness_fault(ready, timeout), ready
        time.sleep(_STEP_SECONDS)


def _ask(locate: Locate, path: str) -> Exchange:
    request_id = f"idp-deploy-{uuid.uuid4()}"
    address = locate()
    if address is None:
        return Exchange("GET", path, request_id, None, error="nothing listens")
    return health.get(address, path, request_id=request_id)
