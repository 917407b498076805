"""What the demo shows of environments: a release promoted and deployed through all of them, a bad one taken back."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from idp.core import http
from idp.core.errors import IdpError, UserError
from idp.demo import images
from idp.demo import registry as demo_registry
from idp.deployments import folder as deployment_folder
from idp.deployments import lock as deployment_lock
from idp.deployments.deploy import deploy
from idp.deployments.engines import compose
from idp.deployments.model import READY_PATH, Deployment, DeploymentState
from idp.git import run as git
from idp.releases.gates.model import blocked
from idp.releases.promote import find_place, promote
from idp.releases.promotion_result import PromotionState
from idp.releases.release import Build, release
from idp.releases.rollback import rollback

CHAIN = ("dev", "staging", "prod")
GOOD, BAD = "1.0.0", "1.1.0"
_CHECKS = ("lint=passed", "tests=passed", "contract=passed")
_READY_SECONDS = 120.0
_SETTLE_SECONDS = 2.0
_FAILS_IN_PROD = """
import os, sys
if os.environ["ENVIRONMENT"] == "prod": sys.exit("LICENCE_KEY is missing")
from app.__main__ import main
sys.exit(main())
"""

Make = Callable[..., None]
"""Runs `make image` in the service's folder, with NAME=VALUE arguments."""
Say = Callable[[str], None]


class Delivery(Protocol):
    """The demo's last three steps; each says what was seen, a sentence an entry."""

    @property
    def engine(self) -> bool:
        """Whether anything really runs."""

    def release(self) -> Sequence[str]:
        """Have a release, pinned in dev."""

    def promote(self) -> Sequence[str]:
        """Bring it to the other environments."""

    def take_back(self) -> Sequence[str]:
        """Have a bad release in prod, and get rid of it."""


@contextmanager
def delivering(platform: Path, service: Path, make: Make, say: Say) -> Iterator[Delivery]:
    """The delivery that this machine can show; its containers, networks, images and files are gone at the end."""
    with ExitStack() as stack:
        try:
            compose.check()
        except IdpError as error:
            yield OnGitAlone(platform, service.name, error.message)
            return
        address = stack.enter_context(demo_registry.serving())
        repository = f"{address or 'localhost'}/idp-demo-{secrets.token_hex(4)}/{service.name}"
        stack.callback(images.remove, repository)
        stack.callback(_forget, platform, service.name)
        shown = OnCompose(platform, service, repository, address is not None, make, say)
        if shown.build():
            yield shown
        else:
            reason = (
                "There is no registry to push to: neither the program `registry` nor the image registry:2."
            )
            yield OnGitAlone(platform, service.name, reason)


def _forget(platform: Path, service: str) -> None:
    """Stop what runs, then delete what deployments have left on this machine."""
    for environment in CHAIN:
        compose.remove(f"{environment}-{service}")
        deployment_lock.forget(environment, service)
    deployment_folder.remove(find_place(str(platform)).environments.source)


