"""One live run: start, probe, stop, and hand back what was seen."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from idp.core import process
from idp.core.errors import AdapterError
from idp.standards.live.observation import Canary, Drain, Observations, Output, Refusal, Start
from idp.standards.probe.drain import observe_drain
from idp.standards.probe.limits import ProbeLimits
from idp.standards.probe.listener import listening
from idp.standards.probe.refusals import try_start
from idp.standards.probe.requests import Prober, canary
from idp.standards.probe.service import RunningService, started
from idp.standards.rules.dotenv import parse_dotenv
from idp.standards.rules.makefile import targets
from idp.standards.rules.secret_names import is_secret_name
from idp.standards.rules.snapshot import Snapshot

Progress = Callable[[str], None]
_SETTLE_SECONDS = 0.4
_OK = 200
_REFUSE_SECONDS = 5.0
_REFUSE_FACTOR = 4.0
_MOST_REQUIRED = 2


@dataclass(frozen=True)
class _Plan:
    """What one run gives to the service: its configuration and the made-up secrets in it."""

    folder: Path
    env: Mapping[str, str]
    canaries: tuple[Canary, ...]
    required: tuple[str, ...]
    limits: ProbeLimits


def observe(
    folder: Path, snapshot: Snapshot, on_progress: Progress, limits: ProbeLimits | None = None
) -> Observations:
    """Start the service in a folder by `make -s run`, probe the whole contract, and stop it.

    Args:
        folder: the service's folder. Its own code is run.
        snapshot: its files; `.env.example` says which keys hold secrets.
        on_progress: told what is done next.
        limits: how long to wait and how much to read.

    Raises:
        AdapterError: `make` is missing.
    """
    plan = _plan(folder, snapshot, limits or ProbeLimits())
    if "install" in targets(snapshot):
        on_progress("Installing what the service needs")
        _install(plan)
    on_progress("Starting the service")
    with started(plan.folder, plan.env, plan.limits) as service:
        start = service.wait_until_listening()
        if not start.listening:
            return Observations(start, output=service.output(), canaries=plan.canaries)
        return _observe_running(plan, service, start, on_progress)


def _plan(folder: Path, snapshot: Snapshot, limits: ProbeLimits) -> _Plan:
    example = snapshot.get(".env.example")
    entries = parse_dotenv(example.text).entries if example else ()
    secrets = {entry.key: canary() for entry in entries if is_secret_name(entry.key)}
    required = {entry.key: entry.value for entry in entries if entry.is_required}
    env = {
        **required,
        **secrets,
        "ENVIRONMENT": "local",
        "CONTRACT_PROBE": "true",
        "CONFIG_PROVIDER": "env",
        "DRAIN_SECONDS": f"{limits.drain:g}",
        "SHUTDOWN_GRACE_SECONDS": f"{limits.grace:g}",
    }
    canaries = tuple(Canary(f"the configuration key {key}", value) for key, value in secrets.items())
    return _Plan(folder, env, canaries, tuple(required), limits)


def _install(plan: _Plan) -> None:
    """Run `make install`; if it fails, so will the start, which says why."""
    with suppress(AdapterError):
        process.run(["make", "-s", "install"], cwd=plan.folder, timeout=plan.limits.install)


def _observe_running(
    plan: _Plan, service: RunningService, start: Start, on_progress: Progress
) -> Observations:
    prober = Prober(service.port, plan.limits)
    with ThreadPoolExecutor(max_workers=1) as pool:
        refusals = pool.submit(_refusals, plan, start.seconds)
        on_progress("Probing health, request IDs, logs, metrics and errors")
        received = _probe(prober)
        output = _settled(service)
        on_progress("Starting it with wrong configuration")
        refused = refusals.result()
        on_progress("Stopping it under load")
        drain = _drain(service, prober)
    final = service.output()
    return Observations(
        start=start,
        exchanges=prober.exchanges,
        outbound=received,
        trace_id=prober.trace_id,
        token=prober.token,
        output=Output(final.lines, final.stderr, final.overflow or output.overflow),
        refusals=refused,
        drain=drain,
        canaries=(*plan.canaries, *prober.canaries),
    )


def _refusals(plan: _Plan, start_seconds: float) -> tuple[Refusal, ...]:
    # A start that is to fail takes about as long as one that succeeds; no need to wait for the full limit.
    seconds = min(plan.limits.start, _REFUSE_SECONDS + _REFUSE_FACTOR * start_seconds)
    limits = replace(plan.limits, start=seconds)
    return (
        try_start(plan.folder, plan.env, limits, "PORT", "not-a-number"),
        *(try_start(plan.folder, plan.env, limits, key, "") for key in plan.required[:_MOST_REQUIRED]),
        try_start(plan.folder, {**plan.env, "ENVIRONMENT": "prod"}, limits, "CONTRACT_PROBE", "true"),
    )


def _probe(prober: Prober) -> tuple[dict[str, str], ...]:
    with listening() as listener:
        prober.probe_all(listener)
        prober.close()
        return tuple(listener.received)


def _settled(service: RunningService) -> Output:
    """The output once its lines have come through the pipe."""
    time.sleep(_SETTLE_SECONDS)
    return service.output()


def _drain(service: RunningService, prober: Prober) -> Drain | None:
    slow = prober.exchanges.get("slow")
    return observe_drain(service, prober.token, has_slow_route=slow is not None and slow.status == _OK)
