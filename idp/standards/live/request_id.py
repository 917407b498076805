"""REQID and TRACE: one request can be followed through every service and log."""

import re
from collections.abc import Iterator

from idp.core.http import Exchange
from idp.standards.live.define import REQUEST_ID_HEADER, described, live_rule
from idp.standards.live.logs import exception_lines, lines_of, stray_access_lines
from idp.standards.live.observation import Observations
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged

_POINT = ContractPoint.REQUEST_ID
_VALID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_ERRORS = ("not-found", "wrong-method", "invalid", "error")


def _not_echoed(exchange: Exchange) -> Iterator[Finding]:
    echoed = exchange.header(REQUEST_ID_HEADER)
    if exchange.status is not None and echoed != exchange.request_id:
        got = "another one" if echoed else "none"
        yield Finding(f"{described(exchange)} with a valid X-Request-ID came back with {got}.")


@live_rule(
    "REQID-ACCEPT",
    "A valid X-Request-ID is taken over and echoed",
    point=_POINT,
    reason="The caller's ID is what joins its logs with the service's.",
    fix="Take over IDs that match ^[\\w.-]{1,128}$ and set the header on every answer, outermost.",
)
def accepts_request_id(observations: Observations) -> Verdict:
    return judged(
        finding for name in ("live", "id-longest") for finding in _not_echoed(observations.exchanges[name])
    )


@live_rule(
    "REQID-REPLACE",
    "A missing or invalid X-Request-ID is replaced by a valid one",
    point=_POINT,
    reason="Whatever a client writes there lands in logs and headers: it must not be able to forge lines.",
    fix="Make a new ID unless the header matches ^[\\w.-]{1,128}$ (ASCII letters, digits, `_`, `.`, `-`).",
)
def replaces_request_id(observations: Observations) -> Verdict:
    return judged(
        finding
        for name, exchange in observations.exchanges.items()
        if name.startswith("id-bad-")
        for finding in _badly_replaced(name.removeprefix("id-bad-"), exchange)
    )


def _badly_replaced(kind: str, exchange: Exchange) -> Iterator[Finding]:
    answered = exchange.header(REQUEST_ID_HEADER)
    if exchange.status is None:
        yield Finding(f"An ID that is {kind} was met with {exchange.outcome}.")
    elif exchange.status == 400 and answered is None:  # noqa: PLR2004 - refused by the HTTP parser itself
        return
    elif answered is None or not _VALID.fullmatch(answered):
        yield Finding(f"An ID that is {kind} was not replaced by a valid one.")


@live_rule(
    "REQID-ERRORS",
    "X-Request-ID is echoed on errors too: 404, 405, 422 and 500",
    point=_POINT,
    reason="Errors are the requests that somebody will ask about.",
    fix="Wrap the whole application: a framework's middleware is often left out of unhandled errors.",
)
def echoes_on_errors(observations: Observations) -> Verdict:
    return judged(
        finding
        for name in _ERRORS
        if name not in {"invalid", "error"} or observations.has_route("echo" if name == "invalid" else name)
        for finding in _not_echoed(observations.exchanges[name])
    )


@live_rule(
    "REQID-LOGS",
    "Every log line of a request has its request_id",
    point=_POINT,
    needs_output=True,
    reason="The line that explains an error must be found by the ID that the client quotes.",
    fix="Bind request_id to the logging context for the time of the request, and clear it afterwards.",
)
def logs_request_id(observations: Observations) -> Verdict:
    unanswered = sum(
        exchange.header(REQUEST_ID_HEADER) is None
        for name, exchange in observations.exchanges.items()
        if name.startswith("id-bad-")
    )
    found = []
    strays = len(stray_access_lines(observations)) - unanswered
    if strays > 0:
        found.append(Finding(f"{strays} access lines have no request_id, or not that of their request."))
    sent = observations.exchanges["error"].request_id
    exceptions = [record.get("request_id") for record in exception_lines(observations)]
    if exceptions and sent not in exceptions:
        found.append(Finding("The line of the unhandled exception has not the request's request_id."))
    return judged(found)


@live_rule(
    "REQID-FORWARD",
    "The service's HTTP client sends X-Request-ID on",
    point=_POINT,
    reason="The trail ends at the first service that does not.",
    fix="Use the service's own HTTP client everywhere; it takes the ID from the request's context.",
    routes=("outbound",),
)
def forwards_request_id(observations: Observations) -> Verdict:
    if not observations.outbound:
        return failed("/contract-probe/outbound sent no request.")
    sent = observations.exchanges["outbound"].request_id
    return judged(
        Finding("The outgoing request had no X-Request-ID, or another one.")
        for headers in observations.outbound[:1]
        if headers.get(REQUEST_ID_HEADER) != sent
    )


@live_rule(
    "TRACE-FORWARD",
    "The service's HTTP client sends traceparent on, in the same trace",
    point=_POINT,
    reason="A distributed trace is joined by it.",
    fix="Send `traceparent: 00-<trace ID of the request>-<new span ID>-<flags>` (W3C Trace Context).",
    routes=("outbound",),
)
def forwards_trace(observations: Observations) -> Verdict:
    if not observations.outbound:
        return failed("/contract-probe/outbound sent no request.")
    match = _TRACEPARENT.fullmatch(observations.outbound[0].get("traceparent", ""))
    if match is None:
        return failed("The outgoing request had no valid traceparent.")
    return judged(
        [] if match[1] == observations.trace_id else [Finding("The outgoing request is in another trace.")]
    )


@live_rule(
    "TRACE-LOGS",
    "trace_id in the logs is the incoming trace's, or a new one",
    point=_POINT,
    needs_output=True,
    reason="Logs and traces are joined by it.",
    fix="Take the 32 hex digits from a valid traceparent, else generate them; bind them like request_id.",
)
def logs_trace(observations: Observations) -> Verdict:
    found = []
    for name in ("traced", "live"):
        exchange = observations.exchanges[name]
        for record in lines_of(observations, exchange):
            trace = record.get("trace_id")
            if not isinstance(trace, str) or not re.fullmatch(r"[0-9a-f]{32}", trace):
                found.append(Finding(f"{described(exchange)}: `trace_id` is not 32 hex digits."))
            elif name == "traced" and trace != observations.trace_id:
                found.append(Finding(f"{described(exchange)}: `trace_id` is not the incoming one."))
    return judged(found)


STANDARDS = (
    accepts_request_id,
    replaces_request_id,
    echoes_on_errors,
    logs_request_id,
    forwards_request_id,
    forwards_trace,
    logs_trace,
)
