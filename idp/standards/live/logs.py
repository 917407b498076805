"""LOG: stdout is a stream of JSON objects, one per line, with the agreed fields and no secret."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from idp.core.http import Exchange
from idp.standards.live.define import REQUEST_ID_HEADER, described, live_rule
from idp.standards.live.observation import Observations
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged

_POINT = ContractPoint.LOGS
_TEXT_FIELDS = ("level", "message", "logger", "service", "version", "environment")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|\+00:00)")
ACCESS_MESSAGE = "request"
UNMATCHED = "unmatched"


def requests_seen(observations: Observations) -> list[Exchange]:
    """The probes that the application itself answered, with the valid ID that each was sent with."""
    return [
        exchange
        for name, exchange in observations.exchanges.items()
        if exchange.status is not None and exchange.request_id and not name.startswith(("id-bad-", "method-"))
    ]


def stray_access_lines(observations: Observations) -> list[dict[str, Any]]:
    """The access lines that have none of the IDs that the probe sent or got back."""
    got_back = {exchange.header(REQUEST_ID_HEADER) for exchange in observations.exchanges.values()}
    return [
        record
        for record in observations.records
        if record.get("message") == ACCESS_MESSAGE
        and not str(record.get("request_id") or "").startswith(observations.token)
        and str(record.get("request_id")) not in got_back
    ]


def lines_of(observations: Observations, exchange: Exchange) -> list[dict[str, Any]]:
    """The log lines that have the ID that a request was sent with, or that came back instead of it."""
    ids = {exchange.request_id, exchange.header(REQUEST_ID_HEADER)} - {None}
    return [record for record in observations.records if str(record.get("request_id")) in ids]


@live_rule(
    "LOG-JSON",
    "Every line on stdout is one JSON object",
    point=_POINT,
    reason="Any other line is lost to searches; a stack trace over many lines cannot be joined again.",
    fix="Send every library's logger through the JSON formatter; print nothing; exceptions as fields.",
)
def is_json(observations: Observations) -> Verdict:
    bad = [
        line
        for line, record in zip(observations.output.lines, observations.log_lines, strict=True)
        if record is None
    ]
    return judged(
        [Finding(f"{len(bad)} lines are no JSON object; the first: {bad[0][:120]!r}.")] if bad else []
    )


@live_rule(
    "LOG-FIELDS",
    "Every log line has timestamp, level, message, logger, service, version and environment",
    point=_POINT,
    reason="Dashboards and alerts of all services are built on the same fields.",
    fix="Set them once, in the formatter; timestamp in RFC 3339, UTC; in a request request_id, trace_id.",
)
def has_fields(observations: Observations) -> Verdict:
    if not observations.records:
        return failed("There is no log line.")
    faults: dict[str, int] = {}
    for record in observations.records:
        for fault in _field_faults(record):
            faults[fault] = faults.get(fault, 0) + 1
    return judged(Finding(f"{fault}, on {count} lines.") for fault, count in faults.items())


def _field_faults(record: dict[str, Any]) -> Iterator[str]:
    if not _is_utc(record.get("timestamp")):
        yield "`timestamp` is not RFC 3339 in UTC"
    for name in _TEXT_FIELDS:
        value = record.get(name)
        if not isinstance(value, str) or (not value and name != "message"):
            yield f"`{name}` is missing or no text"
    if record.get("message") == ACCESS_MESSAGE and "status" in record and "trace_id" not in record:
        yield "`trace_id` is missing on an access line"


def _is_utc(value: object) -> bool:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        return False
    try:
        moment = datetime.fromisoformat(value[:19] + "+00:00")
    except ValueError:
        return False
    return moment.utcoffset() == timedelta(0)


@live_rule(
    "LOG-ACCESS",
    "Each request has exactly one access line with method, route, status and duration_ms",
    point=_POINT,
    needs_output=True,
    reason="Without it nobody can tell what was asked of the service, by whom and how long it took.",
    fix="Log `request` once, after the answer; route is the template (/items/{id}), `unmatched` if none.",
)
def has_access_lines(observations: Observations) -> Verdict:
    strays = stray_access_lines(observations)
    return judged(
        finding
        for exchange in requests_seen(observations)
        for finding in _access_faults(observations, exchange, strays)
    )


def _access_faults(
    observations: Observations, exchange: Exchange, strays: list[dict[str, Any]]
) -> Iterator[Finding]:
    lines = [line for line in lines_of(observations, exchange) if line.get("message") == ACCESS_MESSAGE]
    if not lines:
        # A line without its ID is REQID-LOGS' fault alone.
        same = [line for line in strays if _matches(line, exchange)]
        if same:
            strays.remove(same[0])
            return
    if len(lines) != 1:
        yield Finding(f"{described(exchange)}: {len(lines)} access lines instead of one.")
        return
    yield from (Finding(f"{described(exchange)}: {fault}.") for fault in _line_faults(lines[0], exchange))


def _matches(line: dict[str, Any], exchange: Exchange) -> bool:
    return line.get("method") == exchange.method and line.get("status") == exchange.status


def _line_faults(line: dict[str, Any], exchange: Exchange) -> Iterator[str]:
    if line.get("method") != exchange.method:
        yield "`method` is wrong or missing"
    if line.get("status") != exchange.status:
        yield "`status` is wrong or missing"
    duration = line.get("duration_ms")
    if not isinstance(duration, int | float) or isinstance(duration, bool) or duration < 0:
        yield "`duration_ms` is no number"
    route = line.get("route")
    if not isinstance(route, str) or not route:
        yield "`route` is missing"
    elif exchange.status == 404 and route != UNMATCHED:  # noqa: PLR2004
        yield f"`route` of an unknown path is not `{UNMATCHED}`"
    elif exchange.status == 200 and route != exchange.path.partition("?")[0]:  # noqa: PLR2004
        yield "`route` is not the route's template"


@live_rule(
    "LOG-EXCEPTION",
    "An unhandled exception is one line of level error with the exception as a field",
    point=_POINT,
    needs_output=True,
    reason="An error without its cause in the log cannot be repaired.",
    fix="Log at level error with `exception: {type, message, stacktrace}` in the same JSON object.",
    routes=("error",),
)
def logs_exception(observations: Observations) -> Verdict:
    # A line without the request's ID is REQID-LOGS' fault alone.
    return judged(
        []
        if any(exception_lines(observations))
        else [Finding("No line of level error has the field `exception`.")]
    )


def exception_lines(observations: Observations) -> Iterator[dict[str, Any]]:
    """The lines of level error that have an exception as a field."""
    for record in observations.records:
        is_error = str(record.get("level")).lower() in {"error", "critical", "fatal"}
        if is_error and _names_cause(record.get("exception")):
            yield record


def _names_cause(exception: object) -> bool:
    if not isinstance(exception, dict):
        return False
    named = all(isinstance(exception.get(name), str) for name in ("type", "message"))
    return named and any(str(key).startswith("stack") for key in exception)


@live_rule(
    "LOG-NO-SECRETS",
    "No secret is in the output",
    point=_POINT,
    reason="Logs are read by more people, and kept for longer, than any secret may be.",
    fix="Keep secrets in a type that masks itself; log no headers, cookies, queries, bodies or settings.",
)
def hides_secrets(observations: Observations) -> Verdict:
    output = "\n".join((*observations.output.lines, observations.output.stderr))
    return judged(
        Finding(f"The made-up secret planted in {canary.place} is in the output.")
        for canary in observations.canaries
        if canary.value in output
    )


@live_rule(
    "LOG-VOLUME",
    "The service writes a bounded amount of output",
    point=_POINT,
    reason="Endless output fills disks and costs more than the service itself.",
    fix="Log once per request and event, at level INFO; nothing in a loop.",
    needs_start=False,
)
def writes_little(observations: Observations) -> Verdict:
    overflow = observations.output.overflow
    return judged([Finding(f"{overflow}")] if overflow else [])


STANDARDS = (is_json, has_fields, has_access_lines, logs_exception, hides_secrets, writes_little)
