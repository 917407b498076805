"""`idp hold`: bar a release from an environment, or let it in again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from idp.core.errors import UserError
from idp.environments import repository
from idp.environments.pin import Pin
from idp.releases import facts as promotion_facts
from idp.releases.facts import Known
from idp.releases.hold_mark import (
    Hold,
    Lift,
    active,
    barring,
    hold_message,
    hold_tag,
    lifted_message,
    lifted_tag,
    next_number,
)
from idp.releases.promote import find_place

_ATTEMPTS = 20


@dataclass(frozen=True)
class Held:
    """How a release stands in an environment.

    Attributes:
        held: whether it is barred there now (with `dry_run`: would be).
        changed: whether this call changed that.
        reasons: of the holds that were set or lifted.
        still: why it is barred all the same: a hold of another version with the same image.
    """

    service: str
    environment: str
    version: str
    digest: str
    held: bool
    changed: bool
    reasons: Sequence[str] = ()
    still: str = ""
    dry_run: bool = False


def hold(
    service: str,
    environment: str,
    version: str,
    *,
    reason: str = "",
    lift: bool = False,
    platform: str | None = None,
    dry_run: bool = False,
) -> Held:
    """Hold a release, by an annotated tag that is never deleted; lifting is another tag.

    Args:
        service: its name.
        environment: from which it is barred.
        version: the release's; its image is barred with it, under whatever version.
        reason: why.
        lift: end every hold of that version there instead.
        platform: URL or path of the platform; None looks for it.
        dry_run: only say what would be done.

    Raises:
        UsageError: a name is none.
        UserError: there is no such release.
        AdapterError: the repository refuses.
    """
    environments = find_place(platform).environments
    for attempt in range(_ATTEMPTS):
        if attempt:
            repository.refresh(environments)
        known = promotion_facts.known(environments, repository.tip(environments), [service])
        pin = _pin(known, known.chain.get(environment).name, service, version)
        done, tags = (
            _lift(known, environment, service, pin, reason)
            if lift
            else _set(known, environment, service, pin, reason, skip=attempt)
        )
        if dry_run:
            return replace(done, dry_run=True)
        if all(repository.add_tag(environments, name, known.commit, text) for name, text in tags.items()):
            return done
    raise UserError(
        "tag-taken",
        f"{', '.join(tags)} exists and is no tag of a commit.",
        "Delete it (`git tag --delete`, `git push --delete origin`), then try again.",
    )


def _pin(known: Known, environment: str, service: str, version: str) -> Pin:
    record = promotion_facts.record(known.environments, known.commit, service, version)
    if record is not None:
        return record.pin
    pinned = known.pin(environment, service)
    if pinned is not None and pinned.version == version:
        return pinned
    raise UserError(
        "release-unknown",
        f"{service} has no release {version!a}.",
        f"`idp history {service}` shows its releases.",
    )


def _set(
    known: Known, environment: str, service: str, pin: Pin, reason: str, *, skip: int
) -> tuple[Held, dict[str, str]]:
    """`skip`: how many numbers turned out to be taken by tags that are no holds."""
    every = _holds(known, environment, service)
    shown = Held(service, environment, pin.version, pin.digest, held=True, changed=True, reasons=[reason])
    standing = [one for one in active(every) if one.version == pin.version]
    if standing:
        return replace(shown, changed=False, reasons=[one.reason for one in standing]), {}
    name = hold_tag(environment, service, pin.version, next_number(_only(every), pin.version) + skip)
    return shown, {name: hold_message(environment, service, pin, reason)}


def _lift(known: Known, environment: str, service: str, pin: Pin, reason: str) -> tuple[Held, dict[str, str]]:
    every = _holds(known, environment, service)
    ended = [one for one in active(every) if one.version == pin.version]
    rest = [one for one in active(every) if one not in ended]
    other = barring(rest, environment, service, pin)
    still = f"its image is held as {other.version}: {other.reason or 'no reason was given'}" if other else ""
    tags = {
        lifted_tag(environment, service, one.version, one.number): lifted_message(one, reason)
        for one in ended
    }
    reasons = [one.reason for one in ended]
    place = (service, environment, pin.version, pin.digest)
    return Held(*place, held=bool(other), changed=bool(ended), reasons=reasons, still=still), tags


def _holds(known: Known, environment: str, service: str) -> list[Hold | Lift]:
    return [one for one in known.marks_of(service).holds if one.environment == environment]


def _only(every: Sequence[Hold | Lift]) -> list[Hold]:
    return [one for one in every if isinstance(one, Hold)]
