"""Carry promotions out: on the branch that is the truth, all in one go, or each as a pull request."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from idp.core.errors import Failure, IdpError, UserError
from idp.environments import repository
from idp.environments.pin import pin_text
from idp.environments.repository import Change, Environments
from idp.forges import forge_for
from idp.forges.addresses import local_path
from idp.platform.model import Platform
from idp.releases import facts as promotion_facts
from idp.releases.facts import Known
from idp.releases.promotion_branch import PromotionBranch, find
from idp.releases.promotion_changes import is_own, pin_changes, settle_pull_request
from idp.releases.promotion_decide import Asked, Decide, Decided, decide
from idp.releases.promotion_model import Action, Blocked, PromotionPlan, promotion_branch
from idp.releases.promotion_result import Promotion, PromotionState


class How(StrEnum):
    """Which way a pin moves."""

    MERGE = "merge"
    PULL_REQUEST = "pull-request"


@dataclass(frozen=True)
class Place:
    """Where promotions are read and written."""

    platform: Platform
    environments: Environments

    @property
    def pushed(self) -> str:
        """What to say after a write that a person's own checkout does not show; empty where it does."""
        behind = self.platform.checkout is not None and self.environments.remote is not None
        return f"Pushed to {self.environments.source}: `git pull` brings it here." if behind else ""


def default_how(environments: Environments) -> How:
    """A forge with people on it gets a pull request; a repository on this machine has none to click."""
    return How.PULL_REQUEST if local_path(environments.source) is None else How.MERGE


def plan_only(
    place: Place, asked: Sequence[Asked], *, by: Decide = decide, tolerant: bool = False
) -> list[Promotion]:
    """What would become of promotions; nothing is written. The arguments are those of `merge`."""
    known = _known(place, repository.tip(place.environments), asked)
    found = []
    for one in asked:
        decided = _decided(known, one, by, tolerant=tolerant)
        planned = isinstance(decided, Decided) and isinstance(decided.outcome, PromotionPlan)
        done = _carried_out(one, decided, PromotionState.PLANNED) if planned else _shown(one, decided)
        found.append(replace(done, dry_run=True))
    return found


def merge(
    place: Place, asked: Sequence[Asked], *, by: Decide = decide, tolerant: bool = False
) -> list[Promotion]:
    """Pin releases on the branch that is the truth: one commit each, all of them in one move of the branch.

    Each is decided on again whenever somebody else was quicker. What is blocked holds up no other.

    Args:
        place: where.
        asked: what.
        by: decides on each.
        tolerant: what fails holds up no other, either.

    Raises:
        IdpError: one of them fails, and `tolerant` is not set.
    """
    latest: list[tuple[Asked, Decided | Failure, int]] = []

    def decide_at(tip: str) -> list[Change]:
        known = _known(place, tip, asked)
        latest.clear()
        changes: list[Change] = []
        for one in asked:
            decided, own = _changes(place, known, one, by, tolerant=tolerant)
            changes += own
            latest.append((one, decided, len(changes) - 1 if own else -1))
        return changes

    published = repository.commit(place.environments, decide_at)
    return [
        _done(place, _carried_out(one, decided, PromotionState.DONE), published.commits[position])
        if position >= 0
        else _shown(one, decided)
        for one, decided, position in latest
    ]


def _done(place: Place, done: Promotion, commit: str) -> Promotion:
    note = " ".join(filter(None, (done.note, place.pushed)))
    return replace(done, commit=commit, note=note)


def _changes(
    place: Place, known: Known, asked: Asked, by: Decide, *, tolerant: bool
) -> tuple[Decided | Failure, list[Change]]:
    decided = _decided(known, asked, by, tolerant=tolerant)
    if isinstance(decided, Failure) or not isinstance(decided.outcome, PromotionPlan):
        return decided, []
    try:
        *before, last = _planned(place, decided, decided.outcome)
        moves = settle_pull_request(
            place.environments,
            decided.outcome,
            known.commit,
            pin_text(decided.outcome.release, decided.present_file),
        )
    except IdpError as error:
        if not tolerant:
            raise
        return Failure.of(error), []
    return decided, [*before, replace(last, moves=moves, tags=decided.tags)]


def _planned(place: Place, decided: Decided, plan: PromotionPlan) -> list[Change]:
    return pin_changes(
        place.environments, place.platform, decided.commit, plan, decided.present_file, decided.also
    )


