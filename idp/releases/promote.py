"""`idp promote`: have an environment run what the one before it runs, if the gates let it."""

from collections.abc import Sequence
from pathlib import Path

from idp.core.errors import Failure, IdpError
from idp.environments import repository
from idp.environments.find import find_environments
from idp.environments.repository import Environments
from idp.platform.find import find_platform
from idp.releases import facts as promotion_facts
from idp.releases.promotion_decide import Asked
from idp.releases.promotion_deliver import How, Place, default_how, merge, open_pull_request, plan_only
from idp.releases.promotion_model import Action
from idp.releases.promotion_result import Promotion, Promotions, PromotionState


def promote(
    service: str,
    environment: str,
    *,
    release: str | None = None,
    how: How | None = None,
    platform: str | None = None,
    dry_run: bool = False,
) -> Promotion:
    """Promote one service.

    Args:
        service: its name.
        environment: where the release is to go.
        release: a version; None takes what the environment before runs.
        how: on the branch itself or by pull request; None: a pull request on a forge with a server.
        platform: URL or path of the platform; None looks for it.
        dry_run: only say what each gate says.

    Raises:
        UsageError: a name is none.
        UserError: the service or release is unknown, or a file is malformed.
        AdapterError: the repository or the forge refuses.
    """
    place = find_place(platform)
    chosen = how or default_how(place.environments)
    asked = Asked(service, environment, release, may_wait=chosen is How.PULL_REQUEST)
    if dry_run:
        return plan_only(place, [asked])[0]
    return merge(place, [asked])[0] if chosen is How.MERGE else open_pull_request(place, asked)


def promote_all(
    environment: str | None = None,
    *,
    how: How | None = None,
    platform: str | None = None,
    dry_run: bool = False,
) -> Promotions:
    """Promote every service of which an environment runs another release than the one before it.

    Args:
        environment: where; None: everywhere, each release by one environment at most.
        how: see `promote`.
        platform: URL or path of the platform; None looks for it.
        dry_run: only say what would become of each.
    """
    place = find_place(platform)
    chosen = how or default_how(place.environments)
    asked = _candidates(place.environments, environment, may_wait=chosen is How.PULL_REQUEST)
    if dry_run:
        done = plan_only(place, asked, tolerant=True)
    elif chosen is How.MERGE:
        done = merge(place, asked, tolerant=True)
    else:
        done = [_attempted(place, one) for one in asked]
    return Promotions([one for one in done if one.state is not PromotionState.UNCHANGED], dry_run)


def find_place(platform: str | None) -> Place:
    """The platform and its environments."""
    found = find_platform(platform, Path.cwd())
    return Place(found, find_environments(found))


def _candidates(environments: Environments, environment: str | None, *, may_wait: bool) -> Sequence[Asked]:
    """Services whose environment before has a release; the chain's last environment comes first."""
    commit = repository.tip(environments)
    services = promotion_facts.services(environments, commit)
    known = promotion_facts.known(environments, commit, services)
    targets = [known.chain.get(environment)] if environment else list(reversed(known.chain.environments))
    asked = []
    for target in targets:
        before = known.chain.previous(target.name)
        asked += [
            Asked(service, target.name, may_wait=may_wait)
            for service in services
            if before and known.pin_file(before.name, service) is not None
        ]
    return asked


def _attempted(place: Place, asked: Asked) -> Promotion:
    try:
        return open_pull_request(place, asked)
    except IdpError as error:
        return Promotion(
            asked.service, asked.environment, Action.PROMOTE, PromotionState.FAILED, failure=Failure.of(error)
        )
