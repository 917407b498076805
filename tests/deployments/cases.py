"""A platform whose environments run the smallest service that keeps the contract, on a real engine."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import copier
import httpx

from idp.demo import images as local_images
from idp.demo import registry as demo_registry
from idp.deployments.deploy import Deployments, deploy
from idp.deployments.engines import compose
from idp.deployments.model import Deployment
from idp.environments.pin import Pin, pin_text
from tests.support import ROOT, git, run, save

SERVICE_SOURCE = Path(__file__).parent / "data" / "contract_service"
REVISION = "a" * 40


def docker(*argv: str | Path, timeout: float = 300) -> str:
    done = run("docker", *argv, cwd=ROOT, env={"DOCKER_BUILDKIT": "1"}, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@contextmanager
def registry() -> Iterator[str]:
    """The registry that runs on this machine, else one of our own."""
    if _is_registry("127.0.0.1:5000"):
        yield "127.0.0.1:5000"
        return
    with demo_registry.serving() as address:
        assert address is not None, "there is no registry"
        yield address


def _is_registry(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/v2/", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@dataclass
class Images:
    """Images of the contract service in a registry, each built once: version and fault → reference by digest."""

    address: str
    repository: str = field(default_factory=lambda: f"idp-test-{uuid.uuid4().hex[:8]}")
    built: dict[tuple[str, str], Pin] = field(default_factory=dict)

    def pin(self, version: str, fault: str = "") -> Pin:
        if (version, fault) not in self.built:
            self.built[version, fault] = self._build(version, fault)
        return self.built[version, fault]

    def _build(self, version: str, fault: str) -> Pin:
        name = f"{self.address}/{self.repository}"
        tag = f"{name}:{version}{'-' + fault if fault else ''}"
        docker(
            "build",
            "--quiet",
            f"--build-arg=VERSION={version}",
            f"--build-arg=FAULT={fault}",
            "--tag",
            tag,
            SERVICE_SOURCE,
        )
        docker("push", "--quiet", tag)
        (described,) = json.loads(docker("image", "inspect", tag))
        (digest,) = (each for each in described["RepoDigests"] if each.startswith(f"{name}@"))
        return Pin(digest, version, REVISION)

    def remove(self) -> None:
        local_images.remove(f"{self.address}/{self.repository}")


@dataclass
class World:
    """A platform repository with one service in its environments, and what runs of it."""

    platform: Path
    service: str = field(default_factory=lambda: f"shop-{uuid.uuid4().hex[:8]}")

    def add_to(self, *environments: str) -> None:
        for environment in environments:
            data = {"part": "service", "service_name": self.service, "environment": environment}
            copier.run_copy(
                str(ROOT / "copier-templates" / "_overlay"),
                self.leaf(environment),
                data,
                defaults=True,
                quiet=True,
            )
        save(self.platform, f"feat: {self.service}")

    def leaf(self, environment: str) -> Path:
        return self.platform / "environments" / environment / self.service

    def pin(self, environment: str, pin: Pin) -> str:
        """Have the environment pin a release; the commit."""
        (self.leaf(environment) / "release.env").write_bytes(pin_text(pin))
        return save(self.platform, f"chore: {pin.version} in {environment}")

    def write(self, environment: str, name: str, text: str) -> None:
        (self.leaf(environment) / name).write_text(text)
        save(self.platform, f"chore: {name} in {environment}")

    def deploy(self, environment: str = "dev", *, timeout: float = 60, **options: Any) -> Deployment:
        """`idp deploy ENV SERVICE`, with a short look at whether it stays up."""
        done = self.deploy_all(environment, service=self.service, timeout=timeout, **options)
        (deployed,) = done.services
        return deployed

    def deploy_all(self, environment: str = "dev", **options: Any) -> Deployments:
        return deploy(environment, platform=str(self.platform), settle=1.5, **options)

    def containers(self, environment: str = "dev") -> list[str]:
        label = f"label=com.docker.compose.project={environment}-{self.service}"
        return sorted(docker("ps", "--all", "--quiet", "--no-trunc", "--filter", label).split())

    def tags(self, kind: str = "") -> list[str]:
        return [name for name in git("tag", cwd=self.platform).split() if name.startswith(kind)]

    def pinned(self, environment: str = "dev") -> str:
        """The version in release.env at the branch's tip."""
        text = git("show", f"main:environments/{environment}/{self.service}/release.env", cwd=self.platform)
        return next(
            line.partition("=")[2] for line in text.splitlines() if line.startswith("RELEASE_VERSION=")
        )

    def remove(self) -> None:
        listed = docker("ps", "--all", '--format={{.Label "com.docker.compose.project"}}').split()
        for project in {each for each in listed if each.endswith(f"-{self.service}")}:
            compose.remove(project)


def greeting(deployed: Deployment) -> dict[str, str]:
    """What the service answers at its address."""
    assert deployed.url is not None
    found: dict[str, str] = httpx.get(f"{deployed.url}/greeting", timeout=5).json()
    return found
