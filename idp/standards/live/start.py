"""START, PROBE and CONF: the service starts as declared, and refuses to start wrongly configured."""

from idp.standards.live.define import live_rule
from idp.standards.live.observation import PROBE_ROUTES, Observations, Refusal
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged, not_checked

_START = ContractPoint.START
PROD_PROBE = "CONTRACT_PROBE"
BAD_REQUEST = 400


@live_rule(
    "START-LISTENS",
    "`make -s run` starts the service on PORT",
    point=_START,
    reason="Everything that runs the service (`idp run`, Compose, Kubernetes) tells it its port this way.",
    fix="Let the target `run` exec the server in the foreground, listening on $HOST:$PORT.",
    needs_start=False,
)
def starts(observations: Observations) -> Verdict:
    start = observations.start
    if start.listening:
        return judged([])
    lines = (line.strip() for line in observations.output.stderr.splitlines())
    words = [line for line in lines if line and not line.startswith(("make:", "make["))]
    said = f" Its last words: {words[-1][:300]}" if words else ""
    return failed(f"{start.reason}{said}")


@live_rule(
    "PROBE-ROUTES",
    "The contract probe's routes are mounted with CONTRACT_PROBE=true",
    point=_START,
    reason="Without them nobody can prove from outside how the service meets errors.",
    fix="Mount the five routes as docs/reference/contract-probe.md describes.",
)
def mounts_probe_routes(observations: Observations) -> Verdict:
    return judged(
        Finding(f"/contract-probe/{route}: {observations.exchanges[route].outcome} instead of {expected}.")
        for route, expected in PROBE_ROUTES.items()
        if observations.exchanges[route].status != expected
        and (route != "error" or not observations.has_route(route))  # ERR-UNHANDLED judges its status
    )


@live_rule(
    "PROBE-LOOPBACK",
    "The contract probe sends requests to loopback addresses only",
    point=_START,
    reason="Whoever reaches a service in probe mode could make it call any address inside the network.",
    fix="Answer 400 to /contract-probe/outbound unless the URL is http on a loopback address.",
    routes=("outbound",),
)
def refuses_other_addresses(observations: Observations) -> Verdict:
    wrong = observations.exchanges["outbound-elsewhere"]
    if wrong.status == BAD_REQUEST:
        return judged([])
    return failed(f"A URL of another host: {wrong.outcome} instead of 400.")


def _refusal(observations: Observations, key: str) -> Refusal | None:
    return next((refusal for refusal in observations.refusals if refusal.key == key), None)


def _judge_refusal(refusal: Refusal) -> Verdict:
    wrong = f"With {refusal.key}={refusal.wrong or '(empty)'}"
    if refusal.exit_code is None:
        return failed(f"{wrong} the service was still running after {refusal.seconds:.0f} s.")
    if refusal.exit_code == 0:
        return failed(f"{wrong} the service ended with exit code 0.")
    if refusal.key not in refusal.output:
        return failed(f"{wrong} the service ended, but did not name {refusal.key}.")
    return judged([])


@live_rule(
    "PROBE-PROD",
    "A service in the environment prod refuses to start with CONTRACT_PROBE=true",
    point=_START,
    reason="The probe's routes raise errors and hold connections on demand: nobody may reach them in prod.",
    fix="End the start with a message that names CONTRACT_PROBE when ENVIRONMENT is prod.",
    routes=("echo",),
)
def refuses_probe_in_prod(observations: Observations) -> Verdict:
    refusal = _refusal(observations, PROD_PROBE)
    return _judge_refusal(refusal) if refusal else not_checked("The start was not tried.")


@live_rule(
    "CONF-FAIL-FAST",
    "A wrong or missing key stops the start and is named",
    point=ContractPoint.CONFIGURATION,
    reason="A service that starts half configured fails later, on a user's request, with another message.",
    fix="Validate all settings before listening; exit non-zero with the key's name on stderr.",
)
def fails_fast(observations: Observations) -> Verdict:
    tried = [refusal for refusal in observations.refusals if refusal.key != PROD_PROBE]
    if not tried:
        return not_checked("The start was not tried.")
    return judged(finding for refusal in tried for finding in _judge_refusal(refusal).findings)


STANDARDS = (starts, mounts_probe_routes, refuses_other_addresses, refuses_probe_in_prod, fails_fast)
