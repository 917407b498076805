"""The service contract, point 2: a SIGTERM under load costs no request."""

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.templates.fastapi_service import Service, eventually, running
from tests.templates.load_balancer import LoadBalancer


@dataclass
class SlowRequest(threading.Thread):
    """A request that is in flight when the signal comes."""

    service: Service
    seconds: float
    outcome: object = None

    def __post_init__(self) -> None:
        super().__init__()

    def run(self) -> None:
        try:
            answer = httpx.get(
                f"{self.service.http.base_url}/contract-probe/slow",
                params={"seconds": self.seconds},
                timeout=30,
            )
            self.outcome = answer.status_code
        except httpx.TransportError as error:
            self.outcome = repr(error)

    __hash__ = threading.Thread.__hash__


def terminate_under_load(service: Service) -> LoadBalancer:
    balancer = LoadBalancer(str(service.http.base_url))
    with balancer.balancing():
        assert eventually(lambda: balancer.served > 50)
        service.make.terminate()
        service.make.wait(30)
        time.sleep(0.3)
    return balancer


def test_a_load_balancer_that_probes_each_second_sees_no_failed_request(
    fastapi: Path, tmp_path: Path
) -> None:
    with running(fastapi, tmp_path, DRAIN_SECONDS="3", SHUTDOWN_GRACE_SECONDS="10") as service:
        in_flight = SlowRequest(service, 5)
        in_flight.start()
        time.sleep(0.3)
        began = time.monotonic()
        balancer = terminate_under_load(service)
        took = time.monotonic() - began
        in_flight.join()
        assert balancer.failures == []
        assert in_flight.outcome == 200
        assert 3 <= took < 13, "drained, finished what was in flight, and left within the grace time"
        messages = [line["message"] for line in service.lines()]
        assert "draining" in messages
        assert messages[-1].startswith("Finished server process")


def test_without_the_drain_the_same_load_balancer_does_see_failures(fastapi: Path, tmp_path: Path) -> None:
    with running(fastapi, tmp_path, DRAIN_SECONDS="0") as service:
        assert terminate_under_load(service).failures, "else the test above proves nothing"


def test_ready_answers_503_while_traffic_is_served(fastapi: Path, tmp_path: Path) -> None:
    with running(fastapi, tmp_path, DRAIN_SECONDS="2") as service:
        service.make.terminate()
        assert eventually(lambda: service.http.get("/health/ready").status_code == 503, seconds=1)
        answer = service.http.get("/health/ready")
        assert (answer.json()["detail"], answer.headers["content-type"]) == (
            "draining",
            "application/problem+json",
        )
        assert service.http.get("/health/live").status_code == 200
        served = service.http.get("/items")
        assert (served.status_code, served.headers["connection"]) == (200, "close")


def test_a_request_longer_than_the_grace_time_is_cut_off_in_time(fastapi: Path, tmp_path: Path) -> None:
    with running(fastapi, tmp_path, DRAIN_SECONDS="0", SHUTDOWN_GRACE_SECONDS="1") as service:
        in_flight = SlowRequest(service, 20)
        in_flight.start()
        time.sleep(0.3)
        began = time.monotonic()
        service.make.terminate()
        service.make.wait(10)
        assert time.monotonic() - began < 4
        in_flight.join()
        assert in_flight.outcome != 200
        assert service.lines(), "every line is JSON to the end"


@pytest.mark.parametrize(
    ("signals", "drain", "longest"), [(["SIGINT"], "20", 5), (["SIGTERM", "SIGTERM"], "20", 5)]
)
def test_ctrl_c_and_a_second_sigterm_skip_the_wait(
    fastapi: Path, tmp_path: Path, signals: list[str], drain: str, longest: float
) -> None:
    with running(fastapi, tmp_path, DRAIN_SECONDS=drain) as service:
        began = time.monotonic()
        for name in signals:
            os.kill(service.server_pid(), signal.Signals[name])
            time.sleep(0.3)
        service.make.wait(longest)
        assert time.monotonic() - began < longest
        assert service.stderr.read_text() == "", "no traceback"
