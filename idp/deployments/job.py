"""One service's deployment: what is asked for, and what Git says about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from idp.environments import repository
from idp.environments.chain import Environment, Smoke
from idp.environments.pin import Pin
from idp.environments.repository import Environments
from idp.environments.target import Target
from idp.releases import facts as promotion_facts
from idp.releases.facts import Known
from idp.releases.good_mark import GoodMark
from idp.releases.hold_mark import Hold, barring
from idp.releases.hold_mark import active as standing
from idp.releases.promotion_deliver import Place


@dataclass(frozen=True)
class Job:
    """What to deploy, and how patiently.

    Attributes:
        place: the platform and its environments.
        target: what it runs on.
        timeout: seconds in which the service has to be ready.
        settle: seconds for which it then has to stay so.
        say: called with what is happening.
    """

    place: Place
    environment: Environment
    target: Target
    service: str
    timeout: float
    settle: float
    say: Callable[[str], None]

    @property
    def environments(self) -> Environments:
        return self.place.environments

    @property
    def names(self) -> tuple[str, str]:
        """Those of environment and service."""
        return self.environment.name, self.service

    @property
    def smoke(self) -> Smoke:
        """The environment's smoke request, by default the liveness check."""
        return self.environment.smoke or Smoke("/health/live")


@dataclass(frozen=True)
class Facts:
    """What Git says of the service at one commit, and the tags say now."""

    job: Job
    known: Known

    @property
    def commit(self) -> str:
        return self.known.commit

    @property
    def pin(self) -> Pin | None:
        """The release, None where nothing is released.

        Raises:
            UserError: release.env is malformed.
        """
        return self.known.pin(*self.job.names)

    @property
    def marks(self) -> Sequence[GoodMark]:
        """The good marks that the service has in this environment."""
        marks = self.known.marks_of(self.job.service).good
        return [mark for mark in marks if mark.environment == self.job.environment.name]

    @property
    def holds(self) -> Sequence[Hold]:
        """Every hold of the service in this environment, lifted ones too."""
        holds = self.known.marks_of(self.job.service).holds
        return [
            each for each in holds if isinstance(each, Hold) and each.environment == self.job.environment.name
        ]

    def is_good(self, pin: Pin) -> bool:
        """Whether this very release was verified in this environment before."""
        return any((mark.version, mark.digest) == (pin.version, pin.digest) for mark in self.marks)

    def hold_of(self, pin: Pin) -> Hold | None:
        """The hold that bars a release from this environment."""
        return barring(standing(self.known.marks_of(self.job.service).holds), *self.job.names, pin)


def facts(job: Job) -> Facts:
    """Read what there is at the branch's tip.

    Raises:
        UserError: there is no valid chain, or the clone is shallow.
    """
    return Facts(
        job, promotion_facts.known(job.environments, repository.tip(job.environments), [job.service])
    )
