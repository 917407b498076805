"""The image of a generated Spring Boot service, built and run by a real container engine."""

import json
import threading
from pathlib import Path

import pytest

from tests.support import run
from tests.templates.fastapi_service import eventually
from tests.templates.load_balancer import LoadBalancer
from tests.templates.test_fastapi_image import container, docker

pytestmark = [pytest.mark.slow, pytest.mark.needs("docker-engine", "mvn"), pytest.mark.xdist_group("spring")]

BASE = "eclipse-temurin:25-jre"
VERSION = "1.2.3"
LARGEST_LAYERS_MB = 130
MOST_MEMORY_MB = 300


@pytest.fixture(scope="module")
def image(spring: Path) -> str:
    """The image, as `make image` builds it, with the certificate authorities that this machine trusts."""
    name = f"idp-test-spring:{VERSION}"
    done = run(
        "make", "image", "BUILD_FLAGS=--network host", f"VERSION={VERSION}", f"IMAGE={name}", cwd=spring
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return name


def test_it_runs_read_only_as_any_user_but_root_and_becomes_healthy(image: str) -> None:
    options = ["--user=12345:12345", "--env=ENVIRONMENT=prod", "--memory=512m"]
    with container(image, *options) as (identity, client):
        assert client.post("/items", json={"name": "x"}).status_code == 201
        assert docker("exec", identity, "id", "-u") == "12345"
        health = "{{.State.Health.Status}}"
        assert eventually(
            lambda: docker("inspect", "--format", health, identity) == "healthy", seconds=60, step=0.5
        )
        lines = [json.loads(line) for line in docker("logs", identity).splitlines()]
        assert {(line["version"], line["environment"]) for line in lines} == {(VERSION, "prod")}
        assert {line["level"] for line in lines} == {"info"}, "nothing to complain about on a read-only disk"
        resident = docker("exec", identity, "sh", "-c", "grep VmRSS /proc/1/status").split()[1]
        assert int(resident) / 1024 < MOST_MEMORY_MB


def test_it_says_what_it_is_and_its_layers_go_from_rarely_to_often_changed(image: str) -> None:
    (described,) = json.loads(docker("image", "inspect", image))
    config = described["Config"]
    assert config["User"] == "10001:10001"
    assert config["Cmd"][0] == "java"
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == "user-profile"
    assert labels["org.opencontainers.image.version"] == VERSION
    (base,) = json.loads(docker("image", "inspect", BASE))
    assert (described["Size"] - base["Size"]) / 1e6 < LARGEST_LAYERS_MB
    steps = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image).splitlines()
    copied = [step.split()[1] for step in reversed(steps) if step.startswith("COPY /")]
    assert copied[0].endswith("/dependencies/")
    assert copied[-2:] == ["/build/layers/application/", "/srv/app.aot"]
    files = docker("run", "--rm", image, "ls", "-a", "/srv").split()
    assert set(files) == {".", "..", "app.aot", "app.jar", "java.options", "lib"}


def test_it_starts_from_its_cache(image: str) -> None:
    with container(image, "--env=JDK_JAVA_OPTIONS=-XX:AOTMode=on") as (_, client):
        # With AOTMode=on the JVM ends where it cannot use the cache.
        assert client.get("/health/live").status_code == 200


def test_docker_stop_under_load_fails_no_request(image: str) -> None:
    options = ["--env=DRAIN_SECONDS=3", "--env=CONTRACT_PROBE=true", "--env=ENVIRONMENT=staging"]
    with container(image, *options) as (identity, client):
        in_flight: list[int] = []

        def slow() -> None:
            in_flight.append(client.get("/contract-probe/slow", params={"seconds": 4}).status_code)

        request = threading.Thread(target=slow)
        request.start()
        balancer = LoadBalancer(str(client.base_url))
        with balancer.balancing():
            assert eventually(lambda: balancer.served > 50)
            docker("stop", "--time", "20", identity)
        request.join()
        assert balancer.failures == []
        assert in_flight == [200]
        assert docker("inspect", "--format", "{{.State.ExitCode}}", identity) == "0"
