"""`idp deploy`: have an environment run what Git says, see that it works, go back where it does not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from idp.core.errors import UserError
from idp.core.names import validate_service
from idp.deployments.engines.engine import check_engine
from idp.deployments.job import Job
from idp.deployments.model import Deployment, DeploymentState
from idp.deployments.service import deploy_service, plan_service
from idp.deployments.verify import SETTLE_SECONDS
from idp.environments import repository
from idp.environments.repository import Environments
from idp.environments.target import Target
from idp.releases.facts import chain
from idp.releases.promote import find_place

READY_SECONDS = 120.0
_NOT_DONE = (DeploymentState.FAILED, DeploymentState.ROLLED_BACK)

OnService = Callable[[str, str], None]
"""Called with a service and what is happening to it."""


@dataclass(frozen=True)
class Deployments:
    """What became of an environment's services.

    Attributes:
        commit: of the environments repository, as it was at the start.
        dry_run: the states say what would become of them.
    """

    environment: str
    target: Target
    commit: str
    services: Sequence[Deployment]
    dry_run: bool = False


def deploy(
    environment: str,
    service: str | None = None,
    *,
    target: Target | None = None,
    platform: str | None = None,
    timeout: float = READY_SECONDS,
    settle: float = SETTLE_SECONDS,
    dry_run: bool = False,
    on_service: OnService = lambda *_: None,
) -> Deployments:
    """Deploy what the tip of the environments' branch pins; services without a release are skipped.

    Args:
        environment: its name.
        service: one service; None deploys every service of the environment, one after the other.
        target: what it runs on, if not what environments.yaml says.
        platform: URL or path of the platform; None looks for it.
        timeout: seconds in which each service has to be ready.
        settle: seconds for which it then has to stay so.
        dry_run: look, change nothing.
        on_service: progress.

    Raises:
        UserError: the environment or service is unknown.
        AdapterError: Git or the engine does not answer. No release is blamed for that.
    """
    place = find_place(platform)
    environments = place.environments
    commit = repository.tip(environments)
    chosen = chain(environments, commit).get(environment)
    on = target or chosen.target
    names = _services(environments, commit, environment, service)
    check_engine(on, chosen)
    jobs = [Job(place, chosen, on, name, timeout, settle, partial(on_service, name)) for name in names]
    done = [plan_service(job) if dry_run else deploy_service(job) for job in jobs]
    return Deployments(environment, on, commit, done, dry_run)


def verdict(result: Deployments) -> UserError | None:
    """The error that says which services do not run what they ought to, None where all do."""
    bad = [each for each in result.services if each.state in _NOT_DONE]
    if not bad or result.dry_run:
        return None
    said = "; ".join(
        f"{each.service} {each.failed_version or each.version or ''}: {each.reason}" for each in bad
    )
    rolled_back = all(each.state is DeploymentState.ROLLED_BACK for each in bad)
    return UserError(
        "deployment-rolled-back" if rolled_back else "deployment-failed",
        f"{result.environment}: {said}",
        "Mend the release, release a new version and promote that; `idp history` shows what happened."
        if rolled_back
        else "Follow what is said of each, then deploy again: what runs already is left alone.",
    )


def _services(environments: Environments, commit: str, environment: str, service: str | None) -> list[str]:
    """The services that have an overlay in an environment, or the one that is asked for."""
    paths = [
        path.split("/") for path in repository.listing(environments, commit, f"environments/{environment}")
    ]
    found = sorted({parts[2] for parts in paths if len(parts) > 3 and not parts[2].startswith("_")})  # noqa: PLR2004
    if service is None:
        return found
    if validate_service(service) not in found:
        raise UserError(
            "service-unknown",
            f"{environment} has no service `{service}`.",
            f"It has: {', '.join(found) or 'none'}. `idp env add` adds one.",
        )
    return [service]
