"""METRIC: every service is measured by the same names, and no client can make the measures grow."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus

from idp.core.http import Exchange
from idp.standards.live.define import described, live_rule
from idp.standards.live.observation import Observations
from idp.standards.scorecard import ContractPoint, Finding, Verdict, failed, judged

_POINT = ContractPoint.METRICS
REQUESTS = "http_requests_total"
DURATION = "http_request_duration_seconds"
LABELS = ("method", "handler", "status")
UNUSUAL_METHODS = ("PROPFIND", "MKCOL", "PURGE", "LOCK", "IDPONE", "IDPTWO")
"""Methods that the probe sends to see whether they become label values."""
_ROOM = 3
"""New series allowed while unknown paths or methods are sent: the shared value, and the scrape itself."""

Sample = tuple[str, dict[str, str], float]


def parse_metrics(text: str) -> tuple[Sample, ...]:
    """The samples of a Prometheus text exposition.

    Raises:
        ValueError: the text is none.
    """
    from prometheus_client.parser import text_string_to_metric_families

    try:
        families = list(text_string_to_metric_families(text))
    except (KeyError, IndexError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(str(error)) from error
    return tuple(
        (sample.name, dict(sample.labels), sample.value) for family in families for sample in family.samples
    )


def _samples(exchange: Exchange) -> tuple[Sample, ...]:
    """What was scraped; nothing where that failed (METRIC-ENDPOINT reports it)."""
    try:
        return (
            parse_metrics(exchange.body.decode(errors="replace")) if exchange.status == HTTPStatus.OK else ()
        )
    except ValueError:
        return ()


@live_rule(
    "METRIC-ENDPOINT",
    "/metrics answers in the Prometheus text format",
    point=_POINT,
    reason="It is where Prometheus scrapes every service.",
    fix="Serve the registry at GET /metrics.",
)
def serves_metrics(observations: Observations) -> Verdict:
    exchange = observations.exchanges["metrics"]
    if exchange.status != HTTPStatus.OK:
        return failed(f"{described(exchange)}.")
    try:
        samples = parse_metrics(exchange.body.decode(errors="replace"))
    except ValueError as error:
        return failed(f"The answer is no Prometheus text: {str(error)[:120]}.")
    return judged([] if samples else [Finding("The answer has no metrics.")])


@live_rule(
    "METRIC-REQUESTS",
    "http_requests_total counts requests by method, handler and status",
    point=_POINT,
    reason="Error rates and alerts of all services are computed from it.",
    fix="Count every request with these labels; handler is the route's template, status the exact code.",
)
def counts_requests(observations: Observations) -> Verdict:
    series = [labels for name, labels, _ in _samples(observations.exchanges["metrics"]) if name == REQUESTS]
    if not series:
        return failed(f"There is no {REQUESTS}.")
    if any(set(labels) != set(LABELS) for labels in series):
        return failed(f"The labels of {REQUESTS} are not {', '.join(LABELS)}.")
    expected = {"method": "GET", "handler": "/health/live", "status": "200"}
    return judged([] if expected in series else [Finding(f"GET /health/live was not counted as {expected}.")])


@live_rule(
    "METRIC-DURATION",
    "http_request_duration_seconds is a histogram by method and handler",
    point=_POINT,
    reason="Latency objectives need its buckets; an average hides the slow requests.",
    fix="Observe every request's duration in seconds in a histogram with the labels method and handler.",
)
def measures_durations(observations: Observations) -> Verdict:
    samples = _samples(observations.exchanges["metrics"])
    buckets = [labels for name, labels, _ in samples if name == f"{DURATION}_bucket"]
    names = {name for name, _, _ in samples}
    if not buckets or not {f"{DURATION}_sum", f"{DURATION}_count"} <= names:
        return failed(f"There is no histogram {DURATION}.")
    faults = []
    if any(not {"le", "method", "handler"} <= labels.keys() for labels in buckets):
        faults.append("Its labels are not method and handler.")
    if not any(labels.get("le") == "+Inf" for labels in buckets):
        faults.append("It has no bucket +Inf.")
    return judged(Finding(fault) for fault in faults)


@live_rule(
    "METRIC-BUILD-INFO",
    "service_build_info names the service, its version and environment",
    point=_POINT,
    reason="A dashboard must tell which version shows an error.",
    fix="Set the gauge service_build_info{service,version,environment} to 1.",
)
def tells_build(observations: Observations) -> Verdict:
    infos = [
        (labels, value)
        for name, labels, value in _samples(observations.exchanges["metrics"])
        if name == "service_build_info"
    ]
    good = any(
        value == 1 and all(labels.get(key) for key in ("service", "version", "environment"))
        for labels, value in infos
    )
    return judged([] if good else [Finding("There is no such gauge with these labels and the value 1.")])


def _series(exchange: Exchange) -> set[tuple[str, ...]]:
    return {
        tuple(labels.get(label, "") for label in LABELS)
        for name, labels, _ in _samples(exchange)
        if name == REQUESTS
    }


def _growth(before: Exchange, after: Exchange, what: str) -> Iterator[Finding]:
    grown = len(_series(after) - _series(before))
    if grown > _ROOM:
        yield Finding(f"{grown} new series of {REQUESTS} after requests with {what}.")


def _containing(exchange: Exchange, tokens: Iterable[str]) -> Iterator[Finding]:
    wanted = tuple(tokens)
    for name, labels, _ in _samples(exchange):
        for label, value in labels.items():
            if any(token in value for token in wanted):
                yield Finding(f"The label `{label}` of {name} holds what a client sent: {value[:60]!r}.")
                return


@live_rule(
    "METRIC-PATHS",
    "Unknown paths cannot grow the label set",
    point=_POINT,
    reason="A scanner that tries a million paths would make a million series and bring Prometheus down.",
    fix="Use the route's template as handler, and one shared value for everything that matched no route.",
)
def bounds_paths(observations: Observations) -> Verdict:
    before, after = observations.exchanges["metrics"], observations.exchanges["metrics-paths"]
    return judged([*_containing(after, [observations.token])] or [*_growth(before, after, "unknown paths")])


@live_rule(
    "METRIC-METHODS",
    "Unknown methods cannot grow the label set",
    point=_POINT,
    reason="A method is any word that a client makes up.",
    fix="Map every method but the usual ones to the one value OTHER.",
)
def bounds_methods(observations: Observations) -> Verdict:
    before, after = observations.exchanges["metrics-paths"], observations.exchanges["metrics-methods"]
    return judged([*_containing(after, UNUSUAL_METHODS)] or [*_growth(before, after, "unknown methods")])


STANDARDS = (serves_metrics, counts_requests, measures_durations, tells_build, bounds_paths, bounds_methods)
