"""What the forge knows before a promotion: reviews of its pull request, checks of the source."""

from dataclasses import replace
from typing import TYPE_CHECKING

from idp.core.errors import IdpError
from idp.environments import repository
from idp.environments.chain import Environment
from idp.environments.pin import Pin, parse_pin, pin_path
from idp.environments.repository import Environments
from idp.forges import forge_for
from idp.releases.gates.model import PromotionFacts, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from idp.forges.pull_request import CheckState
    from idp.releases.record import ReleaseRecord


def with_reviews(
    facts: PromotionFacts, environments: Environments, branch: str, environment: Environment
) -> PromotionFacts:
    """The facts, with who wrote and who approved the open pull request of a branch, if it brings this very release.

    The forge is only asked where a gate wants to know; what it does not answer is unreadable.
    """
    if environment.gates.approvals is None:
        return facts
    try:
        forge = forge_for(environments.source)
        found = forge.find_open(environments.source, branch)
        if found is None or not _brings(environments, found.head_sha, facts):
            return facts
        return replace(
            facts,
            reviews=tuple(forge.reviews(environments.source, branch)),
            head=found.head_sha,
            authors=tuple(forge.authors(environments.source, branch)),
        )
    except IdpError as error:
        unreadable = Unreadable(error.message)
        return replace(facts, reviews=unreadable, head=unreadable, authors=unreadable)


def _brings(environments: Environments, commit: str, facts: PromotionFacts) -> bool:
    path = str(pin_path(facts.environment, facts.service))
    content = repository.read(environments, commit, [path]).get(path)
    return content is not None and parse_pin(content, path) == facts.release


def forge_checks(
    address: str | None, environment: Environment, release: Pin, record: "ReleaseRecord | Unreadable | None"
) -> "Mapping[str, CheckState] | Unreadable | None":
    """How the checks of the release's source stand, asked only for those that its record lacks.

    Args:
        address: the service's repository; None if it is not known.
        environment: whose gates name the checks.
        release: says which commit.
        record: the release's.
    """
    wanted = environment.gates.checks
    recorded = (
        {check.name for check in record.checks} if record and not isinstance(record, Unreadable) else set()
    )
    if address is None or not isinstance(wanted, tuple) or recorded.issuperset(wanted):
        return None
    try:
        return forge_for(address).checks(address, release.revision)
    except IdpError as error:
        return Unreadable(error.message)
