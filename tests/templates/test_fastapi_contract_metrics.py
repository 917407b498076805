"""The service contract, point 5: metrics whose labels nobody can make grow."""

import http.client
import re
import string
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import run
from tests.templates.fastapi_service import Service

PATHS = st.text(string.ascii_letters + string.digits + "/%._-~", max_size=60).map(
    lambda text: text.replace("%", "%25")
)


def series(service: Service) -> set[str]:
    """Every time series of the request metrics."""
    return set(re.findall(r"^(http_request[^ ]*) ", service.metrics(), re.MULTILINE))


def count(service: Service, labels: str) -> float:
    match = re.search(rf"^http_requests_total{{{re.escape(labels)}}} (\S+)$", service.metrics(), re.MULTILINE)
    return float(match[1]) if match else 0


def test_requests_are_counted_by_method_route_and_exact_status(service: Service) -> None:
    labels = 'handler="/items/{item_id}",method="GET",status="404"'
    before = count(service, labels)
    for number in range(1, 6):
        service.http.get(f"/items/{number}00")
    assert count(service, labels) == before + 5


def test_durations_are_a_histogram_in_seconds(service: Service) -> None:
    service.http.get("/contract-probe/slow", params={"seconds": 0.3})
    labels = 'handler="/contract-probe/slow",method="GET",status="200"'
    text = service.metrics()
    bucket = 'handler="/contract-probe/slow",le="0.25",method="GET",status="200"'
    assert f"http_request_duration_seconds_bucket{{{bucket}}} 0.0" in text
    (total,) = re.findall(rf"http_request_duration_seconds_sum{{{re.escape(labels)}}} (\S+)", text)
    assert 0.3 <= float(total) < 2


def test_build_information_names_the_service(service: Service) -> None:
    (labels,) = re.findall(r"^service_build_info{(.*)} 1.0$", service.metrics(), re.MULTILINE)
    assert 'service="user-profile"' in labels
    assert 'version="0.0.0-local"' in labels
    assert 'environment="local"' in labels


@settings(max_examples=100, deadline=None)
@given(path=PATHS, method=st.text(string.ascii_uppercase, min_size=1, max_size=12))
def test_no_path_and_no_method_makes_the_labels_grow(service: Service, path: str, method: str) -> None:
    for known in ("GET", "POST", "OTHER", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        service.http.request(known if known != "OTHER" else "PURGE", "/nowhere")
    before = series(service)
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request("GET", f"/{uuid4().hex}/{path}")
    connection.getresponse().read()
    connection.close()
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
    connection.request(method, f"/{uuid4().hex}")
    connection.getresponse().read()
    connection.close()
    assert series(service) == before


@pytest.mark.needs("promtool")
def test_prometheus_own_checker_accepts_the_metrics(service: Service) -> None:
    service.http.get("/items")
    done = run("promtool", "check", "metrics", cwd=service.stdout.parent, stdin=service.metrics())
    assert done.returncode == 0, done.stderr
