"""ERR: errors are RFC 9457 problem documents that give nothing away."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from idp.core.http import Exchange
from idp.standards.live.define import REQUEST_ID_HEADER, described, live_rule
from idp.standards.live.observation import Observations
from idp.standards.scorecard import ContractPoint, Finding, Verdict, judged

_POINT = ContractPoint.ERRORS
_REASON = "A client needs one way to read every error, and a request ID to quote."
_TRACE = re.compile(
    r"Traceback \(most recent|File \"[^\"]+\", line \d+|\bat [\w.$]+\([\w.]+:\d+\)|goroutine \d+"
)
_MIN_LEAK = 8
PROBLEM_TYPE = "application/problem+json"


def problem_faults(exchange: Exchange, status: int) -> Iterator[str]:
    """What keeps an answer from being the problem document of a status."""
    if exchange.status != status:
        yield f"{described(exchange)} instead of {status}."
        return
    media_type = (exchange.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type != PROBLEM_TYPE:
        yield f"{described(exchange)}: the content type is `{media_type[:60]}`, not {PROBLEM_TYPE}."
        return
    yield from _member_faults(exchange, status)


def _member_faults(exchange: Exchange, status: int) -> Iterator[str]:
    problem = exchange.mapping
    where = f"{exchange.method} {exchange.path.partition('?')[0][:60]}"
    for member in ("type", "title", "detail", "instance", "request_id"):
        if not isinstance(problem.get(member), str):
            yield f"{where}: the member `{member}` is missing or no text."
    if problem.get("status") != status:
        yield f"{where}: the member `status` is not {status}."
    instance = problem.get("instance")
    if isinstance(instance, str) and urlsplit(instance).path != exchange.path.partition("?")[0]:
        yield f"{where}: the member `instance` is not the path."
    echoed = exchange.header(REQUEST_ID_HEADER)
    if echoed and problem.get("request_id") not in {None, echoed}:
        yield f"{where}: the member `request_id` is not the X-Request-ID of the answer."


def _problem(exchange: Exchange, status: int) -> Verdict:
    return judged(Finding(fault) for fault in problem_faults(exchange, status))


@live_rule(
    "ERR-NOT-FOUND",
    "An unknown path is answered by a 404 problem document",
    point=_POINT,
    reason=_REASON,
    fix="Register the problem handler for the framework's own 404, not only for the service's exceptions.",
)
def answers_not_found(observations: Observations) -> Verdict:
    return _problem(observations.exchanges["not-found"], HTTPStatus.NOT_FOUND)


@live_rule(
    "ERR-METHOD",
    "A method that a path does not have is answered by a 405 problem document",
    point=_POINT,
    reason=_REASON,
    fix="Register the problem handler for the framework's own 405.",
)
def answers_wrong_method(observations: Observations) -> Verdict:
    return _problem(observations.exchanges["wrong-method"], HTTPStatus.METHOD_NOT_ALLOWED)


@live_rule(
    "ERR-VALIDATION",
    "An invalid body is answered by a 422 problem document that lists the errors and repeats no input",
    point=_POINT,
    reason="The client must learn which member is wrong; what it sent may be a password.",
    fix="Answer `errors: [{location, message}]`, with locations such as body.value and no input values.",
    routes=("echo",),
)
def answers_invalid_body(observations: Observations) -> Verdict:
    exchange = observations.exchanges["invalid"]
    faults = list(problem_faults(exchange, HTTPStatus.UNPROCESSABLE_ENTITY))
    if not faults and not _lists_errors(exchange.mapping.get("errors"), "body.value"):
        faults.append("The member `errors` has no entry with location `body.value` and a message.")
    faults += [
        "The answer repeats what the client sent."
        for canary in observations.canaries
        if canary.value.encode() in exchange.body
    ][:1]
    return judged(Finding(fault) for fault in faults)


def _lists_errors(errors: Any, location: str) -> bool:  # noqa: ANN401 - parsed JSON
    return isinstance(errors, list) and any(
        isinstance(entry, dict)
        and entry.get("location") == location
        and isinstance(entry.get("message"), str)
        for entry in errors
    )


@live_rule(
    "ERR-UNHANDLED",
    "An unhandled exception is answered by a 500 problem document without internals",
    point=_POINT,
    reason="Stack traces and exception messages tell an attacker how the service is built.",
    fix="Catch everything outermost; answer a fixed detail, and log the exception as fields.",
    routes=("error",),
)
def answers_unhandled(observations: Observations) -> Verdict:
    exchange = observations.exchanges["error"]
    faults = list(problem_faults(exchange, HTTPStatus.INTERNAL_SERVER_ERROR))
    body = exchange.body.decode(errors="replace")
    if _TRACE.search(body) or any(message in body for message in _exception_messages(observations)):
        faults.append("The answer shows the exception.")
    return judged(Finding(fault) for fault in faults)


def _exception_messages(observations: Observations) -> Iterator[str]:
    for record in observations.records:
        exception = record.get("exception")
        message = exception.get("message") if isinstance(exception, dict) else None
        if isinstance(message, str) and len(message) >= _MIN_LEAK:
            yield message


STANDARDS = (answers_not_found, answers_wrong_method, answers_invalid_body, answers_unhandled)