@dataclass
class OnCompose:
    """The real thing: images, containers, HTTP.

    Attributes:
        folder: the service's.
        repository: its images' name.
        pushes: whether there is a registry; else the engine's image store has to know digests by itself.
        image: the first release's, by digest.
    """

    platform: Path
    folder: Path
    repository: str
    pushes: bool
    make: Make
    say: Say
    engine: bool = True
    image: str = field(default="", init=False)

    @property
    def service(self) -> str:
        return self.folder.name

    def build(self) -> bool:
        """Build the image; whether it has a digest by which it can be deployed."""
        name = f"{self.repository}:{GOOD}"
        self.make(f"VERSION={GOOD}", f"IMAGE={name}")
        self.image = self._published(name) or ""
        return bool(self.image)

    def _published(self, name: str) -> str | None:
        return images.push(name) if self.pushes else images.by_digest(name)

    def release(self) -> Sequence[str]:
        _release(self.platform, self.service, GOOD, self.image, self.folder)
        return [
            f"Release {GOOD} is {self.image.rpartition('@')[2][:19]}…, with {len(_CHECKS)} checks on record."
        ]

    def promote(self) -> Sequence[str]:
        said = [
            f"staging refused {GOOD} before dev had verified it: {_refusal(self.platform, self.service, 'staging')}"
        ]
        for environment in CHAIN:
            if environment != CHAIN[0]:
                _promote(self.platform, self.service, environment)
            deployed = self._deploy(environment, DeploymentState.DEPLOYED)
            said.append(f"{environment} runs {deployed.version}, verified at {deployed.url}.")
        return said

    def take_back(self) -> Sequence[str]:
        name = f"{self.repository}:{BAD}"
        images.derive(f"{self.repository}:{GOOD}", name, _FAILS_IN_PROD)
        image = self._published(name)
        if image is None:
            raise _broken(f"{name} has no digest")
        _release(self.platform, self.service, BAD, image, self.folder)
        for environment, following in pairwise(CHAIN):
            self._deploy(environment, DeploymentState.DEPLOYED)
            _promote(self.platform, self.service, following)
        failed = self._deploy(CHAIN[-1], DeploymentState.ROLLED_BACK)
        ready = http.get(failed.url or "", READY_PATH)
        return [
            f"{BAD} worked in dev and staging, not in prod: {failed.reason}",
            f"{failed.url}{READY_PATH} answers {ready.outcome}; {failed.version} is pinned in Git again.",
            f"{BAD} stays out: {_refusal(self.platform, self.service, CHAIN[-1])}",
        ]

    def _deploy(self, environment: str, wanted: DeploymentState) -> Deployment:
        (done,) = deploy(
            environment,
            self.service,
            platform=str(self.platform),
            timeout=_READY_SECONDS,
            settle=_SETTLE_SECONDS,
            on_service=lambda _, text: self.say(f"{environment} {text}"),
        ).services
        if done.state is not wanted:
            raise _broken(f"{environment} is {done.state} where {wanted} was expected: {done.reason}")
        return done


@dataclass(frozen=True)
class OnGitAlone:
    """Without an engine nothing runs, so nothing is verified, and the gates say so."""

    platform: Path
    service: str
    why: str
    engine: bool = False

    def release(self) -> Sequence[str]:
        folder = self.platform.parent / self.service
        tree = git.output("rev-parse", "HEAD^{tree}", cwd=folder)
        _release(
            self.platform,
            self.service,
            GOOD,
            f"localhost/{self.service}@sha256:{sha256(tree.encode()).hexdigest()}",
            folder,
        )
        return [
            f"No image was built and nothing is deployed. {self.why}",
            f"Release {GOOD} is on record and pinned in dev; the digest in it stands in for an image's.",
        ]

    def promote(self) -> Sequence[str]:
        return [
            f"staging refuses {GOOD}, which nothing has verified: {_refusal(self.platform, self.service, 'staging')}"
        ]

    def take_back(self) -> Sequence[str]:
        try:
            rollback(self.service, CHAIN[0], platform=str(self.platform))
        except UserError as error:
            return [f"idp rollback goes back to nothing that is not known to be good: {error.message}"]
        raise _broken("a rollback found a release to go back to where none was good")


def _release(platform: Path, service: str, version: str, image: str, folder: Path) -> None:
    revision = git.output("rev-parse", "HEAD", cwd=folder)
    done = release(service, Build(version, image, revision, _CHECKS), platform=str(platform))
    if not done.pinned:
        raise _broken(f"{version} is not pinned in dev: {done.note}")


def _promote(platform: Path, service: str, environment: str) -> None:
    done = promote(service, environment, platform=str(platform))
    if done.state is not PromotionState.DONE:
        raise _broken(f"{service} is not promoted to {environment}: {done.failure}")


def _refusal(platform: Path, service: str, environment: str) -> str:
    """What a gate has against a promotion that has to be refused."""
    done = promote(service, environment, platform=str(platform))
    if done.state is not PromotionState.BLOCKED:
        raise _broken(f"no gate kept {service} out of {environment}")
    return "; ".join(f"gate {gate.name}: {gate.reason}" for gate in blocked(tuple(done.gates)))


def _broken(what: str) -> UserError:
    return UserError("demo-failed", f"The demo went wrong: {what}.", "Please report this.")
