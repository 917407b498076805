"""HEALTH: live and ready say what an orchestrator needs to know."""

import json
from http import HTTPStatus

from idp.standards.live.define import described, live_rule
from idp.standards.live.errors import problem_faults
from idp.standards.live.observation import Observations
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged

_POINT = ContractPoint.HEALTH


@live_rule(
    "HEALTH-LIVE",
    "/health/live answers 200",
    point=_POINT,
    reason="The orchestrator restarts a service that does not answer it.",
    fix='Answer 200 `{"status": "live"}` at GET /health/live whatever the dependencies do.',
)
def is_live(observations: Observations) -> Verdict:
    exchange = observations.exchanges["live"]
    if exchange.status != HTTPStatus.OK:
        return failed(f"{described(exchange)}.")
    good = exchange.mapping.get("status") == "live"
    return judged([] if good else [Finding('The body is not `{"status": "live"}`.')])


@live_rule(
    "HEALTH-READY",
    "/health/ready answers 200 with the state of each dependency",
    point=_POINT,
    reason="Traffic is sent only to instances that say that they are ready.",
    fix='Answer 200 `{"status": "ready", "checks": {name: "ok"}}` at GET /health/ready.',
)
def is_ready(observations: Observations) -> Verdict:
    exchange = observations.exchanges["ready"]
    if exchange.status != HTTPStatus.OK:
        return failed(f"{described(exchange)}.")
    body = exchange.mapping
    good = body.get("status") == "ready" and isinstance(body.get("checks"), dict)
    return judged([] if good else [Finding('The body is not `{"status": "ready", "checks": {…}}`.')])


@live_rule(
    "HEALTH-DEPENDENCY",
    "A failing dependency turns ready to 503 and is named, and live stays 200",
    point=_POINT,
    reason="Otherwise traffic goes to an instance that cannot serve it, or restarts make an outage worse.",
    fix="Run dependency checks in ready (with a time limit), none in live; name the failed ones in `checks`.",
    routes=("dependency",),
)
def names_failed_dependency(observations: Observations) -> Verdict:
    exchanges = observations.exchanges
    ready = exchanges["ready-failed"]
    faults = list(problem_faults(ready, HTTPStatus.SERVICE_UNAVAILABLE))
    if not faults and "contract-probe" not in json.dumps(ready.mapping.get("checks")):
        faults.append("The failed dependency `contract-probe` is not named in `checks`.")
    if exchanges["live-failed"].status != HTTPStatus.OK:
        faults.append(f"While a dependency fails: {described(exchanges['live-failed'])} instead of 200.")
    if exchanges["ready-again"].status != HTTPStatus.OK:
        faults.append(
            f"After the dependency recovered: {described(exchanges['ready-again'])} instead of 200."
        )
    return judged(Finding(fault) for fault in faults)


STANDARDS = (is_live, is_ready, names_failed_dependency)
