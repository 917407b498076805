"""DRAIN: a deployment costs no request."""

from http import HTTPStatus

from idp.standards.live.define import live_rule
from idp.standards.live.observation import Drain, Observations
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged, not_checked

_POINT = ContractPoint.DRAIN


def _drain(observations: Observations) -> Drain | None:
    return observations.drain


def _unseen() -> Verdict:
    return not_checked("The service ended before SIGTERM was sent.")


@live_rule(
    "DRAIN-READY",
    "After SIGTERM ready answers 503 while traffic is still served",
    point=_POINT,
    reason="The load balancer must learn that the instance goes away before it is gone.",
    fix="On SIGTERM answer 503 at /health/ready for DRAIN_SECONDS, and keep serving everything else.",
)
def turns_unready(observations: Observations) -> Verdict:
    drain = _drain(observations)
    if drain is None:
        return _unseen()
    if not drain.not_ready:
        last = [f"status {status}" for moment, status in drain.ready if moment >= 0 and status][-1:]
        said = last[0] if last else "no answer"
        return failed(f"/health/ready never answered 503 after SIGTERM (last: {said}).")
    served = drain.served_while_draining == HTTPStatus.OK
    return judged([] if served else [Finding("New connections were refused as soon as ready answered 503.")])


@live_rule(
    "DRAIN-NO-FAILURES",
    "A load balancer that probes ready every second sees no failed request",
    point=_POINT,
    reason="Every deployment would otherwise be a short outage.",
    fix="Keep the listener open during the drain; close it after DRAIN_SECONDS and finish what is under way.",
)
def fails_no_request(observations: Observations) -> Verdict:
    drain = _drain(observations)
    if drain is None:
        return _unseen()
    count = len(drain.failures)
    if count:
        return failed(f"{count} of {drain.sent} requests failed; the first: {drain.failures[0]}.")
    return judged([] if drain.sent_after else [Finding("No request could be sent after SIGTERM.")])


@live_rule(
    "DRAIN-IN-FLIGHT",
    "A request under way at SIGTERM is finished",
    point=_POINT,
    reason="A client that is cut off does not know whether its order was placed.",
    fix="After the drain wait up to SHUTDOWN_GRACE_SECONDS for open requests before exiting.",
    routes=("slow",),
)
def finishes_requests(observations: Observations) -> Verdict:
    drain = _drain(observations)
    if drain is None or drain.in_flight is None:
        return _unseen()
    good = drain.in_flight.status == HTTPStatus.OK
    return judged([] if good else [Finding(f"The request under way ended with {drain.in_flight.outcome}.")])


@live_rule(
    "DRAIN-EXIT",
    "The service exits within the grace time after SIGTERM",
    point=_POINT,
    reason="The orchestrator kills what is left when the time is over.",
    fix="Exit after DRAIN_SECONDS and at most SHUTDOWN_GRACE_SECONDS; let `make run` exec the server.",
)
def exits_in_time(observations: Observations) -> Verdict:
    drain = _drain(observations)
    if drain is None:
        return _unseen()
    late = drain.exit_seconds is None
    return judged([Finding(f"It had to be killed after {drain.allowed_seconds:.0f} s.")] if late else [])


@live_rule(
    "DRAIN-NOTHING-LEFT",
    "Nothing of the service runs on after its exit",
    point=_POINT,
    reason="A forgotten child holds the port, locks and memory.",
    fix="Run as one process, or pass signals on to children and wait for them.",
)
def leaves_nothing(observations: Observations) -> Verdict:
    drain = _drain(observations)
    if drain is None:
        return _unseen()
    if drain.exit_seconds is None:
        return not_checked("The service had to be killed (DRAIN-EXIT).")
    return judged(Finding(f"Still running: {name}.") for name in drain.left_over)


STANDARDS = (turns_unready, fails_no_request, finishes_requests, exits_in_time, leaves_nothing)
