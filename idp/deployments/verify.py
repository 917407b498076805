"""Whether a deployed service is the release, is ready, keeps the contract's promises and stays up."""

import time
import uuid

from idp.core import http
from idp.core.http import Exchange
from idp.deployments.engines.engine import Engine, Locate
from idp.deployments.model import (
    METRICS_PATH,
    READY_PATH,
    Fault,
    contract_fault,
    identity_fault,
    readiness_fault,
    start_fault,
    steady_fault,
)
from idp.environments.chain import Smoke
from idp.environments.pin import Pin

SETTLE_SECONDS = 4.0
"""How long a service has to stay ready: a crash that the first requests bring about shows within it."""
_STEP_SECONDS = 0.3
_OK = 200


def verify(
    engine: Engine, pin: Pin, smoke: Smoke, *, timeout: float, settle: float = SETTLE_SECONDS
) -> Fault | None:
    """Look until the service is ready, then at what it is, then whether it stays so.

    Args:
        engine: where it runs.
        pin: the release that ought to run.
        smoke: the environment's smoke request.
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
        before, address = engine.instances(), locate()
        metrics, asked = _ask(address, METRICS_PATH), _ask(address, smoke.path)
        fault = identity_fault(pin, before) or contract_fault(pin, ready, metrics, asked, smoke.status)
        if fault:
            return fault
        time.sleep(settle)
        return steady_fault(before, engine.instances(), _ask(locate(), READY_PATH))


def _await_ready(engine: Engine, locate: Locate, timeout: float) -> tuple[Fault | None, Exchange]:
    deadline = time.monotonic() + timeout
    while True:
        ready = _ask(locate(), READY_PATH)
        if ready.status == _OK:
            return None, ready
        instances = engine.instances()
        if fault := start_fault(instances):
            return fault, ready
        if time.monotonic() > deadline:
            return readiness_fault(ready, instances, timeout), ready
        time.sleep(_STEP_SECONDS)


def _ask(address: str | None, path: str) -> Exchange:
    request_id = f"idp-deploy-{uuid.uuid4()}"
    if address is None:
        return Exchange("GET", path, request_id, None, error="nothing listens")
    return http.get(address, path, request_id=request_id)
