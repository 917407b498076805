"""What Git is told about a release that does not hold: it is held, and the last known good one is pinned again."""

from collections.abc import Sequence
from dataclasses import dataclass

from idp.adapters import environments_repository as repository
from idp.adapters import git
from idp.adapters.environments_repository import Change
from idp.commands.deploy_job import Job, good_marks, holds_and_lifts, read_pin
from idp.domain.deployment import Fault
from idp.domain.hold import Hold, active, hold_message, hold_tag, next_number
from idp.domain.last_known_good import last_known_good
from idp.domain.promotion import Action, PromotionPlan, promotion_message
from idp.domain.release import Pin, pin_path, pin_text
from idp.errors import UserError


@dataclass(frozen=True)
class Withdrawn:
    """The branch after a release was withdrawn.

    Attributes:
        commit: its tip.
        pin: what that pins instead of the bad release; None where there was nothing to go back to.
    """

    commit: str
    pin: Pin | None


def withdraw(job: Job, bad: Pin, fault: Fault) -> Withdrawn:
    """Hold a release and pin the last known good one, in one move of Git's references.

    Where somebody has pinned another release meanwhile, the bad one is held and theirs stays.

    Raises:
        UserError: the clone is shallow, so that the last known good release cannot be told.
        AdapterError: Git refuses, for example since the branch is protected from whoever deploys.
    """
    reason = f"its deployment failed: {fault.reason}"
    published = repository.commit(job.environments, lambda tip: _changes(job, tip, bad, reason))
    pin = read_pin(job, published.tip)
    if published.commits:
        return Withdrawn(published.tip, pin)
    _hold(job, published.tip, bad, reason)
    return Withdrawn(published.tip, None if pin == bad else pin)


def _changes(job: Job, tip: str, bad: Pin, reason: str) -> Sequence[Change]:
    if read_pin(job, tip) != bad:
        return ()
    environment, service = job.place
    marks, holds = good_marks(job), holds_and_lifts(job)
    choice = last_known_good(
        environment,
        service,
        bad,
        first_parents=git.output("rev-list", "--first-parent", tip, env=job.environments.env).split(),
        marks=marks,
        pins={mark.commit: pin for mark in marks if (pin := _readable_pin(job, mark.commit)) is not None},
        holds=active(holds),
    )
    if choice.found is None:
        return ()
    path, good = pin_path(environment, service), choice.found.pin
    present = repository.read(job.environments, tip, [path])[str(path)]
    plan = PromotionPlan(Action.ROLLBACK, service, environment, None, good, bad, reason=reason)
    tags = {_hold_name(job, bad): hold_message(environment, service, bad, reason)}
    return (Change({path: pin_text(good, present)}, promotion_message(plan), tags),)


def _readable_pin(job: Job, commit: str) -> Pin | None:
    try:
        return read_pin(job, commit)
    except UserError:  # it was good once, by a grammar of another time: nothing to go back to
        return None


def _hold(job: Job, commit: str, bad: Pin, reason: str) -> None:
    """Hold a release without moving the branch; a number that somebody else takes first is counted on from."""
    while not repository.add_tag(
        job.environments, _hold_name(job, bad), commit, hold_message(*job.place, bad, reason)
    ):
        repository.refresh(job.environments)


def _hold_name(job: Job, bad: Pin) -> str:
    holds = [each for each in holds_and_lifts(job) if isinstance(each, Hold)]
    return hold_tag(*job.place, bad.version, next_number(holds, bad.version))
