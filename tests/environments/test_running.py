"""The overlays on a real engine, by Compose alone: no `idp`, no flags."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from idp.environments.pin import Pin
from tests.deployments.cases import docker, registry
from tests.environments.overlay_tree import overlay_tree
from tests.support import ROOT, run

pytestmark = [pytest.mark.slow, pytest.mark.needs("docker-engine"), pytest.mark.xdist_group("docker")]


@pytest.fixture(scope="module")
def pin() -> Iterator[Pin]:
    """A release of the reference service, which keeps the whole contract, in a registry."""
    with registry() as address:
        name = f"{address}/idp-test-{uuid.uuid4().hex[:8]}"
        try:
            docker("build", "--quiet", "--tag", f"{name}:2.1.0", ROOT / "tests/reference_service")
            docker("push", "--quiet", f"{name}:2.1.0")
            (described,) = json.loads(docker("image", "inspect", f"{name}:2.1.0"))
            (image,) = (each for each in described["RepoDigests"] if each.startswith(f"{name}@"))
            yield Pin(image, "2.1.0", "a" * 40)
        finally:
            run("docker", "image", "rm", "--force", f"{name}:2.1.0", cwd=ROOT)


@pytest.fixture(scope="module")
def leaves(pin: Pin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Two services that run in dev: name → leaf."""
    root = tmp_path_factory.mktemp("running")
    names = [f"{name}-{uuid.uuid4().hex[:8]}" for name in ("billing", "ledger")]
    found = {name: overlay_tree(root, name, ["dev"], pin) / "dev" / name for name in names}
    try:
        for leaf in found.values():
            (leaf / "config.env").write_text('LOG_LEVEL=INFO\nUPSTREAM_TOKEN=a $ and "quotes"\n')
            docker("compose", "--file", leaf / "compose.yaml", "up", "--detach", "--wait", timeout=120)
        yield found
    finally:
        for leaf in found.values():
            docker("compose", "--file", leaf / "compose.yaml", "down", "--timeout", "1", timeout=120)


def address(leaf: Path) -> str:
    return docker("compose", "--file", leaf / "compose.yaml", "port", "app", "8080")


def container(leaf: Path) -> dict[str, Any]:
    identity = docker("compose", "--file", leaf / "compose.yaml", "ps", "--quiet", "app")
    (described,) = json.loads(docker("inspect", identity))
    assert isinstance(described, dict)
    return described


def test_each_service_answers_on_a_port_of_its_own_of_this_machine_alone(
    leaves: dict[str, Path], pin: Pin
) -> None:
    addresses = {name: address(leaf) for name, leaf in leaves.items()}
    assert len(set(addresses.values())) == len(leaves)
    for where in addresses.values():
        assert where.startswith("127.0.0.1:")
        ready = httpx.get(f"http://{where}/health/ready", timeout=10)
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert f'version="{pin.version}"' in httpx.get(f"http://{where}/metrics", timeout=10).text


def test_each_container_is_as_hard_as_its_overlay_says_and_healthy(leaves: dict[str, Path], pin: Pin) -> None:
    for name, leaf in leaves.items():
        found = container(leaf)
        assert found["Config"]["Image"] == pin.image
        assert found["State"]["Health"]["Status"] == "healthy"
        assert found["Config"]["User"] == "10001:10001"
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["Memory"] == 512 * 1024 * 1024
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        told = dict(each.split("=", 1) for each in found["Config"]["Env"])
        wanted = {
            "SERVICE_NAME": name,
            "SERVICE_VERSION": pin.version,
            "ENVIRONMENT": "dev",
            "PORT": "8080",
            "LOG_LEVEL": "INFO",
            "UPSTREAM_TOKEN": 'a $ and "quotes"',
        }
        assert wanted.items() <= told.items()


def test_services_of_an_environment_reach_each_other_by_name(leaves: dict[str, Path]) -> None:
    (own, other) = leaves
    identity = container(leaves[own])["Id"]
    program = (
        f"import urllib.request as r; print(r.urlopen('http://{other}:8080/health/live', timeout=10).status)"
    )
    assert docker("exec", identity, "python", "-c", program) == "200"


def test_a_stop_ends_in_order_and_within_its_time(leaves: dict[str, Path]) -> None:
    leaf = next(iter(leaves.values()))
    identity = container(leaf)["Id"]
    docker("compose", "--file", leaf / "compose.yaml", "stop", timeout=120)
    (stopped,) = json.loads(docker("inspect", identity))
    assert (stopped["State"]["ExitCode"], stopped["State"]["OOMKilled"]) == (0, False)
