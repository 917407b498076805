"""What a deployment runs on: the same few questions to Docker Compose and to Kubernetes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from idp.deployments.engines import compose, kubernetes
from idp.deployments.model import Fault, Instance
from idp.environments.chain import Environment
from idp.environments.pin import Pin
from idp.environments.target import Target

Locate = Callable[[], str | None]
"""Tells the address at which a service answers now, None where it does not."""


class Engine(Protocol):
    """What runs one service in one environment: a Compose project, or a Deployment of a cluster."""

    def pull(self, image: str) -> Fault | None:
        """Have the image at hand, where that has to be seen to before anything that runs is touched."""

    def apply(self, seconds: float) -> Fault | None:
        """Make what runs as the overlay says."""

    def instances(self) -> tuple[Instance, ...]:
        """What runs now.

        Raises:
            AdapterError: the engine does not say.
        """

    def is_current(self) -> bool:
        """Whether `apply` would change nothing."""

    def reachable(self) -> AbstractContextManager[Locate]:
        """A way to the service for as long as the block runs."""

    def url(self) -> str | None:
        """Where its users find it."""


def check_engine(target: Target, environment: Environment) -> None:
    """Whether there is anything to deploy to.

    Raises:
        AdapterError: it is missing or does not answer.
    """
    if target is Target.KUBERNETES:
        kubernetes.check(environment.context)
    else:
        compose.check()


def load(target: Target, environment: Environment, leaf: Path, pin: Pin) -> Engine:
    """The engine's view of a service's overlay, which has to run the image of the pin.

    Args:
        target: the engine.
        environment: where.
        leaf: `environments/<environment>/<service>` of an exported commit.
        pin: what that commit's release.env says.

    Raises:
        UserError: the overlay is missing or not valid, or runs another image.
    """
    if target is Target.KUBERNETES:
        return kubernetes.load(leaf, pin, environment.context)
    return compose.load(leaf / "compose.yaml", pin)
