"""A FastAPI and a Spring Boot service get the same requests: whoever is outside cannot tell them apart."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from idp.standards.live.metrics import parse_metrics
from idp.standards.probe.limits import ProbeLimits
from idp.standards.probe.listener import listening
from idp.standards.probe.refusals import try_start
from tests.templates.fastapi_service import Line, Service, eventually, running

pytestmark = [pytest.mark.slow, pytest.mark.needs("mvn"), pytest.mark.xdist_group("spring")]

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNUSUAL = ("PURGE", "PROPFIND", "LOCK", "MKCOL")  # those that llhttp, in front of FastAPI, lets through
JSON = {"Content-Type": "application/json"}
# What the client sent or each language words in its own way: that it is there is compared, not what it says.
OWN_WORDS = {"title", "timestamp", "duration_ms", "trace_id", "request_id", "exception"}


@dataclass(frozen=True)
class Pair:
    """Both services."""

    fastapi: Service
    spring: Service

    def both(self, ask: Callable[[Service], Any]) -> Any:
        """What both say, which has to be the same."""
        first, second = ask(self.fastapi), ask(self.spring)
        assert first == second
        return first


@pytest.fixture(scope="module")
def pair(fastapi: Path, spring: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    with running(fastapi, folder / "fastapi") as first, running(spring, folder / "spring") as second:
        yield Pair(first, second)


@dataclass(frozen=True)
class Request:
    """One request: the same bytes to both."""

    method: str
    path: str
    body: bytes | None = None
    problem: bool = True

    def send(self, service: Service, request_id: str) -> httpx.Response:
        headers = {**(JSON if self.body is not None else {}), "X-Request-ID": request_id}
        return service.http.request(
            self.method, self.path, content=self.body, headers={**headers, "traceparent": TRACEPARENT}
        )


REQUESTS = [
    Request("GET", "/health/live", problem=False),
    Request("GET", "/health/ready", problem=False),
    Request("POST", "/contract-probe/echo", b'{"value": 123456789012345678901234567890}', problem=False),
    Request("POST", "/contract-probe/echo", b'{"value": "7", "more": 1}', problem=False),
    Request("GET", "/contract-probe/slow?seconds=0", problem=False),
    Request("GET", "/nowhere"),
    Request("GET", "/nowhere/caf%C3%A9?token=secret"),
    Request("GET", "/health/live/"),
    Request("POST", "/health/live"),
    Request("PURGE", "/health/live"),
    Request("TRACE", "/health/live"),
    Request("GET", "/contract-probe/error"),
    Request("GET", "/contract-probe/outbound?url=http://192.0.2.1/"),
    Request("GET", "/contract-probe/outbound?url=https://localhost/"),
    Request("GET", "/contract-probe/slow"),
    Request("GET", "/contract-probe/slow?seconds=x"),
    Request("GET", "/contract-probe/slow?seconds=31"),
    Request("PUT", "/contract-probe/dependency?state=unwell"),
    Request("POST", "/contract-probe/echo", b'{"value": "secret"}'),
    Request("POST", "/contract-probe/echo", b'{"value": 1.5}'),
    Request("POST", "/contract-probe/echo", b"{}"),
    Request("POST", "/contract-probe/echo", b'{"value": 1' + b" " * 1_048_577 + b"}"),
    Request("GET", "/items/7000"),
    Request("GET", "/items/x"),
    Request("GET", "/items/0"),
    Request("GET", "/items?limit=101"),
    Request("DELETE", "/items/7000"),
    Request("POST", "/items", b'{"name": ""}'),
    Request("POST", "/items", b'{"name": "a", "other": 1}'),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: f"{each.method} {each.path}"[:60])
def test_answers_and_log_lines_are_the_same(pair: Pair, request_: Request) -> None:
    """Status, kind of content, every member of a problem document; fields and values of each line."""
    request_id = f"pair-{REQUESTS.index(request_)}"
    answers = pair.both(lambda service: described(request_.send(service, request_id)))
    assert answers["request_id"] == request_id
    assert answers["type"] == ("application/problem+json" if request_.problem else "application/json")

    def lines(service: Service) -> list[Line]:
        count = 2 if answers["status"] == 500 else 1
        return [comparable(line) for line in service.lines_of(request_id, count)]

    for line in pair.both(lines):
        assert {"timestamp", "trace_id", "service", "version", "environment"} <= line.keys()


def described(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    problem = response.headers["content-type"] == "application/problem+json"
    if problem:
        assert body["request_id"] == response.headers["x-request-id"]
        body = {**body, "title": bool(body["title"])}
        if "errors" in body:
            assert all(error["message"] and "secret" not in error["message"] for error in body["errors"])
            body["errors"] = [error["location"] for error in body["errors"]]
    return {
        "status": response.status_code,
        "type": response.headers["content-type"],
        "request_id": response.headers["x-request-id"],
        "body": body,
    }


def comparable(line: Line) -> Line:
    assert line["trace_id"] == TRACEPARENT.split("-")[1]
    if "exception" in line:
        assert line["exception"].keys() == {"type", "message", "stacktrace"}
    return {key: None if key in OWN_WORDS else value for key, value in line.items()}


@pytest.mark.parametrize(
    "accepted", ["text/html", "application/xml;q=0.9", "image/*, */*;q=0.1", "no media type"]
)
def test_answers_are_json_whatever_is_accepted(pair: Pair, accepted: str) -> None:
    def ask(service: Service) -> list[tuple[int, str]]:
        answers = [
            service.http.get(path, headers={"Accept": accepted})
            for path in ("/health/live", "/items", "/openapi.json", "/nowhere")
        ]
        return [(answer.status_code, answer.headers["Content-Type"]) for answer in answers]

    plain, problem = "application/json", "application/problem+json"
    assert pair.both(ask) == [(200, plain), (200, plain), (200, plain), (404, problem)]


@pytest.mark.parametrize(
    "accepted", ["*/*", "text/html", "application/json", "application/openmetrics-text", "nonsense"]
)
def test_metrics_are_text_whatever_is_accepted(pair: Pair, accepted: str) -> None:
    def ask(service: Service) -> tuple[int, str, bool]:
        answer = service.http.get("/metrics", headers={"Accept": accepted})
        media_type = answer.headers["Content-Type"].partition(";")[0]
        return answer.status_code, media_type, answer.text.startswith("# HELP ")

    assert pair.both(ask) == (200, "text/plain", True)


def test_an_item_lives_the_same_life(pair: Pair) -> None:
    def life(service: Service) -> list[Any]:
        made = service.http.post("/items", json={"name": "Notebook"})
        place = made.headers["location"]
        told = service.lines_of(made.headers["x-request-id"], 2)
        steps = [service.http.get(place), service.http.delete(place), service.http.get(place)]
        (line,) = (each for each in told if each["message"] != "request")
        return [
            made.status_code,
            re.sub(r"\d+", "N", place),
            made.json().keys(),
            [step.status_code for step in steps],
            (line["message"], sorted(line.keys())),
        ]

    assert pair.both(life)[0] == 201


IDS = st.one_of(
    # A client does not send blanks around a value.
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=140).map(str.strip),
    st.from_regex(re.compile(r"[\w.-]{1,128}", re.ASCII), fullmatch=True),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=IDS)
@example(sent="")
@example(sent="x" * 128)
@example(sent="x" * 129)
@example(sent="two words")
@example(sent="a;b")
def test_both_take_over_the_same_request_ids_and_replace_the_same(pair: Pair, sent: str) -> None:
    def is_taken_over(service: Service) -> bool:
        given_back = service.http.get("/health/live", headers={"X-Request-ID": sent}).headers["x-request-id"]
        assert re.fullmatch(r"[\w.-]{1,128}", given_back, re.ASCII)
        return bool(given_back == sent)

    pair.both(is_taken_over)


@pytest.mark.parametrize("sent", [b"caf\xc3\xa9", b"caf\xe9", b"a\tb", b"a, b"])
def test_an_id_that_is_no_text_is_replaced_by_both(pair: Pair, sent: bytes) -> None:
    def replaced(service: Service) -> bool:
        answer = service.http.get("/health/live", headers=[(b"X-Request-ID", sent)])
        return bool(re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"]))

    assert pair.both(replaced)


def test_metrics_have_the_same_names_labels_and_buckets(pair: Pair) -> None:
    for number in range(20):
        for service in (pair.fastapi, pair.spring):
            Request("GET", f"/unknown/{number}").send(service, "x")
            Request(UNUSUAL[number % len(UNUSUAL)], "/health/live").send(service, "x")
            Request("GET", f"/items/{number + 1}00").send(service, "x")

    def series(service: Service) -> set[tuple[str, tuple[tuple[str, Any], ...]]]:
        return {
            (name, tuple(sorted((key, normal(key, value)) for key, value in labels.items())))
            for name, labels, _ in parse_metrics(service.metrics())
            if name.startswith(("http_request", "service_build")) and not name.endswith("_max")
            for labels in [{key: value for key, value in labels.items() if key not in {"python", "java"}}]
            if labels.get("handler")
            in {None, "unmatched", "/items/{item_id}", "/health/live", "/contract-probe/error"}
        }

    def normal(key: str, value: str) -> object:
        return float(value) if key == "le" else value

    for service in (pair.fastapi, pair.spring):
        for path in ("/health/live", "/contract-probe/error"):
            service.http.get(path)
    common = pair.both(series)
    assert "service_build_info" in {name for name, _ in common}
    assert len(common) > 40


def test_a_request_sent_on_carries_the_same_identity(pair: Pair) -> None:
    def sent_on(service: Service) -> tuple[Any, ...]:
        with listening() as listener:
            headers = {"X-Request-ID": "abc", "traceparent": TRACEPARENT}
            answer = service.http.get(
                "/contract-probe/outbound", params={"url": listener.url}, headers=headers
            )
            (received,) = listener.received
        version, trace, span, flags = received["traceparent"].split("-")
        assert span != TRACEPARENT.split("-")[2]
        return answer.json(), received["x-request-id"], version, trace, flags, received["user-agent"]

    assert pair.both(sent_on)[0] == {"status": 200}


def test_a_failing_dependency_looks_the_same(pair: Pair) -> None:
    def outage(service: Service) -> list[Any]:
        service.http.put("/contract-probe/dependency", params={"state": "failed"})
        failed = described(service.http.get("/health/ready", headers={"X-Request-ID": "outage"}))
        live = service.http.get("/health/live").status_code
        service.http.put("/contract-probe/dependency", params={"state": "ok"})
        again = service.http.get("/health/ready").json()
        lines = [line for line in service.lines_of("outage", 2) if line["message"] == "dependency"]
        return [failed, live, again, [(line["level"], line["name"], line["outcome"]) for line in lines]]

    failed, live, again, lines = pair.both(outage)
    assert (failed["status"], live, again["status"], len(lines)) == (503, 200, "ready", 1)


def test_they_end_in_the_same_way(fastapi: Path, spring: Path, tmp_path: Path) -> None:
    def end(folder: Path, scratch: Path) -> list[Any]:
        with running(folder, scratch, DRAIN_SECONDS="3", SHUTDOWN_GRACE_SECONDS="10") as service:
            in_flight: list[int] = []

            def slow() -> None:
                path = f"{service.http.base_url}/contract-probe/slow"
                in_flight.append(httpx.get(path, params={"seconds": 5}, timeout=30).status_code)

            thread = threading.Thread(target=slow)
            thread.start()
            time.sleep(0.5)
            service.make.terminate()
            assert eventually(lambda: service.http.get("/health/ready").status_code == 503, seconds=3)
            ready = described(service.http.get("/health/ready", headers={"X-Request-ID": "drain"}))
            served = service.http.get("/items")
            thread.join()
            service.make.wait(20)
            told = [line["message"] for line in service.lines() if line["message"] == "draining"]
            return [ready, served.status_code, served.headers["connection"], in_flight, told]

    first, second = end(fastapi, tmp_path / "fastapi"), end(spring, tmp_path / "spring")
    assert first == second
    assert first[2:] == ["close", [200], ["draining"]]


def test_both_refuse_the_same_wrong_configuration(fastapi: Path, spring: Path) -> None:
    wrong = [
        ("PORT", "hunter2"),
        ("DRAIN_SECONDS", "-1"),
        ("CONFIG_PROVIDER", "hunter2"),
        ("CONFIG_FILE", "absent"),
    ]
    for key, value in wrong:
        for service in (fastapi, spring):
            refusal = try_start(service, {}, ProbeLimits(), key, value)
            assert refusal.exit_code not in {0, None}, (service, key)
            assert key in refusal.output
