"""The whole life of a release on real parts: built, pushed, promoted, deployed, found bad, taken back."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from idp.demo import images
from idp.deployments.engines import compose
from tests.command_line import Ran, idp
from tests.deployments.cases import docker, registry
from tests.support import git, run, save

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs("docker-engine", "make"),
    pytest.mark.xdist_group("docker"),
]

CHAIN = ("dev", "staging", "prod")
UNREADY_IN_PROD = """
import os, sys
from app.health import Readiness
async def results(self): return {"database": "failed: no route to host"}
if os.environ["ENVIRONMENT"] == "prod": Readiness.results = results
from app.__main__ import main
sys.exit(main())
"""
CRASHES_IN_PROD = """
import os, sys
if os.environ["ENVIRONMENT"] == "prod": sys.exit("LICENCE_KEY is missing")
from app.__main__ import main
sys.exit(main())
"""


@dataclass
class Loop:
    """A platform, a service of it, and the registry that its images go to."""

    platform: Path
    service: Path
    registry: str

    @property
    def name(self) -> str:
        return self.service.name

    @property
    def image(self) -> str:
        return f"{self.registry}/{self.name}"

    def idp(self, *argv: str | Path) -> Ran:
        return idp(*argv, "--platform", self.platform, "--output", "json")

    def done(self, *argv: str | Path) -> Any:
        ran = self.idp(*argv)
        assert ran.exit_code == 0, ran.stdout + ran.stderr
        return ran.json["data"]

    def push(self, version: str) -> str:
        """Push an image that is built; its name by digest."""
        docker("push", "--quiet", f"{self.image}:{version}")
        (described,) = json.loads(docker("image", "inspect", f"{self.image}:{version}"))
        (digest,) = (each for each in described["RepoDigests"] if each.startswith(f"{self.image}@"))
        return str(digest)

    def derive(self, version: str, program: str) -> str:
        """An image like the first one, which starts another program."""
        dockerfile = f"FROM {self.image}:1.0.0\nCMD {json.dumps(['python', '-c', program])}\n"
        done = run(
            *("docker", "build", "--quiet", "--tag", f"{self.image}:{version}", "-"),
            cwd=self.service,
            env={"DOCKER_BUILDKIT": "1"},
            stdin=dockerfile,
        )
        assert done.returncode == 0, done.stderr
        return self.push(version)

    def release(self, version: str, image: str) -> None:
        revision = git("rev-parse", "HEAD", cwd=self.service)
        given = ("--version", version, "--image", image, "--revision", revision, "--check", "tests=passed")
        released = self.done("release", self.name, *given)
        assert released["pinned"]

    def deploy(self, environment: str) -> dict[str, Any]:
        (deployed,) = self.done("deploy", environment, self.name)["services"]
        return dict(deployed)

    def commit(self) -> str:
        return git("rev-parse", "main", cwd=self.platform)

    def walk(self, version: str, image: str) -> None:
        """Release it, and bring it through every environment but the last, to which it is promoted only."""
        self.release(version, image)
        for environment, following in (("dev", "staging"), ("staging", "prod")):
            assert self.deploy(environment)["state"] == "deployed"
            self.done("promote", self.name, "--to", following, "--merge")


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    platform, name = tmp_path / "platform", f"loop-{uuid.uuid4().hex[:8]}"
    assert idp("init", platform).exit_code == 0
    created = idp("create", "service", name, "--platform", platform, "--output-dir", tmp_path, "--defaults")
    assert created.exit_code == 0, created.stderr
    for environment in CHAIN:
        config = platform / "environments" / environment / name / "config.env"
        config.write_text(config.read_text() + "DRAIN_SECONDS=0\n")
    save(platform, "chore: no drain where nobody is served")
    with registry() as address:
        found = Loop(platform, tmp_path / name, address)
        try:
            yield found
        finally:
            for environment in CHAIN:
                compose.remove(f"{environment}-{name}")
            images.remove(found.image)


def test_a_release_goes_through_every_environment_and_a_bad_one_comes_back_from_the_last(loop: Loop) -> None:
    build = ("BUILD_FLAGS=--network host", "VERSION=1.0.0", f"IMAGE={loop.image}:1.0.0")
    built = run("make", "image", *build, cwd=loop.service)
    assert built.returncode == 0, built.stdout + built.stderr
    first = loop.push("1.0.0")

    _promoted_through_the_chain(loop, first)
    unready = loop.derive("1.1.0", UNREADY_IN_PROD)
    _comes_back(loop, "1.1.0", unready, "no route to host", timeout="20")
    crashing = loop.derive("1.2.0", CRASHES_IN_PROD)
    _comes_back(loop, "1.2.0", crashing, "LICENCE_KEY is missing", timeout="90")

    loop.release("1.3.0", unready)
    loop.done("promote", loop.name, "--to", "staging", "--merge")
    renamed = loop.idp("promote", loop.name, "--to", "prod", "--merge")
    assert renamed.exit_code == 11, "another version does not make a held image a good one"
    moves = loop.done("history", loop.name, "--env", "prod")["moves"]
    assert [move["kind"] for move in moves].count("rollback") == 2


def _promoted_through_the_chain(loop: Loop, image: str) -> None:
    """The first release, from dev to prod."""
    loop.release("1.0.0", image)
    early = loop.idp("promote", loop.name, "--to", "staging", "--merge")
    assert early.exit_code == 11, "nothing has verified it in dev yet"
    addresses = set()
    for environment in CHAIN:
        if environment != "dev":
            before = loop.commit()
            loop.done("promote", loop.name, "--to", environment, "--merge")
            changed = git("diff", "--name-only", before, "main", cwd=loop.platform)
            assert changed == f"environments/{environment}/{loop.name}/release.env"
        deployed = loop.deploy(environment)
        assert (deployed["state"], deployed["digest"]) == ("deployed", image.partition("@")[2])
        addresses.add(deployed["url"])
        answer = httpx.post(
            f"{deployed['url']}/items", json={"name": environment}, headers={"X-Request-ID": "loop-1"}
        )
        assert (answer.status_code, answer.headers["x-request-id"]) == (201, "loop-1")
        assert f'environment="{environment}"' in httpx.get(f"{deployed['url']}/metrics").text
        assert what_runs(deployed["url"]) == "1.0.0"
    assert len(addresses) == len(CHAIN)


def _comes_back(loop: Loop, version: str, image: str, why: str, timeout: str) -> None:
    """A release that only prod finds out about: rolled back, the old one serves, this one stays out."""
    loop.walk(version, image)
    failed = loop.idp("deploy", "prod", loop.name, "--timeout", timeout)
    assert failed.exit_code == 1
    (deployed,) = failed.json["data"]["services"]
    assert (deployed["state"], deployed["version"], deployed["failed_version"]) == (
        "rolled-back",
        "1.0.0",
        version,
    )
    assert why in deployed["reason"]
    assert failed.json["errors"][0]["code"] == "deployment-rolled-back"
    assert what_runs(deployed["url"]) == "1.0.0"
    assert httpx.get(f"{deployed['url']}/health/ready").status_code == 200
    held = git(
        "tag", "--list", "--format=%(contents)", f"hold/prod/{loop.name}/{version}/1", cwd=loop.platform
    )
    assert image.partition("@")[2] in held
    again = loop.idp("promote", loop.name, "--to", "prod", "--merge")
    assert again.exit_code == 11
    gates = {gate["name"]: gate["state"] for gate in again.json["data"]["gates"]}
    assert gates == {**dict.fromkeys(gates, "passed"), "hold": "failed"}
    assert loop.deploy("prod")["state"] == "unchanged"


def what_runs(address: str) -> str:
    """The version that a service says it is."""
    metrics = httpx.get(f"{address}/metrics").text
    (line,) = (line for line in metrics.splitlines() if line.startswith("service_build_info{"))
    return line.partition('version="')[2].partition('"')[0]
