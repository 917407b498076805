"""A deployment that is killed is finished by the next one; two at once do not meet."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.deployments.model import DeploymentState
from tests.deployments.cases import Images, World, docker, greeting, registry
from tests.support import ROOT, git, platform_repository

pytestmark = [pytest.mark.slow, pytest.mark.needs("docker-engine"), pytest.mark.xdist_group("docker")]

KILLED = """
    import os, signal, sys
    from idp.deployments import deploy
    from idp.deployments import attempt as deploy_attempt
    from idp.deployments import rollback as deploy_rollback
    from idp.deployments import service as deploy_service
    from idp.deployments.engines import compose
    from idp.environments import repository as environments_repository

    def dies(*_args, **_options):
        os.kill(os.getpid(), signal.SIGKILL)

    {patch}
    deploy.deploy("dev", sys.argv[2], platform=sys.argv[1], settle=0.5, timeout=60)
"""
BEFORE_IT_STARTS = "compose.ComposeProject.apply = dies"
WHILE_IT_STARTS = "deploy_attempt.verify = dies"
BEFORE_ITS_GOOD_MARK = "environments_repository.add_tag = dies"
BEFORE_THE_ROLLBACK = "deploy_service.withdraw = dies"
AFTER_THE_ROLLBACK = "deploy_service._gone_back = dies"


@pytest.fixture(scope="module")
def images() -> Iterator[Images]:
    with registry() as address:
        built = Images(address)
        try:
            yield built
        finally:
            built.remove()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(platform_repository(tmp_path / "platform"))
    world.add_to("dev")
    try:
        yield world
    finally:
        world.remove()


def killed(world: World, patch: str) -> None:
    """Run a deployment that kills itself at some point."""
    program = textwrap.dedent(KILLED).format(patch=patch)
    done = subprocess.run(
        [sys.executable, "-c", program, str(world.platform), world.service],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


@pytest.mark.parametrize("patch", [BEFORE_IT_STARTS, WHILE_IT_STARTS, BEFORE_ITS_GOOD_MARK])
def test_a_good_release_whose_deployment_was_killed_is_deployed_by_the_next(
    world: World, images: Images, patch: str
) -> None:
    world.pin("dev", images.pin("1.0.0"))
    killed(world, patch)
    assert world.tags() == ["v0.1.0"]
    done = world.deploy()
    assert done.state in {DeploymentState.DEPLOYED, DeploymentState.UNCHANGED}
    assert greeting(done)["version"] == "1.0.0"
    assert world.tags("good/") == [f"good/dev/{world.service}/1.0.0"]


@pytest.mark.parametrize(
    ("patch", "then"),
    [
        (WHILE_IT_STARTS, DeploymentState.ROLLED_BACK),
        (BEFORE_THE_ROLLBACK, DeploymentState.ROLLED_BACK),
        (AFTER_THE_ROLLBACK, DeploymentState.DEPLOYED),
    ],
)
def test_a_bad_release_whose_deployment_was_killed_is_rolled_back_once(
    world: World, images: Images, patch: str, then: DeploymentState
) -> None:
    world.pin("dev", images.pin("1.0.0"))
    world.deploy()
    world.pin("dev", images.pin("1.1.0", "other-version"))
    killed(world, patch)
    done = world.deploy()
    assert done.state is then
    assert greeting(done)["version"] == "1.0.0"
    assert world.tags("hold/") == [f"hold/dev/{world.service}/1.1.0/1"]
    log = git("log", "--format=%s", "main", cwd=world.platform).splitlines()
    assert sum("roll back" in subject for subject in log) == 1
    assert git("status", "--porcelain", cwd=world.platform) == ""


def test_two_deployments_of_a_service_take_turns(world: World, images: Images) -> None:
    world.pin("dev", images.pin("1.0.0"))
    command = [sys.executable, "-m", "idp", "deploy", "dev", world.service, "--platform", str(world.platform)]
    both = [
        subprocess.Popen(
            command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    said = [process.communicate()[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted("unchanged" in text for text in said) == [False, True]
    assert len(world.containers()) == 1
    assert len(docker("network", "ls", "--quiet", "--filter", "name=^idp-dev$").split()) == 1
