"""What Git is told about a release that does not hold: it is held, and the last known good one is pinned again."""

from contextlib import suppress

from idp.core.errors import IdpError
from idp.deployments.job import Job, facts
from idp.deployments.model import Fault
from idp.environments import repository
from idp.environments.pin import Pin
from idp.releases.facts import Known
from idp.releases.hold_mark import hold_message, hold_tag, next_number
from idp.releases.promotion_decide import Asked, Decided
from idp.releases.promotion_deliver import merge
from idp.releases.promotion_model import Action, Unchanged
from idp.releases.rollback import decide_rollback


def withdraw(job: Job, bad: Pin, fault: Fault) -> None:
    """Hold a release and pin the last known good one, in one move of Git's references.

    Where there is no good one, or somebody has pinned another release meanwhile, the bad one is held alone.

    Raises:
        UserError: the clone is shallow, so that the last known good release cannot be told.
        AdapterError: Git refuses, for example since the branch is protected from whoever deploys.
    """
    environment, service = job.names
    reason = f"its deployment failed: {fault.reason}".removesuffix(".")
    asked = Asked(service, environment, reason=reason, action=Action.ROLLBACK)
    try:
        merge(job.place, [asked], by=lambda known, one: _decide(known, one, bad))
    except IdpError as error:
        if error.code != "rollback-nowhere":
            with suppress(IdpError):  # a branch may be protected where tags are not
                _hold(job, bad, reason)
            raise
    _hold(job, bad, reason)


def _decide(known: Known, asked: Asked, bad: Pin) -> Decided:
    """A rollback, unless the release that is to be left is not the one that is pinned any more."""
    present = known.pin(asked.environment, asked.service)
    if present == bad or present is None:
        return decide_rollback(known, asked)
    file = known.pin_file(asked.environment, asked.service)
    outcome = Unchanged(asked.service, asked.environment, present)
    return Decided(known.commit, outcome, (), None, present, file, None, "")


def _hold(job: Job, bad: Pin, reason: str) -> None:
    """See that a release is held; a number that somebody else takes first is counted on from."""
    for attempt in repository.attempts(job.environments):
        found = facts(job)
        if found.hold_of(bad) is not None:
            return
        name = hold_tag(*job.names, bad.version, next_number(found.holds, bad.version) + attempt)
        if repository.add_tag(job.environments, name, found.commit, hold_message(*job.names, bad, reason)):
            return
        repository.refresh(job.environments)
