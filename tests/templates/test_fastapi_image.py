"""The image of a generated service, built and run by a real container engine."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import certifi
import httpx
import pytest

from tests.support import run
from tests.templates.fastapi_service import eventually, free_port
from tests.templates.load_balancer import LoadBalancer

pytestmark = [pytest.mark.slow, pytest.mark.needs("docker-engine"), pytest.mark.xdist_group("docker")]

BASE = "python:3.13-slim"
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
VERSION = "1.2.3"
LARGEST_LAYERS_MB = 60


def docker(*arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = run(
        "docker", *arguments, cwd=cwd or Path.cwd(), env={"DOCKER_BUILDKIT": "1", **(env or {})}, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def build_image(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The build's base image, with this machine's certificate authorities: a package index may need one."""
    folder = tmp_path_factory.mktemp("base")
    authorities = CA_BUNDLE if CA_BUNDLE.exists() else Path(certifi.where())
    (folder / "ca.crt").write_bytes(authorities.read_bytes())
    (folder / "Dockerfile").write_text(
        f"FROM {BASE}\nCOPY ca.crt /etc/ssl/ca.crt\nENV PIP_CERT=/etc/ssl/ca.crt\n"
    )
    docker("build", "--quiet", "--tag", "idp-test-python:build", folder)
    return "idp-test-python:build"


@pytest.fixture(scope="module")
def image(fastapi: Path) -> str:
    """The image, as `make image` builds it, with the certificate authorities that this machine trusts."""
    name = f"idp-test-fastapi:{VERSION}"
    arguments = [
        "BUILD_FLAGS=--network host",
        f"VERSION={VERSION}",
        f"IMAGE={name}",
        "SOURCE=https://example.org/user-profile",
    ]
    done = run("make", "image", *arguments, cwd=fastapi, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return name


@contextmanager
def container(image: str, *options: str) -> Iterator[tuple[str, httpx.Client]]:
    """The image running as it would in production, and a client of it."""
    port = free_port()
    hardened = [
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        f"--publish=127.0.0.1:{port}:8080",
    ]
    identity = docker("run", "--detach", *hardened, *options, image)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            assert eventually(lambda: _is_live(client), seconds=60), docker("logs", identity)
            yield identity, client
    finally:
        docker("rm", "--force", identity)


def _is_live(client: httpx.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx.TransportError:
        return False


def test_it_runs_read_only_as_any_user_but_root_and_becomes_healthy(image: str) -> None:
    with container(image, "--user=12345:12345", "--env=ENVIRONMENT=prod") as (identity, client):
        assert client.post("/items", json={"name": "x"}).status_code == 201
        assert docker("exec", identity, "id", "-u") == "12345"
        health = "{{.State.Health.Status}}"
        assert eventually(
            lambda: docker("inspect", "--format", health, identity) == "healthy", seconds=40, step=0.5
        )
        lines = [json.loads(line) for line in docker("logs", identity).splitlines()]
        assert {(line["version"], line["environment"]) for line in lines} == {(VERSION, "prod")}


def test_it_says_what_it_is_and_holds_little(image: str) -> None:
    (described,) = json.loads(docker("image", "inspect", image))
    config = described["Config"]
    assert config["User"] == "10001:10001"
    assert config["Cmd"] == ["python", "-m", "app"]
    assert config["StopSignal"] == "SIGTERM"
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == "user-profile"
    assert labels["org.opencontainers.image.version"] == VERSION
    assert labels["org.opencontainers.image.source"] == "https://example.org/user-profile"
    assert {"org.opencontainers.image.revision", "org.opencontainers.image.created"} <= labels.keys()
    (base,) = json.loads(docker("image", "inspect", BASE))
    assert (described["Size"] - base["Size"]) / 1e6 < LARGEST_LAYERS_MB
    files = docker("run", "--rm", image, "sh", "-c", "ls /srv /srv/app; ls /opt/venv/bin").split()
    assert not {"tests", "pytest", "pip", "ruff", "mypy", ".env"} & set(files)


def test_an_unhealthy_container_is_told_from_a_healthy_one(image: str) -> None:
    with container(image) as (identity, _):
        check = ["exec", identity, "python", "-m", "app.healthcheck"]
        assert run("docker", *check, "8080", cwd=Path.cwd()).returncode == 0
        assert run("docker", *check, "8081", cwd=Path.cwd()).returncode == 1


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


def test_compose_brings_a_fresh_service_up_with_one_command(fastapi: Path, build_image: str) -> None:
    port = free_port()
    env = {
        "PORT": str(port),
        "BUILD_IMAGE": build_image,
        "BUILD_NETWORK": "host",
        "IMAGE": "idp-test-fastapi:compose",
        "COMPOSE_PROJECT_NAME": f"idp-test-{port}",
    }
    compose = ["compose", "--profile", "dev"]
    try:
        docker(*compose, "up", "--detach", "--wait", cwd=fastapi, env=env)
        assert httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
    finally:
        docker(*compose, "down", "--volumes", "--rmi", "local", cwd=fastapi, env=env)
