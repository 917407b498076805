"""`idp deploy --target kubernetes`: a real kubectl against a stand-in for a cluster's API server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.deployments.model import DeploymentState
from idp.environments.pin import Pin
from tests.command_line import idp
from tests.deployments.cases import World
from tests.deployments.kubernetes_cluster import Cluster, running
from tests.support import platform_repository

pytestmark = [pytest.mark.slow, pytest.mark.needs("kubectl", "diff")]

CHAIN = "schema_version: 1\nenvironments:\n  - {name: dev, target: kubernetes, context: here}\n"
GOOD = Pin(f"registry.example/shop@sha256:{'1' * 64}", "1.0.0", "a" * 40)
NEXT = Pin(f"registry.example/shop@sha256:{'2' * 64}", "1.1.0", "b" * 40)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    (tmp_path / "kubernetes").mkdir()
    with running(tmp_path / "kubernetes") as (found, variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(platform_repository(tmp_path / "platform"))
    (world.platform / "environments" / "environments.yaml").write_text(CHAIN)
    world.add_to("dev")
    return world


def container(reason: str = "", message: str = "", *, restarts: int = 0) -> dict[str, object]:
    """The status of a container that does not come up; without a reason it runs and is not ready."""
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}} if restarts else {}
    return {"state": state, "lastState": ended, "ready": False, "restartCount": restarts}


def test_a_release_is_applied_verified_and_marked_as_good(world: World, cluster: Cluster) -> None:
    world.pin("dev", GOOD)
    planned = world.deploy(dry_run=True)
    assert (planned.state, cluster.applied) == (DeploymentState.DEPLOYED, [])
    done = world.deploy()
    assert (done.state, done.digest) == (DeploymentState.DEPLOYED, GOOD.digest), done.reason
    assert done.url == f"http://{world.service}.dev.svc:8080"
    assert cluster.applied[0] == "Namespace/dev"
    assert f"Deployment/{world.service}" in cluster.applied
    assert world.tags("good/") == [f"good/dev/{world.service}/1.0.0"]
    assert world.deploy(dry_run=True).state is DeploymentState.UNCHANGED
    assert world.deploy().state is DeploymentState.UNCHANGED


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (container("CrashLoopBackOff", restarts=4), "LICENCE_KEY is missing"),
        (container(), "not ready within"),
        (container("ErrImagePull", "manifest for shop not found: manifest unknown"), "registry has no image"),
        (
            container("RunContainerError", 'exec: "python": executable file not found in $PATH'),
            "cannot be started",
        ),
    ],
    ids=["crashes", "never ready", "no image", "no program"],
)
def test_a_bad_release_is_held_and_the_good_one_comes_back(
    world: World, cluster: Cluster, status: dict[str, object], words: str
) -> None:
    cluster.outcomes[NEXT.digest] = status
    cluster.logs = "LICENCE_KEY is missing\n"
    world.pin("dev", GOOD)
    world.deploy()
    world.pin("dev", NEXT)
    done = world.deploy(timeout=1)
    assert (done.state, done.version, done.held) == (DeploymentState.ROLLED_BACK, "1.0.0", True), done.reason
    assert words in done.reason
    assert (world.pinned(), cluster.version) == ("1.0.0", "1.0.0")
    assert world.tags("hold/") == [f"hold/dev/{world.service}/1.1.0/1"]


def test_what_the_cluster_lacks_is_not_the_releases_fault(world: World, cluster: Cluster) -> None:
    cluster.outcomes[NEXT.digest] = container("CreateContainerConfigError", 'secret "shop" not found')
    world.pin("dev", NEXT)
    done = world.deploy(timeout=1)
    assert (done.state, done.held) == (DeploymentState.FAILED, False)
    assert 'secret "shop" not found' in done.reason
    assert world.tags() == ["v0.1.0"]


def test_a_cluster_that_does_not_answer_is_said(world: World, cluster: Cluster) -> None:
    world.write("dev", "../../environments.yaml", CHAIN.replace(", context: here", ""))
    world.pin("dev", GOOD)
    done = idp("deploy", "dev", "--platform", world.platform, "--output", "json")
    assert (done.exit_code, done.json["errors"][0]["code"]) == (1, "engine-unreachable")
    assert cluster.applied == []


def test_an_overlay_that_renders_another_image_is_refused(world: World, cluster: Cluster) -> None:
    leaf = world.leaf("dev") / "kustomization.yaml"
    text = leaf.read_text().replace("fieldPath: data.RELEASE_IMAGE", "fieldPath: data.RELEASE_VERSION")
    world.write("dev", "kustomization.yaml", text)
    world.pin("dev", GOOD)
    done = world.deploy()
    assert (done.state, cluster.applied) == (DeploymentState.FAILED, [])
    assert "0 containers with the image" in done.reason
