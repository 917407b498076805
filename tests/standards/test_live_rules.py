"""Whatever a service answers and writes, the live rules answer; they never raise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from idp.core.http import Exchange
from idp.standards.live.catalog import LIVE_STANDARDS
from idp.standards.live.metrics import UNUSUAL_METHODS
from idp.standards.live.observation import Canary, Drain, Observations, Output, Refusal, Start
from idp.standards.scorecard import Outcome, judge

NAMES = (
    "live", "ready", "traced", "id-longest", "id-bad-missing", "not-found", "wrong-method", "echo",
    "invalid", "error",
    "slow", "outbound", "outbound-elsewhere", "dependency", "ready-failed", "live-failed",
    "dependency-recovered",
    "ready-again", "metrics", "path-0", "metrics-paths", *(f"method-{method}" for method in UNUSUAL_METHODS),
    "metrics-methods",
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"{}", b"[]", b'"x"', b"null", b'{"status": "ready", "checks": []}',
            b'{"errors": [1, {"location": []}]}',
            b'{"type": 1, "title": null, "instance": "//[", "request_id": 3}', b"[" * 5000,
            b'http_requests_total{method="GET"} 1\n', b'http_requests_total{handler="a" 1\n', b"a{} x\n",
            b"# TYPE a histogram\na_bucket 1\n", b'service_build_info{service=""} NaN\n',
        ]
    ),
)  # fmt: skip
EXCHANGES = st.builds(
    Exchange,
    method=st.sampled_from(["GET", "PUT"]),
    path=st.sampled_from(["/health/live", "/x?y=z"]),
    request_id=st.one_of(st.none(), st.just("token.live")),
    status=st.one_of(st.none(), st.sampled_from([200, 204, 400, 404, 405, 422, 500, 503])),
    headers=st.lists(
        st.tuples(st.sampled_from(["x-request-id", "content-type"]), st.text(max_size=5)), max_size=2
    ).map(tuple),
    body=BODIES,
)
LINES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "{}", "[]", "1", "[" * 5000, '{"message": "request", "request_id": ["x"], "status": "x"}',
            '{"message": "request", "request_id": "token.live", "duration_ms": "x", "route": 1}',
            '{"level": "error", "exception": {"type": 1}}', '{"level": ["error"], "exception": "x"}',
            '{"timestamp": "2026-13-40T99:99:99Z", "trace_id": 7}', '{"timestamp": 1e999}',
        ]
    ),
)  # fmt: skip
DRAINS = st.builds(
    Drain,
    ready=st.lists(st.tuples(st.floats(-1, 5), st.one_of(st.none(), st.just(503)))).map(tuple),
    sent=st.integers(0, 9),
    sent_after=st.integers(0, 9),
    failures=st.lists(st.text(max_size=5), max_size=3).map(tuple),
    served_while_draining=st.one_of(st.none(), st.just(200)),
    in_flight=st.one_of(st.none(), EXCHANGES),
    exit_seconds=st.one_of(st.none(), st.floats(0, 9)),
    allowed_seconds=st.just(9.0),
    left_over=st.lists(st.text(max_size=5), max_size=2).map(tuple),
)
OBSERVATIONS = st.builds(
    Observations,
    start=st.builds(Start, listening=st.booleans(), seconds=st.just(1.0), reason=st.text(max_size=9)),
    exchanges=st.fixed_dictionaries(dict.fromkeys(NAMES, EXCHANGES)),
    outbound=st.lists(
        st.dictionaries(st.sampled_from(["traceparent", "x-request-id"]), st.text()), max_size=2
    ).map(tuple),
    trace_id=st.just("0" * 32),
    token=st.just("token"),
    output=st.builds(
        Output, st.lists(LINES, max_size=6).map(tuple), st.text(max_size=9), st.sampled_from(["", "too much"])
    ),
    refusals=st.lists(
        st.builds(
            Refusal,
            key=st.sampled_from(["PORT", "CONTRACT_PROBE"]),
            wrong=st.just("x"),
            exit_code=st.one_of(st.none(), st.integers(-9, 2)),
            seconds=st.just(1.0),
            output=st.text(max_size=9),
        ),
        max_size=2,
    ).map(tuple),
    drain=st.one_of(st.none(), DRAINS),
    canaries=st.just((Canary("the query", "canary"),)),
)


@settings(max_examples=200, deadline=None)
@given(OBSERVATIONS)
def test_every_live_rule_answers_whatever_was_observed(observations: Observations) -> None:
    for result in judge(LIVE_STANDARDS, observations):
        assert bool(result.findings) is (result.outcome is Outcome.FAILED)


@settings(max_examples=100, deadline=None)
@given(OBSERVATIONS)
def test_a_rule_that_cannot_be_checked_never_leaves_the_check_passed(observations: Observations) -> None:
    results = judge(LIVE_STANDARDS, observations)
    unchecked = [result for result in results if result.outcome is Outcome.NOT_CHECKED]
    tried = bool(observations.refusals) and observations.drain is not None
    if unchecked and tried:
        reasons = {result.rule.id for result in results if result.outcome is Outcome.FAILED}
        assert reasons
