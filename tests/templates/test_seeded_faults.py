"""Each fault planted into a generated FastAPI service makes exactly the right rules fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scorecards import LOCAL
from tests.seeded_faults import Checks, Fault, explained, fault

_MIDDLEWARE, _SERVER, _LOGS, _HEALTH = "app/middleware.py", "app/server.py", "app/logs.py", "app/health.py"
_METRICS, _CLIENT, _PROBLEMS, _MAIN = "app/metrics.py", "app/http_client.py", "app/problems.py", "app/main.py"
_IDENTITY = '(b"x-request-id", context.request_id.encode())]'
_ACCESS = '"request", method='
_SIGTERM = "        if sig == signal.SIGTERM and"
_LIFESPAN = "        yield\n        await client.aclose()\n"

FAULTS = (
    fault("nothing", edits=()),
    fault(
        "a 500 has no request ID",
        "REQID-ERRORS",
        edits=[(_MIDDLEWARE, _IDENTITY, _IDENTITY + "[: -1 if status == 500 else None]")],
    ),
    fault(
        "a plain-text log line",
        "LOG-JSON",
        edits=[(_MAIN, _LIFESPAN, "        import sys\n        sys.stdout.write('ready\\n')\n" + _LIFESPAN)],
    ),
    fault(
        "headers in a log line",
        "LOG-NO-SECRETS",
        edits=[(_MIDDLEWARE, _ACCESS, '"request", headers=str(scope["headers"]), method=')],
    ),
    fault(
        "the HTTP client logs whole URLs",
        "LOG-NO-SECRETS",
        edits=[(_LOGS, 'TALKATIVE = ("httpx", "httpcore")', "TALKATIVE = ()")],
    ),
    fault(
        "ready is always 200",
        "HEALTH-DEPENDENCY",
        "DRAIN-READY",
        "DRAIN-NO-FAILURES",
        edits=[
            (_HEALTH, "        if readiness.lifecycle.draining:", "        if False:"),
            (_HEALTH, "        if failed:\n", "        if False:\n"),
        ],
    ),
    fault(
        "no drain: uvicorn's own reaction to SIGTERM",
        "DRAIN-READY",
        "DRAIN-NO-FAILURES",
        edits=[(_SERVER, "if sig == signal.SIGTERM and", "if False and")],
    ),
    fault(
        "requests under way are cut off",
        "DRAIN-IN-FLIGHT",
        edits=[
            (
                _SERVER,
                "timeout_graceful_shutdown=settings.shutdown_grace_seconds",
                "timeout_graceful_shutdown=0",
            )
        ],
    ),
    fault(
        "ignores SIGTERM",
        "DRAIN-READY",
        "DRAIN-EXIT",
        edits=[(_SERVER, _SIGTERM, "        if sig == signal.SIGTERM:\n            return\n        if")],
    ),
    fault(
        "an unknown path grows labels",
        "METRIC-PATHS",
        edits=[(_MIDDLEWARE, "observe(scope, route, status", 'observe(scope, scope["path"], status')],
    ),
    fault(
        "an invalid request ID is accepted",
        "REQID-REPLACE",
        edits=[("app/request_context.py", r'rb"[\w.-]{1,128}"', 'rb"[ -~]{1,200}"')],
    ),
    fault("no access line", "LOG-ACCESS", edits=[(_MIDDLEWARE, _ACCESS, '"answered", method=')]),
    fault(
        "a 404 that is no problem document",
        "ERR-NOT-FOUND",
        edits=[
            (
                _MAIN,
                "    problems.install(app)\n",
                (
                    "    problems.install(app)\n    from starlette.responses import PlainTextResponse\n"
                    '    app.exception_handler(404)(lambda *_: PlainTextResponse("no", 404))\n'
                ),
            )
        ],
    ),
    fault(
        "the HTTP client drops the request ID",
        "REQID-FORWARD",
        edits=[(_CLIENT, 'request.headers["X-Request-ID"]', 'request.headers["X-Other"]')],
    ),
    fault(
        "no histogram",
        "METRIC-DURATION",
        edits=[(_METRICS, ", latency(registry=registry, buckets=BUCKETS))", ",)")],
    ),
    fault(
        "listens on another port",
        "START-LISTENS",
        edits=[
            (_SERVER, "port=settings.port", "port=0"),
            ("Makefile", "@exec $(BIN)", "@exec timeout 6 $(BIN)"),
        ],
    ),
    fault("a root container", "IMG-NON-ROOT", edits=[("Dockerfile", "\nUSER ", "\nUSER root\n# ")]),
    fault(
        "the environment read elsewhere",
        "CONF-ENV-READS",
        edits=[
            (
                _MAIN,
                "from app import health",
                "import os\nREGION = os.environ.get('REGION')\nfrom app import health",
            )
        ],
    ),
    fault(
        "a wrong key is replaced by its default",
        "CONF-FAIL-FAST",
        edits=[
            (
                "app/config_provider.py",
                "        try:\n            return settings_type(**values)",
                (
                    "        if not str(values.get('port', 0)).isdigit():\n            values.pop('port')\n"
                    "        try:\n            return settings_type(**values)"
                ),
            )
        ],
    ),
)


@pytest.fixture(scope="module")
def checks(fastapi: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checks]:
    running = Checks(fastapi, tmp_path_factory.mktemp("faults"), FAULTS)
    yield running
    running.close()


@pytest.mark.slow
@pytest.mark.xdist_group("fastapi-faults")
@pytest.mark.parametrize("one", FAULTS, ids=[one.name for one in FAULTS])
def test_exactly_the_right_rules_notice_the_fault(checks: Checks, one: Fault) -> None:
    scorecard = checks.of(one)
    assert frozenset(scorecard.failed_rules) == one.rules | {LOCAL}, explained(scorecard)
    assert scorecard.passed is (not one.rules)
