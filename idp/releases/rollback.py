"""`idp rollback`: back to a release that is known to have been good there, and away from the one that is not."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from idp.core.errors import IdpError, UserError
from idp.environments import overlay, repository
from idp.environments.chain import Environment
from idp.environments.lineage import at_commits, first_parents
from idp.environments.pin import Pin, parse_pin, pin_path
from idp.releases import facts as promotion_facts
from idp.releases.facts import Known
from idp.releases.gates import evaluate
from idp.releases.gates.model import PromotionFacts
from idp.releases.hold_mark import Hold, active, barring, hold_message, hold_tag, next_number
from idp.releases.last_known_good import Candidate, Choice, last_known_good
from idp.releases.promote import find_place
from idp.releases.promotion_decide import Asked, Decided
from idp.releases.promotion_deliver import How, default_how, merge, open_pull_request, plan_only
from idp.releases.promotion_model import Action, plan
from idp.releases.promotion_result import Promotion

if TYPE_CHECKING:
    from idp.releases.record import ReleaseRecord

_MOST_SHOWN = 5
_FEW = 1000
"""How many commits are looked at first: a long history takes Git longer than everything else takes."""


def rollback(
    service: str,
    environment: str,
    *,
    to: str | None = None,
    reason: str = "",
    with_config: bool = False,
    hold: bool = True,
    how: How | None = None,
    platform: str | None = None,
    dry_run: bool = False,
) -> Promotion:
    """Pin an earlier release that was good in the environment; hold the one that it leaves.

    Args:
        service: its name.
        environment: where.
        to: a version that was good there; None: the last known good one.
        reason: why.
        with_config: take `config.env` as it was with that release along.
        hold: keep the release that is left from being promoted there again.
        how: on the branch itself or by pull request; None: a pull request on a forge with a server.
        platform: URL or path of the platform; None looks for it.
        dry_run: only say what would be done.

    Raises:
        UsageError: a name is none.
        UserError: nothing to go back to, a malformed file, or a clone that lacks history.
        AdapterError: the repository or the forge refuses.
    """
    place = find_place(platform)
    chosen = how or default_how(place.environments)
    asked = Asked(service, environment, to, reason=reason, action=Action.ROLLBACK)
    by = partial(decide_rollback, with_config=with_config, hold=hold)
    if dry_run:
        return plan_only(place, [asked], by=by)[0]
    if chosen is How.MERGE:
        return merge(place, [asked], by=by)[0]
    return open_pull_request(place, asked, by=partial(by, told=True))


def decide_rollback(
    known: Known, asked: Asked, *, with_config: bool = False, hold: bool = True, told: bool = False
) -> Decided:
    """What is to be done about a rollback; the arguments are those of `rollback`.

    `told`: with what only a pull request's text needs.

    Raises:
        UserError: there is nothing to roll back, or nothing to go back to.
    """
    environment = Environment(asked.environment)  # its gates do not stand before a way back
    present = known.pin(environment.name, asked.service)
    if present is None:
        raise UserError(
            "release-missing",
            f"{asked.service} has no release in {known.chain.get(environment.name).name}.",
            "There is nothing to roll back; `idp promote` brings a release there.",
        )
    marks = known.marks_of(asked.service)
    holds = active(marks.holds)
    found = _found(known, asked, present, holds)
    facts = PromotionFacts(
        datetime.now(UTC), asked.service, environment.name, found.pin, None, present, marks.good, holds
    )
    outcome = plan(
        environment, facts, source=None, may_wait=False, action=Action.ROLLBACK, reason=asked.reason
    )
    decided = Decided(
        known.commit,
        outcome,
        evaluate(environment, facts),
        _record(known, found.pin.version, asked.service) if told else None,
        present,
        known.pin_file(environment.name, asked.service),
        None,
        _repository(known, asked.service) if told else "",
    )
    if with_config:
        decided = _with_config(known, asked, decided, found)
    barred = barring(holds, environment.name, asked.service, present)
    if hold and barred is None:
        every = (
            each for each in marks.holds if isinstance(each, Hold) and each.environment == environment.name
        )
        decided = replace(decided, tags=_hold(asked, present, every))
    return decided


def _found(known: Known, asked: Asked, present: Pin, holds: tuple[Hold, ...]) -> Candidate:
    environment, service = asked.environment, asked.service
    marks = [
        mark
        for mark in known.marks_of(service).good
        if mark.environment == environment and asked.release in {None, mark.version}
    ]
    path = str(pin_path(environment, service))
    for most in (_FEW, None):
        commits = first_parents(known.environments, known.commit, most)
        marked = {mark.commit for mark in marks}.intersection(commits)
        choice = last_known_good(
            environment,
            service,
            present,
            first_parents=commits,
            marks=marks,
            pins=_readable(at_commits(known.environments, marked, path), path),
            holds=holds,
        )
        if choice.found is not None:
            break
    if choice.found is None:
        raise _nowhere(asked, choice)
    return choice.found


def _readable(contents: Mapping[str, bytes], path: str) -> dict[str, Pin]:
    """What was malformed once is no release to go back to."""
    pins = {}
    for commit, content in contents.items():
        try:
            pins[commit] = parse_pin(content, path)
        except UserError:
            continue
    return pins


def _nowhere(asked: Asked, choice: Choice) -> UserError:
    shown = [f"{one.version}: {one.reason}" for one in choice.passed_over[:_MOST_SHOWN]]
    said = f" Passed over: {'; '.join(shown)}." if shown else ""
    what = f"{asked.release} was" if asked.release else "another release was"
    return UserError(
        "rollback-nowhere",
        f"Nothing says that {what} good for {asked.service} in {asked.environment} and may go back there.{said}",
        "`idp deploy` marks what it has verified. `idp hold … --lift` ends a hold; `idp promote --release` takes "
        "any release through the gates.",
    )


def _with_config(known: Known, asked: Asked, decided: Decided, found: Candidate) -> Decided:
    path = overlay.folder(asked.environment, asked.service) / overlay.CONFIG_FILE
    then = repository.read(known.environments, found.commit, [path]).get(str(path))
    now = repository.read(known.environments, known.commit, [path]).get(str(path))
    if then is None or then == now:
        note = f"{path.name} is {'the same now' if then else 'not known'} as it was then: it stays as it is."
        return replace(decided, note=note)
    return replace(decided, also={path: then})


def _hold(asked: Asked, present: Pin, every: Iterable[Hold]) -> dict[str, str]:
    number = next_number(every, present.version)
    reason = asked.reason or "rolled back"
    return {
        hold_tag(asked.environment, asked.service, present.version, number): hold_message(
            asked.environment, asked.service, present, reason
        )
    }


def _record(known: Known, version: str, service: str) -> "ReleaseRecord | None":
    """A record that is malformed must not keep anybody from going back."""
    try:
        return promotion_facts.record(known.environments, known.commit, service, version)
    except UserError:
        return None


def _repository(known: Known, service: str) -> str:
    """Going back must be possible whatever the catalog says."""
    try:
        return known.entry(service).repository
    except IdpError:
        return ""
