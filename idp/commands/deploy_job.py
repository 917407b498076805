"""One service's deployment: what is asked for, and what Git says about it."""

from collections.abc import Callable
from dataclasses import dataclass

from idp.adapters import environments_repository as repository
from idp.adapters.environments_repository import Environments
from idp.domain.environment import Environment, Smoke, Target
from idp.domain.good_mark import GoodMark, good_prefix, parse_good_mark
from idp.domain.hold import Hold, Lift, hold_prefix, lifted_prefix, parse_hold
from idp.domain.release import Pin, parse_pin, pin_path


@dataclass(frozen=True)
class Job:
    """What to deploy, and how patiently.

    Attributes:
        target: what it runs on.
        timeout: seconds in which the service has to be ready.
        settle: seconds for which it then has to stay so.
        say: called with what is happening.
    """

    environments: Environments
    environment: Environment
    target: Target
    service: str
    timeout: float
    settle: float
    say: Callable[[str], None]

    @property
    def place(self) -> tuple[str, str]:
        """The names of environment and service."""
        return self.environment.name, self.service

    @property
    def smoke(self) -> Smoke:
        """The environment's smoke request, by default the liveness check."""
        return self.environment.smoke or Smoke("/health/live")


def read_pin(job: Job, commit: str) -> Pin | None:
    """What a commit pins for the service, None where it pins nothing.

    Raises:
        UserError: release.env is malformed.
    """
    path = str(pin_path(*job.place))
    content = repository.read(job.environments, commit, [path]).get(path)
    return None if content is None else parse_pin(content, path)


def good_marks(job: Job) -> list[GoodMark]:
    """The service's good marks in the environment."""
    found = repository.tags(job.environments, good_prefix(*job.place))
    parsed = (parse_good_mark(tag.name, tag.message, tag.commit, tag.at) for tag in found)
    return [mark for mark in parsed if mark is not None]


def holds_and_lifts(job: Job) -> list[Hold | Lift]:
    """Every hold of the service in the environment, and what has lifted some of them."""
    prefixes = (hold_prefix(*job.place), lifted_prefix(*job.place))
    found = [tag for prefix in prefixes for tag in repository.tags(job.environments, prefix)]
    parsed = (parse_hold(tag.name, tag.message, tag.by, tag.at) for tag in found)
    return [each for each in parsed if each is not None]
