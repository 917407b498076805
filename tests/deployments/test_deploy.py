"""`idp deploy` on Docker Compose: a real engine, a real registry, services that break one promise each."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from idp.deployments.model import DeploymentState
from idp.environments.pin import Pin
from tests.command_line import idp
from tests.deployments.cases import Images, World, docker, greeting, registry
from tests.support import git, platform_repository

pytestmark = [pytest.mark.slow, pytest.mark.needs("docker-engine"), pytest.mark.xdist_group("docker")]

SMOKE = """
  - name: dev
    smoke: {path: /greeting}
"""


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
    chain = world.platform / "environments" / "environments.yaml"
    chain.write_text(f"schema_version: 1\nenvironments:{SMOKE}")
    world.add_to("dev")
    try:
        yield world
    finally:
        world.remove()


def test_a_release_is_deployed_verified_and_marked_as_good(world: World, images: Images) -> None:
    pin = images.pin("1.0.0")
    commit = world.pin("dev", pin)
    done = idp("deploy", "dev", world.service, "--platform", world.platform, "--output", "json")
    assert done.exit_code == 0, done.stdout + done.stderr
    (deployed,) = done.json["data"]["services"]
    assert (deployed["state"], deployed["version"], deployed["digest"]) == ("deployed", "1.0.0", pin.digest)
    assert httpx.get(f"{deployed['url']}/greeting").json()["version"] == "1.0.0"
    tag = f"good/dev/{world.service}/1.0.0"
    assert git("rev-parse", f"{tag}^{{commit}}", cwd=world.platform) == commit
    assert git("cat-file", "-t", tag, cwd=world.platform) == "tag"
    assert pin.digest in git("tag", "--list", "--format=%(contents)", tag, cwd=world.platform)
    text = idp("deploy", "dev", "--platform", world.platform)
    assert text.exit_code == 0
    assert "unchanged" in text.stdout


def test_what_has_not_changed_keeps_running_and_what_has_is_replaced(world: World, images: Images) -> None:
    world.pin("dev", images.pin("1.0.0"))
    world.deploy()
    before = world.containers()
    assert world.deploy().state is DeploymentState.UNCHANGED
    assert world.containers() == before
    world.write("dev", "config.env", "GREETING=good evening\n")
    deployed = world.deploy()
    assert deployed.state is DeploymentState.DEPLOYED
    assert greeting(deployed)["greeting"] == "good evening"
    assert world.containers() != before
    docker("stop", "--time=0", *world.containers())
    assert world.deploy().state is DeploymentState.DEPLOYED


def test_a_release_that_does_not_hold_is_held_and_the_good_one_serves_again(
    world: World, images: Images
) -> None:
    world.pin("dev", images.pin("1.0.0"))
    world.deploy()
    bad = images.pin("1.1.0", "crashes-when-ready")
    before = world.pin("dev", bad)
    done = world.deploy()
    assert (done.state, done.version, done.failed_version, done.held) == (
        DeploymentState.ROLLED_BACK,
        "1.0.0",
        "1.1.0",
        True,
    ), done.reason
    assert greeting(done)["version"] == "1.0.0"
    assert world.pinned() == "1.0.0"
    changed = git("diff", "--name-only", before, "main", cwd=world.platform)
    assert changed == f"environments/dev/{world.service}/release.env"
    (hold,) = world.tags("hold/")
    assert hold == f"hold/dev/{world.service}/1.1.0/1"
    assert bad.digest in git("tag", "--list", "--format=%(contents)", hold, cwd=world.platform)
    assert world.tags("good/") == [f"good/dev/{world.service}/1.0.0"]
    assert git("status", "--porcelain", cwd=world.platform) == ""
    assert world.deploy().state is DeploymentState.UNCHANGED


def test_every_broken_promise_is_found_and_named(world: World, images: Images) -> None:
    said = {
        "crashes": " restarts). Its last words: SETTING is missing",
        "other-version": "says that it is version 9.9.9; 1.1.0 was deployed",
        "no-request-id": "did not send the X-Request-ID back",
        "smoke-fails": "smoke request /greeting answered status 500, not 200",
    }
    worlds = {fault: World(world.platform) for fault in said}
    try:
        for fault, other in worlds.items():
            other.add_to("dev")
            other.pin("dev", images.pin("1.1.0", fault))
        done = {each.service: each for each in world.deploy_all(timeout=60).services}
        for fault, words in said.items():
            found = done[worlds[fault].service]
            assert (found.state, found.held) == (DeploymentState.FAILED, True)
            assert words in found.reason
    finally:
        for other in worlds.values():
            other.remove()


def test_the_command_ends_with_1_after_a_rollback_and_says_why(world: World, images: Images) -> None:
    world.pin("dev", images.pin("1.0.0"))
    world.deploy()
    world.pin("dev", images.pin("1.1.0", "crashes"))
    done = idp("deploy", "dev", "--platform", world.platform)
    assert done.exit_code == 1
    assert "rolled-back" in done.stdout
    assert "SETTING is missing" in done.stderr
    assert "1.0.0 serves again" in done.stderr


def test_without_a_good_release_the_bad_one_is_held_and_not_tried_again(world: World, images: Images) -> None:
    world.pin("dev", images.pin("1.1.0", "never-ready"))
    done = world.deploy(timeout=3)
    assert (done.state, done.held, done.version) == (DeploymentState.FAILED, True, "1.1.0")
    assert "no route to host" in done.reason
    assert "no last known good" in done.reason
    assert world.pinned() == "1.1.0"
    again = world.deploy()
    assert again.state is DeploymentState.FAILED
    assert "is held" in again.reason
    assert world.tags("hold/") == [f"hold/dev/{world.service}/1.1.0/1"]


def test_an_image_that_the_registry_does_not_have_never_stops_what_runs(world: World, images: Images) -> None:
    good = images.pin("1.0.0")
    world.pin("dev", good)
    world.deploy()
    before = world.containers()
    world.pin("dev", Pin(f"{good.repository}@sha256:{'0' * 64}", "1.1.0", "a" * 40))
    done = world.deploy()
    assert (done.state, done.held) == (DeploymentState.ROLLED_BACK, True)
    assert "registry has no image" in done.reason
    assert world.containers() == before


def test_a_registry_that_is_down_is_not_the_releases_fault(world: World, images: Images) -> None:
    good = images.pin("1.0.0")
    world.pin("dev", good)
    world.deploy()
    before = world.containers()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    world.pin("dev", Pin(f"127.0.0.1:{port}/shop@sha256:{'0' * 64}", "1.1.0", "a" * 40))
    done = world.deploy()
    assert (done.state, done.held) == (DeploymentState.FAILED, False)
    assert "could not be pulled" in done.reason
    assert (world.tags("hold/"), world.pinned()) == ([], "1.1.0")
    assert world.containers() == before


def test_a_port_that_is_taken_is_not_the_releases_fault(world: World, images: Images) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        leaf = world.leaf("dev") / "compose.yaml"
        fixed = (
            leaf.read_text()
            .replace("    # ports: !override", "    ports: !override")
            .replace(":8080:8080", f":{port}:8080")
        )
        world.write("dev", "compose.yaml", fixed)
        world.pin("dev", images.pin("1.0.0"))
        done = world.deploy()
        assert (done.state, done.held) == (DeploymentState.FAILED, False)
        assert "another one" in done.reason
        assert world.tags() == ["v0.1.0"]
    assert world.deploy().state is DeploymentState.DEPLOYED


def test_an_engine_that_does_not_answer_is_said_and_nothing_is_blamed(
    world: World, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.pin("dev", images.pin("1.0.0"))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    done = idp("deploy", "dev", "--platform", world.platform, "--output", "json")
    assert done.exit_code == 1
    assert done.json["errors"][0]["code"] == "engine-unreachable"
    assert world.tags() == ["v0.1.0"]


def test_a_machine_without_an_engine_is_told_to_install_one(
    world: World, images: Images, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world.pin("dev", images.pin("1.0.0"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").symlink_to("/usr/bin/git")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    done = idp("deploy", "dev", "--platform", world.platform, "--output", "json")
    assert (done.exit_code, done.json["errors"][0]["code"]) == (1, "program-missing")


def test_nothing_of_the_shell_says_what_is_deployed(
    world: World, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.pin("dev", images.pin("1.0.0"))
    monkeypatch.setenv("RELEASE_IMAGE", images.pin("1.1.0").image)
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "somebody-elses")
    monkeypatch.setenv("COMPOSE_FILE", "/nonexistent.yaml")
    assert greeting(world.deploy())["version"] == "1.0.0"


def test_an_overlay_that_runs_another_image_than_its_pin_is_refused(world: World, images: Images) -> None:
    world.pin("dev", images.pin("1.0.0"))
    world.write("dev", ".env", f"RELEASE_IMAGE={images.pin('1.1.0').image}\n")
    leaf = world.leaf("dev") / "compose.yaml"
    world.write("dev", "compose.yaml", leaf.read_text() + f"    image: {images.pin('1.1.0').image}\n")
    done = world.deploy()
    assert (done.state, done.held) == (DeploymentState.FAILED, False)
    assert "release.env names" in done.reason
    assert world.containers() == []


def test_a_release_that_was_good_here_is_not_blamed_for_what_changed_beside_it(
    world: World, images: Images
) -> None:
    world.pin("dev", images.pin("1.0.0"))
    world.deploy()
    world.pin("dev", images.pin("1.1.0"))
    world.deploy()
    world.write("dev", "config.env", "FAULT=never-ready\n")
    done = world.deploy(timeout=3)
    assert (done.state, done.held, world.pinned()) == (DeploymentState.FAILED, False, "1.1.0")
    assert "not to blame" in done.reason
    assert world.tags("hold/") == []


def test_where_neither_release_holds_both_are_named(world: World, images: Images) -> None:
    world.pin("dev", images.pin("1.0.0"))
    world.deploy()
    world.write("dev", "config.env", "FAULT=never-ready\n")
    world.pin("dev", images.pin("1.1.0"))
    done = world.deploy(timeout=3)
    assert (done.state, done.version, done.failed_version) == (DeploymentState.FAILED, "1.0.0", "1.1.0")
    assert "does not hold either" in done.reason


def test_a_dry_run_says_what_would_be_done_and_does_nothing(world: World, images: Images) -> None:
    world.pin("dev", images.pin("1.0.0"))
    assert world.deploy(dry_run=True).state is DeploymentState.DEPLOYED
    assert (world.containers(), world.tags("good/")) == ([], [])
    world.deploy()
    before = world.containers()
    assert world.deploy(dry_run=True).state is DeploymentState.UNCHANGED
    world.write("dev", "config.env", "GREETING=good evening\n")
    assert world.deploy(dry_run=True).state is DeploymentState.DEPLOYED
    assert world.containers() == before


def test_a_malformed_pin_stops_its_own_service_and_no_other(world: World, images: Images) -> None:
    other = World(world.platform)
    other.add_to("dev")
    try:
        world.pin("dev", images.pin("1.0.0"))
        other.write("dev", "release.env", "RELEASE_IMAGE=shop:latest\n")
        done = world.deploy_all()
        states = {each.service: each for each in done.services}
        assert states[world.service].state is DeploymentState.DEPLOYED
        assert states[other.service].state is DeploymentState.FAILED
        assert f"{other.service}/release.env:1" in states[other.service].reason
    finally:
        other.remove()


def test_where_the_branch_is_protected_the_bad_release_is_held_and_the_reason_given(
    world: World, images: Images, tmp_path: Path
) -> None:
    origin = tmp_path / "origin.git"
    git("clone", "--quiet", "--bare", world.platform, origin, cwd=tmp_path)
    git("remote", "add", "origin", origin, cwd=world.platform)
    world.pin("dev", images.pin("1.0.0"))
    git("push", "--quiet", "origin", "main", cwd=world.platform)
    assert world.deploy().state is DeploymentState.DEPLOYED
    world.pin("dev", images.pin("1.1.0", "crashes"))
    git("push", "--quiet", "origin", "main", cwd=world.platform)
    hook = origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nif grep -q refs/heads/main; then echo protected branch >&2; exit 1; fi\n")
    hook.chmod(0o755)
    done = world.deploy()
    assert (done.state, done.version) == (DeploymentState.FAILED, "1.1.0")
    assert "crashes at every start" in done.reason
    assert "could not be rolled back" in done.reason
    assert git("tag", "--list", "hold/*", cwd=origin) == f"hold/dev/{world.service}/1.1.0/1"
    assert "SETTING" not in git("for-each-ref", "--format=%(contents)", "refs/tags", cwd=origin)


def test_a_service_without_a_release_is_skipped(world: World) -> None:
    done = world.deploy()
    assert (done.state, done.reason) == (DeploymentState.SKIPPED, "nothing is released here yet")


def test_only_committed_state_is_deployed(world: World, images: Images) -> None:
    world.pin("dev", images.pin("1.0.0"))
    pin = world.leaf("dev") / "release.env"
    pin.write_text(pin.read_text().replace("1.0.0", "7.0.0"))
    assert world.deploy().version == "1.0.0"
