"""The one middleware: identity, access lines, metrics."""

import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pytest

from app import logs
from app.request_context import from_headers

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"

LogLines = Callable[[], list[dict[str, Any]]]


@pytest.mark.parametrize("sent", ["a", "A.b-C_9", "x" * 128])
def test_a_valid_request_id_is_kept(sent: str) -> None:
    assert from_headers([(b"x-request-id", sent.encode())]).request_id == sent


@pytest.mark.parametrize("sent", ["", "a b", "a\n", "x" * 129, "é", '"', "a,b", "${jndi}"])
def test_any_other_request_id_is_replaced(sent: str) -> None:
    assert re.fullmatch("[0-9a-f]{32}", from_headers([(b"x-request-id", sent.encode())]).request_id)


@pytest.mark.parametrize("sent", [PARENT, PARENT.replace("00-", "cc-", 1), PARENT.replace("00-", "cc-", 1) + "-more"])
def test_a_valid_trace_goes_on_with_a_new_span(sent: str) -> None:
    context = from_headers([(b"traceparent", sent.encode())])
    assert context.trace_id == TRACE
    version, trace_id, span_id, flags = context.traceparent().split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "01")
    assert span_id != "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "sent",
    [
        PARENT + "-more",
        PARENT.upper(),
        PARENT.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        "00",
    ],
)
def test_an_invalid_trace_is_replaced(sent: str) -> None:
    context = from_headers([(b"traceparent", sent.encode())])
    assert context.trace_id.lower() != TRACE
    assert context.traceparent().endswith("-00")


async def test_a_request_has_one_access_line_with_its_identity(client: httpx.AsyncClient, log_lines: LogLines) -> None:
    await client.get("/contract-probe/slow", headers={"X-Request-ID": "abc", "traceparent": PARENT})
    (line,) = log_lines()
    assert line["timestamp"].endswith("Z")
    assert line["duration_ms"] >= 0
    expected = {
        "level": "info",
        "message": "request",
        "service": "test",
        "version": "1.2.3",
        "environment": "local",
        "request_id": "abc",
        "trace_id": TRACE,
        "method": "GET",
        "route": "/contract-probe/slow",
        "status": 422,
    }
    assert line.items() >= expected.items()


async def test_an_unhandled_error_is_one_line_with_the_exception_as_a_field(
    client: httpx.AsyncClient, log_lines: LogLines
) -> None:
    await client.get("/contract-probe/error")
    error, access = log_lines()
    assert error["level"] == "error"
    assert error["exception"]["type"] == "builtins.RuntimeError"
    assert "contract_probe.py" in error["exception"]["stacktrace"]
    assert error["request_id"] == access["request_id"]
    assert access["status"] == 500


async def test_unknown_paths_and_methods_share_their_labels(client: httpx.AsyncClient) -> None:
    for number in range(20):
        await client.get(f"/nowhere/{number}")
        await client.request(f"VERB{number}", "/health/live")
    await client.get("/openapi.json")
    text = (await client.get("/metrics")).text
    assert 'http_requests_total{handler="unmatched",method="GET",status="404"} 20.0' in text
    assert 'http_requests_total{handler="/health/live",method="OTHER",status="405"} 20.0' in text
    assert 'http_requests_total{handler="/openapi.json",method="GET",status="200"} 1.0' in text
    assert 'http_request_duration_seconds_count{handler="unmatched",method="GET",status="404"} 20.0' in text
    assert re.search(r'service_build_info{.*service="test",version="1.2.3"} 1.0', text)


def test_other_loggers_warnings_and_odd_values_are_json_lines_too(log_lines: LogLines) -> None:
    logging.getLogger("library").warning("café %s", "\ud800")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    logs.get_logger("mine").info("odd", huge=2**80, what={1, 2})
    first, second, third = log_lines()
    assert (first["logger"], first["level"], first["message"]) == ("library", "warning", "café \ud800")
    assert "DeprecationWarning" in second["message"]
    assert (third["logger"], third["huge"]) == ("mine", 2**80)


def test_a_crash_is_a_json_line_too(log_lines: LogLines) -> None:
    def fail() -> None:
        raise OSError("no space")

    sys.excepthook(OSError, OSError("no space"), None)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    lines = log_lines()
    assert [(line["level"], line["exception"]["message"]) for line in lines] == [("critical", "no space")] * 2


def test_a_standard_field_is_not_lost_to_one_of_the_same_name(log_lines: LogLines) -> None:
    logs.get_logger("mine").info("called", service="billing", level="low", amount=3)
    (line,) = log_lines()
    assert (line["service"], line["level"], line["amount"]) == ("test", "info", 3)
    assert (line["service_"], line["level_"]) == ("billing", "low")


def test_a_wrong_log_call_does_not_break_its_caller(log_lines: LogLines, capsys: pytest.CaptureFixture[str]) -> None:
    handler = next(each for each in logging.getLogger().handlers if type(each).__module__ == "app.logs")
    handler.handle(logging.LogRecord("library", logging.WARNING, "", 0, "%d", ("no number",), None))
    assert log_lines() == []
    assert "Logging error" in capsys.readouterr().err


def test_a_known_secret_is_never_shown(log_output: BytesIO) -> None:
    logs.get_logger("mine").info('url?token=s3"cret-é', nested={"key": 's3"cret-é'}, short="abc")
    line = log_output.getvalue()
    assert "cret" not in line.decode()
    assert line.count(b"[redacted]") == 2
    assert b'"abc"' in line, "too short to blot out wherever it stands"
