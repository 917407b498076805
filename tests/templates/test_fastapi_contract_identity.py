"""The service contract, point 3: X-Request-ID and traceparent, on a running generated service."""

import http.client
import re
import socketserver
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.templates.fastapi_service import Service

HEX = "0123456789abcdef"
# What can stand in a header at all: visible latin-1, with spaces inside.
HEADER_VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=200).map(
    str.strip
)
REQUEST_IDS = st.one_of(st.from_regex(r"[A-Za-z0-9_.-]{1,130}", fullmatch=True), HEADER_VALUES)
ANSWERS = [
    ("GET", "/items", 200),
    ("GET", "/nowhere", 404),
    ("DELETE", "/health/live", 405),
    ("POST", "/contract-probe/echo", 422),
    ("GET", "/contract-probe/error", 500),
    ("GET", "/metrics", 200),
    ("GET", "/openapi.json", 200),
]


def ask(service: Service, method: str, path: str, headers: dict[str, bytes]) -> tuple[int, str | None]:
    """The status and the X-Request-ID of an answer; header values go out byte by byte."""
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.putrequest(method, path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, response.headers.get("X-Request-ID")


@settings(max_examples=200, deadline=None)
@given(sent=REQUEST_IDS)
def test_a_request_id_is_accepted_or_replaced_and_always_echoed(service: Service, sent: str) -> None:
    _, received = ask(service, "GET", "/items", {"X-Request-ID": sent.encode("latin-1")})
    assert received is not None
    if re.fullmatch(r"[\w.-]{1,128}", sent, re.ASCII):
        assert received == sent
    else:
        assert re.fullmatch("[0-9a-f]{32}", received)


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_the_id_is_on_every_answer_and_every_line_of_it(
    service: Service, method: str, path: str, status: int
) -> None:
    request_id = f"id-{uuid4().hex}"
    assert ask(service, method, path, {"X-Request-ID": request_id.encode()}) == (status, request_id)
    lines = service.lines_of(request_id, 2 if status == 500 else 1)
    assert {line["status"] for line in lines if line["message"] == "request"} == {status}
    assert len({line["trace_id"] for line in lines}) == 1


def test_two_requests_without_an_id_get_different_ones(service: Service) -> None:
    assert ask(service, "GET", "/items", {})[1] != ask(service, "GET", "/items", {})[1]


@st.composite
def traceparents(draw: st.DrawFn) -> str:
    """Well-formed and nearly well-formed headers."""
    digits = st.text(HEX, min_size=1)
    version = draw(st.sampled_from(["00", "00", "01", "cc", "ff", "0", "000", "0G"]))
    trace = draw(st.one_of(st.text(HEX, min_size=32, max_size=32), st.just("0" * 32), digits))
    parent = draw(st.one_of(st.text(HEX, min_size=16, max_size=16), st.just("0" * 16), digits))
    flags = draw(st.sampled_from(["00", "01", "ff", "1", "xx"]))
    more = draw(st.sampled_from(["", "", "", "-more", "more", "-"]))
    header = f"{version}-{trace}-{parent}-{flags}{more}"
    return header.upper() if draw(st.integers(0, 9)) == 0 else header


def trace_id_in(header: str) -> str | None:
    """The W3C rules once more, spelt out: https://www.w3.org/TR/trace-context/#traceparent-header."""
    fields = header.split("-")
    if len(fields) < 4 or any(set(text) - set(HEX) for text in fields[:4]):
        return None
    version, trace, parent, _ = fields[:4]
    if [len(text) for text in fields[:4]] != [2, 32, 16, 2] or version == "ff":
        return None
    if version == "00" and len(fields) > 4:
        return None
    return trace if trace != "0" * 32 and parent != "0" * 16 else None


@settings(max_examples=200, deadline=None)
@given(header=st.one_of(traceparents(), HEADER_VALUES))
def test_a_valid_trace_is_continued_and_any_other_replaced(service: Service, header: str) -> None:
    request_id = f"trace-{uuid4().hex}"
    ask(
        service,
        "GET",
        "/items",
        {"X-Request-ID": request_id.encode(), "traceparent": header.encode("latin-1")},
    )
    (line,) = service.lines_of(request_id)
    assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])
    expected = trace_id_in(header)
    if expected:
        assert line["trace_id"] == expected
    else:
        assert line["trace_id"] not in header


class _Upstream(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        lines = iter(self.rfile.readline, b"\r\n")
        self.server.received = {  # type: ignore[attr-defined]
            name.strip().lower(): value.strip()
            for name, _, value in (line.decode("latin-1").partition(":") for line in lines)
        }
        self.wfile.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


@contextmanager
def upstream() -> Iterator[socketserver.TCPServer]:
    with socketserver.TCPServer(("127.0.0.1", 0), _Upstream) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@settings(max_examples=25, deadline=None)
@given(
    request_id=st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=128),
    trace=st.text(HEX, min_size=32, max_size=32).filter(lambda text: text != "0" * 32),
    sampled=st.booleans(),
)
def test_both_are_sent_on_with_a_span_of_its_own(
    service: Service, request_id: str, trace: str, sampled: bool
) -> None:
    parent = f"00-{trace}-00f067aa0ba902b7-0{int(sampled)}"
    with upstream() as server:
        answer = service.http.get(
            "/contract-probe/outbound",
            params={"url": f"http://127.0.0.1:{server.server_address[1]}/"},
            headers={"X-Request-ID": request_id, "traceparent": parent},
        )
        received: dict[str, str] = server.received  # type: ignore[attr-defined]
    assert answer.json() == {"status": 204}
    assert received["x-request-id"] == request_id
    version, sent_trace, span, flags = received["traceparent"].split("-")
    assert (version, sent_trace, flags) == ("00", trace, f"0{int(sampled)}")
    assert re.fullmatch("[0-9a-f]{16}", span)
    assert span != "00f067aa0ba902b7"
