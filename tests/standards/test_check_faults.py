"""Each fault planted into the reference service makes exactly the right rules fail."""

from collections.abc import Iterator

import pytest

from tests.seeded_faults import Checks, Fault, explained, fault
from tests.support import ROOT

REFERENCE = ROOT / "tests" / "reference_service"
HANDLER = "service/handler.py"
MAIN = "service/__main__.py"
METRICS = "service/metrics.py"
LOGS = "service/logs.py"
CONFIG = "service/config_provider.py"
_ID = '        self.send_header("X-Request-ID", CONTEXT.get({}).get("request_id", ""))\n'
_CHECKED = "    if not settings.upstream_token:\n"
_STARTED = '    application.log.write("info", "started")\n'
_TERMINATE = "        application.draining.set()\n"
_SIGTERM = "signal.signal(signal.SIGTERM, on_terminate)"

FAULTS = (
    fault("nothing", edits=()),
    fault(
        "a 500 has no request ID",
        "REQID-ERRORS",
        edits=[(HANDLER, _ID, "        if status != 500:\n    " + _ID)],
    ),
    fault(
        "a plain-text log line",
        "LOG-JSON",
        edits=[(MAIN, _STARTED, _STARTED + '    import sys\n    sys.stdout.write("ready to serve\\n")\n')],
    ),
    fault(
        "a header's secret in a log line",
        "LOG-NO-SECRETS",
        edits=[
            (HANDLER, '"info", "request", ', '"info", "request", auth=self.headers.get("Authorization"), ')
        ],
    ),
    fault(
        "the query in a log line",
        "LOG-NO-SECRETS",
        edits=[(HANDLER, '"info", "request", ', '"info", "request", url=self.path, ')],
    ),
    fault(
        "a configured secret on stderr",
        "LOG-NO-SECRETS",
        edits=[(CONFIG, _CHECKED, '    sys.stderr.write(env["UPSTREAM_TOKEN"])\n' + _CHECKED)],
    ),
    fault(
        "a missing required key is not noticed",
        "CONF-FAIL-FAST",
        edits=[(CONFIG, _CHECKED, "    if False:\n")],
    ),
    fault(
        "ready is always 200",
        "HEALTH-DEPENDENCY",
        "DRAIN-READY",
        "DRAIN-NO-FAILURES",
        edits=[
            (HANDLER, "        if application.draining.is_set():", "        if False:"),
            (HANDLER, "        if checks:\n", "        if False:\n"),
        ],
    ),
    fault(
        "a failed dependency is not named",
        "HEALTH-DEPENDENCY",
        edits=[(HANDLER, "checks=checks)", "checks={})")],
    ),
    fault(
        "live depends on a dependency",
        "HEALTH-DEPENDENCY",
        edits=[
            (
                HANDLER,
                '        return 200, {"status": "live"}',
                '        return 503 if self.application.dependency_failed else 200, {"status": "live"}',
            )
        ],
    ),
    fault(
        "no drain: the listener closes at once",
        "DRAIN-READY",
        "DRAIN-NO-FAILURES",
        edits=[(MAIN, "stop.wait(settings.drain_seconds)", "stop.wait(0)")],
    ),
    fault(
        "ready stays 200 during the drain",
        "DRAIN-READY",
        "DRAIN-NO-FAILURES",
        edits=[(MAIN, _TERMINATE, "")],
    ),
    fault(
        "requests under way are cut off",
        "DRAIN-IN-FLIGHT",
        edits=[(MAIN, "wait_for_requests(settings.grace_seconds)", "wait_for_requests(0)")],
    ),
    fault(
        "exits at once on SIGTERM",
        "DRAIN-READY",
        "DRAIN-NO-FAILURES",
        "DRAIN-IN-FLIGHT",
        edits=[(MAIN, _TERMINATE, "        import os\n        os._exit(0)\n")],
    ),
    fault(
        "ignores SIGTERM",
        "DRAIN-READY",
        "DRAIN-EXIT",
        edits=[(MAIN, _SIGTERM, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")],
    ),
    fault(
        "leaves a child behind",
        "DRAIN-NOTHING-LEFT",
        edits=[
            (
                MAIN,
                _STARTED,
                _STARTED
                + '    import subprocess\n    subprocess.Popen(["sleep", "120"], start_new_session=True)\n',
            )
        ],
    ),
    fault(
        "an unknown path grows labels",
        "METRIC-PATHS",
        edits=[(HANDLER, "(self.command, route,", "(self.command, path,")],
    ),
    fault(
        "an unknown method grows labels",
        "METRIC-METHODS",
        edits=[(METRICS, 'method if method in KNOWN_METHODS else "OTHER"', "method")],
    ),
    fault("no histogram", "METRIC-DURATION", edits=[(METRICS, "{name}_bucket", "{name}_total")]),
    fault("no build info", "METRIC-BUILD-INFO", edits=[(METRICS, "service_build_info{{", "service_info{{")]),
    fault(
        "statuses are grouped",
        "METRIC-REQUESTS",
        edits=[(METRICS, 'status="{status}"', 'status="{status // 100}xx"')],
    ),
    fault(
        "an invalid request ID is accepted", "REQID-REPLACE", edits=[(HANDLER, "[A-Za-z0-9_.-]{1,128}", ".*")]
    ),
    fault("a valid request ID is replaced", "REQID-ACCEPT", edits=[(HANDLER, "{1,128}", "{1,64}")]),
    fault("no access line", "LOG-ACCESS", edits=[(HANDLER, '"info", "request", ', '"info", "answered", ')]),
    fault("an access line without a duration", "LOG-ACCESS", edits=[(HANDLER, "duration_ms=", "took=")]),
    fault(
        "log lines without the request ID",
        "REQID-LOGS",
        edits=[
            (HANDLER, '{"request_id": request_id, "trace_id"', '{"trace_id"'),
            (HANDLER, 'context.get("request_id", "")', "self.request_id"),
            (HANDLER, 'CONTEXT.get({}).get("request_id", "")', "self.request_id"),
            (HANDLER, 'context["request_id"]', "self.request_id"),
            (HANDLER, "        trace = ", "        self.request_id = request_id\n        trace = "),
        ],
    ),
    fault("log lines in local time", "LOG-FIELDS", edits=[(LOGS, "datetime.now(UTC)", "datetime.now()")]),
    fault(
        "an exception is not a field",
        "LOG-EXCEPTION",
        edits=[(HANDLER, '"unhandled exception", exception=exception', "str(exception)")],
    ),
    fault(
        "another trace ID in the logs",
        "TRACE-LOGS",
        "TRACE-FORWARD",
        edits=[(HANDLER, "trace[1] if trace else secrets", "secrets")],
    ),
    fault(
        "a 404 that is no problem document",
        "ERR-NOT-FOUND",
        edits=[
            (
                HANDLER,
                "            raise Problem(404, ",
                '            return 404, {"error": "not found"}\n            raise Problem(404, ',
            )
        ],
    ),
    fault(
        "a 405 without a title",
        "ERR-METHOD",
        edits=[
            (HANDLER, "TITLES[problem.status]", "TITLES[problem.status] if problem.status != 405 else None")
        ],
    ),
    fault(
        "a 422 that repeats the input",
        "ERR-VALIDATION",
        edits=[(HANDLER, '"message": "It must be an integer."', '"message": body.decode()')],
    ),
    fault(
        "a 500 that shows the exception",
        "ERR-UNHANDLED",
        edits=[(HANDLER, '"The request could not be processed."', "str(error)")],
    ),
    fault(
        "the HTTP client drops the request ID",
        "REQID-FORWARD",
        edits=[(HANDLER, '            "X-Request-ID": context', '            "X-Other": context')],
    ),
    fault(
        "the HTTP client drops the trace",
        "TRACE-FORWARD",
        edits=[(HANDLER, '            "traceparent": f', '            "X-Other": f')],
    ),
    fault(
        "the probe calls any address",
        "PROBE-LOOPBACK",
        edits=[
            (
                HANDLER,
                "            raise Problem(400, ",
                '            return 200, {"status": 200}\n            raise Problem(400, ',
            )
        ],
    ),
    fault(
        "the probe in prod", "PROBE-PROD", edits=[(CONFIG, 'settings.environment == "prod" and', "False and")]
    ),
    fault(
        "a wrong key is replaced by its default",
        "CONF-FAIL-FAST",
        edits=[(CONFIG, '        _refuse(key, "it is no number")', "        return float(default)")],
    ),
    fault(
        "a wrong key is not named",
        "CONF-FAIL-FAST",
        "PROBE-PROD",
        edits=[(CONFIG, "Configuration: {key}: ", "Configuration: ")],
    ),
    fault(
        "a probe route is missing",
        "PROBE-ROUTES",
        edits=[("service/application.py", '    "/contract-probe/slow": "GET",\n', "")],
    ),
    fault(
        "listens on another port",
        "START-LISTENS",
        edits=[
            (MAIN, "(settings.host, settings.port)", "(settings.host, 0)"),
            ("Makefile", "@exec ", "@exec timeout 4 "),
        ],
    ),
    fault(
        "endless output",
        "LOG-VOLUME",
        edits=[
            (
                MAIN,
                _STARTED,
                _STARTED + "    def babble() -> None:\n        while True:\n"
                '            application.log.write("info", "x" * 9999)\n'
                "    threading.Thread(target=babble, daemon=True).start()\n",
            )
        ],
    ),
)


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checks]:
    running = Checks(REFERENCE, tmp_path_factory.mktemp("faults"), FAULTS)
    yield running
    running.close()


@pytest.mark.slow
@pytest.mark.xdist_group("reference-faults")
@pytest.mark.parametrize("one", FAULTS, ids=[one.name for one in FAULTS])
def test_exactly_the_right_rules_notice_the_fault(checks: Checks, one: Fault) -> None:
    scorecard = checks.of(one)
    assert frozenset(scorecard.failed_rules) == one.rules, explained(scorecard)
    assert scorecard.passed is (not one.rules)