def open_pull_request(place: Place, asked: Asked, *, by: Decide = decide) -> Promotion:
    """Have one open pull request that pins a release; the same twice changes nothing, approvals stay.

    Args:
        place: where.
        asked: what.
        by: decides on it.

    Raises:
        UserError: the branch holds somebody's own commits.
        AdapterError: the repository or the forge refuses.
    """
    environments, branch = place.environments, promotion_branch(asked.environment, asked.service)
    for attempt in repository.attempts(environments):
        if attempt:
            repository.refresh(environments)
        tip = repository.tip(environments)
        decided = by(_known(place, tip, [asked]), asked)
        if not isinstance(decided.outcome, PromotionPlan):
            return _shown(asked, decided)
        found = find(environments, branch, tip)
        head = _head(place, decided, decided.outcome, branch, found)
        if head is not None:
            return _opened(place, asked, decided, decided.outcome, new=found is None or head != found.tip)
    raise AssertionError  # attempts ends with an error of its own


def _head(
    place: Place, decided: Decided, plan: PromotionPlan, branch: str, found: PromotionBranch | None
) -> str | None:
    """The branch's commit that pins the release; None if somebody else moved the branch meanwhile."""
    changes = _planned(place, decided, plan)
    if found is not None and _is_the_same(place.environments, decided, plan, found, changes):
        return found.tip
    if found is not None and not is_own(found, plan.environment, plan.service):
        raise UserError(
            "branch-foreign",
            f"`{branch}` holds commits that are not idp's own.",
            "Merge or close its pull request and delete the branch, then promote again.",
        )
    present = found.tip if found else None
    return repository.put_branch(place.environments, branch, present, decided.commit, changes)


def _is_the_same(
    environments: Environments,
    decided: Decided,
    plan: PromotionPlan,
    found: PromotionBranch,
    changes: Sequence[Change],
) -> bool:
    """Whether a branch brings just that, from what is pinned now."""
    if found.base is None or set(found.paths) != {str(path) for change in changes for path in change.files}:
        return False
    path = str(plan.path)
    before = repository.read(environments, found.base, [path]).get(path)
    after = repository.read(environments, found.tip, [path]).get(path)
    return before == decided.present_file and after == pin_text(plan.release, decided.present_file)


def _opened(place: Place, asked: Asked, decided: Decided, plan: PromotionPlan, *, new: bool) -> Promotion:
    from idp.forges.pull_request import PullRequest
    from idp.releases import service_commits
    from idp.releases.promotion_pull_request import pull_request_text

    environments = place.environments
    between = (
        service_commits.between(decided.repository, plan.present.revision, plan.release.revision)
        if plan.present
        else None
    )
    text = pull_request_text(plan, record=decided.record, commits=between, by=repository.user(environments))
    branch = promotion_branch(plan.environment, plan.service)
    wanted = PullRequest(environments.source, branch, environments.branch, text.title, text.body)
    done = forge_for(environments.source).open_or_refresh(wanted)
    for name, message in decided.tags.items():
        repository.add_tag(environments, name, decided.commit, message)
    state = PromotionState.OPENED if done.created or new else PromotionState.OPEN
    return replace(_carried_out(asked, decided, state), pull_request=done.url, branch=branch)


def _known(place: Place, commit: str, asked: Sequence[Asked]) -> Known:
    """A way back looks at one environment alone, and so need not know the chain."""
    back = all(one.action is Action.ROLLBACK for one in asked)
    names = sorted({one.environment for one in asked}) if back else None
    services = sorted({one.service for one in asked})
    return promotion_facts.known(place.environments, commit, services, names=names, platform=place.platform)


def _decided(known: Known, asked: Asked, by: Decide, *, tolerant: bool) -> Decided | Failure:
    try:
        return by(known, asked)
    except IdpError as error:
        if not tolerant:
            raise
        return Failure.of(error)


def _shown(asked: Asked, decided: Decided | Failure) -> Promotion:
    """What is known of a promotion that was not carried out, or not yet."""
    place = (asked.service, asked.environment, asked.action)
    if isinstance(decided, Failure):
        return Promotion(*place, PromotionState.FAILED, failure=decided, reason=asked.reason)
    outcome = decided.outcome
    failure = Failure.of(outcome.error) if isinstance(outcome, Blocked) else None
    return Promotion(
        *place,
        PromotionState.BLOCKED if failure else PromotionState.UNCHANGED,
        source=decided.source,
        version=outcome.release.version,
        image=outcome.release.image,
        from_version=decided.present.version if decided.present else None,
        gates=decided.results,
        reason=asked.reason,
        note=decided.note,
        failure=failure,
    )


def _carried_out(asked: Asked, decided: Decided | Failure, state: PromotionState) -> Promotion:
    """What became, or would become, of a promotion that nothing stands against."""
    shown = _shown(asked, decided)
    if isinstance(decided, Failure):
        return shown
    pin = [decided.outcome.path] if isinstance(decided.outcome, PromotionPlan) else []
    held = decided.present.version if decided.present and decided.tags else None
    files = sorted(map(str, (*pin, *decided.also)))
    return replace(shown, state=state, files=files, held=held)
